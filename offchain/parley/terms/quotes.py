"""What is published before anyone negotiates: listings, requests for quotes, and answers to them."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from parley.terms.documents import Document
from parley.terms.domain import Domain
from parley.terms.errors import QuoteRequestInvalid, StatementMismatch
from parley.terms.lists import Many, ShortText
from parley.terms.statement import SignedStatement
from parley.terms.values import Address, Count, Hash32

Capability = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._:/-]{0,63}$")]
MAX_BIDDERS = 15


class Listing(Document):
    """What an agent sells or looks for, until `expires_at` (unix seconds). With a `domain` (document hash) it
    says on which terms it negotiates.
    """

    schema_: Literal["parley/listing"] = Field(default="parley/listing", alias="schema")
    agent: Address
    side: Literal["sell", "buy"]
    title: Annotated[ShortText, Field(min_length=1)]
    capabilities: Annotated[Many[Capability], Field(min_length=1, max_length=16)]
    domain: Hash32 | None = None
    issued_at: Count
    expires_at: Count


class QuoteRequest(Document):
    """A request for quotes to every agent with all the `capabilities`: who answers by `answer_by` that it is
    interested can become a bidder in a sealed-bid negotiation on `domain` (document hash of a template, see
    `domain_of`). `nonce` keeps two equal requests apart; times in unix seconds.
    """

    schema_: Literal["parley/rfq"] = Field(default="parley/rfq", alias="schema")
    requester: Address
    domain: Hash32
    capabilities: Annotated[Many[Capability], Field(min_length=1, max_length=8)]
    min_bidders: Annotated[int, Field(ge=1, le=MAX_BIDDERS)]
    max_bidders: Annotated[int, Field(ge=1, le=MAX_BIDDERS)]
    issued_at: Count
    answer_by: Count
    nonce: Hash32

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.min_bidders > self.max_bidders:
            raise ValueError("min_bidders is at most max_bidders")
        if self.answer_by <= self.issued_at:
            raise ValueError("answers come after the request")
        return self


class QuoteAnswer(Document):
    """Whether an agent that was asked wants to bid. It says nothing of a price: that is sealed later."""

    schema_: Literal["parley/rfq-answer"] = Field(default="parley/rfq-answer", alias="schema")
    rfq: Hash32
    agent: Address
    interested: bool
    reason: ShortText = ""
    issued_at: Count


def check_author(document: Document, statement: SignedStatement, author: Address, chain_id: int) -> None:
    """Raises `StatementMismatch` unless `author` stated `document`, and `SignatureInvalid`."""
    if statement.core.author != author:
        raise StatementMismatch(
            "The document is stated by somebody else", expected=author, actual=statement.core.author
        )
    statement.verify(document, chain_id)


def domain_of(template: Domain, bidders: int) -> Domain:
    """The domain of the negotiation with so many bidders: the template's, with the roles `bidder_1` and so on
    after its requester. So everybody can tell which domain follows from a request.

    Raises `QuoteRequestInvalid` for a template that is no sealed-bid domain, or does not work with so many.
    """
    if template.auction is None or not 1 <= bidders <= MAX_BIDDERS:
        raise QuoteRequestInvalid("quotes are asked for on a sealed-bid domain", bidders=bidders)
    roles = (template.auction.requester, *(f"bidder_{number}" for number in range(1, bidders + 1)))
    try:
        return template.model_copy(update={"roles": roles})
    except ValueError as error:
        problem = str(error).splitlines()[-1][:200]
        raise QuoteRequestInvalid(
            "the template does not work with so many bidders", bidders=bidders, problem=problem
        ) from None
