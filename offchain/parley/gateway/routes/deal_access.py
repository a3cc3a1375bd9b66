"""Taking in signed deals and showing them to their parties."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from fastapi import Response
from pydantic import Field

from parley.chain.escrow import Funding, FundingKind, Opening
from parley.gateway.auth import Session
from parley.gateway.deals import DealDesk, Submitted
from parley.gateway.errors import BodyInvalid, NotFound, NotYours, ParameterInvalid, SettlementUnavailable
from parley.gateway.gateway import Gateway
from parley.gateway.views import deal_actions, negotiation_actions, negotiation_path
from parley.gateway.web import RequestModel, act, answer, parse_model
from parley.terms.deal import Deal
from parley.terms.errors import SignatureInvalid
from parley.terms.mandates import MANDATE_KIND, mandate_signature_parts
from parley.terms.values import Hash32, Signature

SIGNATURE_PATTERN = r"^0x(?:[0-9a-f]{2}){0,4096}$"
KindSignature = Field(pattern=SIGNATURE_PATTERN)
MAX_LINKED = 64


class Payment(RequestModel):
    """Where one side's money comes from. `signature` is what its owner signed for the payment, in the form
    of its kind (docs/spec.md section 8); nothing for an allowance or an internal balance.
    """

    kind: Literal["allowance", "balance", "authorization", "permit2", "permit"]
    signature: str = Field(default="0x", pattern=SIGNATURE_PATTERN)


class WholeDeal(RequestModel):
    """A deal signed elsewhere; signatures carry the kind byte, authorisations are the bare 65 bytes. A side's
    funding is another way to say how it pays. `replaces` is the deal that an amendment takes the place of.
    """

    deal: dict[str, Any]
    buyer_signature: str = Field(default="0x", pattern=SIGNATURE_PATTERN)
    seller_signature: str = Field(default="0x", pattern=SIGNATURE_PATTERN)
    buyer_authorization: Signature | None = None
    seller_authorization: Signature | None = None
    buyer_funding: Payment | None = None
    seller_funding: Payment | None = None
    replaces: dict[str, Any] | None = None


class LinkedDeals(RequestModel):
    """Deals signed elsewhere that open together or not at all, in the order of their bundle."""

    linked: list[dict[str, Any]] = Field(min_length=2, max_length=MAX_LINKED)


class Contribution(RequestModel):
    """One side's signature on a deal that a negotiation of this gateway gave."""

    negotiation: Hash32
    index: int = Field(default=0, ge=0, le=63)
    open_by: int = Field(ge=0, le=2**40 - 1)
    signature: str = KindSignature
    authorization: Signature | None = None
    funding: Payment | None = None
    deal: dict[str, Any] | None = None  # where the terms are sealed: nobody here could derive it


def funding_of(role: str, authorization: str | None, payment: Payment | None) -> Funding:
    """How a side pays. Raises ParameterInvalid where it is said twice."""
    if authorization is not None and payment is not None:
        raise ParameterInvalid("a side says once how it pays", parameter=f"{role}_funding")
    if authorization is not None:
        return Funding(FundingKind.AUTHORIZATION, authorization)
    if payment is None:
        return Funding()
    return Funding(FundingKind[payment.kind.upper()], payment.signature)


def opening_of(whole: WholeDeal) -> Opening:
    return Opening(
        Deal.from_json(whole.deal),
        whole.buyer_signature,
        whole.seller_signature,
        funding_of("buyer", whole.buyer_authorization, whole.buyer_funding),
        funding_of("seller", whole.seller_authorization, whole.seller_funding),
    )


class DealAccess:
    """What the routes of deals share: the desk, who may see a deal, and how it is shown."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway

    def desk(self) -> DealDesk:
        if self.gateway.deals is None:
            raise SettlementUnavailable("this gateway settles nothing", next_action="Open the deal yourself.")
        return self.gateway.deals

    def visible(self, caller: Session, deal_id: str) -> Submitted:
        found = self.desk().submitted(deal_id)
        if found is None or caller.agent not in found.readers:
            raise NotFound("there is no such deal for you", deal_id=deal_id)
        return found

    def shown(self, caller: Session, deal_id: str, seen: Submitted | None = None) -> Response:
        """The deal as it stands; `seen` spares looking again whether the caller may see it."""
        found = seen or self.visible(caller, deal_id)
        view, actions = self.desk().shown(deal_id, caller.agent, self.gateway.clock())
        shown = {**view, "role": found.role_of(caller.agent)}
        return answer({"deal": shown}, deal_actions(deal_id, actions))

    async def submit_whole(self, caller: Session, body: Mapping[str, Any]) -> Response:
        """One deal, an instant one, or an amendment."""
        whole = parse_model(WholeDeal, body)
        opening = opening_of(whole)
        replaces = None if whole.replaces is None else Deal.from_json(whole.replaces)
        await self._admit(caller, (opening,))
        submitted = await asyncio.to_thread(self.desk().submit, opening, None, replaces)
        return await asyncio.to_thread(self.shown, caller, submitted.deal_id)

    async def submit_linked(self, caller: Session, body: Mapping[str, Any]) -> Response:
        """Deals that open together or not at all."""
        linked = parse_model(LinkedDeals, body)
        openings = [opening_of(parse_model(WholeDeal, item)) for item in linked.linked]
        await self._admit(caller, openings)
        submitted = await asyncio.to_thread(self.desk().submit_linked, openings)
        ids = [item.deal_id for item in submitted]
        actions = [
            act("follow_deal", "GET", f"/v1/deals/{item.deal_id}")
            for item in submitted
            if caller.agent in item.readers
        ]
        return answer({"bundle": submitted[0].deal.bundle, "deals": ids}, actions)

    async def _admit(self, caller: Session, openings: Sequence[Opening]) -> None:
        if not any(caller.agent in _concerned(opening) for opening in openings):
            raise NotYours(
                "only the buyer, the seller, their agents or the named relayer submit a deal",
                agent=caller.agent,
            )
        for opening in openings:
            await asyncio.to_thread(self.gateway.gate.require_deal, opening.deal)

    async def contribute(self, caller: Session, body: Mapping[str, Any]) -> Response:
        part = parse_model(Contribution, body)
        brought = None if part.deal is None else Deal.from_json(part.deal)
        funding = funding_of("", part.authorization, part.funding)
        deal_id, agreement = await self.gateway.sign_agreement(
            caller,
            part.negotiation,
            part.index,
            part.open_by,
            part.signature,
            funding,
            brought,
            lambda deal_id: self.shown(caller, deal_id),
        )
        if agreement.submitted is not None:
            submitted: Response = agreement.submitted
            return submitted
        path = negotiation_path(part.negotiation)
        actions = negotiation_actions(agreement.live, caller.agent, self.gateway.clock(), agreement.views)
        shown_parts = {"deal_id": deal_id, "negotiation": part.negotiation, "agreements": agreement.views}
        return answer(shown_parts, actions, 201, {"Location": path})


def _concerned(opening: Opening) -> set[str]:
    """Who may hand the deal over: its sides, its relayer, and agents that signed it under a mandate."""
    deal = opening.deal
    found: set[str] = {deal.buyer, deal.seller, deal.relayer}
    for signature in (opening.buyer_signature, opening.seller_signature):
        if not signature.startswith("0x" + MANDATE_KIND):
            continue
        try:
            found.add(mandate_signature_parts(signature)[0].agent)
        except SignatureInvalid as error:
            raise BodyInvalid(f"no signature under a mandate: {error.message}", field="signature") from None
    return found
