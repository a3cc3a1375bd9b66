"""The story of a negotiation: what was said, what was decided about it and why, refusals included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.agents.story import moment, said, tell
from parley.gateway.app import app_of
from parley.policy.models import Bundle


@pytest.fixture
def gateway(make_gateway: Any) -> Any:
    cap = {
        "id": "cap",
        "layer": "global",
        "severity": "refuse",
        "expression": "price <= 6000000",
        "reason": "too dear",
    }
    return make_gateway(
        bundle=Bundle.parse({"schema": "parley/policy", "version": 1, "name": "b", "rules": [cap]})
    )


@pytest.fixture
def http(gateway: Any) -> Iterator[TestClient]:
    with TestClient(app_of(gateway), raise_server_exceptions=False) as client:
        yield client


def story(talk: Any, agent: Any) -> Any:
    path = f"/v1/negotiations/{talk.id}"
    return tell(
        agent.get(path).json(),
        agent.get(f"{path}/messages").json()["messages"],
        agent.get(f"{path}/decisions").json()["decisions"],
    )


def test_it_tells_refusals_where_they_were_tried(talk: Any, buyer: Any, seller: Any) -> None:
    talk.start()
    talk.say_offer(buyer, 7_000_000)
    talk.say_offer(buyer, 2_000_000)
    talk.say_offer(seller, 5_000_000)
    talk.say_accept(buyer)
    told = story(talk, buyer)
    assert [(step.sequence, step.kept) for step in told.steps] == [
        (0, True),
        (1, False),
        (1, True),
        (2, True),
        (3, True),
    ]
    refused, offer, theirs, accepted = told.steps[1:]
    assert refused.role == "buyer"
    assert "price 7000000" in refused.what
    assert "refuse by bundle" in refused.decisions[0]
    assert "cap (refuse): too dear [price = 7000000]" in refused.decisions[0]
    assert offer.decisions[0].startswith("allow by bundle")
    assert theirs.decisions == ()  # what was decided about the seller's message is the seller's
    assert accepted.what == "accepts"
    assert told.ending == "It ended ACCEPTED (agreed) after 4 messages. 0 of 1 deals are signed."
    lines = list(told.lines())
    assert lines[0] == f"Negotiation {talk.id}"
    assert any(line.startswith("  -") for line in lines)
    assert told.as_json()["steps"][1]["kept"] is False


def test_an_open_one_says_whose_turn_it_is(talk: Any, buyer: Any) -> None:
    talk.start()
    talk.say_offer(buyer, 2_000_000)
    assert story(talk, buyer).ending == "It is open, seller is to move."


def test_words_for_a_message() -> None:
    offer = {"values": {"price": "5", "hours": 2}, "final": True, "context": {"rationale": "a" * 300}}
    assert said("propose", offer) == f"proposes hours 2, price 5, because: {'a' * 200}, as a last word"
    assert said("withdraw", {"reason": "no need"}) == "withdraws: no need"
    assert said("propose", None) == "propose (the payload was erased)"
    assert moment(0) == "1970-01-01 00:00:00"
