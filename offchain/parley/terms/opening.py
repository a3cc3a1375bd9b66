"""The opening document: who negotiates what, where it would settle, and whose time counts."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from parley.terms.documents import Document, Part
from parley.terms.domain import Domain, RoleName
from parley.terms.errors import OpeningInvalid
from parley.terms.lists import Many
from parley.terms.protocols import Auction, Yes
from parley.terms.values import ZERO_ADDRESS, Address, ChainId, Count, Hash32


class Party(Part):
    """A party in its role; `epoch` is its current epoch at the escrow."""

    role: RoleName
    address: Address
    epoch: Count


class Opening(Document):
    """All parties in the order of turns, the rules and the place of settlement; times in unix seconds.

    With `draw` the first proposer is drawn by commitment and `first` only stands in until then. `mediator`
    is no party; a mediated domain needs one.
    """

    schema_: Literal["parley/opening"] = Field(default="parley/opening", alias="schema")
    domain: Hash32
    parties: Annotated[Many[Party], Field(min_length=2, max_length=16)]
    first: RoleName
    initiator: Address
    opened_at: Count
    deadline: Count
    chain_id: ChainId
    escrow: Address
    gateways: Annotated[Many[Address], Field(max_length=16)]
    reviewers: Annotated[Many[Address], Field(max_length=64)]
    amends: Hash32 | None = None
    mediator: Address | None = None
    draw: Yes | None = None
    nonce: Hash32

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        addresses = [party.address for party in self.parties]
        roles = [party.role for party in self.parties]
        if len(set(addresses)) != len(addresses) or ZERO_ADDRESS in addresses:
            raise ValueError("every party needs an account of its own")
        if len(set(roles)) != len(roles):
            raise ValueError("every role has one party")
        if self.first not in roles:
            raise ValueError("first must be the role of a party")
        if self.initiator not in addresses:
            raise ValueError("the initiator must be a party")
        for listed in (self.gateways, self.reviewers):
            if len(set(listed)) != len(listed):
                raise ValueError("an address is listed twice")
        if self.mediator is not None and (self.mediator in addresses or self.mediator == ZERO_ADDRESS):
            raise ValueError("the mediator is no party, and an account")
        if self.deadline <= self.opened_at:
            raise ValueError("the deadline must be after the opening")
        return self

    def negotiation_id(self) -> Hash32:
        """The negotiation id: the document hash of the opening."""
        return self.hash()

    def party_of_role(self, role: str) -> Party:
        """The party in a role. Raises `OpeningInvalid`."""
        for party in self.parties:
            if party.role == role:
                return party
        raise OpeningInvalid("no party has this role", document="Opening", field="parties", problem=role[:80])

    def party_of_address(self, address: str) -> Party | None:
        """The party with this account, or None."""
        for party in self.parties:
            if party.address == address:
                return party
        return None


def check_opening(domain: Domain, opening: Opening) -> None:
    """Raises `OpeningInvalid` unless the opening is one of this domain."""
    if opening.domain != domain.hash():
        raise _wrong("domain", "the opening names another domain")
    if {party.role for party in opening.parties} != set(domain.roles):
        raise _wrong("parties", "there must be one party for each role of the domain")
    if opening.deadline != opening.opened_at + domain.limits.deadline_seconds:
        raise _wrong("deadline", "the deadline must be opened_at plus the domain's deadline_seconds")
    if (opening.mediator is not None) != (domain.mediation is not None):
        raise _wrong("mediator", "a mediated domain, and no other, names its mediator")
    if opening.draw is not None and domain.protocol != "alternating-offers":
        raise _wrong("draw", "only alternating offers have a first proposer to draw")
    if domain.auction is not None:
        _check_auction(domain.auction, opening)


def _check_auction(auction: Auction, opening: Opening) -> None:
    requester = opening.party_of_role(auction.requester)
    if opening.initiator != requester.address or opening.first != requester.role:
        raise _wrong("initiator", "the requester of a sealed-bid domain opens it and is first")
    if opening.amends is not None:
        raise _wrong("amends", "a deal is amended between its two sides, not by an auction")
    if auction.bond is not None:
        at_stake = {party.address for party in opening.parties}
        if auction.bond.beneficiary in at_stake or auction.bond.arbiter in at_stake:
            raise _wrong("parties", "the bond goes to no party, and no party judges it")


def _wrong(field: str, problem: str) -> OpeningInvalid:
    return OpeningInvalid(problem, document="Opening", field=field, problem=problem)
