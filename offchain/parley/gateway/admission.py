"""Taking messages into a negotiation: admitted by the machine, judged by the gate, kept together, receipted.

Nothing is stored before every check has passed. Several messages of one negotiation are one append: what
comes before the first that is refused is kept, the rest is not.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from parley.errors import ParleyError
from parley.gateway.auth import Authenticator, Session
from parley.gateway.errors import ClockAhead, GovernanceMoving, NotFound
from parley.gateway.governance.gate import Gate, Passage, decision_stream
from parley.gateway.governance.reviews import ReviewDesk
from parley.gateway.live import Live, LiveNegotiations, stream_of
from parley.gateway.receipts import Receipts
from parley.negotiation.effects import AlreadyHeld
from parley.negotiation.errors import Equivocation
from parley.negotiation.state import NegotiationState
from parley.store.errors import IdempotencyMismatch, StandingMoved
from parley.store.models import ANY, DocumentPut, NegotiationRow, NewEvent, StoredEvent
from parley.store.service import EventStore
from parley.telemetry.metrics import Metrics
from parley.telemetry.tracing import Note, Tracing
from parley.terms.message import Message, SignedReceipt
from parley.terms.values import Hash32

MESSAGE = "message"
EQUIVOCATION = "equivocation"
PRIVATE = ("message.payload",)
"""What of a message can be erased: payload and salt. The signed core holds their hash."""
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


@dataclass(slots=True)
class _Run:
    """Messages admitted one after another, not kept yet. `places` are in their order: those held already, and
    None for each new one.
    """

    after: Live
    places: list[AlreadyHeld | None] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    records: list[NewEvent] = field(default_factory=list)
    rows: tuple[NegotiationRow, ...] = ()
    standing: dict[str, int] = field(default_factory=dict)
    error: ParleyError | None = None
    refused: tuple[Message, Passage] | None = None
    convicting: tuple[Equivocation, Message] | None = None


class Admission:
    """Used under the negotiation's lock, from the event loop; what blocks for long goes to a thread."""

    def __init__(
        self,
        store: EventStore,
        live: LiveNegotiations,
        receipts: Receipts,
        gate: Gate,
        reviews: ReviewDesk,
        sessions: Authenticator,
        *,
        chain_id: int,
        clock_skew: int,
        clock: Callable[[], int],
        tracing: Tracing,
        metrics: Metrics,
    ) -> None:
        self._tracing = tracing
        self._metrics = metrics
        self._store = store
        self._live = live
        self._receipts = receipts
        self._gate = gate
        self._reviews = reviews
        self._sessions = sessions
        self._chain_id = chain_id
        self._clock_skew = clock_skew
        self._under_way = 0
        self._clock = clock

    async def take(
        self,
        negotiation: str,
        live: Live,
        message: Message,
        documents: Sequence[DocumentPut] = (),
        session: Session | None = None,
    ) -> Posted:
        """One message. Raises what refuses it."""
        posted, error = await self.take_all(negotiation, live, (message,), documents, session)
        if error is not None:
            raise error
        return posted[0]

    async def take_all(
        self,
        negotiation: str,
        live: Live,
        messages: Sequence[Message],
        documents: Sequence[DocumentPut] = (),
        session: Session | None = None,
    ) -> tuple[list[Posted], ParleyError | None]:
        """Messages in order: what was taken, and what refused the first that was not. Raises
        `NotAuthenticated` where the session that brings them has been ended, and keeps nothing then; there is
        none behind what the gateway says itself.
        """
        started = time.perf_counter()
        self._under_way += 1
        try:
            with self._tracing.span("messages", negotiation, count=len(messages)) as noted:
                posted, error = await self._take_all(negotiation, live, messages, documents, session)
                self._tell(posted, error, noted)
        finally:
            self._under_way -= 1
        self._metrics.took(time.perf_counter() - started)
        return posted, error

    def _tell(self, posted: Sequence[Posted], error: ParleyError | None, noted: Note) -> None:
        repeated = sum(one.duplicate for one in posted)
        self._metrics.message("taken", len(posted) - repeated)
        self._metrics.message("duplicate", repeated)
        if posted:
            noted.note(taken=len(posted) - repeated, status=posted[-1].live.state.status.value)
        if error is not None:
            self._metrics.message("refused")
            noted.note(refused=error.code)

    async def _take_all(
        self,
        negotiation: str,
        live: Live,
        messages: Sequence[Message],
        documents: Sequence[DocumentPut],
        session: Session | None,
    ) -> tuple[list[Posted], ParleyError | None]:
        for _ in range(GATE_ATTEMPTS):
            run = await self._admit_all(live, messages)
            if session is not None:
                if run.events:
                    run.standing.update(session.standing)
                else:  # nothing will be kept that would find out
                    session = await asyncio.to_thread(self._sessions.renewed, session)
            try:
                stored = await self._keep(negotiation, live, run, documents)
            except StandingMoved:
                if session is not None:
                    session = await asyncio.to_thread(self._sessions.renewed, session)
                await asyncio.to_thread(self._gate.refresh)
                continue
            except BaseException:
                self._live.forget(negotiation)  # whether it was kept is for the store to say
                raise
            if stored:
                live.state = run.after.state
                self._live.put(negotiation, live)
            if run.refused is not None:
                await asyncio.to_thread(self._record, negotiation, *run.refused)
            if run.convicting is not None:
                await asyncio.to_thread(self._keep_proof, negotiation, *run.convicting)
            return await self._receipted(negotiation, live, run, stored), run.error
        raise GovernanceMoving("orders or policies changed each time the messages were judged")

    async def _keep(
        self, negotiation: str, live: Live, run: _Run, documents: Sequence[DocumentPut]
    ) -> tuple[StoredEvent, ...]:
        if not run.events:
            return ()
        if self._under_way == 1:
            await asyncio.sleep(0)  # whoever came in the same moment is under way after this
        with self._tracing.inner("append"):
            kept = self._store.append_async(
                stream_of(negotiation),
                live.state.sequence,
                run.events,
                documents=documents,
                rows=run.rows,
                beside=((decision_stream(negotiation), run.records),) if run.records else (),
                standing=run.standing,
                here=self._under_way == 1,  # nobody else's messages would wait behind it
            )
            result = kept.result() if kept.done() else await asyncio.wrap_future(kept)
        return result.events

    async def _admit_all(self, live: Live, messages: Sequence[Message]) -> _Run:
        now = self._clock()
        run = _Run(Live(live.machine, live.state, live.role_of, live.readers))
        for message in messages:
            try:
                await self._admit(run, message, now)
            except ParleyError as error:
                run.error = error
                if isinstance(error, Equivocation):
                    run.convicting = (error, message)
                break
        run.rows = rows_after(live, run.after.state, now) if run.events else ()
        return run

    async def _admit(self, run: _Run, message: Message, now: int) -> None:
        step = run.after.machine.admit(run.after.state, message, self._chain_id)
        held = next((effect for effect in step.effects if isinstance(effect, AlreadyHeld)), None)
        if held is not None:
            run.places.append(held)
            return
        if message.core.sent_at > now + self._clock_skew:
            raise ClockAhead(
                "sent_at lies in the future",
                sent_at=message.core.sent_at,
                now=now,
                tolerance=self._clock_skew,
            )
        passage = self._gate.judge(run.after, message, now)
        if passage.refusal is not None and await asyncio.to_thread(self._gate.refresh):
            passage = self._gate.judge(run.after, message, now)
        if passage.refusal is not None:
            run.refused = (message, passage)
            raise passage.refusal
        run.places.append(None)
        run.hashes.append(step.state.last)
        kept = {"hash": step.state.last, "message": message.wire()}
        trace = self._tracing.kept()
        data = kept if trace is None else {**kept, "trace": trace}
        run.events.append(NewEvent(MESSAGE, data, PRIVATE, plain=True))
        run.records += passage.records
        run.standing = {**passage.standing, **run.standing}  # what the first was judged on has to stand
        run.after.state = step.state

    async def _receipted(
        self, negotiation: str, live: Live, run: _Run, stored: tuple[StoredEvent, ...]
    ) -> list[Posted]:
        fresh = iter(zip(run.hashes, stored, strict=True))
        found = []
        for held in run.places:
            if held is None:
                message, event = next(fresh)
            else:
                message, event = (
                    held.message,
                    await asyncio.to_thread(self.event, negotiation, held.sequence),
                )
            receipt = self._receipts.of(live.state.negotiation, Hash32(message), event)
            found.append(Posted(live, receipt, held is not None))
        return found

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

    def _keep_proof(self, negotiation: str, refusal: Equivocation, second: Message) -> None:
        """Keeps the first pair that convicts a sender in a negotiation; one is enough, and storage is
        bounded.
        """
        first = self.event(negotiation, refusal.found.sequence)
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

    def event(self, negotiation: str, sequence: int) -> StoredEvent:
        """One message as stored. Raises NotFound. Blocks."""
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
