"""Consent to the use of data: `/v1/consents`."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request, Response

from parley.gateway.gateway import Gateway
from parley.gateway.web import act, answer, count_parameter, read_object
from parley.policy.consent import SignedConsent


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["consents"])
    settings, register = gateway.settings, gateway.consents

    @router.post("/v1/consents", status_code=201)
    async def take(request: Request) -> Response:
        """Takes a grant or a revocation that the caller signed: it counts from the next message on."""
        caller = await gateway.caller(request, "negotiate")
        signed = SignedConsent.parse(await read_object(request, settings.max_body_bytes))
        found = await asyncio.to_thread(register.take, caller.agent, signed)
        return answer(
            {"hash": found, "consent": signed.consent.as_json()},
            [act("see_consents", "GET", "/v1/consents")],
            201,
        )

    @router.get("/v1/consents")
    async def export(request: Request) -> Response:
        """Every record of the caller, oldest first, with its signature and whether it is in force; operators
        see everybody's. `after` and `limit` page. It verifies without this gateway.
        """
        caller = await gateway.caller(request, "read")
        after = count_parameter(request, "after", -1, minimum=-1)
        limit = count_parameter(request, "limit", settings.page_limit, settings.page_limit, 1)
        subject = None if caller.agent in settings.operators else caller.agent
        records, following = await asyncio.to_thread(register.records, subject, after, limit)
        body = {"consents": records, "next": following, "classes": sorted(register.classes)}
        return answer(body, [act("give_consent", "POST", "/v1/consents")])

    return router
