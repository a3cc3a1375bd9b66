"""Negotiations at the gateway: admit, judge, make durable, receipt. Nothing is stored before every check
has passed.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from parley.errors import ParleyError
from parley.gateway.admission import Admission, Posted, evidence_stream
from parley.gateway.auth import Session
from parley.gateway.errors import NotFound, NotYours, OpeningElsewhere
from parley.gateway.live import Live, LiveNegotiations, stream_of
from parley.gateway.receipts import Receipts
from parley.negotiation.errors import WrongNegotiation, WrongPrevious, WrongSequence
from parley.store import schema
from parley.store.errors import SequenceConflict
from parley.store.models import DocumentPut, NegotiationRow, Page, StoredEvent
from parley.store.service import EventStore
from parley.terms.domain import Domain
from parley.terms.message import Message, SignedReceipt
from parley.terms.opening import Opening, check_opening
from parley.terms.values import Address, Hash32

TRANSCRIPTS = 1_024
"""Transcripts whose hashes are kept in memory, while their deals are signed."""


class Negotiations:
    """One instance a process. Coroutines run on the event loop; what blocks for long goes to a thread."""

    def __init__(
        self,
        store: EventStore,
        live: LiveNegotiations,
        receipts: Receipts,
        admission: Admission,
        *,
        chain_id: int,
        escrow: str,
    ) -> None:
        self._store = store
        self._live = live
        self._receipts = receipts
        self._admission = admission
        self._chain_id = chain_id
        self._escrow = escrow
        self._hashes: OrderedDict[Hash32, tuple[Hash32, ...]] = OrderedDict()
        self._keeping = threading.Lock()

    # --------------------------------------------------------------- writing

    async def open(self, session: Session, domain: Domain, opening: Opening, message: Message) -> Posted:
        """Stores a negotiation with its message 0. Repeating it gives the same receipt."""
        if opening.chain_id != self._chain_id or opening.escrow != self._escrow:
            raise OpeningElsewhere(
                "this gateway settles elsewhere",
                chain_id=opening.chain_id,
                escrow=opening.escrow,
                expected_chain_id=self._chain_id,
                expected_escrow=self._escrow,
            )
        check_opening(domain, opening)
        negotiation = opening.negotiation_id()
        lock = self._live.lock(negotiation)
        async with lock:
            try:
                live = await self._live.get(negotiation)
            except NotFound:
                live = Live.of(self._live.shared_domain(domain, opening.domain), opening)
            if session.agent not in live.role_of:
                raise NotYours("only a party opens a negotiation", agent=session.agent)
            documents = (
                ()
                if live.state.sequence
                else (
                    DocumentPut("domain", opening.domain, domain.as_json()),
                    DocumentPut("opening", negotiation, opening.as_json()),
                )
            )
            return await self._admission.take(negotiation, live, message, documents, session)

    async def post(self, session: Session, negotiation: str, message: Message) -> Posted:
        """Admits one message. Any reader of the negotiation may hand in a message that a sender signed."""
        if message.core.negotiation != negotiation:
            raise WrongNegotiation(
                "the message names another negotiation", expected=negotiation, actual=message.core.negotiation
            )
        lock = self._live.lock(negotiation)
        async with lock:
            live = await self._cached(session.agent, negotiation)
            try:
                return await self._admission.take(negotiation, live, message, session=session)
            except (SequenceConflict, WrongSequence, WrongPrevious):
                # Perhaps another process wrote and the cached state is old: then what the store holds
                # decides.
                if not await self._moved_on(negotiation, live):
                    raise
                live = await self._live.get(negotiation)
                return await self._admission.take(negotiation, live, message, session=session)

    async def _moved_on(self, negotiation: str, live: Live) -> bool:
        length = await asyncio.to_thread(self._store.length, stream_of(negotiation))
        if length == live.state.sequence:
            return False
        self._live.forget(negotiation)
        return True

    async def post_own(self, negotiation: str, build: Callable[[Live], Message | None]) -> Posted | None:
        """Admits a message that the gateway signs itself on the state at that moment; `build` may decline."""
        lock = self._live.lock(negotiation)
        async with lock:
            live = await self._live.get(negotiation)
            message = build(live)
            return None if message is None else await self._admission.take(negotiation, live, message)

    async def post_all(
        self, session: Session, negotiation: str, messages: Sequence[Message]
    ) -> tuple[list[Posted], ParleyError | None]:
        """Admits messages of one negotiation in order, kept together: what was taken, and what refused the
        first that was not.
        """
        lock = self._live.lock(negotiation)
        async with lock:
            live = await self._cached(session.agent, negotiation)
            refusal: ParleyError | None
            try:
                posted, refusal = await self._admission.take_all(negotiation, live, messages, session=session)
            except SequenceConflict as conflict:
                posted, refusal = [], conflict
            stale = isinstance(refusal, (SequenceConflict, WrongSequence, WrongPrevious)) and not posted
            if stale and await self._moved_on(negotiation, live):
                live = await self._live.get(negotiation)
                return await self._admission.take_all(negotiation, live, messages, session=session)
            return posted, refusal

    # --------------------------------------------------------------- reading

    def lock(self, negotiation: str) -> asyncio.Lock:
        """Held by whoever changes a negotiation or its agreement; keep a reference while using it."""
        return self._live.lock(negotiation)

    async def readable(self, agent: Address, negotiation: str) -> Live:
        """The negotiation as it stands, for someone who may see it. Raises NotFound for everybody else
        too.
        """
        return self._shown(agent, negotiation, await self._live.fresh(negotiation))

    async def _cached(self, agent: Address, negotiation: str) -> Live:
        """As `readable`, from memory: enough for writers, whose append finds out when it was old."""
        return self._shown(agent, negotiation, await self._live.get(negotiation))

    @staticmethod
    def _shown(agent: Address, negotiation: str, live: Live) -> Live:
        if agent not in live.readers:
            raise NotFound("there is no such negotiation for you", negotiation=negotiation)
        return live

    async def messages(
        self, agent: Address, negotiation: str, after: int, limit: int
    ) -> list[dict[str, Any]]:
        """Messages with a sequence above `after`, each with its receipt."""
        live = await self.readable(agent, negotiation)
        events = await asyncio.to_thread(self._store.read, stream_of(negotiation), after, limit)
        return [
            {
                "message": event.data["message"],
                "receipt": self.receipt(live, event).as_json(),
            }
            for event in events
            if event.sequence < live.state.sequence
        ]

    def page(self, agent: Address, before: int | None, limit: int) -> Page[NegotiationRow]:
        """Negotiations of `agent`, newest first; counts and times are the log's. Blocks."""
        page = self._store.negotiations.page(address=agent, before=before, limit=limit)
        events, rows, other = schema.events, schema.negotiations, schema.events.alias()
        stream = sa.literal(stream_of(""), sa.String) + rows.c.id
        # One look into the index for each, however long the negotiation is.
        newest = sa.select(other.c.position).where(other.c.stream == stream).order_by(other.c.sequence.desc())
        last = newest.limit(1).correlate(rows).scalar_subquery()
        query = (
            sa.select(rows.c.id, events.c.sequence, events.c.recorded_at)
            .select_from(rows)
            .join(events, events.c.position == last)
            .where(rows.c.id.in_([row.id for row in page.items]))
        )
        heads = {str(row[0]): (int(row[1]), int(row[2])) for row in self._store.query(query)}
        items = []
        for row in page.items:
            sequence, recorded_at = heads.get(row.id, (row.messages - 1, row.updated_at))
            items.append(replace(row, messages=sequence + 1, updated_at=recorded_at))
        return Page(items, page.next)

    def equivocations(self, negotiation: str) -> list[Mapping[str, Any]]:
        return [event.data for event in self._store.read(evidence_stream(negotiation))]

    def transcript(self, negotiation: str) -> list[StoredEvent]:
        """Every message as stored. Blocks."""
        return list(self._store.read_all(stream_of(negotiation)))

    def hashes(self, negotiation: str, last: Hash32 | None = None) -> list[Hash32]:
        """The message hashes in order. `last` is the newest of them where the caller knows it: then they are
        read once, since each is chained to those before. Blocks.
        """
        held = None if last is None else self._hashes.get(last)
        if held is not None:
            return list(held)
        found = [Hash32(event.data["hash"]) for event in self.transcript(negotiation)]
        if last is not None and found and found[-1] == last:
            with self._keeping:
                self._hashes[last] = tuple(found)
                while len(self._hashes) > TRANSCRIPTS:
                    self._hashes.popitem(last=False)
        return found

    def receipt(self, live: Live, event: StoredEvent) -> SignedReceipt:
        return self._receipts.of(live.state.negotiation, Hash32(event.data["hash"]), event)
