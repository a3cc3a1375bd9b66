"""The end of a session, seen by every process on the same database with the next request."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of
from parley.gateway.feed import Feed
from parley.terms.message import Performative


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/gateway.sqlite"
        return
    with request.getfixturevalue("postgres").database() as url:
        yield url


@pytest.fixture
def gateway(make_gateway: Any, database: str) -> Any:
    return make_gateway(database=database)


@pytest.fixture
def other(make_gateway: Any, gateway: Any, database: str) -> Any:
    return make_gateway(database=database)


@pytest.fixture
def elsewhere(other: Any) -> Iterator[TestClient]:
    with TestClient(app_of(other), raise_server_exceptions=False) as client:
        yield client


def refused(answer: Any) -> bool:
    return (answer.status_code, answer.json()["code"]) == (401, "gateway.not-authenticated")


def test_a_session_ended_at_one_process_is_ended_at_the_other(
    talk: Any, buyer: Any, make_agent: Any, elsewhere: TestClient, gateway: Any, other: Any
) -> None:
    there = make_agent("buyer", elsewhere)
    talk.start()
    there.token = buyer.token
    assert there.get("/v1/negotiations").status_code == 200
    talk.buyer = there
    assert talk.say_offer(there, 2_000_000).status_code == 201  # it is remembered there by now
    path, first = f"/v1/negotiations/{talk.id}/messages", talk.messages[-1]
    assert buyer.request("DELETE", "/v1/session").status_code == 200

    second = talk.build(talk.seller, Performative.COUNTER, talk.offer(6_000_000))
    assert refused(there.post(path, second.wire())), "a message that could be kept, whoever hands it in"
    assert other.store.length(f"negotiation:{talk.id}") == 2, "and was not"
    assert refused(there.post(path, first.wire())), "one that is there already"
    there_again = make_agent("buyer", elsewhere)
    assert there_again.get(f"/v1/negotiations/{talk.id}").status_code == 200, "another session is another"
    assert there_again.post(path, second.wire()).status_code == 201
    assert refused(there.get("/v1/negotiations"))


def test_a_message_that_is_wrong_is_not_even_told_so(
    talk: Any, buyer: Any, make_agent: Any, elsewhere: TestClient
) -> None:
    talk.start()
    there = make_agent("buyer", elsewhere)
    there.sign_in()
    assert talk.say_offer(there, 2_000_000).status_code == 201
    here = make_agent("buyer", buyer.http)
    here.token = there.token
    assert here.request("DELETE", "/v1/session").status_code == 200
    counter = talk.build(talk.seller, Performative.COUNTER, talk.offer(6_000_000))
    forged = {**counter.wire(), "signature": "0x" + "11" * 65}
    several = there.post("/v1/messages:batch", {"messages": [forged]})
    assert [entry["problem"]["code"] for entry in several.json()["results"]] == ["gateway.not-authenticated"]
    assert refused(there.post(f"/v1/negotiations/{talk.id}/messages", forged))


def test_other_sessions_of_the_agent_go_on(talk: Any, buyer: Any, seller: Any, gateway: Any) -> None:
    talk.start()
    assert talk.say_offer(buyer, 2_000_000).status_code == 201
    assert talk.say_offer(seller, 6_000_000).status_code == 201
    kept = buyer.token
    buyer.sign_in()
    assert buyer.request("DELETE", "/v1/session").status_code == 200
    buyer.token = kept
    assert talk.say_offer(buyer, 3_000_000).status_code == 201, "asked again, and found to be good"
    assert gateway.store.sessions.revoke(at=1, address=buyer.address) == 1
    assert refused(talk.say_offer(buyer, 3_500_000))


def test_its_event_stream_ends(talk: Any, buyer: Any, gateway: Any, other: Any) -> None:
    talk.start()
    session = gateway.authenticator.authenticate(f"Bearer {buyer.token}")
    buyer.sign_in()
    second = gateway.authenticator.authenticate(f"Bearer {buyer.token}")

    async def follow() -> int:
        feed, seen = Feed(gateway.store), 0
        async for events in feed.events(buyer.address, 0, 30.0, session.token_hash):
            seen += len(events)
            if events:  # another process ends another session, and then this one
                await asyncio.to_thread(other.authenticator.sign_out, second)
                await asyncio.to_thread(other.authenticator.sign_out, session)
        await feed.stop()
        return seen

    assert asyncio.run(asyncio.wait_for(follow(), 60)) == 1
