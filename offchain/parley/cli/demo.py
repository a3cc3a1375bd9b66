"""`parley demo`: the compute lease from a first offer to paid sellers."""

from __future__ import annotations

import sys
from pathlib import Path

import typer


def demo(
    seed: int = typer.Option(12, "--seed", min=0, help="Draws sellers' floors, capacities and strategies."),
    approve: bool = typer.Option(
        False, "--approve", help="Approve every request instead of asking at this terminal."
    ),
    keep: Path | None = typer.Option(
        None, "--keep", help="Leave bundles, logs, databases and the chain in this new folder."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print one JSON object instead; implies --approve."),
) -> None:
    """Plays a whole market on a throwaway chain: bargains, asks for approvals, opens, pays, verifies.

    Exit status 1 when any check fails, 2 when approvals are to be asked for and there is no terminal.
    """
    from parley.cli.output import print_failure, print_json
    from parley.sandbox.demo.errors import TerminalMissing
    from parley.sandbox.demo.further import program
    from parley.sandbox.demo.interruption import Interrupted, Interruption
    from parley.sandbox.demo.play import play
    from parley.sandbox.demo.screen import Screen
    from parley.sandbox.demo.watcher import Silent

    ask = not (approve or as_json)
    if ask and not (sys.stdin.isatty() and sys.stdout.isatty()):
        print_failure(TerminalMissing("The demonstration asks for approvals, and this is no terminal."))
        raise typer.Exit(2)
    try:
        with Interruption() as interruption, Screen(ask=ask) as screen:
            watcher = Silent() if as_json else screen
            result = play(seed, watcher, keep, interruption.shield)
    except Interrupted as interrupted:
        print(f"\ninterrupted by {interrupted}; everything it started has ended", file=sys.stderr)
        raise typer.Exit(128 + interrupted.number) from None
    if as_json:
        print_json(result.as_json())
    else:
        screen.show(result, program())
    if not result.ok:
        raise typer.Exit(1)
