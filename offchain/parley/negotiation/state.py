"""The state of one negotiation: a frozen value, small, and canonical to the byte."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from parley.negotiation.effects import Effect
from parley.negotiation.errors import OpaqueOffer
from parley.negotiation.sealed import LastWord, Lot, Sealed
from parley.negotiation.status import Reason, Status
from parley.terms.canonical import canonical_bytes, document_hash
from parley.terms.payloads import Offer
from parley.terms.values import Address, Hash32

PAIR_BYTES = 16
HISTORY_BYTES = 34


class StandingOffer(NamedTuple):
    """The latest offer: what an acceptance has to cite. `content` is None where it is sealed and this machine
    cannot read it; `values` are the offer's in
    Python form, in the domain's order of issues; `expires_at` 0 means that it holds until the
    deadline.
    """

    message: Hash32
    role: str
    sequence: int
    payload: Hash32
    content: Offer | None
    expires_at: int
    values: tuple[int | str, ...]

    @property
    def offer(self) -> Offer:
        """Raises `OpaqueOffer` where the offer is sealed and this machine cannot read it."""
        if self.content is None:
            raise OpaqueOffer("The latest offer is sealed to the parties", offer=self.message)
        return self.content

    def expired(self, at: int) -> bool:
        """Whether it can no longer be accepted at `at` (unix seconds). The expiry itself is still inside."""
        return self.expires_at != 0 and at > self.expires_at

    def document(self) -> dict[str, Any]:
        return {
            "message": self.message,
            "role": self.role,
            "sequence": self.sequence,
            "payload": self.payload,
            "expires_at": self.expires_at,
        }


class PartyRecord(NamedTuple):
    """What the stops need to know of one party. `values` are its latest offer's, in the domain's order of
    issues, and `digest` the hash of their canonical form; both None before its first offer.
    """

    role: str
    values: tuple[int | str, ...] | None = None
    digest: Hash32 | None = None
    final: bool = False
    repeats: int = 0
    queries: int = 0
    escalations: int = 0

    def document(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "role": self.role,
            "final": self.final,
            "repeats": self.repeats,
            "queries": self.queries,
            "escalations": self.escalations,
        }
        if self.digest is not None:
            document["digest"] = self.digest
        return document


@dataclass(frozen=True, slots=True)
class Hold:
    """`by` is None when the fallback put it on hold; `terms` the terms hash the escalation named, if any."""

    by: Address | None
    terms: Hash32 | None

    def document(self) -> dict[str, Any]:
        named = {"by": self.by, "terms": self.terms}
        return {key: value for key, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class GrantedApproval:
    """`expires_at` is inclusive, unix seconds."""

    terms: Hash32
    reviewer: Address
    expires_at: int

    def document(self) -> dict[str, Any]:
        return {"terms": self.terms, "reviewer": self.reviewer, "expires_at": self.expires_at}


@dataclass(frozen=True)
class NegotiationState:
    """`sequence` counts the admitted messages (0: not opened yet), `last` is the hash of the last one (of
    message 0's `previous`, the negotiation id, before it), `round` counts complete rounds and `moves` turns
    taken.

    `records` has one entry a party, in the order of the opening. `pairs` packs a 16-byte digest for each
    combination of latest offers met so far, `history` 34 bytes (index of the sender, message hash) for each
    message: packed bytes keep a live negotiation of hundreds of messages within tens of kilobytes. `history`
    is committed to by `last` and is left out of the canonical form. `sealed` is there in the sealed
    protocols, `draw` where the first proposer is drawn, `last_word` once the escalation path was taken.
    """

    negotiation: Hash32
    status: Status
    turn: str
    round: int
    moves: int
    sequence: int
    last: Hash32
    last_sent_at: int
    records: tuple[PartyRecord, ...]
    offer: StandingOffer | None = None
    acceptances: tuple[str, ...] = ()
    hold: Hold | None = None
    exhausted: bool = False
    approvals: tuple[GrantedApproval, ...] = ()
    reason: Reason | None = None
    culprit: Address | None = None
    pairs: bytes = b""
    history: bytes = b""
    sealed: Sealed | None = None
    draw: tuple[Lot, ...] = ()
    last_word: LastWord | None = None

    def changed(self, **fields: Any) -> Self:
        """The same state with other values for these fields: `dataclasses.replace`, ten times as fast. The
        names are not checked.
        """
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other.__dict__.update(fields)
        return other

    @property
    def held(self) -> bool:
        return self.hold is not None

    @property
    def live(self) -> bool:
        return self.status.live

    def record_of(self, role: str) -> PartyRecord:
        """The record of the party in `role`, which must be one of the opening's."""
        return next(record for record in self.records if record.role == role)

    def document(self) -> dict[str, Any]:
        """The canonical form as JSON values, absent things left out; docs/spec.md section 5 names every
        field.
        """
        document: dict[str, Any] = {
            "schema": "parley/state",
            "version": 1,
            "negotiation": self.negotiation,
            "status": self.status.value,
            "turn": self.turn,
            "round": self.round,
            "moves": self.moves,
            "sequence": self.sequence,
            "last": self.last,
            "last_sent_at": self.last_sent_at,
            "parties": [record.document() for record in self.records],
            "acceptances": list(self.acceptances),
            "exhausted": self.exhausted,
            "approvals": [granted.document() for granted in self.approvals],
            "pairs": [
                "0x" + self.pairs[start : start + PAIR_BYTES].hex()
                for start in range(0, len(self.pairs), PAIR_BYTES)
            ],
        }
        if self.offer is not None:
            document["offer"] = self.offer.document()
        if self.hold is not None:
            document["hold"] = self.hold.document()
        if self.reason is not None:
            document["reason"] = self.reason.value
        if self.culprit is not None:
            document["culprit"] = self.culprit
        if self.sealed is not None:
            document["sealed"] = self.sealed.document()
        if self.draw:
            document["draw"] = [lot.document() for lot in self.draw]
        if self.last_word is not None:
            document["last_word"] = self.last_word.document()
        return document

    def canonical(self) -> bytes:
        """RFC 8785 bytes of `document()`."""
        return canonical_bytes(self.document())

    def hash(self) -> Hash32:
        """Keccak-256 of the canonical bytes: equal for equal replays on any machine."""
        return document_hash(self.document())


class Step(NamedTuple):
    """The state after an admitted message, and what follows from it."""

    state: NegotiationState
    effects: tuple[Effect, ...]
