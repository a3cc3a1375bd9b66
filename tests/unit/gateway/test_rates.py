"""Rates: of an agent, of a network address, at the door; a refusal says when to come back."""

from __future__ import annotations

import time
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from pydantic import ValidationError

from parley.gateway.app import app_of
from parley.gateway.errors import TooManyRequests
from parley.gateway.rates import Windows, network
from parley.gateway.settings import GatewaySettings


def client(gateway: Any) -> TestClient:
    return TestClient(app_of(gateway), raise_server_exceptions=False)


def test_an_agent_has_its_own_rate(make_gateway: Any, make_agent: Any) -> None:
    with client(make_gateway(agent_rate="3/hour")) as http:
        buyer, seller = make_agent("buyer", http), make_agent("seller", http)
        assert [buyer.get("/v1/session").status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = buyer.get("/v1/session")
        assert refused.json()["code"] == "gateway.too-many-requests"
        assert refused.json()["values"]["rate"] == "3/1 hour"
        assert 1 <= int(refused.headers["Retry-After"]) <= 3_600
        assert seller.get("/v1/session").status_code == 200


def test_a_batch_counts_by_its_messages(make_gateway: Any, make_agent: Any) -> None:
    with client(make_gateway(agent_rate="10/hour")) as http:
        buyer = make_agent("buyer", http)
        assert buyer.post("/v1/messages:batch", {"messages": [{}] * 8}).status_code == 200
        assert buyer.post("/v1/messages:batch", {"messages": [{}] * 8}).status_code == 429


def test_the_door_and_the_address_have_rates_of_their_own(make_gateway: Any, make_agent: Any) -> None:
    with client(make_gateway(door_rate="4/hour", address_rate="2/hour")) as http:
        agent = make_agent("buyer", http)
        agent.sign_in()
        agent.sign_in()
        assert http.post("/v1/challenge", json={"agent": agent.address}).status_code == 429
        assert [agent.get("/v1/session").status_code for _ in range(3)] == [200, 200, 429]
        # A wrong token costs the address as much as a right one: tokens cannot be tried without end.
        wrong = http.get("/v1/session", headers={"Authorization": "Bearer x"})
        assert wrong.status_code == 429
        assert http.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_subscriber_is_one(host: str, counted: str) -> None:
    assert network(host) == counted


def test_a_rate_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="not a rate"):
        GatewaySettings(escrow="0x" + "e5" * 20, agent_rate="fast")


ASKS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(1, 6), st.floats(0, 150, allow_nan=False)), max_size=40
)
"""What is asked for in turn: by whom, how much, and how many seconds after the one before."""


@given(ASKS, st.integers(1, 12))
def test_the_windows_count_as_the_library_does(asks: list[tuple[str, int, float]], amount: int) -> None:
    """The same arithmetic as the sliding window counter of `limits`, which costs a thread and a walk over
    all names every few milliseconds.
    """
    rate = RateLimitItemPerMinute(amount)
    windows, theirs = Windows("agent", rate), MemoryStorage()
    theirs.timer.cancel()
    limiter = SlidingWindowCounterRateLimiter(theirs)
    at = 1_800_000_000.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryStorage, "_MemoryStorage__schedule_expiry", lambda _: None)
        for who, cost, later in asks:
            at += later
            patch.setattr(time, "time", lambda now=at: now)
            wanted = limiter.hit(rate, who, cost=cost)
            if wanted:
                windows.count(who, cost, at)
                continue
            with pytest.raises(TooManyRequests) as refused:
                windows.count(who, cost, at)
            assert 1 <= refused.value.values["retry_after"] <= 60


def test_a_clock_set_back_locks_nobody_out() -> None:
    windows = Windows("agent", RateLimitItemPerMinute(1))
    windows.count("a", 1, 1_800_000_000.0)
    windows.count("a", 1, 1_700_000_000.0)
    with pytest.raises(TooManyRequests):
        windows.count("a", 1, 1_700_000_000.0)
