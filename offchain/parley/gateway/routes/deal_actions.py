"""The life of a deal on the chain, by signed actions and timed exits: `/v1/deals/{id}/…`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from parley.gateway.deals import EXITS, ROUTES
from parley.gateway.errors import ParameterInvalid
from parley.gateway.gateway import Gateway
from parley.gateway.routes.deal_access import DealAccess, KindSignature
from parley.gateway.web import RequestModel, read_model
from parley.terms.actions import parse_action
from parley.terms.evidence_actions import EvidenceSubmission


class SignedAction(RequestModel):
    action: dict[str, Any]
    signature: str = KindSignature


class Exit(RequestModel):
    exit: str


class Timed(RequestModel):
    """Exits to call; none: no more."""

    exits: list[str] = Field(max_length=8)


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["deals"])
    access, limit = DealAccess(gateway), gateway.settings.max_body_bytes

    def action_route(name: str) -> Callable[[Request, str], Awaitable[Response]]:
        async def take(request: Request, deal_id: str) -> Response:
            caller = await gateway.caller(request, "settle")
            body = await read_model(request, SignedAction, limit)
            action = parse_action(body.action)
            if not isinstance(action, ROUTES[name]):
                raise ParameterInvalid(f"/{name} takes a {ROUTES[name].__name__}", parameter="action.schema")
            if getattr(action, "deal_id", None) != deal_id:
                raise ParameterInvalid("the action is for another deal", parameter="action.deal_id")

            def relayed() -> Response:
                seen = access.visible(caller, deal_id)
                access.desk().act(deal_id, action, body.signature)
                return access.shown(caller, deal_id, seen)

            return await asyncio.to_thread(relayed)

        take.__doc__ = f"Takes a signed {ROUTES[name].__name__} and relays it; refused where it would revert."
        return take

    for name in ROUTES:
        router.add_api_route(f"/v1/deals/{{deal_id}}/{name}", action_route(name), methods=["POST"], name=name)

    @router.post("/v1/deals/{deal_id}/exits")
    async def leave(request: Request, deal_id: str) -> Response:
        """Calls a timed exit that anyone may call: silence, close_rejected, lapse or default."""
        caller = await gateway.caller(request, "settle")
        body = await read_model(request, Exit, limit)
        if body.exit not in EXITS:
            raise ParameterInvalid("no such exit", parameter="exit", known=sorted(EXITS))

        def relayed() -> Response:
            seen = access.visible(caller, deal_id)
            access.desk().exit(deal_id, body.exit)
            return access.shown(caller, deal_id, seen)

        return await asyncio.to_thread(relayed)

    @router.post("/v1/deals/{deal_id}/evidence")
    async def evidence(request: Request, deal_id: str) -> Response:
        """Takes evidence that a party signed and hands it to the evidence contract, where arbiters look."""
        caller = await gateway.caller(request, "settle")
        body = await read_model(request, SignedAction, limit)
        submission = EvidenceSubmission.from_json(body.action)
        await asyncio.to_thread(access.visible, caller, deal_id)
        await asyncio.to_thread(access.desk().submit_evidence, deal_id, submission, body.signature)
        return await asyncio.to_thread(access.shown, caller, deal_id)

    @router.put("/v1/deals/{deal_id}/timers")
    async def timers(request: Request, deal_id: str) -> Response:
        """Has timed exits called for the caller, each once its time has come: silence, close_rejected, lapse,
        default. An empty list takes it back.
        """
        caller = await gateway.caller(request, "settle")
        body = await read_model(request, Timed, limit)
        await asyncio.to_thread(access.visible, caller, deal_id)
        await asyncio.to_thread(access.desk().call_exits, deal_id, caller.agent, body.exits)
        return await asyncio.to_thread(access.shown, caller, deal_id)

    return router
