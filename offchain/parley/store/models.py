"""Values that go into and come out of the store. Plain frozen data; times are unix seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from parley.store.errors import StoreCorrupt

T = TypeVar("T")

ANY: Final = -1
"""`expected_sequence` of an append that may go anywhere at the end of its stream."""

ZERO_CHAIN: Final = "0x" + "00" * 32
"""What the first event of a stream is chained to."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to append. `data` is a JSON object without floats and with integers within 64 bits.

    `private` names values inside `data`, as paths such as `message.payload`, that are kept apart: the hash
    chain covers their salted hash, so they can be erased and the chain still verifies. `plain` says that
    `data` comes out of checked documents, so that nobody has to look for floats in it.
    """

    kind: str
    data: Mapping[str, Any]
    private: tuple[str, ...] = ()
    plain: bool = False


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it is kept. `position` counts over all streams from 1 without gaps, `sequence` in its
    stream from 0. `erased`: what was private in `data` is no longer in it.
    """

    position: int
    stream: str
    sequence: int
    kind: str
    data: Mapping[str, Any]
    recorded_at: int
    stream_hash: str
    erased: bool = False


@dataclass(frozen=True, slots=True)
class AppendResult:
    """What an append made durable. `duplicate` says that the idempotency key had been used and nothing new
    was written.
    """

    events: tuple[StoredEvent, ...]
    duplicate: bool = False

    @property
    def first(self) -> StoredEvent:
        return self.events[0]

    @property
    def last(self) -> StoredEvent:
        return self.events[-1]


@dataclass(frozen=True, slots=True)
class NewOutbox:
    """Work that must happen after the commit. (`topic`, `key`) is unique: a second one with the same key is
    the first.
    """

    topic: str
    key: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class OutboxItem:
    """Outbox work not done yet. `attempts` counts recorded failures; it is offered again from `not_before`
    on.
    """

    id: int
    topic: str
    key: str
    payload: Mapping[str, Any]
    created_at: int
    not_before: int
    attempts: int
    error: str | None


@dataclass(frozen=True, slots=True)
class DocumentPut:
    """A document to keep under (`kind`, `key`). The first one stays: keys are hashes of their content."""

    kind: str
    key: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NegotiationRow:
    """Read model of one negotiation. `parties` are (role, address). `summary` is any JSON object the gateway
    shows.
    """

    id: str
    domain: str
    status: str
    held: bool
    messages: int
    opened_at: int
    deadline: int
    updated_at: int
    parties: tuple[tuple[str, str], ...]
    summary: Mapping[str, Any] = field(default_factory=dict)
    position: int = 0


@dataclass(frozen=True, slots=True)
class DealRow:
    """Read model of one deal. Money is base units. `status` is the settlement's status word; `parties` (role,
    address).
    """

    deal_id: str
    status: str
    token: str
    price: int
    locked: int
    milestone: int
    updated_at: int
    parties: tuple[tuple[str, str], ...]
    negotiation: str | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)
    position: int = 0


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A signed-in session. `token_hash` is a hash: the token itself is never stored."""

    token_hash: str
    address: str
    scope: str
    created_at: int
    expires_at: int
    revoked_at: int | None = None


@dataclass(frozen=True, slots=True)
class ChallengeRow:
    """A sign-in challenge, usable once before `expires_at`."""

    nonce: str
    address: str
    audience: str
    issued_at: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do what only one process may do, until `expires_at` (unix seconds) unless renewed. `token`
    grows with every change of hands, so that a write of an earlier holder can be told.
    """

    name: str
    holder: str
    token: int
    expires_at: int


Row = NegotiationRow | DealRow | SessionRow


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing, newest first; `next` is the cursor of the following page, None at the end."""

    items: Sequence[T]
    next: int | None


def check_chain(previous: str, event: StoredEvent, expected: str) -> None:
    """Raise `StoreCorrupt` when the stored hash of an event is not the one its content gives."""
    if event.stream_hash != expected:
        raise StoreCorrupt(
            "An event does not match its hash chain.",
            stream=event.stream,
            sequence=event.sequence,
            previous=previous,
            stored=event.stream_hash,
            computed=expected,
        )
