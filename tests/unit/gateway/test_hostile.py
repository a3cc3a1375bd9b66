"""Whatever arrives, the gateway answers with a typed refusal, stores nothing of it, and goes on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley.gateway.app import app_of
from parley.terms.message import Performative

CHAIN = 31_337

junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
    st.just("0x" + "00" * 32),
)


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths_of(inner, (*path, key))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    copy = json.loads(json.dumps(value))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = new
    return copy


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_messages_are_refused_and_leave_nothing(
    talk: Any, buyer: Any, gateway: Any, data: Any
) -> None:
    if not talk.messages:
        talk.start()
    message = talk.build(buyer, Performative.PROPOSE, talk.offer(4_000_000)).wire()
    place = data.draw(st.sampled_from(sorted(paths_of(message), key=str)))
    body = replaced(message, place, data.draw(junk))
    if body == message:
        return
    answer = buyer.post(f"/v1/negotiations/{talk.id}/messages", body)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["next_actions"]
    assert gateway.store.length(f"negotiation:{talk.id}") == 1


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_openings_are_refused_and_leave_nothing(
    talk: Any, buyer: Any, gateway: Any, data: Any
) -> None:
    whole = talk.open_body()
    place = data.draw(st.sampled_from(sorted(paths_of(whole), key=str)))
    body = replaced(whole, place, data.draw(junk))
    if body == whole:
        return
    answer = buyer.post("/v1/negotiations", body)
    assert 400 <= answer.status_code < 500, answer.text
    assert gateway.store.last_position() == 0


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=200))
def test_noise_is_refused_everywhere(buyer: Any, raw: bytes) -> None:
    for path in ("/v1/challenge", "/v1/session", "/v1/agents", "/v1/negotiations", "/v1/deals"):
        answer = buyer.request("POST", path, content=raw)
        assert 400 <= answer.status_code < 500, (path, answer.text)


def test_the_same_message_from_many_at_once_is_stored_once(talk: Any, buyer: Any, gateway: Any) -> None:
    talk.start()
    message = talk.build(buyer, Performative.PROPOSE, talk.offer(4_000_000)).wire()
    buyer.get("/v1/session")

    async def scenario() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app_of(gateway))
        headers = {"Authorization": f"Bearer {buyer.token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
            path = f"/v1/negotiations/{talk.id}/messages"
            return await asyncio.gather(*(http.post(path, json=message, headers=headers) for _ in range(20)))

    answers = asyncio.run(scenario())
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({json.dumps(answer.json()["receipt"], sort_keys=True) for answer in answers}) == 1
    assert gateway.store.length(f"negotiation:{talk.id}") == 2


def test_of_two_rivals_for_one_step_one_wins(talk: Any, buyer: Any, seller: Any, gateway: Any) -> None:
    from parley.terms.payloads import Query, Withdraw

    talk.start()
    rivals = [
        (buyer, talk.build(buyer, Performative.PROPOSE, talk.offer(4_000_000))),
        (seller, talk.build(seller, Performative.QUERY, Query(question="when?", salt="0x" + "01" * 16))),
        (seller, talk.build(seller, Performative.WITHDRAW, Withdraw(reason="no", salt="0x" + "02" * 16))),
    ]
    for agent in (buyer, seller):
        agent.get("/v1/session")

    async def scenario() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app_of(gateway))
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
            path = f"/v1/negotiations/{talk.id}/messages"
            return await asyncio.gather(
                *(
                    http.post(path, json=message.wire(), headers={"Authorization": f"Bearer {agent.token}"})
                    for agent, message in rivals
                )
            )

    answers = asyncio.run(scenario())
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert gateway.store.length(f"negotiation:{talk.id}") == 2


def test_a_body_without_an_announced_length_is_bounded_too(http: Any, buyer: Any) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1_000):
            yield b" " * 1_024

    answer = buyer.request("POST", "/v1/negotiations", content=endless())
    assert (answer.status_code, answer.json()["code"]) == (413, "gateway.body-too-large")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "gateway.body-invalid"),
        ({"deal": {}, "buyer_signature": "0x", "seller_signature": "0x"}, "terms.document-invalid"),
        ({"negotiation": "0x12", "open_by": 1, "signature": "0x"}, "gateway.body-invalid"),
        (
            {"negotiation": "0x" + "ab" * 32, "open_by": 1, "signature": "0x", "extra": 1},
            "gateway.body-invalid",
        ),
        ({"negotiation": "0x" + "ab" * 32, "open_by": 1, "signature": "0x"}, "gateway.not-found"),
    ],
)
def test_malformed_deals_are_refused(buyer: Any, body: dict[str, Any], code: str) -> None:
    assert buyer.post("/v1/deals", body).json()["code"] == code


def test_a_gateway_without_a_chain_says_so(buyer: Any) -> None:
    for path in ("/v1/deals/0x" + "de" * 32, "/v1/reputation/0x" + "11" * 20):
        answer = buyer.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "gateway.settlement-unavailable")
