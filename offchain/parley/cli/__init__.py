"""The `parley` command; wiring and nothing else."""

from __future__ import annotations


def main() -> None:
    """Entry point of the `parley` command.

    Exit status: 0 done, 1 refused or failed, 2 wrong usage, 128 and the signal's number when interrupted.
    """
    from parley.cli.app import run

    run()
