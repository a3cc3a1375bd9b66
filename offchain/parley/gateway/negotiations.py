"""Negotiations at the gateway: admit, judge, make durable, receipt. Nothing is stored before every check
has passed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from parley.gateway.auth import Session
from parley.gateway.errors import ClockAhead, GovernanceMoving, NotFound, NotYours, OpeningElsewhere
from parley.gateway.governance.gate import Gate, Passage, decision_stream
from parley.gateway.governance.reviews import ReviewDesk
from parley.gateway.live import Live, LiveNegotiations, stream_of
from parley.gateway.receipts import Receipts
from parley.negotiation.effects import AlreadyHeld
from parley.negotiation.errors import Equivocation, WrongNegotiation, WrongPrevious, WrongSequence
from parley.negotiation.state import NegotiationState, Step
from parley.store import schema
from parley.store.errors import IdempotencyMismatch, SequenceConflict, StandingMoved
from parley.store.models import ANY, AppendResult, DocumentPut, NegotiationRow, NewEvent, Page, StoredEvent
from parley.store.service import EventStore
from parley.terms.domain import Domain
from parley.terms.message import Message, SignedReceipt
from parley.terms.opening import Opening, check_opening
from parley.terms.values import Address, Hash32

MESSAGE = "message"
EQUIVOCATION = "equivocation"
GATE_ATTEMPTS = 5
MAX_DECISIONS = 2_000
"""Decisions recorded a negotiation before refusals are no longer kept, so that nobody fills the store."""


def evidence_stream(negotiation: str) -> str:
    """Proofs of misconduct in a negotiation; apart from its messages, which stay numbered as they were
    signed.
    """
    return f"evidence:{negotiation}"


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that is durable, with its receipt. `duplicate`: it was there before."""

    live: Live
    receipt: SignedReceipt
    duplicate: bool


