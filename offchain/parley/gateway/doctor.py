"""Everything a gateway needs, looked at one by one without starting it: what works, what does not, and
what to do.

Nothing is written and nothing is migrated. Raises nothing: a failure is a finding.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from parley.chain.create2 import has_code_of, is_escrow
from parley.chain.errors import NodesDisagree
from parley.chain.node import NodeClient
from parley.chain.witnesses import Witnesses
from parley.errors import ParleyError
from parley.gateway.keys import expiry, gateway_signer, relayers
from parley.gateway.settings import GatewaySettings
from parley.gateway.startup import load_document
from parley.policy.models import Bundle
from parley.policy.service import PolicyEngine
from parley.policy.tripwires import Tripwires
from parley.store.engine import make_engine, parse_url, require_settled
from parley.store.errors import translate
from parley.store.schema import HEAD

ROOM = 512 * 2**20
"""Bytes that should be free where the database lies."""
COIN = 10**16
ROTATE_DAYS = 30
"""Wei below which a relayer will soon be out of gas."""
DRIFT = 30
"""Seconds by which this clock may differ from the chain's newest block on a chain that moves."""

Grade = Literal["ok", "warn", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: `advice` says what to do where it is not ok."""

    check: str
    grade: Grade
    detail: str
    advice: str = ""


class _Bad(Exception):
    def __init__(self, grade: Grade, detail: str, advice: str) -> None:
        super().__init__(detail)
        self.finding = (grade, detail, advice)


def examine(settings: GatewaySettings, now: Callable[[], float] = time.time) -> Iterator[Finding]:
    """Findings in the order in which a start would meet them."""
    node: list[NodeClient] = []

    def connect() -> str:
        client = NodeClient(settings.rpc_url or "", chain_id=settings.chain_id, timeout=10)
        client.check()
        node.append(client)
        return f"chain {settings.chain_id} at block {client.block_number()}"

    yield _look("key", lambda: _key(settings, now))
    yield _look("policy", lambda: _policy(settings))
    yield _look("thresholds", lambda: _thresholds(settings))
    yield _look("database", lambda: _database(settings))
    yield _look("disk", lambda: _disk(settings))
    if settings.rpc_url is None:
        yield Finding("node", "skip", "PARLEY_RPC_URL is not set: negotiations are carried, nothing settles")
        return
    yield _look("node", connect)
    for name, check in (
        ("escrow", _escrow),
        ("registry", _registry),
        ("gas", _gas),
        ("witnesses", _witnesses),
        ("clock", lambda found, given: _clock(found, now)),
    ):
        if node:
            yield _look(name, lambda check=check: check(node[0], settings))  # type: ignore[misc]
        else:
            yield Finding(name, "skip", "needs the node")


def _look(name: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(name, "ok", check())
    except _Bad as bad:
        return Finding(name, *bad.finding)
    except ParleyError as error:
        return Finding(name, "fail", error.message, error.next_action)


def _key(settings: GatewaySettings, now: Callable[[], float]) -> str:
    shown = f"signs as {gateway_signer(settings, now).address}"
    expires_at = expiry(settings)
    if expires_at is None:
        return shown
    days = (expires_at - int(now())) // 86_400
    if days < ROTATE_DAYS:
        raise _Bad(
            "warn", f"{shown}, for {days} more days", "Make a new key by parley keys new, and change over."
        )
    return f"{shown}, for {days} more days"


def _policy(settings: GatewaySettings) -> str:
    bundle = load_document(Bundle, settings.policy, "PARLEY_POLICY")
    if bundle is None:
        raise _Bad(
            "warn",
            "no PARLEY_POLICY: only what is rolled out is judged",
            "Name a bundle, if that is not meant.",
        )
    return f"{len(PolicyEngine(bundle).bundle.rules)} rules of {bundle.hash()}"


def _thresholds(settings: GatewaySettings) -> str:
    wires = load_document(Tripwires, settings.tripwires, "PARLEY_TRIPWIRES")
    return "none" if wires is None else f"{len(wires.wires)} thresholds"


def _database(settings: GatewaySettings) -> str:
    url = parse_url(settings.database)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        return "not there yet: it is made at the first start"
    if url.get_backend_name() == "sqlite" and not _writable(Path(url.database or "")):
        raise _Bad(
            "fail", "the file or its folder cannot be written", "Let this user write both: SQLite needs them."
        )
    engine = make_engine(url, busy_ms=2_000, read_only=True)
    try:
        with engine.connect() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                raise _Bad(
                    "warn", "empty, or another program's", "Check PARLEY_DATABASE before the first start."
                )
            found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
            require_settled(found)
            if found is not None and str(found) > HEAD:
                raise _Bad("fail", f"schema {found} is newer than {HEAD}", "Run the newer version of Parley.")
            if found != HEAD:
                raise _Bad(
                    "warn", f"schema {found}: {HEAD} at the next start", "Back it up before that start."
                )
            events = connection.exec_driver_sql("SELECT max(position) FROM events").scalar()
            return f"schema {found}, {events or 0} events"
    except sa.exc.SQLAlchemyError as error:
        known = translate(error)
        if known is None:
            raise _Bad("fail", type(error).__name__, "Check PARLEY_DATABASE.") from None
        raise known from None
    finally:
        engine.dispose()


def _writable(path: Path) -> bool:
    return os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK)


def _disk(settings: GatewaySettings) -> str:
    url = parse_url(settings.database)
    if url.get_backend_name() != "sqlite":
        raise _Bad("skip", "the database server's own affair", "")
    folder = Path(url.database or "").resolve().parent
    free = shutil.disk_usage(folder).free
    shown = f"{free // 2**20} MiB free in {folder}"
    if free < ROOM:
        raise _Bad("warn" if free > ROOM // 8 else "fail", shown, "Make room: a full disk stops every write.")
    return shown


def _escrow(node: NodeClient, settings: GatewaySettings) -> str:
    if not node.code(settings.escrow):
        raise _Bad("fail", f"no contract at {settings.escrow}", "Check PARLEY_ESCROW and PARLEY_CHAIN_ID.")
    if not is_escrow(node, settings.escrow):
        raise _Bad(
            "fail",
            f"the code at {settings.escrow} is not this version's escrow",
            "Name the escrow of this version: parley deploy --plan prints where it stands.",
        )
    return f"this version's escrow at {settings.escrow}"


def _registry(node: NodeClient, settings: GatewaySettings) -> str:
    if settings.registry is None:
        raise _Bad("skip", "PARLEY_REGISTRY is not set", "")
    if not has_code_of(node, settings.registry, "AgentRegistry"):
        raise _Bad("warn", f"not this version's registry at {settings.registry}", "Check PARLEY_REGISTRY.")
    return f"this version's registry at {settings.registry}"


def _gas(node: NodeClient, settings: GatewaySettings) -> str:
    """Every account that sends transactions has coin; the poorest is shown."""
    addresses = [signer.address for signer in relayers(settings)] or [gateway_signer(settings).address]
    held = {address: node.balance(address) for address in addresses}
    address = min(held, key=lambda each: held[each])
    shown = f"{held[address] / 10**18:.4f} of the chain's coin at {address}"
    if held[address] < COIN:
        broke = all(balance == 0 for balance in held.values())
        raise _Bad("fail" if broke else "warn", shown, "Send this account coin to pay gas with.")
    return shown


def _witnesses(node: NodeClient, settings: GatewaySettings) -> str:
    """Every further node follows the same chain."""
    if not settings.witnesses:
        raise _Bad("skip", "PARLEY_WITNESSES is not set", "")
    number = max(0, node.block_number() - 1)
    others = [NodeClient(url, chain_id=settings.chain_id, attempts=1) for url in settings.witnesses]
    try:
        believed = Witnesses(node, others, settings.witness_quorum)
        believed.judge(number)
    except NodesDisagree as error:
        raise _Bad("fail", error.message, error.next_action) from None
    if believed.disagreement is not None:
        raise _Bad("warn", f"not all nodes agree on block {number}", "Find the node that is wrong.")
    return f"{1 + len(others)} nodes do not contradict each other on block {number}"


def _clock(node: NodeClient, now: Callable[[], float]) -> str:
    ahead = node.latest().timestamp - int(now())
    if ahead > DRIFT:
        raise _Bad(
            "warn",
            f"the newest block is {ahead} s ahead of this clock",
            "Set this machine's clock: deadlines are judged by the chain's.",
        )
    return f"the newest block is {-ahead} s old"
