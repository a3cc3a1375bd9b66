"""Rules of the sealed protocols, as a domain states them (docs/spec.md sections 4 and 5)."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema, model_validator

from parley.terms.documents import Part
from parley.terms.errors import ExpressionInvalid
from parley.terms.expressions import Expression, check_shape
from parley.terms.values import (
    MAX_SAFE_INTEGER,
    ZERO_ADDRESS,
    Address,
    Amount,
    Name,
    Uint32,
)

WINNER: Final = "winner"
"""Stands in a settlement of a sealed-bid domain for the role that the award names."""

RoleName = Annotated[str, Field(min_length=1, max_length=64)]
Seconds = Annotated[int, Field(ge=1, le=31_536_000)]
IssueJson = Annotated[int, Field(strict=True, ge=0, le=MAX_SAFE_INTEGER)] | Annotated[str, Field(strict=True)]
"""A value of the price issue as an offer carries it."""


def _true(value: bool) -> bool:
    if not value:
        raise ValueError("is true or left out")
    return value


Yes = Annotated[bool, Field(strict=True), AfterValidator(_true)]
"""True where it is given at all."""


def checked_expression(value: Any) -> Any:
    """The expression, or a ValueError that says what is wrong with its shape."""
    try:
        check_shape(value)
    except ExpressionInvalid as error:
        raise ValueError(error.message) from None
    return value


ExpressionField = Annotated[
    Expression, PlainValidator(checked_expression), WithJsonSchema({"type": ["integer", "string", "object"]})
]


class BidBond(Part):
    """What a bidder puts at stake for revealing its bid: a deal of its own with the beneficiary.

    Amounts in base units of `token`, windows in seconds. The beneficiary is no party of the negotiation.
    """

    token: Address
    amount: Amount
    beneficiary: Address
    arbiter: Address
    arbiter_fee: Amount
    relayer: Address
    relay_fee: Amount
    claim_seconds: Seconds
    review_window: Uint32
    dispute_window: Uint32
    ruling_window: Uint32

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.amount == 0:
            raise ValueError("a bond of nothing binds nobody")
        if ZERO_ADDRESS in (self.token, self.beneficiary) or self.beneficiary == self.arbiter:
            raise ValueError("the bond needs a token, and a beneficiary other than the arbiter")
        if (self.arbiter == ZERO_ADDRESS) != (self.arbiter_fee == 0):
            raise ValueError("an arbiter and its fee come together")
        return self


class Auction(Part):
    """A sealed-bid request for quotes. Times in seconds; `reserve` and `posted` in the JSON form of the
    issue `price`.

    `side` is what the requester does. `penalty` is what a bid's other values cost the requester against the
    best ones, in the units of `price`: a bid counts with its *effective* price, price plus penalty where the
    requester buys and price less penalty where it sells. Without `pricing` the second price is paid.
    `reserve` is the worst effective price that counts (without it the end of the issue's range), `posted` the
    price of a posted-price call.
    """

    requester: RoleName
    side: Literal["buy", "sell"]
    price: Name
    pricing: Literal["second-price", "first-price", "posted"] | None = None
    penalty: ExpressionField | None = None
    reserve: IssueJson | None = None
    posted: IssueJson | None = None
    min_bids: Annotated[int, Field(ge=1, le=15)]
    commit_seconds: Seconds
    reveal_seconds: Seconds
    award_seconds: Seconds
    bond: BidBond | None = None

    @property
    def rule(self) -> str:
        """The pricing rule; the second price unless another one is named."""
        return self.pricing or "second-price"

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.rule == "posted") != (self.posted is not None):
            raise ValueError("a posted price is given for the posted rule, and for no other")
        if self.posted is not None and self.reserve is not None:
            raise ValueError("a posted price needs no reserve")
        return self


class Mediation(Part):
    """A coalition by mediator: sealed rankings of candidates, and fallback bargaining. Times in seconds."""

    max_candidates: Annotated[int, Field(ge=1, le=256)]
    commit_seconds: Seconds
    reveal_seconds: Seconds
    award_seconds: Seconds
