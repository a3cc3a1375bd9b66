"""What waits for a person: `/v1/approvals`; and why anything was decided: `…/decisions`."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response

from parley.gateway.auth import Session
from parley.gateway.errors import NotAReviewer, NotFound
from parley.gateway.gateway import Gateway
from parley.gateway.governance.gate import decision_stream
from parley.gateway.web import RequestModel, act, answer, count_parameter, parse_model, read_object
from parley.policy.review import Review
from parley.terms.message import Approval
from parley.terms.values import Signature

STATUSES = ("waiting", "granted", "refused", "expired")


class ApprovalRequest(RequestModel):
    """A reviewer's decision with its signature."""

    core: dict[str, Any]
    signature: Signature


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["approvals"])
    settings, desk = gateway.settings, gateway.reviews

    def view(review: Review) -> dict[str, Any]:
        return {
            "id": review.request.id,
            "status": review.status(gateway.clock()),
            "request": review.request.as_json(),
            "decisions": [decision.as_json() for decision in review.decisions],
        }

    follow = [act("list_negotiations", "GET", "/v1/negotiations")]

    def sees_all(caller: Session) -> bool:
        return gateway.is_reviewer(caller) or gateway.is_operator(caller)

    @router.get("/v1/approvals")
    async def waiting(request: Request) -> Response:
        """Requests for approval, oldest first: all of them for reviewers and operators, their own for agents.
        `status` filters.
        """
        caller = await gateway.caller(request, "read")
        wanted = request.query_params.get("status")
        limit = count_parameter(request, "limit", settings.page_limit, settings.page_limit, 1)
        offset = count_parameter(request, "after", 0)
        found = [
            review
            for review in await asyncio.to_thread(desk.all)
            if (sees_all(caller) or review.request.agent == caller.agent)
            and (wanted is None or review.status(gateway.clock()) == wanted)
        ]
        page = found[offset : offset + limit]
        following = offset + limit if offset + limit < len(found) else None
        body = {"approvals": [view(review) for review in page], "next": following}
        return answer(
            body, [act("decide", "POST", "/v1/approvals")] if gateway.is_reviewer(caller) else follow
        )

    @router.get("/v1/approvals/{identity}")
    async def one(request: Request, identity: str) -> Response:
        """One request: the exact terms, the decision that asked for it, and what reviewers said."""
        caller = await gateway.caller(request, "read")
        review = await asyncio.to_thread(desk.find, identity)
        if not sees_all(caller) and review.request.agent != caller.agent:
            raise NotFound("there is no such request for you", id=identity)
        return answer({"approval": view(review)}, [act("decide", "POST", "/v1/approvals")])

    @router.post("/v1/approvals", status_code=201)
    async def decide(request: Request) -> Response:
        """A reviewer's signed decision on exactly these terms: granted or refused."""
        caller = await gateway.caller(request, "govern")
        if not gateway.is_reviewer(caller):
            raise NotAReviewer("only a reviewer of this gateway decides", agent=caller.agent)
        body = parse_model(ApprovalRequest, await read_object(request, settings.max_body_bytes))
        review = await asyncio.to_thread(desk.decide, Approval.from_json(body.core), body.signature)
        return answer({"approval": view(review)}, [act("see_waiting", "GET", "/v1/approvals")], 201)

    @router.get("/v1/negotiations/{negotiation}/decisions")
    async def decisions(request: Request, negotiation: str) -> Response:
        """What was decided about the caller's messages, with the facts, the rules and the bundle;
        operators see all, shadow differences included.
        """
        caller = await gateway.caller(request, "read")
        everything = gateway.is_operator(caller)
        if not everything:
            await gateway.negotiations.readable(caller.agent, negotiation)
        after = count_parameter(request, "after", -1, minimum=-1)
        limit = count_parameter(request, "limit", settings.page_limit, settings.page_limit, 1)
        events = await asyncio.to_thread(gateway.store.read, decision_stream(negotiation), after, limit)
        shown = [
            {"number": event.sequence, "kind": event.kind, "recorded_at": event.recorded_at, **event.data}
            for event in events
            if everything or (event.data["sender"] == caller.agent and event.kind == "decision")
        ]
        following = events[-1].sequence if len(events) == limit else None
        return answer(
            {"decisions": shown, "next": following},
            [act("read_negotiation", "GET", f"/v1/negotiations/{negotiation}")],
        )

    return router
