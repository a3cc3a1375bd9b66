"""Two processes of one gateway on one database: whoever is asked answers with what the other took."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of


@pytest.fixture
def elsewhere(make_gateway: Any, http: TestClient) -> Iterator[TestClient]:
    with TestClient(app_of(make_gateway()), raise_server_exceptions=False) as client:
        yield client


def test_a_talk_across_two_processes(talk: Any, buyer: Any, make_agent: Any, elsewhere: TestClient) -> None:
    seller = make_agent("seller", elsewhere)
    talk.start()
    assert talk.say_offer(buyer, 2_000_000).status_code == 201
    seen = seller.get(f"/v1/negotiations/{talk.id}/messages").json()["messages"]
    assert len(seen) == 2
    assert talk.say_offer(seller, 6_000_000).status_code == 201
    seen = buyer.get(f"/v1/negotiations/{talk.id}/messages").json()["messages"]
    assert len(seen) == 3
    assert talk.say_offer(buyer, 3_000_000).status_code == 201
    assert seller.get(f"/v1/negotiations/{talk.id}").json()["negotiation"]["messages"] == 4
    assert talk.say_accept(seller).status_code == 201
    for agent in (buyer, seller):
        assert agent.get(f"/v1/negotiations/{talk.id}").json()["negotiation"]["status"] == "ACCEPTED"
    assert elsewhere.get("/ready").status_code == 200


def test_a_repeat_to_the_other_process_gives_the_same_receipt(
    talk: Any, buyer: Any, make_agent: Any, elsewhere: TestClient
) -> None:
    talk.start()
    first = talk.say_offer(buyer, 2_000_000)
    there = make_agent("buyer", elsewhere)
    again = there.post(f"/v1/negotiations/{talk.id}/messages", talk.messages[-1].wire())
    assert (again.status_code, again.json()["receipt"]) == (200, first.json()["receipt"])
