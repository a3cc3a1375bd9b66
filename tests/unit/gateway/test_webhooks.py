"""Webhooks: signed, in order, at least once; put off, given up and replayed; never into the gateway's own
network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest
from fastapi.testclient import TestClient
from standardwebhooks import Webhook as Signature

from parley.gateway.app import app_of
from parley.gateway.errors import WebhookTargetRefused
from parley.gateway.webhooks.delivery import PAUSES, Delivery
from parley.gateway.webhooks.targets import check_url, is_public, resolve


class Receiver:
    """What a webhook's URL answers, and what it got."""

    def __init__(self) -> None:
        self.got: list[tuple[httpx.Headers, dict[str, Any]]] = []
        self.answers: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.got.append((request.headers, orjson.loads(request.content)))
        return httpx.Response(status, content=b"x" * 100_000)

    @property
    def positions(self) -> list[int]:
        return [body["position"] for _, body in self.got]


@pytest.fixture
def gateway(make_gateway: Any) -> Any:
    return make_gateway(local_webhooks=True)


@pytest.fixture
def http(gateway: Any) -> Iterator[TestClient]:
    with TestClient(app_of(gateway), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def serve(gateway: Any, receiver: Receiver, clock: Any) -> Any:
    """One round of delivery; how many events were delivered."""
    delivery = Delivery(
        gateway.store,
        gateway.webhooks,
        gateway.webhook_secrets,
        clock=clock,
        local=True,
        transport=httpx.MockTransport(receiver),
    )
    return lambda: asyncio.run(delivery.serve())


def add(agent: Any, **changes: Any) -> tuple[dict[str, Any], str]:
    answer = agent.post("/v1/webhooks", {"url": "http://127.0.0.1:9/hook?a=1", **changes})
    assert answer.status_code == 201, answer.text
    return answer.json()["webhook"], answer.json()["secret"]


def test_everything_from_now_on_signed_and_in_order(
    talk: Any, buyer: Any, seller: Any, serve: Any, receiver: Receiver
) -> None:
    talk.start()
    webhook, secret = add(buyer)
    talk.say_offer(buyer, 2_000_000)
    talk.say_offer(seller, 6_000_000)
    assert serve() == 2
    for headers, body in receiver.got:
        verified = Signature(secret).verify(orjson.dumps(body), dict(headers))
        assert verified["type"] == "message"
        assert headers["webhook-id"].endswith(f".{body['position']}")
        assert headers["host"] == "127.0.0.1:9"
    assert [body["data"]["message"]["core"]["sequence"] for _, body in receiver.got] == [1, 2]
    assert receiver.positions == sorted(receiver.positions)
    assert serve() == 0
    assert buyer.get("/v1/webhooks").json()["webhooks"][0]["id"] == webhook["id"]


def test_nobody_gets_what_it_may_not_see(
    talk: Any, buyer: Any, stranger: Any, serve: Any, receiver: Receiver
) -> None:
    add(stranger)
    talk.start()
    talk.say_offer(buyer, 2_000_000)
    assert serve() == 0
    assert receiver.got == []


def test_kinds_limit_what_is_sent(talk: Any, buyer: Any, serve: Any, receiver: Receiver) -> None:
    add(buyer, kinds=["seller_signed"])
    talk.start()
    assert serve() == 0


def test_what_fails_is_tried_again_before_anything_later(
    talk: Any, buyer: Any, seller: Any, serve: Any, receiver: Receiver, clock: Any
) -> None:
    talk.start()
    webhook, _ = add(buyer)
    talk.say_offer(buyer, 2_000_000)
    talk.say_offer(seller, 6_000_000)
    receiver.answers = [200, 500]
    assert serve() == 1
    shown = buyer.get(f"/v1/webhooks/{webhook['id']}").json()["webhook"]
    assert (shown["attempts"], shown["error"]) == (1, "answered 500")
    assert shown["not_before"] == clock() + PAUSES[0]
    assert serve() == 0  # not before its time
    clock.now += PAUSES[0]
    assert serve() == 1
    assert len(receiver.positions) == 2
    assert receiver.positions == sorted(receiver.positions)


def test_what_nobody_takes_becomes_a_dead_letter_and_can_be_replayed(
    talk: Any, buyer: Any, seller: Any, serve: Any, receiver: Receiver, clock: Any
) -> None:
    talk.start()
    webhook, _ = add(buyer)
    talk.say_offer(buyer, 2_000_000)
    receiver.answers = [503] * (len(PAUSES) + 1)
    for pause in (*PAUSES, 0):
        serve()
        clock.now += pause
    buyer.sign_in()
    shown = buyer.get(f"/v1/webhooks/{webhook['id']}").json()
    [letter] = shown["dead_letters"]
    assert letter["error"] == "answered 503"
    assert receiver.got == []
    again = buyer.post(f"/v1/webhooks/{webhook['id']}/replay", {"after": letter["position"] - 1})
    assert again.status_code == 200
    assert serve() == 1
    assert receiver.positions == [letter["position"]]
    assert buyer.get(f"/v1/webhooks/{webhook['id']}").json()["dead_letters"] == []


def test_a_repeat_after_a_crash_has_the_same_id(
    talk: Any, buyer: Any, serve: Any, receiver: Receiver, gateway: Any, monkeypatch: Any
) -> None:
    talk.start()
    add(buyer)
    talk.say_offer(buyer, 2_000_000)
    monkeypatch.setattr(gateway.webhooks, "served", lambda *_: None)  # killed before it was noted
    serve()
    monkeypatch.undo()
    serve()
    first, second = (headers["webhook-id"] for headers, _ in receiver.got)
    assert first == second


def test_a_webhook_is_its_owners(buyer: Any, stranger: Any) -> None:
    webhook, _ = add(buyer)
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/replay")):
        answer = stranger.request(method, f"/v1/webhooks/{webhook['id']}{path}", json={"after": 0})
        assert (answer.status_code, answer.json()["code"]) == (404, "gateway.not-found")
    assert buyer.request("DELETE", f"/v1/webhooks/{webhook['id']}").status_code == 200
    assert buyer.get("/v1/webhooks").json()["webhooks"] == []


def test_an_agent_has_ten_at_most(buyer: Any) -> None:
    for _ in range(10):
        add(buyer)
    assert buyer.post("/v1/webhooks", {"url": "http://127.0.0.1/"}).status_code == 409


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://example.org/",
        "https://",
        "https://user:secret@example.org/",
        "https://example.org/#part",
        "https://[::1",
        "https://example.org:0/",
        "https://example.org/" + "a" * 400,
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(WebhookTargetRefused):
        check_url(url, local=False)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://224.0.0.1/",
    ],
)
def test_addresses_of_its_own_network_are_never_called(url: str) -> None:
    with pytest.raises(WebhookTargetRefused):
        asyncio.run(resolve(url, local=False))


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch: Any) -> None:
    assert is_public("8.8.8.8")
    found = asyncio.run(resolve("https://1.1.1.1:8443/hook?x=2", local=False))
    assert (found.url, found.host, found.name) == ("https://1.1.1.1:8443/hook?x=2", "1.1.1.1:8443", "1.1.1.1")

    async def mixed(*_: Any, **__: Any) -> list[Any]:
        return [(2, 1, 6, "", ("1.1.1.1", 443)), (2, 1, 6, "", ("10.0.0.1", 443))]

    async def through() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", mixed)
        with pytest.raises(WebhookTargetRefused):
            await resolve("https://trick.example/", local=False)

    asyncio.run(through())
