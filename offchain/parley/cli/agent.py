"""`parley agent`: an agent that runs by itself from a configuration."""

from __future__ import annotations

import os
from pathlib import Path

import typer

app = typer.Typer(help="Agents that run by themselves.", no_args_is_help=True)


@app.callback()
def _agent() -> None:
    """Agents that run by themselves."""


@app.command("run")
def run(
    config: Path = typer.Argument(..., help="A parley/agent document, a JSON file."),
    forever: bool = typer.Option(False, "--forever", help="Go on for whoever comes, until interrupted."),
) -> None:
    """Runs an agent against its gateway: bargains, signs, delivers, receipts. Prints one JSON object a step.

    The key comes from PARLEY_KEY, or PARLEY_KEYSTORE with PARLEY_KEYSTORE_PASSPHRASE; never from an argument.
    """
    from parley.agents.process import main
    from parley.cli.errors import AgentKeyMissing

    if not (os.environ.get("PARLEY_KEY") or os.environ.get("PARLEY_KEYSTORE")):
        raise AgentKeyMissing("The agent has no key.", setting="PARLEY_KEY")
    raise typer.Exit(main([str(config)], "parley.cli agent run", forever=forever))
