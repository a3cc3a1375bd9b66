"""What an account signs about itself and no deal: withdrawals, epochs, the end of mandates. `/v1/actions`."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from parley.gateway.deals import ACCOUNT_ACTIONS
from parley.gateway.errors import NotYours, ParameterInvalid
from parley.gateway.gateway import Gateway
from parley.gateway.routes.deal_access import DealAccess, KindSignature
from parley.gateway.web import RequestModel, act, answer, read_model
from parley.terms.actions import Mandate, parse_action


class AccountAction(RequestModel):
    """`mandate` is the mandate that a revocation ends."""

    action: dict[str, Any]
    signature: str = KindSignature
    mandate: dict[str, Any] | None = None


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["deals"])
    access, limit = DealAccess(gateway), gateway.settings.max_body_bytes
    follow = [act("follow_actions", "GET", "/v1/actions")]

    @router.post("/v1/actions", status_code=202)
    async def take(request: Request) -> Response:
        """Takes a signed withdrawal, epoch or mandate revocation of the caller and relays it; refused where
        it would revert. Repeating it changes nothing.
        """
        caller = await gateway.caller(request, "settle")
        body = await read_model(request, AccountAction, limit)
        action = parse_action(body.action)
        if not isinstance(action, ACCOUNT_ACTIONS):
            known = sorted(kind.__name__ for kind in ACCOUNT_ACTIONS)
            raise ParameterInvalid(
                "this is no action of an account by itself", parameter="action.schema", known=known
            )
        if caller.agent not in (getattr(action, "party", None), getattr(action, "principal", None)):
            raise NotYours("only the account that signed it hands its action over", agent=caller.agent)
        mandate = None if body.mandate is None else Mandate.from_json(body.mandate)
        taken = await asyncio.to_thread(access.desk().act_for_account, action, body.signature, mandate)
        return answer({"action": taken}, follow, 202)

    @router.get("/v1/actions")
    async def mine(request: Request) -> Response:
        """What the caller handed over so, oldest first, and what became of it."""
        caller = await gateway.caller(request, "read")
        found = await asyncio.to_thread(access.desk().of_account, caller.agent)
        return answer({"actions": found}, [act("submit_action", "POST", "/v1/actions")])

    return router
