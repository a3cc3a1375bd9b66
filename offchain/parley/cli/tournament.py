"""`parley tournament`: every strategy against every other on folders of domains."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from parley.sandbox.matches.standings import Estimate, Row


def tournament(
    folder: Path = typer.Argument(..., help="Folder of domains, each in a folder with its profiles."),
    strategy: list[str] = typer.Option(..., "--strategy", help="A strategy that takes part; repeat it."),
    rounds: list[int] = typer.Option(
        [100], "--rounds", min=1, max=10_000, help="Limit of rounds; repeat it."
    ),
    seeds: int = typer.Option(1, "--seeds", min=1, max=1_000, help="How often each match is played."),
    out: Path | None = typer.Option(
        None, "--out", help="Folder for results; the same run goes on where it stopped."
    ),
    pictures: bool = typer.Option(False, "--pictures", help="Draw into --out; needs the extra `plots`."),
    jobs: int = typer.Option(
        1, "--jobs", min=1, max=64, help="Processes that play; the results are the same for any number."
    ),
    skip: bool = typer.Option(False, "--skip", help="Leave out domains that cannot be read, and say which."),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """All ordered pairs in all roles, with confidence intervals over domains.

    Exit status 0 when all was played; 1 when it cannot be.
    """
    from parley.cli.cases import cases_in
    from parley.cli.errors import OptionMissing
    from parley.cli.output import print_json
    from parley.sandbox.matches.naming import strategy_of
    from parley.sandbox.matches.standings import report, standings
    from parley.sandbox.matches.tournament import Entry, Ledger, pairings, run

    if pictures and out is None:
        raise OptionMissing("Pictures need a folder", option="--out")
    entries = [Entry(text, strategy_of(text)) for text in dict.fromkeys(strategy)]
    ledger = None if out is None else Ledger(out)
    cases, left_out = cases_in(folder, skip)
    matches = list(pairings(cases, entries, list(dict.fromkeys(rounds)), range(seeds)))
    outcomes = run(matches, ledger, None if as_json else _progress, jobs)
    found: dict[str, Any] = {**report(outcomes), "left_out": left_out}
    if pictures and out is not None:
        from parley.sandbox.pictures.tournament import draw_standings

        found["pictures"] = [str(path) for path in draw_standings(outcomes, out)]
    if as_json:
        print_json(found)
        return
    typer.echo(f"{found['matches']} matches on {found['domains']} domains; {found['interval']}\n")
    typer.echo(_table(standings(outcomes)))
    for each in left_out:
        typer.echo(f"left out {each['case']}: {each['reason']} [{each['code']}]")
    for path in found.get("pictures", ()):
        typer.echo(f"drawn {path}")


def _table(rows: Sequence[Row]) -> str:
    from parley.cli.tables import aligned

    headers = (
        "strategy",
        "utility",
        "95 %",
        "agreement",
        "welfare",
        "Pareto",
        "Nash",
        "Nash share",
        "rounds",
    )
    shown = [
        (
            row.label,
            _mean(row.utility),
            _interval(row.utility),
            _mean(row.agreement),
            _mean(row.welfare),
            _mean(row.pareto_distance),
            _mean(row.nash_distance),
            _mean(row.nash_share),
            f"{row.rounds_milli / 1_000:.1f}",
        )
        for row in rows
    ]
    return aligned(headers, shown)


def _mean(estimate: Estimate | None) -> str:
    from parley.cli.tables import share

    return share(None if estimate is None else estimate.mean)


def _interval(estimate: Estimate) -> str:
    from parley.cli.tables import share

    return "-" if estimate.low is None else f"{share(estimate.low)} - {share(estimate.high)}"


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty() and (done % 10 == 0 or done == of):
        print(f"\r{done} of {of}", end="\n" if done == of else "", file=sys.stderr, flush=True)
