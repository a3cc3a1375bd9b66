"""Messages of many negotiations posted in few requests: each caller gets what it would have got alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from parley.agents.calls import decode_taken
from parley.agents.errors import AnswerInvalid, GatewayProblem, GatewayUnreachable
from parley.agents.together import Together
from parley.agents.views import Receipt, Taken


def taken(name: str) -> Taken:
    return Taken(
        receipt=Receipt(
            negotiation="0x00", message=name, received_at=1, log_index=0, gateway="0x", signature="0x"
        )
    )


class Desk:
    """Posts when it is told to; refuses names that begin with `bad`."""

    def __init__(self) -> None:
        self.requests: list[list[Any]] = []
        self.open = asyncio.Event()
        self.error: Exception | None = None
        self.short = False

    async def __call__(self, messages: Sequence[Any]) -> list[Taken | GatewayProblem]:
        self.requests.append(list(messages))
        await self.open.wait()
        if self.error is not None:
            raise self.error
        found: list[Taken | GatewayProblem] = [
            GatewayProblem(409, {"code": "no"}) if name.startswith("bad") else taken(name)
            for name in messages
        ]
        return found[1:] if self.short else found


def posting(together: Together, *names: str) -> list[asyncio.Task[Taken]]:
    return [asyncio.create_task(together.post_message(name)) for name in names]  # type: ignore[arg-type]


async def passed() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_is_said_while_a_request_is_under_way_goes_together_in_the_next() -> None:
    async def story() -> None:
        desk = Desk()
        together = Together(desk, most=3)
        first = posting(together, "a")
        await passed()
        rest = posting(together, "b", "bad c", "d", "e")
        await passed()
        assert desk.requests == [["a"]]
        desk.open.set()
        found = await asyncio.gather(*first, *rest, return_exceptions=True)
        assert desk.requests == [["a"], ["b", "bad c", "d"], ["e"]]
        assert [one.receipt.message for one in found if isinstance(one, Taken)] == ["a", "b", "d", "e"]
        assert isinstance(found[2], GatewayProblem)
        assert found[2].problem == "no"
        last = posting(together, "f")
        assert (await last[0]).receipt.message == "f", "it begins anew after a pause"

    asyncio.run(story())


def test_a_request_that_fails_fails_for_all_in_it_and_for_nobody_else() -> None:
    async def story() -> None:
        desk = Desk()
        desk.open.set()
        desk.error = GatewayUnreachable("no answer")
        together = Together(desk)
        found = await asyncio.gather(*posting(together, "a", "b"), return_exceptions=True)
        assert [type(one) for one in found] == [GatewayUnreachable] * 2
        desk.error, desk.short = None, True
        found = await asyncio.gather(*posting(together, "a", "b"), return_exceptions=True)
        assert [type(one) for one in found] == [AnswerInvalid] * 2
        desk.short = False
        assert (await posting(together, "c")[0]).receipt.message == "c"

    asyncio.run(story())


def test_who_waits_no_more_disturbs_nobody() -> None:
    async def story() -> None:
        desk = Desk()
        together = Together(desk)
        gone, stays = posting(together, "a", "b")
        await passed()
        gone.cancel()
        desk.open.set()
        assert (await stays).receipt.message == "b"
        assert desk.requests == [["a", "b"]], "what was handed over is posted all the same"

    asyncio.run(story())


def test_answers_that_are_no_results_are_refused() -> None:
    body: Any
    for body in ({}, {"results": 3}, {"results": [{}]}, {"results": [3]}):
        with pytest.raises(AnswerInvalid):
            decode_taken(body)
    (found,) = decode_taken({"results": [{"problem": {"code": "c", "status": 422, "title": "t"}}]})
    assert isinstance(found, GatewayProblem)
    assert (found.problem, found.http_status) == ("c", 422)