class Negotiations:
    """One instance a process. Coroutines run on the event loop; what blocks for long goes to a thread."""

    def __init__(
        self,
        store: EventStore,
        live: LiveNegotiations,
        receipts: Receipts,
        gate: Gate,
        reviews: ReviewDesk,
        *,
        chain_id: int,
        escrow: str,
        clock_skew: int,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._live = live
        self._receipts = receipts
        self._gate = gate
        self._reviews = reviews
        self._chain_id = chain_id
        self._escrow = escrow
        self._clock_skew = clock_skew
        self._clock = clock

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
            return await self._take(negotiation, live, message, documents)

    async def post(self, session: Session, negotiation: str, message: Message) -> Posted:
        """Admits one message. Any reader of the negotiation may hand in a message that a sender signed."""
        if message.core.negotiation != negotiation:
            raise WrongNegotiation(
                "the message names another negotiation", expected=negotiation, actual=message.core.negotiation
            )
        lock = self._live.lock(negotiation)
        async with lock:
            live = await self.readable(session.agent, negotiation)
            try:
                return await self._take(negotiation, live, message)
            except (SequenceConflict, WrongSequence, WrongPrevious):
                # Perhaps another process wrote and the cached state is old: then what the store holds
                # decides.
                if not await self._moved_on(negotiation, live):
                    raise
                return await self._take(negotiation, await self._live.get(negotiation), message)

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
            return None if message is None else await self._take(negotiation, live, message)

    async def _take(
        self, negotiation: str, live: Live, message: Message, documents: Sequence[DocumentPut] = ()
    ) -> Posted:
        step = await self._admit(negotiation, live, message)
        held = next((effect for effect in step.effects if isinstance(effect, AlreadyHeld)), None)
        if held is not None:
            event = await asyncio.to_thread(self._event, negotiation, held.sequence)
            return Posted(live, self._receipts.of(live.state.negotiation, held.message, event), True)
        now = self._clock()
        if message.core.sent_at > now + self._clock_skew:
            raise ClockAhead(
                "sent_at lies in the future",
                sent_at=message.core.sent_at,
                now=now,
                tolerance=self._clock_skew,
            )
        stored = await self._keep(negotiation, live, message, step.state, now, documents)
        live.state = step.state
        self._live.put(negotiation, live)
        return Posted(live, self._receipts.of(step.state.negotiation, step.state.last, stored.first), False)

    async def _keep(
        self,
        negotiation: str,
        live: Live,
        message: Message,
        after: NegotiationState,
        now: int,
        documents: Sequence[DocumentPut],
    ) -> AppendResult:
        """Appends the message if the gate lets it pass, while what the gate judged by still stands."""
        for _ in range(GATE_ATTEMPTS):
            passage = await self._passage(negotiation, live, message, now)
            try:
                return await asyncio.wrap_future(
                    self._store.append_async(
                        stream_of(negotiation),
                        message.core.sequence,
                        (NewEvent(MESSAGE, {"hash": after.last, "message": message.wire()}),),
                        documents=documents,
                        rows=rows_after(live, after, now),
                        beside=((decision_stream(negotiation), passage.records),) if passage.records else (),
                        standing=passage.standing,
                    )
                )
            except StandingMoved:
                await asyncio.to_thread(self._gate.refresh)
            except BaseException:
                self._live.forget(negotiation)  # whether it was kept is for the store to say
                raise
        raise GovernanceMoving("orders or policies changed each time the message was judged")

    async def _passage(self, negotiation: str, live: Live, message: Message, now: int) -> Passage:
        """Raises what the gate refuses with, on what stands in the store now, once that is on record."""
        passage = self._gate.judge(live, message, now)
        if passage.refusal is None:
            return passage
        if await asyncio.to_thread(self._gate.refresh):
            passage = self._gate.judge(live, message, now)
        if passage.refusal is not None:
            await asyncio.to_thread(self._record, negotiation, message, passage)
            raise passage.refusal
        return passage

    def _record(self, negotiation: str, message: Message, passage: Passage) -> None:
        """A refusal is recorded once a message, and no more than a bounded number a negotiation."""
        if passage.request is not None:
            self._reviews.ask(passage.request)
        stream = decision_stream(negotiation)
        if not passage.records or self._store.length(stream) >= MAX_DECISIONS:
            return
        key = f"refused:{message.core.hash(self._chain_id)}"
        try:
            self._store.append(stream, ANY, passage.records, idempotency_key=key)
        except IdempotencyMismatch:
            return  # judged before, on other facts; the first record stays

    async def _admit(self, negotiation: str, live: Live, message: Message) -> Step:
        try:
            return live.machine.admit(live.state, message, self._chain_id)
        except Equivocation as refusal:
            await asyncio.to_thread(self._keep_proof, negotiation, refusal, message)
            raise

    def _keep_proof(self, negotiation: str, refusal: Equivocation, second: Message) -> None:
        """Keeps the first pair that convicts a sender in a negotiation; one is enough, and storage is
        bounded.
        """
        first = self._event(negotiation, refusal.found.sequence)
        data = {
            "sender": refusal.found.sender,
            "sequence": refusal.found.sequence,
            "first": {key: first.data["message"][key] for key in ("core", "signature")},
            "second": {key: second.wire()[key] for key in ("core", "signature")},
        }
        key = f"equivocation:{negotiation}:{refusal.found.sender}"
        try:
            self._store.append(
                evidence_stream(negotiation), -1, (NewEvent(EQUIVOCATION, data),), idempotency_key=key
            )
        except IdempotencyMismatch:
            return  # convicted before

    # --------------------------------------------------------------- reading

    def lock(self, negotiation: str) -> asyncio.Lock:
        """Held by whoever changes a negotiation or its agreement; keep a reference while using it."""
        return self._live.lock(negotiation)

    async def readable(self, agent: Address, negotiation: str) -> Live:
        """The negotiation, for someone who may see it. Raises NotFound for everybody else too."""
        live = await self._live.get(negotiation)
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
        events = schema.events
        streams = [stream_of(row.id) for row in page.items]
        newest = (
            sa.select(events.c.stream, sa.func.max(events.c.sequence), sa.func.max(events.c.recorded_at))
            .where(events.c.stream.in_(streams))
            .group_by(events.c.stream)
        )
        heads = {str(row[0]): (int(row[1]), int(row[2])) for row in self._store.query(newest)}
        items = []
        for row in page.items:
            sequence, recorded_at = heads.get(stream_of(row.id), (row.messages - 1, row.updated_at))
            items.append(replace(row, messages=sequence + 1, updated_at=recorded_at))
        return Page(items, page.next)

    def equivocations(self, negotiation: str) -> list[Mapping[str, Any]]:
        return [event.data for event in self._store.read(evidence_stream(negotiation))]

    def transcript(self, negotiation: str) -> list[StoredEvent]:
        """Every message as stored. Blocks."""
        return list(self._store.read_all(stream_of(negotiation)))

    def hashes(self, negotiation: str) -> list[Hash32]:
        """The message hashes in order. Blocks."""
        return [Hash32(event.data["hash"]) for event in self.transcript(negotiation)]

    def receipt(self, live: Live, event: StoredEvent) -> SignedReceipt:
        return self._receipts.of(live.state.negotiation, Hash32(event.data["hash"]), event)

    def _event(self, negotiation: str, sequence: int) -> StoredEvent:
        found = self._store.read(stream_of(negotiation), sequence - 1, 1)
        if not found:
            raise NotFound("there is no such message", negotiation=negotiation, sequence=sequence)
        return found[0]


def rows_after(live: Live, state: NegotiationState, now: int) -> tuple[NegotiationRow, ...]:
    """What changes in the read model when `live` goes to `state`: its row, when status or hold changed. The
    number of messages and the time of the last are read from the log, which has them anyway.
    """
    before, opening = live.state, live.opening
    if before.sequence and (before.status, before.held) == (state.status, state.held):
        return ()
    row = NegotiationRow(
        id=state.negotiation,
        domain=opening.domain,
        status=state.status.value,
        held=state.held,
        messages=state.sequence,
        opened_at=opening.opened_at,
        deadline=opening.deadline,
        updated_at=now,
        parties=tuple((party.role, str(party.address)) for party in opening.parties),
    )
    return (row,)
