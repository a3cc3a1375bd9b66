"""The consents at a gateway: signed by their subjects, on record, asked before data of a class is used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from parley.gateway.errors import ConsentMissing, NotYours
from parley.gateway.governance.folded import Folded
from parley.policy.consent import Consents, Purpose, SignedConsent
from parley.policy.errors import ConsentInvalid
from parley.policy.retention import DataClass
from parley.store.models import NewEvent, StoredEvent
from parley.store.service import EventStore
from parley.terms.values import Address, Hash32

STREAM = "consents"
CONSENT = "consent"
LONGEST_AGE = 300
"""Seconds after which a signed record is no longer taken: one that was held back must not act later."""


class ConsentRegister:
    """`classes` are the classes of data of which nothing is used unless its sender consents. Thread-safe."""

    def __init__(
        self, store: EventStore, *, chain_id: int, classes: Collection[str], clock: Callable[[], int]
    ) -> None:
        self._store = store
        self._chain_id = chain_id
        self._clock = clock
        self.classes = frozenset(classes)
        self.folded: Folded[Consents] = Folded(store, STREAM, Consents(), _after)

    def take(self, agent: Address, signed: SignedConsent) -> Hash32:
        """Takes a record of `agent` itself into force; its hash. Raises `NotYours`, `ConsentInvalid` and the
        errors of the statement. Blocks until durable.
        """
        consent = signed.consent
        if consent.subject != agent:
            raise NotYours("everyone consents for itself only", subject=consent.subject)
        signed.check(self._chain_id)
        age = self._clock() - consent.issued_at
        if not -LONGEST_AGE <= age <= LONGEST_AGE:
            raise ConsentInvalid("The record is not fresh", issued_at=consent.issued_at, longest=LONGEST_AGE)

        def decide(state: Consents) -> NewEvent:
            state.after(consent)
            return NewEvent(CONSENT, {**signed.as_json(), "hash": consent.hash()})

        self.folded.append(decide)
        return consent.hash()

    def concerns(self, data_class: str) -> bool:
        """Whether data of this class needs consent here."""
        return data_class in self.classes

    def require(self, subject: str, data_class: DataClass, others: Iterable[str], now: int) -> None:
        """Raises `ConsentMissing` unless `subject` lets each of `others` have its data, as far as this
        process knows.
        """
        state, _ = self.folded.current()
        for other in others:
            if not state.covers(subject, data_class, "negotiation", other, now):
                raise ConsentMissing(
                    f"{data_class} data is shared by consent only",
                    subject=subject,
                    to=other,
                    data_class=data_class,
                    purpose="negotiation",
                )

    def allows(self, subject: str, data_class: DataClass, purpose: Purpose, now: int) -> bool:
        """Whether data of `subject` may be used for `purpose` by this gateway's operator."""
        if not self.concerns(data_class):
            return True
        return self.folded.current()[0].covers(subject, data_class, purpose, None, now)

    def records(self, subject: str | None, after: int, limit: int) -> tuple[list[dict[str, Any]], int | None]:
        """Signed records with a number above `after`, with whether each is in force; and the number to go on
        from. `subject` None: everybody's. Blocks.
        """
        self.folded.refresh()
        state, now, found, last = self.folded.current()[0], self._clock(), list[dict[str, Any]](), None
        for event in self._store.read_all_after(STREAM, after):
            consent = SignedConsent.parse({k: v for k, v in event.data.items() if k != "hash"}).consent
            if subject is not None and consent.subject != subject:
                continue
            if len(found) == limit:
                return found, last
            last = event.sequence
            granted = event.data["hash"] in state.grants.get(consent.subject, {})
            in_force = granted and now <= (consent.expires_at or 0)
            kept = {"number": event.sequence, "recorded_at": event.recorded_at, "in_force": in_force}
            found.append({**event.data, **kept})
        return found, None


def _after(state: Consents, event: StoredEvent) -> Consents:
    return state.after(SignedConsent.parse({k: v for k, v in event.data.items() if k != "hash"}).consent)
