"""What is done to a fleet while pairs of agents negotiate through it, each by name, with how it is done.

Every strike ends by itself and leaves the fleet able to go on: what has to hold afterwards is for the
campaign to look at.
"""

from __future__ import annotations

import contextlib
import json
import random
import resource
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from failing_disk import SIGNALS, fails
from lying_proxy import LyingProxy, falsify

from parley.chain.anvil import LocalAnvil
from parley.settlement.worker import LEASE, LEASE_SECONDS
from parley.store import schema
from parley.store.engine import make_engine, parse_url

SKEW = 20
"""Seconds by which a process's clock is off; gateways tolerate 30."""
DEEPEST = 12


@dataclass
class Field:
    """What can be struck. `restart_database` is there where a server keeps the data."""

    fleet: list[Any]
    anvil: LocalAnvil
    proxy: LyingProxy
    database: str
    dice: random.Random
    restart_database: Callable[[], None] | None = None
    struck: Any = None
    """The member that was struck last."""

    def member(self) -> Any:
        self.struck = self.dice.choice(self.fleet)
        return self.struck


def kill(field: Field) -> None:
    """SIGKILL to a gateway or a worker at a random moment; then the same command again."""
    struck = field.member()
    struck.kill()
    struck.start()


def kill_with_a_wrong_clock(field: Field) -> None:
    """As `kill`, and the process comes back with a clock that is up to 20 seconds off: `time.time` of that
    process is replaced before the command runs.
    """
    struck = field.member()
    struck.kill()
    struck.start(skew=field.dice.randint(-SKEW, SKEW))


def pause_the_lease_holder(field: Field) -> None:
    """SIGSTOP to the process that settles, until its lease has run out and another one has taken it; then
    SIGCONT: it wakes in the middle of what it was doing.
    """
    held, holder = _lease(field.database), _settler(field)
    if held is None or holder is None or len(field.fleet) < 2:
        return
    field.struck = holder
    holder.process.signal(signal.SIGSTOP)
    try:
        end = time.monotonic() + 3 * LEASE_SECONDS
        while (_lease(field.database) or held)[1] == held[1] and time.monotonic() < end:
            time.sleep(0.2)
    finally:
        holder.process.signal(signal.SIGCONT)


def pause_a_member(field: Field) -> None:
    """SIGSTOP to any process for up to a second, then SIGCONT."""
    struck = field.member()
    struck.process.signal(signal.SIGSTOP)
    time.sleep(field.dice.uniform(0.1, 1.0))
    struck.process.signal(signal.SIGCONT)


@contextlib.contextmanager
def _meddling(field: Field, meddle: Any) -> Iterator[None]:
    field.proxy.meddle = meddle
    try:
        time.sleep(field.dice.uniform(0.2, 0.8))
        yield
    finally:
        field.proxy.honest()


def drop_answers(field: Field) -> None:
    """The proxy in front of the node passes requests on and closes the connection instead of answering."""

    def meddle(_: Any, ask: Callable[[], bytes]) -> None:
        ask()

    with _meddling(field, meddle):
        pass


def refuse_requests(field: Field) -> None:
    """The proxy closes connections and passes nothing on: the node is away."""
    with _meddling(field, lambda _asked, _ask: None):
        pass


def delay_answers(field: Field) -> None:
    """The proxy holds every answer back for up to half a second."""

    def meddle(_: Any, ask: Callable[[], bytes]) -> bytes:
        found = ask()
        time.sleep(field.dice.uniform(0.0, 0.5))
        return found

    with _meddling(field, meddle):
        pass


def double_requests(field: Field) -> None:
    """The proxy sends every request to the node twice and gives the second answer."""

    def meddle(_: Any, ask: Callable[[], bytes]) -> bytes:
        ask()
        return ask()

    with _meddling(field, meddle):
        pass


def kill_the_settler_unanswered(field: Field) -> None:
    """The process that settles is killed while the proxy passes its requests on and loses the answers: what
    it sent may have been taken, and nobody has noted it.
    """

    def meddle(_: Any, ask: Callable[[], bytes]) -> None:
        ask()

    settler = _settler(field) or field.member()
    field.struck = settler
    with _meddling(field, meddle):
        settler.kill()
    settler.start()


