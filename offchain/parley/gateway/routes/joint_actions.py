"""What both sides of a deal sign: splits, taking a split back, and amendments. `/v1/deals/{id}/…`."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from parley.gateway.errors import ParameterInvalid
from parley.gateway.gateway import Gateway
from parley.gateway.routes.deal_access import DealAccess, KindSignature
from parley.gateway.web import RequestModel, read_model, read_object
from parley.terms.actions import Split, SplitRevocation


class SignedSplit(RequestModel):
    split: dict[str, Any]
    buyer_signature: str = KindSignature
    seller_signature: str = KindSignature


class SignedRevocation(RequestModel):
    split: dict[str, Any]
    revocation: dict[str, Any]
    signature: str = KindSignature


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["deals"])
    access, limit = DealAccess(gateway), gateway.settings.max_body_bytes

    @router.post("/v1/deals/{deal_id}/split")
    async def split(request: Request, deal_id: str) -> Response:
        """Takes exact amounts that both sides signed and closes the deal on them."""
        caller = await gateway.caller(request, "settle")
        body = await read_model(request, SignedSplit, limit)
        terms = _split(body.split, deal_id)
        await asyncio.to_thread(access.visible, caller, deal_id)
        signatures = body.buyer_signature, body.seller_signature
        await asyncio.to_thread(access.desk().split, deal_id, terms, *signatures)
        return await asyncio.to_thread(access.shown, caller, deal_id)

    @router.post("/v1/deals/{deal_id}/split-revocation")
    async def take_back(request: Request, deal_id: str) -> Response:
        """Takes back a split that one side signed, before it is used."""
        caller = await gateway.caller(request, "settle")
        body = await read_model(request, SignedRevocation, limit)
        terms, revocation = _split(body.split, deal_id), SplitRevocation.from_json(body.revocation)
        await asyncio.to_thread(access.visible, caller, deal_id)
        await asyncio.to_thread(access.desk().revoke_split, deal_id, terms, revocation, body.signature)
        return await asyncio.to_thread(access.shown, caller, deal_id)

    @router.post("/v1/deals/{deal_id}/amendment", status_code=201)
    async def amendment(request: Request, deal_id: str) -> Response:
        """Takes an amendment that both sides signed: a deal that takes this one's place, at once and whole.
        The answer shows the new deal.
        """
        caller = await gateway.caller(request, "settle")
        body = await read_object(request, limit)
        given = body.get("deal")
        if not isinstance(given, dict) or given.get("amends") != deal_id:
            raise ParameterInvalid("the amendment is of another deal", parameter="deal.amends")
        found = await asyncio.to_thread(access.visible, caller, deal_id)
        return await access.submit_whole(caller, {**body, "replaces": found.deal.as_json()})

    return router


def _split(given: dict[str, Any], deal_id: str) -> Split:
    terms = Split.from_json(given)
    if terms.deal_id != deal_id:
        raise ParameterInvalid("the split is for another deal", parameter="split.deal_id")
    return terms
