"""`parley consent`: what the key of the environment lets others do with its data at a gateway.

The gateway is named by --url or PARLEY_URL; the key comes from PARLEY_KEY, or PARLEY_KEYSTORE with
PARLEY_KEYSTORE_PASSPHRASE, and signs here. Every command prints one JSON object.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import typer

from parley.cli.govern import Digest, Reason, Url, operator_at
from parley.cli.output import print_json

if TYPE_CHECKING:
    from parley.agents.consents import OwnConsents

app = typer.Typer(help="Give, revoke and export consent to the use of data.", no_args_is_help=True)


@contextlib.contextmanager
def _mine(url: str) -> Iterator[OwnConsents]:
    from parley.agents.consents import OwnConsents
    from parley.agents.process import signer_from_environment

    with operator_at(url, scopes=("read", "negotiate")) as signed_in:
        yield OwnConsents(
            signed_in.client, signer_from_environment(), signed_in.chain_id, lambda: int(time.time())
        )


@app.command("grant")
def grant(
    data_class: str = typer.Option(..., "--data-class", help="public, internal or personal."),
    days: int = typer.Option(365, "--days", min=1, help="How long it holds."),
    to: str | None = typer.Option(None, "--to", help="One account; without it every party dealt with."),
    purpose: str = typer.Option("negotiation", "--purpose", help="negotiation or analysis."),
    reason: str = Reason,
    url: str = Url,
) -> None:
    """Lets data of a class be used."""
    named: dict[str, Any] = {"data_class": data_class, "purpose": purpose, "to": to and to.lower()}
    with _mine(url) as mine:
        found = mine.grant(
            named["data_class"], days * 86_400, reason, purpose=named["purpose"], to=named["to"]
        )
        print_json({"hash": found})


@app.command("revoke")
def revoke(grant_: str = Digest, reason: str = Reason, url: str = Url) -> None:
    """Ends the grant with this hash, from the next message on."""
    from parley.terms.values import Hash32

    with _mine(url) as mine:
        print_json({"hash": mine.revoke(Hash32(grant_), reason)})


@app.command("export")
def export(url: str = Url) -> None:
    """Every record with its signature."""
    with _mine(url) as mine:
        print_json({"consents": mine.export()})
