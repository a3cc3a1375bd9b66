"""What follows from an admitted message, as data. Whoever runs the machine carries the effects out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from parley.negotiation.status import Fallback, Reason, Status
from parley.terms.payloads import Offer
from parley.terms.values import Address, Hash32


@dataclass(frozen=True, slots=True)
class Opened:
    """Message 0 was admitted; `first` is the role that proposes."""

    negotiation: Hash32
    first: str


class TurnPassed(NamedTuple):
    """`role` is on turn; `round` rounds are complete."""

    role: str
    round: int


class OfferMade(NamedTuple):
    """`values` are the offer's in Python form, in the domain's order of issues."""

    role: str
    message: Hash32
    offer: Offer
    sequence: int
    values: tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class Agreed:
    """Everyone accepted `offer`. `sequence` is the last acceptance's, so the transcript covers `sequence + 1`
    messages; `accepted_at` is its `sent_at` (unix seconds), from which the opening window of the deal runs.
    """

    offer: Offer
    message: Hash32
    sequence: int
    accepted_at: int


@dataclass(frozen=True, slots=True)
class Ended:
    """No agreement. `fallback` is the domain's, for the ends that mean *no convergence*; otherwise None."""

    status: Status
    reason: Reason
    fallback: Fallback | None
    culprit: Address | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """On hold. `by` is None when the fallback did it; `terms` is what a reviewer is asked to decide on, if
    named.
    """

    by: Address | None
    terms: Hash32 | None


@dataclass(frozen=True, slots=True)
class Resumed:
    by: Address


@dataclass(frozen=True, slots=True)
class Approved:
    """A reviewer approved `terms` until `expires_at` (inclusive, unix seconds)."""

    terms: Hash32
    reviewer: Address
    expires_at: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A query or an inform was admitted; neither moves the turn."""

    role: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Called:
    """A round of sealed bids or rankings began; `round` rounds were complete before it."""

    round: int
    candidates: tuple[tuple[int | str, ...], ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """A party sealed its bid, ranking or lot."""

    role: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Revealed:
    """A party opened its seal. `counts` is False for a bid that misses the reserve or improves too little."""

    role: str
    sequence: int
    counts: bool


@dataclass(frozen=True, slots=True)
class Left:
    """A bidder left the auction, which goes on without it."""

    role: str
    why: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """The first proposer was drawn."""

    first: str


@dataclass(frozen=True, slots=True)
class AlreadyHeld:
    """The message is one that is held already: idempotent, nothing changes."""

    message: Hash32
    sequence: int


@dataclass(frozen=True, slots=True)
class EquivocationFound:
    """`first` is held at `sequence`; `second` is another message of the same sender for it. Carried by the
    refusal `Equivocation`, never by an admitted step.
    """

    negotiation: Hash32
    sender: Address
    sequence: int
    first: Hash32
    second: Hash32


Effect = (
    Opened
    | TurnPassed
    | OfferMade
    | Agreed
    | Ended
    | Held
    | Resumed
    | Approved
    | Asked
    | Called
    | Committed
    | Revealed
    | Left
    | Drawn
    | AlreadyHeld
    | EquivocationFound
)
