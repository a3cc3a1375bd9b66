"""The live feed: `/v1/events` as server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from parley.gateway.auth import Session
from parley.gateway.errors import ParameterInvalid
from parley.gateway.feed import as_text, position_text
from parley.gateway.gateway import Gateway
from parley.gateway.web import count_parameter

HEARTBEAT = 10.0


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["events"])
    feed = gateway.feed

    @router.get("/v1/events")
    async def events(request: Request) -> Response:
        """Everything the caller may see, in log order. `Last-Event-ID` (or `after`) resumes after that
        position, 0 from the beginning; without it the stream starts now, with an event that names the
        position.
        """
        caller = await gateway.caller(request, "read")
        resumed = request.headers.get("last-event-id", "")
        if resumed and not (resumed.isascii() and resumed.isdecimal() and len(resumed) <= 16):
            raise ParameterInvalid(
                "Last-Event-ID must be an event id of this stream", parameter="Last-Event-ID"
            )
        start = int(resumed) if resumed else count_parameter(request, "after", -1, minimum=-1)
        fresh = start < 0
        if fresh:
            start = await feed.position()
            # The stream hears of an end of the session that comes after this position.
            caller = await asyncio.to_thread(gateway.authenticator.renewed, caller)
        return StreamingResponse(
            stream(caller, start, fresh),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def stream(caller: Session, start: int, fresh: bool) -> AsyncIterator[bytes]:
        yield position_text(start) if fresh else b": resumed\n\n"
        async for found in feed.events(caller.agent, start, HEARTBEAT, caller.token_hash):
            yield b"".join(map(as_text, found)) or b": waiting\n\n"
            if gateway.clock() > caller.expires_at:
                return  # the client signs in again and resumes

    return router
