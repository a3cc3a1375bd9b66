"""The live feed: `/v1/events` as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from parley.gateway.errors import ParameterInvalid
from parley.gateway.feed import as_text, position_text
from parley.gateway.gateway import Gateway
from parley.gateway.web import count_parameter
from parley.terms.values import Address

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
        caller = gateway.caller(request, "read")
        resumed = request.headers.get("last-event-id", "")
        if resumed and not (resumed.isascii() and resumed.isdecimal() and len(resumed) <= 16):
            raise ParameterInvalid(
                "Last-Event-ID must be an event id of this stream", parameter="Last-Event-ID"
            )
        start = int(resumed) if resumed else count_parameter(request, "after", -1, minimum=-1)
        fresh = start < 0
        return StreamingResponse(
            stream(caller.agent, caller.expires_at, await feed.position() if fresh else start, fresh),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def stream(agent: Address, expires_at: int, start: int, fresh: bool) -> AsyncIterator[bytes]:
        yield position_text(start) if fresh else b": resumed\n\n"
        async for found in feed.events(agent, start, HEARTBEAT):
            yield b"".join(map(as_text, found)) or b": waiting\n\n"
            if gateway.clock() > expires_at:
                return  # the client signs in again and resumes

    return router
