"""Policies and their roll-out: `/v1/policies`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Request, Response

from parley.gateway.auth import Session
from parley.gateway.errors import NotAnOperator
from parley.gateway.gateway import Gateway
from parley.gateway.governance.gate import DECIDED
from parley.gateway.web import RequestModel, act, answer, count_parameter, parse_model, read_object
from parley.policy.impact import impact
from parley.policy.models import Bundle, Decision
from parley.policy.rollout import RolloutStep
from parley.store import schema
from parley.store.rows import event_of
from parley.terms.statement import SignedStatement

IMPACT_LIMIT = 10_000


class StepRequest(RequestModel):
    """A roll-out step with its author's statement; `bundle` when it is a load."""

    step: dict[str, Any]
    statement: dict[str, Any]
    signature: str
    bundle: dict[str, Any] | None = None


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["policies"])
    settings, register = gateway.settings, gateway.policies

    async def operator(request: Request) -> Session:
        caller = await gateway.caller(request, "govern")
        if not gateway.is_operator(caller):
            raise NotAnOperator("only an operator of this gateway sees its policies", agent=caller.agent)
        return caller

    def view() -> dict[str, Any]:
        register.folded.refresh()
        state = register.folded.current()[0]
        rollout = state.rollout
        return {
            "in_force": register.in_force,
            "standing": None if register.standing is None else register.standing.hash,
            "candidate": rollout.candidate,
            "share_ppm": rollout.share_ppm,
            "former": list(rollout.former),
            "number": rollout.taken,
            "bundles": [
                {"hash": found, "name": bundle.name, "rules": len(bundle.rules)}
                for found, bundle in state.bundles.items()
            ],
        }

    @router.get("/v1/policies")
    async def current(request: Request) -> Response:
        """What is in force, what is on trial, and the number that the next step has to carry. For
        operators.
        """
        await operator(request)
        return answer(await asyncio.to_thread(view), [act("take_step", "POST", "/v1/policies")])

    @router.post("/v1/policies", status_code=201)
    async def step(request: Request) -> Response:
        """Takes an operator's signed step: load, shadow, stage, promote or roll-back."""
        await operator(request)
        body = parse_model(StepRequest, await read_object(request, settings.max_body_bytes))
        taken = RolloutStep.from_json(body.step)
        signed = SignedStatement.from_json({"statement": body.statement, "signature": body.signature})
        bundle = None if body.bundle is None else Bundle.from_json(body.bundle)
        await asyncio.to_thread(register.take, taken, signed, bundle)
        return answer(
            await asyncio.to_thread(view),
            [act("see_impact", "GET", f"/v1/policies/{taken.bundle}/impact")],
            201,
        )

    @router.get("/v1/policies/{bundle}")
    async def one(request: Request, bundle: str) -> Response:
        """A bundle that was loaded, whole."""
        await operator(request)
        await asyncio.to_thread(register.folded.refresh)
        body = register.bundle(bundle).as_json()
        return answer({"bundle": body}, [act("see_impact", "GET", f"/v1/policies/{bundle}/impact")])

    @router.get("/v1/policies/{bundle}/impact")
    async def report(request: Request, bundle: str) -> Response:
        """Replays the newest recorded decisions (`limit`, at most 10 000) under the bundle and lists every
        one that would change.
        """
        await operator(request)
        limit = count_parameter(request, "limit", 1_000, IMPACT_LIMIT, 1)
        await asyncio.to_thread(register.folded.refresh)
        candidate = register.bundle(bundle)
        found = await asyncio.to_thread(impact, candidate, recorded_decisions(gateway, limit))
        return answer({"impact": found.as_json()}, [act("take_step", "POST", "/v1/policies")])

    return router


def recorded_decisions(gateway: Gateway, limit: int) -> Iterator[tuple[str, Decision]]:
    """The newest decisions that counted, were not erased and may be analysed, oldest first, each with the
    stream and sequence it stands at. Blocks.
    """
    table = schema.events
    query = (
        sa.select(table)
        .where(table.c.kind == DECIDED, table.c.private.is_not(None))
        .order_by(table.c.position.desc())
        .limit(limit)
    )
    now = gateway.clock()
    for event in map(event_of, reversed(gateway.store.query(query))):
        data_class = event.data["decision"]["facts"].get("data_class", "personal")
        if not gateway.consents.allows(event.data["sender"], data_class, "analysis", now):
            continue
        yield f"{event.stream}/{event.sequence}", Decision.parse(event.data["decision"])
