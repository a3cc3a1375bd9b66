"""`parley govern`, `parley policy`, `parley approvals`: what operators and reviewers do at a gateway.

The gateway is named by --url or PARLEY_URL; the key comes from PARLEY_KEY, or PARLEY_KEYSTORE with
PARLEY_KEYSTORE_PASSPHRASE, and signs here. Every command prints one JSON object.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from parley.cli.output import print_json

if TYPE_CHECKING:
    from parley.agents.operator import Operator
    from parley.terms.signing import Signer

govern = typer.Typer(help="Stop and lift at a gateway, and see its alarms.", no_args_is_help=True)
policy = typer.Typer(help="Roll policies out at a gateway, step by step.", no_args_is_help=True)
approvals = typer.Typer(help="Decide what a gateway's policies escalate.", no_args_is_help=True)

Url = typer.Option("http://127.0.0.1:8080", "--url", envvar="PARLEY_URL", help="The gateway.")
Reason = typer.Option(..., "--reason", help="Goes on record, signed.")
Digest = typer.Argument(..., help="0x and 64 hex digits.")


def has_key() -> bool:
    """Whether the environment names a key."""
    return bool(os.environ.get("PARLEY_KEY") or os.environ.get("PARLEY_KEYSTORE"))


@contextlib.contextmanager
def operator_at(url: str, *, scopes: tuple[str, ...] = ("read", "govern")) -> Iterator[Operator]:
    """Signed in at the gateway at `url` with the key of the environment, for these scopes."""
    import httpx

    from parley.agents.operator import Operator
    from parley.agents.people import NoKey
    from parley.agents.process import signer_from_environment
    from parley.agents.transport import unreachable
    from parley.cli.errors import GatewayNotReady
    from parley.cli.files import read_limited

    session = os.environ.get("PARLEY_SESSION")
    signer: Signer = NoKey() if session is not None and not has_key() else signer_from_environment()
    token = None if session is None else read_limited(Path(session), 1_024).decode().strip()
    try:
        answer = httpx.get(f"{url.rstrip('/')}/ready", timeout=30).json()
        chain_id, audience = int(answer["chain_id"]), str(answer["audience"])
    except httpx.HTTPError as error:
        raise unreachable(error, url) from None
    except (ValueError, KeyError, TypeError):
        raise GatewayNotReady("No gateway answers there.", url=url) from None
    found = Operator(url, signer, chain_id, audience=audience, scopes=scopes, token=token)
    try:
        yield found
    finally:
        found.close()


@govern.command("status")
def status(url: str = Url) -> None:
    """What is stopped now."""
    with operator_at(url) as operator:
        print_json(operator.controls())


@govern.command("stop")
def stop(
    all_: bool = typer.Option(False, "--all", help="Everything."),
    agent: str | None = typer.Option(None, "--agent", help="An agent's address."),
    pair: tuple[str, str] | None = typer.Option(None, "--pair", help="Two agents with each other."),
    token: str | None = typer.Option(None, "--token", help="Deals in this token."),
    reason: str = Reason,
    url: str = Url,
) -> None:
    """Stops what is named, from the next message on. Deals that are open settle all the same."""
    from parley.cli.errors import ScopeUnclear

    named = [bool(all_), agent is not None, pair is not None, token is not None]
    if sum(named) != 1:
        raise ScopeUnclear("Name exactly one of --all, --agent, --pair and --token.", named=sum(named))
    with operator_at(url) as operator:
        if agent is not None:
            print_json(operator.stop("agent", (agent.lower(),), reason))
        elif pair is not None:
            print_json(operator.stop("pair", tuple(address.lower() for address in pair), reason))
        elif token is not None:
            print_json(operator.stop("token", (token.lower(),), reason))
        else:
            print_json(operator.stop("all", (), reason))


@govern.command("lift")
def lift(order: str = Digest, reason: str = Reason, url: str = Url) -> None:
    """Lifts the stop with this hash."""
    with operator_at(url) as operator:
        print_json(operator.lift(order, reason))


@govern.command("alarms")
def alarms(url: str = Url) -> None:
    """Thresholds that were crossed."""
    with operator_at(url) as operator:
        print_json({"anomalies": operator.anomalies()})


@policy.command("show")
def show(bundle: str | None = typer.Argument(None, help="A bundle's hash."), url: str = Url) -> None:
    """What is in force and on trial; or one bundle, whole."""
    with operator_at(url) as operator:
        print_json(operator.policies() if bundle is None else operator.bundle(bundle))


@policy.command("load")
def load(
    path: Path = typer.Argument(..., help="A parley/policy document, a JSON file."),
    reason: str = Reason,
    url: str = Url,
) -> None:
    """Brings a bundle to the gateway. It decides nothing before it is staged or promoted."""
    from parley.cli.files import read_limited
    from parley.policy.models import Bundle

    bundle = Bundle.parse(read_limited(path))
    with operator_at(url) as operator:
        print_json(operator.load(bundle, reason))


@policy.command("shadow")
def shadow(bundle: str = Digest, reason: str = Reason, url: str = Url) -> None:
    """Evaluates a loaded bundle beside the one in force; differences go on record."""
    with operator_at(url) as operator:
        print_json(operator.shadow(bundle, reason))


@policy.command("stage")
def stage(
    bundle: str = Digest,
    percent: float = typer.Option(..., "--percent", min=0.0001, max=100, help="Share of counterparties."),
    reason: str = Reason,
    url: str = Url,
) -> None:
    """Lets a loaded bundle decide for a share of counterparties, always the same ones."""
    with operator_at(url) as operator:
        print_json(operator.stage(bundle, max(1, round(percent * 10_000)), reason))


@policy.command("promote")
def promote(bundle: str = Digest, reason: str = Reason, url: str = Url) -> None:
    """Puts a loaded bundle in force for everyone."""
    with operator_at(url) as operator:
        print_json(operator.promote(bundle, reason))


@policy.command("roll-back")
def roll_back(bundle: str = Digest, reason: str = Reason, url: str = Url) -> None:
    """Drops a candidate, or gives the bundle before it back its force."""
    with operator_at(url) as operator:
        print_json(operator.roll_back(bundle, reason))


@policy.command("impact")
def impact(
    bundle: str = Digest,
    limit: int = typer.Option(1_000, "--limit", min=1, max=10_000, help="Newest decisions to replay."),
    url: str = Url,
) -> None:
    """Replays recorded decisions under a loaded bundle and lists every one that would change."""
    with operator_at(url) as operator:
        print_json(operator.impact(bundle, limit))


@approvals.command("list")
def list_(
    status_: str = typer.Option("waiting", "--status", help="waiting, granted, refused, expired or any."),
    url: str = Url,
) -> None:
    """Requests for approval, oldest first."""
    with operator_at(url) as operator:
        print_json({"approvals": operator.approvals(None if status_ == "any" else status_)})


@approvals.command("show")
def one(identity: str = Digest, url: str = Url) -> None:
    """One request with its exact terms, the decision that asked for it, and what was decided."""
    with operator_at(url) as operator:
        print_json(operator.approval(identity))


@approvals.command("approve")
def approve(
    identity: str = Digest,
    reason: str = Reason,
    seconds: int = typer.Option(900, "--seconds", min=1, help="How long the approval is good for."),
    url: str = Url,
) -> None:
    """Approves exactly these terms, by signature."""
    with operator_at(url) as operator:
        print_json(operator.decide(identity, granted=True, reason=reason, seconds=seconds))


@approvals.command("refuse")
def refuse(identity: str = Digest, reason: str = Reason, url: str = Url) -> None:
    """Refuses these terms, by signature."""
    with operator_at(url) as operator:
        print_json(operator.decide(identity, granted=False, reason=reason))
