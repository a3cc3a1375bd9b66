"""Taking in signed deals and showing them to their parties."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Response
from pydantic import Field

from parley.gateway.auth import Session
from parley.gateway.deals import DealDesk, Submitted
from parley.gateway.errors import NotFound, NotYours, SettlementUnavailable
from parley.gateway.gateway import Gateway
from parley.gateway.views import deal_actions, negotiation_actions, negotiation_path
from parley.gateway.web import RequestModel, answer, parse_model
from parley.terms.deal import Deal
from parley.terms.values import Hash32, Signature

SIGNATURE_PATTERN = r"^0x(?:[0-9a-f]{2}){0,4096}$"
KindSignature = Field(pattern=SIGNATURE_PATTERN)


class WholeDeal(RequestModel):
    """A deal signed elsewhere; signatures carry the kind byte, authorisations are the bare 65 bytes."""

    deal: dict[str, Any]
    buyer_signature: str = KindSignature
    seller_signature: str = KindSignature
    buyer_authorization: Signature | None = None
    seller_authorization: Signature | None = None


class Contribution(RequestModel):
    """One side's signature on a deal that a negotiation of this gateway gave."""

    negotiation: Hash32
    index: int = Field(default=0, ge=0, le=63)
    open_by: int = Field(ge=0, le=2**40 - 1)
    signature: str = KindSignature
    authorization: Signature | None = None


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

    def shown(self, caller: Session, deal_id: str) -> Response:
        found = self.visible(caller, deal_id)
        view = {**self.desk().view(deal_id), "role": found.role_of(caller.agent)}
        actions = self.desk().next_actions(deal_id, caller.agent, self.gateway.clock())
        return answer({"deal": view}, deal_actions(deal_id, actions))

    async def submit_whole(self, caller: Session, body: Mapping[str, Any]) -> Response:
        whole = parse_model(WholeDeal, body)
        deal = Deal.from_json(whole.deal)
        if caller.agent not in (deal.buyer, deal.seller, deal.relayer):
            raise NotYours(
                "only the buyer, the seller or the named relayer submits a deal", agent=caller.agent
            )
        await asyncio.to_thread(self.gateway.gate.require_deal, deal)
        submitted = await asyncio.to_thread(
            self.desk().submit,
            deal,
            whole.buyer_signature,
            whole.seller_signature,
            whole.buyer_authorization,
            whole.seller_authorization,
            None,
        )
        return await asyncio.to_thread(self.shown, caller, submitted.deal_id)

    async def contribute(self, caller: Session, body: Mapping[str, Any]) -> Response:
        part = parse_model(Contribution, body)
        deal_id, agreement = await self.gateway.sign_agreement(
            caller, part.negotiation, part.index, part.open_by, part.signature, part.authorization
        )
        if agreement.submitted:
            return await asyncio.to_thread(self.shown, caller, deal_id)
        path = negotiation_path(part.negotiation)
        actions = negotiation_actions(agreement.live, caller.agent, self.gateway.clock(), agreement.views)
        shown_parts = {"deal_id": deal_id, "negotiation": part.negotiation, "agreements": agreement.views}
        return answer(shown_parts, actions, 201, {"Location": path})
