"""Sign-in: `/v1/challenge` and `/v1/session`."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import Field

from parley.gateway.auth import DEFAULT_SCOPES, SCOPES
from parley.gateway.errors import BodyInvalid
from parley.gateway.gateway import Gateway
from parley.gateway.web import RequestModel, act, answer, parse_model, read_model, read_object
from parley.terms.message import Challenge
from parley.terms.values import Address, Signature


class ChallengeRequest(RequestModel):
    agent: Address


class SessionRequest(RequestModel):
    challenge: dict[str, Any]
    signature: Signature
    scopes: list[str] = Field(default=list(DEFAULT_SCOPES), min_length=1, max_length=len(SCOPES))
    seconds: int = Field(default=86_400, ge=1, le=86_400)


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["session"])
    limit = gateway.settings.max_body_bytes

    @router.post("/v1/challenge", status_code=201)
    async def challenge(request: Request) -> Response:
        """A challenge for an agent to sign (EIP-712, `Parley Gateway`); it expires soon and can be answered
        once.
        """
        gateway.stranger(request)
        wanted = await read_model(request, ChallengeRequest, limit)
        issued = gateway.authenticator.challenge(wanted.agent)
        return answer({"challenge": issued.as_json()}, [act("sign_in", "POST", "/v1/session")], 201)

    @router.post("/v1/session", status_code=201)
    async def session(request: Request) -> Response:
        """Exchanges a signed challenge for a bearer token with scopes; the token is shown once and kept as
        a hash.
        """
        gateway.stranger(request)
        wanted = parse_model(SessionRequest, await read_object(request, limit))
        unknown = sorted(set(wanted.scopes) - set(SCOPES))
        if unknown:
            raise BodyInvalid("unknown scope", field="scopes", unknown=unknown, known=list(SCOPES))
        token, opened = await asyncio.to_thread(
            gateway.authenticator.sign_in,
            Challenge.parse(wanted.challenge),
            wanted.signature,
            tuple(wanted.scopes),
            wanted.seconds,
        )
        body = {
            "token": token,
            "agent": opened.agent,
            "scopes": sorted(opened.scopes),
            "expires_at": opened.expires_at,
        }
        actions = [act("register", "POST", "/v1/agents"), act("open_negotiation", "POST", "/v1/negotiations")]
        return answer(body, actions, 201)

    @router.get("/v1/session")
    async def current(request: Request) -> Response:
        """Who the caller is."""
        caller = await gateway.caller(request)
        body = {"agent": caller.agent, "scopes": sorted(caller.scopes), "expires_at": caller.expires_at}
        return answer(body, [act("sign_out", "DELETE", "/v1/session")])

    @router.delete("/v1/session")
    async def end(request: Request) -> Response:
        """Ends the session at once."""
        caller = await gateway.caller(request)
        await asyncio.to_thread(gateway.authenticator.sign_out, caller)
        return answer({"agent": caller.agent}, [act("sign_in", "POST", "/v1/challenge")])

    return router
