"""`parley negotiate`: one negotiation between strategies, in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from parley.sandbox.matches.match import Played

ALTERNATING = "alternating-offers"


def negotiate(
    domain: Path = typer.Option(..., "--domain", help="The domain: a Parley, GeniusWeb or NegMAS file."),
    profile: list[Path] = typer.Option(..., "--profile", help="A profile for each role; repeat it."),
    strategy: list[str] = typer.Option(
        [], "--strategy", help="One for each profile, in the same order: name, or name:param=value,…"
    ),
    protocol: str = typer.Option(
        ALTERNATING, "--protocol", help="alternating-offers, sealed-bid or mediated."
    ),
    rounds: int | None = typer.Option(
        None, "--rounds", min=1, max=10_000, help="Limit of rounds in place of the domain's."
    ),
    seed: int = typer.Option(0, "--seed", min=0, help="Feeds whatever a strategy draws, and the salts."),
    pictures: Path | None = typer.Option(
        None,
        "--pictures",
        help="Draw utility plane and concessions into this folder; needs the extra `plots`.",
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object."),
) -> None:
    """Plays one match: result, utilities, distances to what was possible, transcript.

    The machine is the one of real negotiations, and messages stay in memory: unsigned under alternating
    offers, signed by throwaway keys otherwise. Exit status 0 when it was played, agreed or not; 1 when
    it cannot be.
    """
    from parley.cli.cases import by_role, case_from
    from parley.cli.output import print_json
    from parley.sandbox.matches.protocols import UNSAID, check_protocol, play_under

    check_protocol(protocol)
    read = case_from(domain, profile, rounds)
    chosen = [] if protocol in UNSAID and not strategy else by_role(read, strategy)
    played = play_under(protocol, read.case, chosen, seed)
    drawn: list[Path] = []
    if pictures is not None:
        from parley.sandbox.pictures.match import draw_match

        drawn = draw_match(played, pictures)
    if as_json:
        extra = {"notes": list(read.notes), "pictures": [str(path) for path in drawn]}
        print_json({**played.as_json(), **extra})
        return
    _print(played)
    for path in drawn:
        typer.echo(f"drawn {path}")
    for note in read.notes:
        typer.echo(f"note: {note}")


def _print(played: Played) -> None:
    from parley.cli.tables import aligned, share

    case, result, quality = played.case, played.result, played.assessment
    said = "agreed" if result.agreed else f"no agreement: {played.ended}"
    typer.echo(f"{case.domain.title}: {said} after {played.rounds} rounds, {len(result.messages)} messages")
    if played.refused is not None:
        typer.echo(f"{played.by} left: the machine refused its move [{played.refused}]")
    if result.agreed:
        values = case.domain.encode_values(result.values)
        typer.echo("\n" + aligned(("issue", "value"), [(name, str(value)) for name, value in values.items()]))
    rows = [
        (
            role,
            played.strategies[role].name,
            share(case.profiles[role].reservation_ppm),
            share(quality.utilities[role]),
        )
        for role in case.domain.roles
    ]
    typer.echo("\n" + aligned(("role", "strategy", "reservation", "utility"), rows))
    front = case.analysis.front
    judged = [
        ("welfare", share(quality.welfare)),
        ("distance to the Pareto front", share(quality.pareto_distance)),
        ("distance to the Nash point", share(quality.nash_distance)),
        ("distance to the Kalai point", share(quality.kalai_distance)),
        ("Nash product, share of its maximum", share(quality.nash_share)),
        (f"points of the front ({front.method})", str(len(front.spots))),
    ]
    typer.echo("\n" + aligned(("measure", "value"), judged))