LIES: tuple[tuple[str, Callable[[Any], Any]], ...] = (
    ("eth_chainId", lambda _: "0x1"),
    ("eth_blockNumber", lambda _: "0x0"),
    ("eth_getBlockByNumber", lambda _: None),
    ("eth_getTransactionReceipt", lambda _: None),
    ("eth_getTransactionCount", lambda _: "0x0"),
    ("eth_call", lambda _: "0x"),
    ("eth_estimateGas", lambda _: "not a number"),
    ("eth_getLogs", lambda _: [{"address": "0x00", "topics": "what"}]),
    ("eth_sendRawTransaction", lambda _: "0x" + "00" * 32),
)


def falsify_answers(field: Field) -> None:
    """The proxy changes the result of one kind of request: another chain, no block, no receipt, an old
    nonce, nothing where a word is wanted, logs that are none.
    """
    with _meddling(field, falsify(*field.dice.choice(LIES))):
        pass


def answer_nonsense(field: Field) -> None:
    """The proxy answers with something that is not JSON-RPC."""
    bodies = (b"", b"<html>", json.dumps([]).encode(), b'{"jsonrpc":"2.0","id":1}')
    with _meddling(field, lambda _asked, _ask: field.dice.choice(bodies)):
        pass


def reorganise(field: Field) -> None:
    """`anvil_reorg`: the newest 1 to 12 blocks are replaced by empty ones; their transactions are gone."""
    depth = field.dice.randint(1, DEEPEST)
    if field.anvil.node().block_number() > depth + FLOOR:
        field.anvil.reorg(depth)


FLOOR = 40
"""Blocks that no reorganisation reaches: the contracts and the agents' money."""


def no_room(field: Field) -> None:
    """RLIMIT_FSIZE of a running process is lowered to the size of its database file, so that every write that
    would make a file longer fails in the system (EFBIG, which SQLite reports as a full disk or an input or
    output error); lifted again after a moment. On a server, the process's own log is all it hits.
    """
    struck = field.member()
    path = sa.make_url(field.database).database or ""
    size = Path(path).stat().st_size if field.database.startswith("sqlite") else 0
    with contextlib.suppress(ProcessLookupError):
        hard = resource.prlimit(struck.process.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(struck.process.pid, resource.RLIMIT_FSIZE, (size, hard))
        time.sleep(field.dice.uniform(0.1, 0.6))
        resource.prlimit(struck.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


def fail_the_disk(field: Field) -> None:
    """A running process, as often as not the one that settles, lays a seccomp filter on itself, and from then
    on the kernel refuses its writes (EIO or ENOSPC) or only its syncs (EIO), until it is killed and started
    again. On a server the database's disk is not the gateway's, and it is a kill.
    """
    struck = field.dice.choice((field.member(), _settler(field) or field.member()))
    field.struck = struck
    struck.process.signal(SIGNALS[field.dice.choice(tuple(SIGNALS))])
    end = time.monotonic() + 60
    with contextlib.suppress(OSError):  # a worker may have refused to start
        while not fails(struck.process.pid) and time.monotonic() < end:
            time.sleep(0.02)
    time.sleep(field.dice.uniform(0.5, 2.0))
    struck.kill()
    struck.start()


def restart_the_database(field: Field) -> None:
    """PostgreSQL is stopped at once, without a checkpoint (`pg_ctl stop -m immediate`), and started again: it
    recovers from its log. On SQLite there is no server, and nothing happens.
    """
    if field.restart_database is not None:
        field.restart_database()


STRIKES: tuple[Callable[[Field], None], ...] = (
    kill_with_a_wrong_clock,
    pause_a_member,
    drop_answers,
    refuse_requests,
    delay_answers,
    double_requests,
    falsify_answers,
    answer_nonsense,
    reorganise,
    no_room,
    fail_the_disk,
    restart_the_database,
    pause_the_lease_holder,
    kill_the_settler_unanswered,
)
"""All but `kill`, in the order in which a campaign first does them."""


def _settler(field: Field) -> Any:
    """The member that holds the lease, or None where nobody does, or one that is gone."""
    held = _lease(field.database)
    return None if held is None else next((m for m in field.fleet if m.process.pid == _pid(held[0])), None)


def _lease(database: str) -> tuple[str, int] | None:
    """Who settles, and the fencing token."""
    table = schema.leases
    engine = make_engine(parse_url(database), busy_ms=2_000, read_only=True)
    try:
        with engine.connect() as connection:
            query = sa.select(table.c.holder, table.c.token).where(table.c.name == LEASE)
            found = connection.execute(query).first()
            return None if found is None else (str(found.holder), int(found.token))
    finally:
        engine.dispose()


def _pid(holder: str) -> int:
    return int(holder.split("/")[1])
