"""Posting what many negotiations have to say in few requests.

An agent that talks in one negotiation posts a message and waits. One that talks in many has, while a request
is under way, more to say already: that goes together in the next one, as a store gathers what waits for the
disk. What each caller gets is what it would have got alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from parley.agents.errors import AnswerInvalid, GatewayProblem
from parley.agents.views import Taken
from parley.terms.message import Message

MOST: Final = 100
"""Messages that a gateway takes in one request."""

Posting = Callable[[Sequence[Message]], Awaitable[Sequence[Taken | GatewayProblem]]]
"""Posts messages in one request: what became of each, in their order. `AsyncGatewayClient.post_messages` is
one."""


class Together:
    """Gathers messages of concurrent tasks and posts them with `post`, one request at a time, each with at
    most `most` of them. `pause` is how many seconds a request waits for company before it goes.

    Messages of one negotiation keep the order in which they were handed over.
    """

    def __init__(self, post: Posting, *, most: int = MOST, pause: float = 0.0) -> None:
        self._post = post
        self._most = most
        self._pause = pause
        self._waiting: list[tuple[Message, asyncio.Future[Taken]]] = []
        self._task: asyncio.Task[None] | None = None

    async def post_message(self, message: Message) -> Taken:
        """Posts one message, with others. Raises GatewayProblem with what refuses this one, and whatever
        keeps the whole request from being answered; then it may or may not have been taken, and posting it
        again is safe.
        """
        place: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, place))
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="parley-together")
        return await place

    async def _run(self) -> None:
        try:
            while self._waiting:
                await asyncio.sleep(self._pause)
                now, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._send(now)
        finally:
            self._task = None
            for _, place in self._waiting:  # only where this task was cancelled
                place.cancel()
            self._waiting = []

    async def _send(self, together: Sequence[tuple[Message, asyncio.Future[Taken]]]) -> None:
        try:
            found = await self._post([message for message, _ in together])
            if len(found) != len(together):
                raise AnswerInvalid(
                    "the gateway answers another number of messages", sent=len(together), answered=len(found)
                )
        except Exception as error:  # noqa: BLE001 - whatever it is, every waiting caller gets it
            for _, place in together:
                if not place.done():
                    place.set_exception(error)
            return
        except BaseException:
            for _, place in together:
                place.cancel()
            raise
        for (_, place), each in zip(together, found, strict=True):
            if place.done():
                continue  # whoever asked waits no more
            if isinstance(each, GatewayProblem):
                place.set_exception(each)
            else:
                place.set_result(each)
