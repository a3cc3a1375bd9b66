"""`parley sandbox`: simulated markets, adversaries and the six patterns, on this machine only."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from parley.policy.models import Bundle

app = typer.Typer(
    help="Simulated markets, adversaries and reports: in memory, seeded, never with real keys.",
    no_args_is_help=True,
)


@app.callback()
def _sandbox() -> None:
    """Simulated markets, adversaries and reports: in memory, seeded, never with real keys."""
    from parley.sandbox.isolation import check_isolated

    check_isolated(os.environ)


SEED = typer.Option(0, "--seed", min=0, help="Everything is drawn from it.")
PICTURES = typer.Option(None, "--pictures", help="Draw into this folder; needs the extra `plots`.")
AS_JSON = typer.Option(False, "--json", help="Print one JSON object.")


@app.command("market")
def market(
    agents: int = typer.Option(100, "--agents", min=2, max=2_000, help="Agents at a time; half are buyers."),
    epochs: int = typer.Option(10, "--epochs", min=1, max=200, help="How often everyone meets somebody."),
    rounds: int = typer.Option(20, "--rounds", min=1, max=10_000, help="Limit of rounds of a negotiation."),
    strategy: list[str] = typer.Option(
        ["boulware", "linear", "conceder", "adaptive"], "--strategy", help="Dealt out evenly; repeat it."
    ),
    adversary: str | None = typer.Option(None, "--adversary", help="Sellers of this kind: staller, prober."),
    share: float = typer.Option(0.2, "--share", min=0, max=1, help="Share of sellers that are adversaries."),
    change_at: int | None = typer.Option(None, "--change-at", min=0, help="Epoch at which a change begins."),
    policy: Path | None = typer.Option(None, "--policy", help="A policy that binds buyers from then on."),
    cost: float = typer.Option(
        1.0, "--cost", min=0.5, max=2, help="What sellers' costs are multiplied by then."
    ),
    seed: int = SEED,
    settle: int = typer.Option(
        0, "--settle", min=0, max=20, help="Settle this many of its deals on a throwaway chain."
    ),
    pictures: Path | None = PICTURES,
    as_json: bool = AS_JSON,
) -> None:
    """A market of agents over time: agreement, prices, welfare; with adversaries or a change of rules.

    Exit status 0 when it ran.
    """
    from parley.cli.output import print_json
    from parley.sandbox.markets.market import Rules, run_market
    from parley.sandbox.markets.report import market_report

    rules = Rules(
        agents=agents,
        epochs=epochs,
        rounds=rounds,
        seed=seed,
        strategies=tuple(strategy),
        adversary=adversary,
        adversary_ppm=round(share * 1_000_000) if adversary is not None else 0,
        change_at=change_at,
        policy=None if policy is None else _bundle(policy),
        cost_ppm=round(cost * 1_000_000),
    )
    ran = run_market(rules, None if as_json else _progress)
    found = market_report(ran)
    if settle:
        from parley.sandbox.markets.settle import settle_trades

        found["settled"] = settle_trades(ran.trades, settle)
    if pictures is not None:
        from parley.sandbox.pictures.market import draw_market

        found["pictures"] = [str(path) for path in draw_market(ran, pictures)]
    if as_json:
        print_json(found)
    else:
        _print_market(found)


@app.command("adversaries")
def adversaries(
    trials: int = typer.Option(40, "--trials", min=1, max=100_000, help="Negotiations for each adversary."),
    victim: str | None = typer.Option(None, "--victim", help="Strategy of the attacked buyer."),
    seed: int = SEED,
    pictures: Path | None = PICTURES,
    as_json: bool = AS_JSON,
) -> None:
    """What each adversary gains, with its guardrail and without.

    Exit status 0 when every guardrail held, 1 when one did not.
    """
    from parley.cli.output import print_json
    from parley.cli.tables import aligned, share
    from parley.negotiation.strategies import DEFAULT
    from parley.sandbox.attacks.run import adversaries as attacked
    from parley.sandbox.attacks.run import report
    from parley.sandbox.matches.naming import strategy_of

    chosen = victim or DEFAULT
    strategy_of(chosen)
    attacks = attacked(trials, seed, chosen)
    found: dict[str, Any] = dict(report(attacks, trials, seed))
    if pictures is not None:
        from parley.sandbox.pictures.attacks import draw_attacks

        found["pictures"] = [str(path) for path in draw_attacks(attacks, pictures)]
    if as_json:
        print_json(found)
    else:
        rows = [
            (
                each.name,
                str(each.trials),
                share(each.rate_ppm),
                "held" if each.holds else "BROKEN",
                each.guardrail,
            )
            for each in attacks
        ]
        typer.echo(aligned(("adversary", "trials", "gained", "", "guardrail"), rows))
        _print_pictures(found)
    if not found["holds"]:
        raise typer.Exit(1)


@app.command("patterns")
def patterns(
    trials: int = typer.Option(20, "--trials", min=1, max=10_000, help="Negotiations for each pattern."),
    strategy: str | None = typer.Option(None, "--strategy", help="Put to the test in the trade space."),
    seed: int = SEED,
    as_json: bool = AS_JSON,
) -> None:
    """The six patterns, each with its guardrail and its success metric.

    Exit status 0 when every guardrail held, 1 when one did not.
    """
    from parley.cli.output import print_json
    from parley.cli.tables import aligned
    from parley.negotiation.strategies import DEFAULT
    from parley.sandbox.matches.naming import strategy_of
    from parley.sandbox.patterns.run import patterns as played
    from parley.sandbox.patterns.run import report

    chosen = strategy or DEFAULT
    strategy_of(chosen)
    results = played(trials, seed, chosen, None if as_json else _said)
    found = report(results, trials, seed)
    if as_json:
        print_json(found)
    else:
        for each in results:
            typer.echo(f"\n{each.name}: {each.played}")
            typer.echo(f"guardrail {'held' if each.held else 'BROKEN'}: {each.guardrail}")
            rows = [(name.removesuffix("_ppm"), _figure(name, value)) for name, value in each.metrics.items()]
            rows += [(f"{name}, ms here", f"{value / 1_000:.1f}") for name, value in each.measured.items()]
            typer.echo(aligned(("metric", "value"), rows))
    if not found["guardrails_held"]:
        raise typer.Exit(1)


def _figure(name: str, value: int | None) -> str:
    from parley.cli.tables import share

    return share(value) if name.endswith("_ppm") or value is None else str(value)


def _bundle(path: Path) -> Bundle:
    from parley.cli.files import read_limited
    from parley.policy.models import Bundle

    return Bundle.parse(read_limited(path, 1024 * 1024))


def _print_market(found: dict[str, Any]) -> None:
    from parley.cli.tables import aligned, share

    typer.echo(
        f"{found['negotiations']} negotiations, {share(found['agreement_ppm'])} agreed, "
        f"{share(found['efficiency_ppm'])} of the possible surplus, "
        f"mean price {_price(found['mean_price'])}\n"
    )
    rows = [
        (
            str(each["epoch"]),
            share(each["agreement_ppm"]),
            _price(each["mean_price"]),
            share(each["welfare_ppm"]),
            share(each["efficiency_ppm"]),
        )
        for each in found["epochs"]
    ]
    typer.echo(aligned(("epoch", "agreement", "price", "welfare", "surplus"), rows) + "\n")
    rows = [
        (
            each["role"],
            each["strategy"],
            str(each["negotiations"]),
            share(each["agreement_ppm"]),
            share(each["utility_ppm"]),
        )
        for each in found["strategies"]
    ]
    typer.echo(aligned(("role", "strategy", "negotiations", "agreement", "utility"), rows))
    for each in found.get("settled", ()):
        typer.echo(
            f"on chain: {each['buyer']} paid {each['seller']} {_price(each['paid'])}: {each['status']}"
        )
    _print_pictures(found)


def _print_pictures(found: dict[str, Any]) -> None:
    for path in found.get("pictures", ()):
        typer.echo(f"drawn {path}")


def _price(amount: str | None) -> str:
    return "-" if amount is None else f"{int(amount) / 1_000_000:.2f}"


def _said(name: str) -> None:
    if sys.stderr.isatty():
        print(f"{name} …", file=sys.stderr, flush=True)


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        print(f"\repoch {done} of {of}", end="\n" if done == of else "", file=sys.stderr, flush=True)
