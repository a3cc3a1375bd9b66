"""`parley retention`: how long a gateway keeps payloads, what it holds, and erasing what is due.

`run` works on the gateway's own database with the settings of `parley serve`; the others are signed here and
sent to the gateway named by --url or PARLEY_URL. Every command prints one JSON object.
"""

from __future__ import annotations

from pathlib import Path

import typer

from parley.cli.govern import Digest, Reason, Url, operator_at
from parley.cli.output import print_json

app = typer.Typer(help="How long a gateway keeps payloads, and erasing what is due.", no_args_is_help=True)


@app.command("show")
def show(url: str = Url) -> None:
    """The schedule in force and the holds."""
    with operator_at(url) as operator:
        print_json(operator.retention())


@app.command("schedule")
def schedule(
    path: Path = typer.Argument(..., help="A parley/retention document, a JSON file."),
    reason: str = Reason,
    url: str = Url,
) -> None:
    """Puts a schedule in force."""
    from parley.cli.files import read_limited
    from parley.policy.retention import RetentionSchedule

    found = RetentionSchedule.parse(read_limited(path))
    with operator_at(url) as operator:
        print_json(operator.schedule(found, reason))


@app.command("hold")
def hold(
    negotiation: str | None = typer.Option(None, "--negotiation", help="A negotiation's id."),
    agent: str | None = typer.Option(None, "--agent", help="Everything of this agent."),
    reason: str = Reason,
    url: str = Url,
) -> None:
    """Keeps what is named, whatever the schedule says."""
    from parley.cli.errors import ScopeUnclear

    if (negotiation is None) == (agent is None):
        raise ScopeUnclear("Name either --negotiation or --agent.", named=int(agent is not None) * 2)
    with operator_at(url) as operator:
        print_json(operator.hold(reason, negotiation=negotiation, agent=agent and agent.lower()))


@app.command("release")
def release(order: str = Digest, reason: str = Reason, url: str = Url) -> None:
    """Releases the hold with this hash."""
    with operator_at(url) as operator:
        print_json(operator.release(order, reason))


@app.command("due")
def due(url: str = Url) -> None:
    """What would be erased now."""
    with operator_at(url) as operator:
        print_json({"due": operator.due()})


@app.command("run")
def run(
    whole: bool = typer.Option(False, "--whole", help="Rewrite the whole database file afterwards."),
) -> None:
    """Erases what is due in the gateway's database, as its worker does every minute."""
    from parley.gateway.settings import GatewaySettings
    from parley.gateway.startup import open_gateway

    gateway = open_gateway(GatewaySettings())
    try:
        done = []
        while found := gateway.eraser.run():
            done += [erasure.as_json() for erasure in found]
        clean = gateway.store.compact(whole=whole)
        print_json({"erased": done, "files_clean": clean})
    finally:
        gateway.close()
