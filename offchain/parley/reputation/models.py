"""The escrow's events as plain data, and the facts about a closed deal that a score is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from parley.terms.values import Address, Hash32


class Outcome(IntEnum):
    """`IEscrow.Outcome`, by number."""

    SETTLED = 0
    DEFAULTED = 1
    WALKED_AWAY = 2
    CANCELLED_BY_BUYER = 3
    REJECTION_CLOSED = 4
    SPLIT = 5
    AMENDED = 6


@dataclass(frozen=True, slots=True)
class Opened:
    """`price` in base units of `token`; `at` is the block's timestamp (unix seconds), as in every event
    here.
    """

    deal_id: Hash32
    buyer: Address
    seller: Address
    token: Address
    price: int
    at: int


@dataclass(frozen=True, slots=True)
class Settled:
    """The milestone was paid; the deal closed with it when `remaining` is 0."""

    deal_id: Hash32
    milestone: int
    remaining: int
    at: int


@dataclass(frozen=True, slots=True)
class Ruled:
    deal_id: Hash32
    arbiter: Address
    milestone: int
    seller_bps: int
    at: int


@dataclass(frozen=True, slots=True)
class Lapsed:
    deal_id: Hash32
    arbiter: Address
    milestone: int
    at: int


@dataclass(frozen=True, slots=True)
class Closed:
    deal_id: Hash32
    outcome: Outcome
    at: int


Event = Opened | Settled | Ruled | Lapsed | Closed


class Verdict(StrEnum):
    """What a closed deal says about one of its sides."""

    GOOD = "good"
    BAD = "bad"
    NEUTRAL = "neutral"


@dataclass(frozen=True, slots=True)
class ClosedDeal:
    """Facts about a deal that is over. `rulings` are the seller's shares in bps in the order they were ruled,
    `lapses` counts the disputes an arbiter let lapse.
    """

    deal_id: Hash32
    buyer: Address
    seller: Address
    token: Address
    price: int
    opened_at: int
    closed_at: int
    outcome: Outcome
    rulings: tuple[int, ...] = ()
    lapses: int = 0

    def other(self, party: Address) -> Address | None:
        """The counterparty of `party` in this deal; None if it is no party of it."""
        if party == self.buyer:
            return self.seller
        return self.buyer if party == self.seller else None


@dataclass(frozen=True, slots=True)
class Weights:
    """What a score is made of, in millionths: `good` and `bad` after all caps, and how many deals and
    counterparties.
    """

    good: int
    bad: int
    deals: int
    counterparties: int
