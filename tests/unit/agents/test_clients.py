"""Both clients: the same calls, repeated where that is safe, typed whatever comes back."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import httpx
import pytest

from parley.agents.async_client import AsyncGatewayClient
from parley.agents.client import GatewayClient, readiness
from parley.agents.errors import AnswerInvalid, GatewayProblem, GatewayUnreachable
from parley.agents.transport import EventLines
from parley.agents.views import Taken
from parley.gateway.app import app_of

URL = "http://testserver"
READY = {
    "ready": True,
    "chain_id": 31_337,
    "escrow": "0x" + "e5" * 20,
    "gateway": "0x" + "aa" * 20,
    "checks": {},
}


class Scripted(httpx.BaseTransport):
    """Answers by script: a response, or an exception to raise."""

    def __init__(self, *script: httpx.Response | Exception) -> None:
        self._script = list(script)
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.path}")
        answer = self._script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def client(world: Any, *script: httpx.Response | Exception) -> tuple[GatewayClient, Scripted]:
    transport = Scripted(*script)
    made = GatewayClient(
        URL, world.wallet("buyer"), transport=transport, attempts=3, sleep=lambda seconds: None
    )
    return made, transport


def problem(status: int, code: str, *, retryable: bool = False) -> httpx.Response:
    body = {
        "title": "no",
        "code": code,
        "next_action": "wait",
        "retryable": retryable,
        "values": {"limit": 3},
    }
    return httpx.Response(status, json=body, headers={"content-type": "application/problem+json"})


def test_the_two_clients_offer_the_same_calls() -> None:
    def calls(kind: type) -> dict[str, list[str]]:
        return {
            name: list(inspect.signature(member).parameters)
            for name, member in inspect.getmembers(kind, inspect.isfunction)
            if not name.startswith("_")
        }

    assert calls(GatewayClient) == calls(AsyncGatewayClient)


def test_a_broken_line_and_a_busy_gateway_are_tried_again(world: Any) -> None:
    made, transport = client(
        world,
        httpx.ConnectError("refused"),
        problem(503, "store.busy", retryable=True),
        httpx.Response(200, json=READY),
    )
    assert made.ready().chain_id == 31_337
    assert len(transport.asked) == 3


def test_it_gives_up_after_its_attempts(world: Any) -> None:
    made, transport = client(world, *[httpx.ConnectError("refused")] * 3)
    with pytest.raises(GatewayUnreachable):
        made.ready()
    assert len(transport.asked) == 3


def test_a_refusal_is_not_repeated_and_keeps_its_values(world: Any) -> None:
    made, transport = client(world, problem(409, "negotiation.not-your-turn"))
    with pytest.raises(GatewayProblem) as refused:
        made.ready()
    assert (refused.value.problem, refused.value.http_status) == ("negotiation.not-your-turn", 409)
    assert refused.value.values["limit"] == 3
    assert refused.value.next_action == "wait"
    assert len(transport.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b"[]"),
        httpx.Response(200, json={"ready": "maybe"}),
        httpx.Response(200, content=b"\xff\xff"),
    ],
)
def test_nonsense_is_named_as_such(world: Any, answer: httpx.Response) -> None:
    made, _ = client(world, answer)
    with pytest.raises(AnswerInvalid):
        made.ready()


def test_a_proxy_that_apologises_in_html_is_an_absent_gateway(world: Any) -> None:
    made, _ = client(world, *[httpx.Response(502, content=b"<html>")] * 3)
    with pytest.raises(GatewayUnreachable):
        made.ready()


def test_events_are_put_together_from_lines() -> None:
    lines = EventLines()
    found = [
        lines.feed(line)
        for line in (
            ": waiting",
            "",
            "id: 7",
            "event: message",
            'data: {"stream": "negotiation", "subject": "0x1", "sequence": 3, "data": {}}',
            "",
            ": waiting",
            "",
        )
    ]
    [event] = [item for item in found if item is not None]
    assert (event.id, event.kind, event.stream, event.sequence) == (7, "message", "negotiation", 3)
    for bad in ("data: nonsense", "data: []"):
        lines.feed("id: 1")
        lines.feed(bad)
        with pytest.raises(AnswerInvalid):
            lines.feed("")


def test_readiness_is_read_without_signing_in(world: Any) -> None:
    found = readiness(URL, transport=Scripted(httpx.Response(503, json={**READY, "ready": False})))
    assert found.ready is False


def test_the_asynchronous_client_does_the_same_work(world: Any, domain: Any) -> None:
    buyer, seller = world.wallet("buyer"), world.wallet("seller")
    opening = world.opening(domain, buyer.address, seller.address)

    async def scenario() -> tuple[Any, Any, Any]:
        transport = httpx.ASGITransport(app=app_of(world.gateway))
        async with AsyncGatewayClient(URL, buyer, transport=transport) as asking:
            ready = await asking.ready()
            profile = await asking.register("Buyer", ["gpu-lease"], facts={"region": "EU"})
            from parley.agents.session import NegotiationSession
            from parley.terms.message import Performative
            from parley.terms.payloads import Open

            machine = NegotiationSession(domain, opening, seller, None).machine  # type: ignore[arg-type]
            message = buyer.sign_message(
                machine, machine.initial(), Performative.OPEN, Open(salt="0x" + "00" * 16)
            )
            posted = await asking.open_negotiation(domain, opening, message)
            page = await asking.negotiations()
            later = message.model_copy(update={"core": message.core.model_copy(update={"sequence": 5})})
            again = await asking.post_messages([message, later])
            assert [type(one) for one in again] == [Taken, GatewayProblem]
            with pytest.raises(GatewayProblem):
                await asking.agent("0x" + "99" * 20)
            assert [held.message for held in await asking.messages(posted.receipt.negotiation)] == [message]
            return ready, profile, page

    ready, profile, page = asyncio.run(scenario())
    assert ready.gateway == world.gateway.receipts.gateway
    assert profile.facts == {"region": "EU"}
    assert [row.id for row in page.items] == [opening.negotiation_id()]


def test_the_asynchronous_client_retries_too(world: Any) -> None:
    class Failing(httpx.AsyncBaseTransport):
        calls = 0

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            Failing.calls += 1
            if Failing.calls < 3:
                raise httpx.ConnectError("refused")
            return httpx.Response(200, json=READY)

    async def no_sleep(seconds: float) -> None:
        return None

    async def scenario() -> bool:
        async with AsyncGatewayClient(
            URL, world.wallet("buyer"), transport=Failing(), sleep=no_sleep
        ) as asking:
            return (await asking.ready()).ready

    assert asyncio.run(scenario()) is True
    assert Failing.calls == 3
