"""The indexer: follows the escrow's events into the store, undoes what a reorganisation took away. Its word
alone counts.

Each deal has the stream `chain:<deal id>`; what concerns no deal (balances, epochs, splits) goes to
`escrow:<chain id>:<address>`. Kinds are `chain.<Event>`; a reorganised event is followed by a `chain.undone`
with the same data. Cursor, events and the row of the deal change in one transaction, so a crash between
blocks loses nothing and repeats nothing; of two indexers on one store one wins each block.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from parley.chain.audit import Auditor, Gap
from parley.chain.certainty import Certainty
from parley.chain.errors import NodeAnswerInvalid, NodesDisagree
from parley.chain.escrow import EscrowContract
from parley.chain.fold import PREFIX, UNDONE, ChainDeal, ChainEvent, effective, fold
from parley.chain.follower import Applied, Batch, Follower
from parley.chain.node import NodeClient
from parley.chain.projection import chain_events, moves, put_deal
from parley.chain.trust import ALARMS, Trust
from parley.chain.witnesses import Witnesses
from parley.errors import ParleyError
from parley.store import ANY, EventStore, NewEvent, Statement, Transaction, parameter, schema
from parley.store.codec import decode, encode
from parley.store.schema import upsert

_LOOK: Final = 5
"""Seconds after which nodes are asked again whether they agree, also where there is nothing new."""
_KEEP: Final = 256
"""Blocks without logs are forgotten this far behind the tip; those with logs are kept for good."""


_TIP, _BLOCKS = schema.followers, schema.blocks
_CURSOR: Final = Statement(sa.select(_TIP).where(_TIP.c.name == parameter("name")))
_MOVE: Final = Statement(
    sa.update(_TIP)
    .where(_TIP.c.name == parameter("was_name"), _TIP.c.version == parameter("was_version", sa.BigInteger))
    .values({name: sa.bindparam(name) for name in ("number", "hash", "version", "updated_at")})
)
_FORGET: Final = Statement(
    sa.delete(_BLOCKS).where(
        _BLOCKS.c.follower == parameter("follower"),
        _BLOCKS.c.number < parameter("old", sa.BigInteger),
        _BLOCKS.c.logs == parameter("empty"),
    )
)


@dataclass(frozen=True, slots=True)
class Progress:
    """What a tick did: events applied and undone, and whether it is `idle`, that is nothing is left to do.

    `cursor` is the last applied block, `head` the node's newest; -1 for none.
    """

    cursor: int
    head: int
    applied: int
    undone: int
    idle: bool


class _Outrun(Exception):
    """Another indexer moved the cursor first."""


class Indexer:
    """Follows one escrow. `start_block` is the deployment's; `confirmations` how many blocks must lie on
    top.
    """

    def __init__(
        self,
        store: EventStore,
        node: NodeClient,
        escrow: EscrowContract,
        *,
        start_block: int = 0,
        confirmations: int = 0,
        witnesses: Witnesses | None = None,
        certainty: Certainty | None = None,
    ) -> None:
        self.witnesses = witnesses or Witnesses(node)
        self.certainty = certainty or Certainty()
        self._confirmations = confirmations
        self._store = store
        self._node = node
        self._escrow = escrow
        self._name = f"{node.chain_id()}:{escrow.address}"
        self.stream = f"escrow:{self._name}"
        self.trust = Trust(store, self._name, self.witnesses)
        self._start = start_block
        self._judged_at = 0
        self._followers = {
            each: Follower(each, escrow.address, start=start_block, confirmations=confirmations)
            for each in self.witnesses.nodes
        }
        self._auditor = Auditor(store, node, escrow, self._name, start_block)
        self._audited_at = 0
        self._ticking = threading.Lock()
        self.head = -1
        self.last_error: ParleyError | None = None

    # ------------------------------------------------------------------ moving

    def tick(self) -> Progress:
        """Apply (or undo) the next blocks, at most a span of them. Raises the node's and the store's errors;
        `NodesDisagree` after what the nodes agree on was applied.
        """
        with self._ticking:
            try:
                progress = self._tick()
            except ParleyError as error:
                self.last_error = error
                raise
            self.last_error = None
            return progress

    def catch_up(self, limit: int = 100_000) -> Progress:
        """Tick until nothing is left to do."""
        applied = undone = 0
        for _ in range(limit):
            progress = self.tick()
            applied, undone = applied + progress.applied, undone + progress.undone
            if progress.idle:
                break
        tip = self.cursor()
        return Progress(-1 if tip is None else tip.number, self.head, applied, undone, idle=True)

    def _tick(self) -> Progress:
        tip, version = self._cursor()
        quarrel: NodesDisagree | None = None
        try:
            batch = self._next(tip)
        except NodesDisagree as error:
            quarrel, batch = error, self._undisputed(tip, int(error.values["number"]))
        self.head = batch.head
        if batch.empty:
            if quarrel is not None:
                raise quarrel
            return Progress(-1 if tip is None else tip.number, batch.head, 0, 0, idle=True)
        try:
            applied, undone = self._write(batch, version)
        except _Outrun:
            applied, undone = 0, 0
        now = self.cursor()
        if quarrel is not None and self.disagreeing:
            raise quarrel
        return Progress(-1 if now is None else now.number, batch.head, applied, undone, idle=False)

    def _next(self, tip: Applied | None) -> Batch:
        batch = self._read(self._node, tip)
        now = self._store.now()
        if self.witnesses.alone or (batch.empty and (tip is None or now - self._judged_at < _LOOK)):
            return batch
        # What is new, or was undone, must be what the believed nodes say of it.
        number = batch.blocks[-1][0].number if batch.blocks else (0 if tip is None else tip.number)
        believed = self.witnesses.judge(number)
        self._judged_at = now  # not while they disagree: then every tick asks
        self.trust.believe(believed, number)
        return batch if believed is self._node else self._read(believed, tip)

    def _undisputed(self, tip: Applied | None, number: int) -> Batch:
        """What the nodes agree on below block `number`, on which they do not."""
        self._judged_at = 0
        found = self.witnesses.highest(self._start if tip is None else tip.number + 1, number - 1)
        self.trust.doubt(self._standing() if found is None else found[0])
        if found is None:
            return Batch(None, (), self.head)
        return self._read(found[1], tip, found[0])

    def _standing(self) -> int:
        """The last applied block that a believed side still has; -1 for none."""
        kept = self._applied()
        low, high = 0, len(kept)
        if kept and self.witnesses.stands(kept[-1].number, kept[-1].hash):
            low = high
        while low < high:
            middle = (low + high) // 2
            if self.witnesses.stands(kept[middle].number, kept[middle].hash):
                low = middle + 1
            else:
                high = middle
        return kept[low - 1].number if low else -1

    def _read(self, node: NodeClient, tip: Applied | None, until: int | None = None) -> Batch:
        follower = self._followers[node]
        for _ in range(2):
            try:
                return follower.next(tip, self._applied, until)
            except NodeAnswerInvalid:
                continue  # the chain may just have changed under the questions
        return follower.next(tip, self._applied, until)

    # --------------------------------------------------------------- looking again

    def audit(self, every: int = 60) -> Gap | None:
        """Look again at a window of what was indexed, at most once in `every` seconds. Where the node's logs
        differ everything from there on is undone and read anew, and an event says so.
        """
        now, tip = self._store.now(), self.cursor()
        if tip is None or now - self._audited_at < every or (not self.witnesses.alone and self.disagreeing):
            return None
        self._audited_at = now
        gap = self._auditor.step(tip.number)
        if gap is not None:
            self.rewind(gap.number - 1, {"missing": gap.missing, "extra": gap.extra})
        return gap

    @property
    def disagreeing(self) -> bool:
        """Whether the nodes told different chains when they were asked last."""
        return self.witnesses.disagreement is not None

    def rewind(self, above: int, why: Mapping[str, Any]) -> None:
        """Undo what was applied above a block, so that the next ticks read it anew."""
        with self._ticking:
            version = self._cursor()[1]
            self._write(Batch(above, (), self.head), version)
            event = NewEvent("indexer.gap", {"above": above, **why})
            self._store.append(ALARMS, ANY, [event])

    def depth_of(self) -> int:
        """The height below which blocks count as applied: the cursor and the confirmations on top of it."""
        tip = self.cursor()
        return -1 if tip is None else tip.number + self._confirmations

    def cursor(self) -> Applied | None:
        """The last applied block."""
        return self._cursor()[0]

    def _cursor(self) -> tuple[Applied | None, int]:
        found = self._store.ask(_CURSOR, name=self._name)
        if not found:
            return None, 0
        row = found[0]
        return (Applied(row.number, row.hash) if row.hash else None), row.version

    def _applied(self) -> list[Applied]:
        table = schema.blocks
        query = sa.select(table.c.number, table.c.hash).where(table.c.follower == self._name)
        return [Applied(row[0], row[1]) for row in self._store.query(query.order_by(table.c.number))]

    # ----------------------------------------------------------------- writing

    def _write(self, batch: Batch, version: int) -> tuple[int, int]:
        undone = self._logged_above(batch.undo_above) if batch.undo_above is not None else []
        new = [event for block, logs in batch.blocks for event in chain_events(self._escrow, block, logs)]
        changes: dict[str, list[NewEvent]] = {}
        for event in reversed(undone):
            data = {**event.as_data(), "event": event.name}
            changes.setdefault(self._stream_of(event), []).append(NewEvent(UNDONE, data))
        for event in new:
            changes.setdefault(self._stream_of(event), []).append(
                NewEvent(PREFIX + event.name, event.as_data())
            )
        deals = {event.deal_id for event in (*undone, *new) if event.deal_id is not None}
        states = {deal: self._after(deal, changes[f"chain:{deal}"]) for deal in sorted(deals)}
        tip = self._tip_after(batch)

        def work(transaction: Transaction) -> None:
            self._move(transaction, tip, version)
            self._keep_blocks(transaction, batch, new)
            for stream, events in changes.items():
                transaction.append(stream, ANY, events)
            for state in states.values():
                put_deal(transaction, state)

        self._store.transact(work)
        return len(new), len(undone)

    def _tip_after(self, batch: Batch) -> Applied | None:
        if batch.blocks:
            last = batch.blocks[-1][0]
            return Applied(last.number, last.hash)
        kept = [
            block for block in self._applied() if batch.undo_above is None or block.number <= batch.undo_above
        ]
        return kept[-1] if kept else None

    def _move(self, transaction: Transaction, tip: Applied | None, version: int) -> None:
        """Move the cursor from the version that was read; another indexer may have been faster."""
        row = {
            "number": -1 if tip is None else tip.number,
            "hash": "" if tip is None else tip.hash,
            "version": version + 1,
            "updated_at": transaction.now,
        }
        if version == 0:
            if transaction.ask(_CURSOR, name=self._name):
                raise _Outrun
            transaction.execute(sa.insert(schema.followers), {"name": self._name, **row})
            return
        if transaction.run(_MOVE, was_name=self._name, was_version=version, **row) != 1:
            raise _Outrun

    def _keep_blocks(self, transaction: Transaction, batch: Batch, new: list[ChainEvent]) -> None:
        table = schema.blocks
        mine = table.c.follower == self._name
        if batch.undo_above is not None:
            transaction.execute(sa.delete(table).where(mine, table.c.number > batch.undo_above))
        if not batch.blocks:
            return
        held: dict[int, list[dict[str, Any]]] = {}
        for event in new:
            held.setdefault(event.block_number, []).append({**event.as_data(), "event": event.name})
        rows = [
            {
                "follower": self._name,
                "number": block.number,
                "hash": block.hash,
                "parent": block.parent_hash,
                "timestamp": block.timestamp,
                "logs": encode({"events": held.get(block.number, [])}, "block"),
            }
            for block, _ in batch.blocks
        ]
        transaction.execute(upsert(self._store.dialect, table), rows)
        old = batch.blocks[-1][0].number - _KEEP
        transaction.run(_FORGET, follower=self._name, old=old, empty=encode({"events": []}, "block"))

    # ------------------------------------------------------------------ events

    def _logged_above(self, number: int) -> list[ChainEvent]:
        table = schema.blocks
        query = sa.select(table.c.logs).where(table.c.follower == self._name, table.c.number > number)
        found: list[ChainEvent] = []
        for row in self._store.query(query.order_by(table.c.number)):
            events = decode(row[0])["events"]
            found.extend(ChainEvent.of(data.pop("event"), data) for data in events)
        return found

    def _stream_of(self, event: ChainEvent) -> str:
        return self.stream if event.deal_id is None else f"chain:{event.deal_id}"

    def _after(self, deal_id: str, changes: list[NewEvent]) -> ChainDeal:
        stored = [(event.kind, event.data) for event in self._store.read_all(f"chain:{deal_id}")]
        return fold(deal_id, effective([*stored, *((event.kind, event.data) for event in changes)]))

    # ----------------------------------------------------------------- reading

    def sure_view(self, deal_id: str) -> tuple[ChainDeal, tuple[ChainEvent, ...]]:
        """What the chain says of a deal with as many blocks on top as its value asks for and as far as nodes
        agree, and the events of which that is not so.
        """
        head = self.depth_of() if self.certainty.thresholds else -1
        return self.certainty.sure(self.deal_view(deal_id), head, self.trust.agreed())

    def deal_view(self, deal_id: str) -> ChainDeal:
        """What the applied blocks say of a deal; status UNOPENED when they say nothing."""
        return self._after(deal_id, [])

    def epoch(self, party: str) -> int:
        """The last epoch that the applied blocks announce for a party; 0 for none."""
        history = [(event.kind, event.data) for event in self._store.read_all(self.stream)]
        found = [
            int(event.arguments["epoch"])
            for event in effective(history)
            if event.name == "EpochAdvanced" and event.arguments["party"] == party
        ]
        return found[-1] if found else 0

    def balances(self) -> dict[tuple[str, str], int]:
        """Internal balances by (token, party), base units, rebuilt from events alone."""
        history = [(event.kind, event.data) for event in self._store.read_all(self.stream)]
        found: dict[tuple[str, str], int] = {}
        for event in effective(history):
            for party, sign in moves(event):
                key = (event.arguments["token"], party)
                found[key] = found.get(key, 0) + sign * int(event.arguments["amount"])
        return found
