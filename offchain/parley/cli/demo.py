"""`parley demo`: the compute lease from a first offer to paid sellers."""

from __future__ import annotations

from pathlib import Path

import typer


def demo(
    seed: int = typer.Option(12, "--seed", min=0, help="Draws sellers' floors, capacities and strategies."),
    approve: bool = typer.Option(
        False, "--approve", help="Approve every request instead of asking at this terminal."
    ),
    keep: Path | None = typer.Option(
        None, "--keep", help="Leave bundles, logs and databases in this new folder."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object instead; implies --approve."),
) -> None:
    """Plays a whole market on a throwaway chain: negotiates, asks for approval, opens, delivers, pays, verifies.

    Exit status 1 when any check fails.
    """
    from parley.cli.output import print_json
    from parley.sandbox.demo.play import play
    from parley.sandbox.demo.screen import Quiet, Screen

    screen = Quiet() if as_json else Screen(ask=not approve)
    result = play(seed, screen, keep)
    if as_json:
        print_json(result.as_json())
    else:
        screen.show(result)
    if not result.ok:
        raise typer.Exit(1)
