"""The tree of commands. Each imports its room when it runs: `parley verify` starts without a gateway."""

from __future__ import annotations

import sys

import typer

from parley import __version__
from parley.cli import (
    agent,
    consent,
    demo,
    deploy,
    doctor,
    explain,
    govern,
    keys,
    kpis,
    login,
    migrate_store,
    negotiate,
    reputation,
    retention,
    sandbox,
    scenario,
    serve,
    source,
    tournament,
    verify,
    worker,
)
from parley.cli.output import print_failure, print_json
from parley.errors import ParleyError

app = typer.Typer(
    name="parley",
    help="A marketplace where software agents negotiate, sign once and settle through escrow.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("verify")(verify.verify)
app.command("negotiate")(negotiate.negotiate)
app.command("tournament")(tournament.tournament)
app.command("scenario")(scenario.scenario)
app.command("serve")(serve.serve)
app.command("worker")(worker.worker)
app.command("doctor")(doctor.doctor)
app.command("explain")(explain.explain)
app.command("kpis")(kpis.kpis)
app.command("login")(login.login)
app.command("migrate-store")(migrate_store.migrate_store)
app.command("deploy")(deploy.deploy)
app.command("reputation")(reputation.reputation)
app.add_typer(agent.app, name="agent")
app.add_typer(keys.app, name="keys")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(govern.govern, name="govern")
app.add_typer(govern.policy, name="policy")
app.add_typer(govern.approvals, name="approvals")
app.add_typer(retention.app, name="retention")
app.add_typer(consent.app, name="consent")
app.add_typer(source.app, name="source")


def _version(shown: bool) -> None:
    if shown:
        typer.echo(f"parley {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Options of every command."""


def run() -> None:
    """Runs the command line; typed errors become a readable message, or JSON with --json, and status 1."""
    try:
        app()
    except ParleyError as error:
        if "--json" in sys.argv[1:]:
            print_json(error.as_problem())
        else:
            print_failure(error)
        sys.exit(1)
