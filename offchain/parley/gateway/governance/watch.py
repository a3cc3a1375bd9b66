"""Watches what the store records, raises alarms at the stated thresholds, and trips the kill switch where
a wire says so.

Observations are read from the feed, so several processes may watch: an alarm is kept once for its wire, its
subjects and its window, and a stop is given only where none of the same scope stands. What a
reorganisation took back stays counted: an alarm may be early, never late.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

import sqlalchemy as sa

from parley.chain.fold import PREFIX
from parley.errors import ParleyError
from parley.gateway.admission import EQUIVOCATION, MESSAGE
from parley.gateway.governance.controls import ControlRoom
from parley.gateway.governance.gate import DECIDED
from parley.policy.controls import ControlOrder
from parley.policy.errors import ControlInvalid
from parley.policy.tripwires import Alarm, Observation, Tripwires, alarms
from parley.store import schema
from parley.store.errors import IdempotencyMismatch
from parley.store.models import ANY, NewEvent, StoredEvent
from parley.store.service import EventStore
from parley.terms.canonical import canonical_bytes
from parley.terms.opening import Opening
from parley.terms.signing import Signer
from parley.terms.statement import state
from parley.terms.values import Address

log = logging.getLogger("parley.gateway")
STREAM = "anomalies"
ALARM = "alarm"
PAGE = 1_000


class Watch:
    """Call `check` now and then, from one thread at a time; it blocks."""

    def __init__(
        self,
        store: EventStore,
        wires: Tripwires,
        controls: ControlRoom,
        signer: Signer,
        *,
        chain_id: int,
        clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._wires = wires
        self._metrics = frozenset(wire.metric for wire in wires.wires)
        self._controls = controls
        self._signer = signer
        self._chain_id = chain_id
        self._clock = clock
        self._position: int | None = None
        self._seen: deque[Observation] = deque()

    def check(self) -> list[Alarm]:
        """Takes in what happened since, and raises what is new; the alarms that this call kept."""
        if not self._wires.wires:
            return []
        now = self._clock()
        self._catch_up(now)
        return [alarm for alarm in alarms(self._wires.wires, self._seen, now) if self._raise(alarm)]

    def _catch_up(self, now: int) -> None:
        oldest = now - self._wires.longest
        position = self._first(oldest) if self._position is None else self._position
        while events := self._store.feed(position, PAGE):
            for event in events:
                self._observe(event)
            position = events[-1].position
        self._position = position
        while self._seen and self._seen[0].at <= oldest:
            self._seen.popleft()

    def _first(self, oldest: int) -> int:
        """The last position that no window reaches back to."""
        table = schema.events
        query = sa.select(sa.func.max(table.c.position)).where(table.c.recorded_at <= oldest)
        return int(self._store.query(query)[0][0] or 0)

    def _observe(self, event: StoredEvent) -> None:
        data, at = event.data, event.recorded_at
        if event.kind == DECIDED and not event.erased and data["decision"]["outcome"] == "refuse":
            self._seen.append(Observation("refusal", at, (Address(data["sender"]),)))
        elif event.kind == EQUIVOCATION:
            self._seen.append(Observation("equivocation", at, (Address(data["sender"]),)))
        elif event.kind == f"{PREFIX}Opened":
            found = data["arguments"]
            parties = (Address(found["buyer"]), Address(found["seller"]))
            group = self._domain_of(data["deal_id"]) if "deviation-ppm" in self._metrics else ""
            self._seen.append(
                Observation("opened", at, parties, int(found["price"]), str(found["token"]), group)
            )
        elif event.kind == MESSAGE and not event.erased:
            self._hear(event)
        elif event.kind == f"{PREFIX}Disputed":
            row = self._store.deals.get(data["deal_id"])
            if row is not None:
                roles = dict(row.parties)
                both = (Address(roles["buyer"]), Address(roles["seller"]))
                self._seen.append(Observation("disputed", at, both))

    def _hear(self, event: StoredEvent) -> None:
        """What a message says of agreements and of bids, where a wire asks for them."""
        message, at = event.data["message"], event.recorded_at
        name, sender = message["core"]["performative"], Address(message["core"]["sender"])
        if name == "accept" and "unopposed-ppm" in self._metrics:
            body = self._store.documents.get("opening", message["core"]["negotiation"])
            parties = () if body is None else Opening.parse(body).parties
            if len(parties) == 2:
                both = (parties[0].address, parties[1].address)
                first = message["core"]["sequence"] == 2  # open, propose, accept
                self._seen.append(Observation("agreed", at, both, first=first))
        elif name == "reveal" and "mirrored-bids" in self._metrics:
            revealed = message["payload"]
            if revealed.get("values"):
                bid = canonical_bytes({name: revealed[name] for name in ("negotiation", "round", "values")})
                self._seen.append(Observation("bid", at, (sender,), group=bid.decode()))

    def _domain_of(self, deal_id: str) -> str:
        row = self._store.deals.get(deal_id)
        if row is None or row.negotiation is None:
            return ""
        talk = self._store.negotiations.get(row.negotiation)
        return "" if talk is None else talk.domain

    def _raise(self, alarm: Alarm) -> bool:
        window = alarm.raised_at // alarm.wire.window_seconds
        key = f"alarm:{alarm.wire.id}:{'-'.join(alarm.subjects)}:{window}"
        try:
            kept = self._store.append(
                STREAM, ANY, (NewEvent(ALARM, {"alarm": alarm.as_json()}),), idempotency_key=key
            )
        except IdempotencyMismatch:
            return False  # raised before in this window, at another value
        if kept.duplicate:
            return False
        log.warning("alarm %s: %s for %s", alarm.wire.id, alarm.value, ", ".join(alarm.subjects) or "all")
        if alarm.wire.action == "stop":
            self._stop(alarm)
        return True

    def _stop(self, alarm: Alarm) -> None:
        self._controls.folded.refresh()
        current, _ = self._controls.folded.current()
        scope, subjects = alarm.wire.scope, alarm.subjects
        if any((order.scope, order.subjects) == (scope, subjects) for order in current.active.values()):
            return None
        order = ControlOrder(
            action="stop",
            scope=scope,
            subjects=subjects,
            reason=f"{alarm.wire.id}: {alarm.wire.reason} ({alarm.value} over {alarm.wire.threshold})"[:256],
            cause="threshold",
            number=current.given,
            issued_at=self._clock(),
        )
        try:
            self._controls.give(order, state(self._signer, order, self._chain_id, order.issued_at))
        except ControlInvalid:
            return self._stop(alarm)  # another order came in between: its number was taken
        except ParleyError:
            log.exception("a stop could not be given for alarm %s", alarm.wire.id)
        return None
