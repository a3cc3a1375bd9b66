"""Key figures: exact, by agent and period, and nobody else's business."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.cli.kpis import lines
from parley.gateway.app import app_of
from parley.gateway.observe.figures import Spread, share
from parley.policy.models import Bundle
from parley.store.models import ANY, DealRow, NewEvent

NOW = 1_800_000_000
TOKEN = "0x" + "70" * 20
CAP = {
    "id": "cap",
    "layer": "global",
    "severity": "refuse",
    "expression": "price <= 8000000",
    "reason": "too dear",
}


@pytest.fixture
def gateway(make_gateway: Any, addresses: Any) -> Any:
    bundle = Bundle.parse({"schema": "parley/policy", "version": 1, "name": "b", "rules": [CAP]})
    return make_gateway(bundle=bundle, operators=(addresses("operator"),))


@pytest.fixture
def http(gateway: Any) -> Iterator[TestClient]:
    with TestClient(app_of(gateway), raise_server_exceptions=False) as client:
        yield client


def figures(caller: Any, **params: Any) -> Any:
    answer = caller.get("/v1/kpis", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["kpis"]


def bargain(talk: Any, clock: Any, seconds: int, first: int, agreed: int) -> None:
    talk.start()
    offers = ((talk.buyer, 2_000_000), (talk.seller, first), (talk.buyer, 2_500_000))
    for agent, price in (*offers, (talk.seller, (first + agreed) // 2), (talk.buyer, agreed)):
        assert talk.say_offer(agent, price, at=clock.now).status_code == 201
    clock.now += seconds
    assert talk.say_accept(talk.seller, at=clock.now).status_code == 201


def test_agreements_discounts_and_refusals(
    talk: Any, buyer: Any, seller: Any, stranger: Any, operator: Any, clock: Any
) -> None:
    bargain(talk, clock, 100, 5_000_000, 4_000_000)
    second = type(talk)(buyer, stranger, number=2, opened_at=clock.now)
    bargain(second, clock, 300, 4_000_000, 3_900_000)
    third = type(talk)(buyer, seller, number=3, opened_at=clock.now)
    third.start()
    assert third.say_offer(buyer, 8_500_000, at=clock.now).status_code == 403
    operator.sign_in(scopes=["read", "govern"])
    everybody = figures(operator)
    assert everybody["negotiations"] == {"ended": {"ACCEPTED": 2}, "agreement_rate_ppm": 1_000_000}
    assert everybody["time_to_agreement_seconds"] == {"count": 2, "median": 200, "p95": 300, "mean": 200}
    assert everybody["discount_ppm"] == {"count": 2, "median": 112_500, "p95": 200_000, "mean": 112_500}
    assert everybody["policy"]["rules"] == {"cap": 1}
    assert everybody["policy"]["decisions"]["refuse"] == 1
    assert everybody["targets"]["discount_ppm"] == {"target": 100_000, "holds": True}
    assert everybody["targets"]["dispute_rate_ppm"]["holds"] is None
    assert figures(seller)["discount_ppm"]["median"] == 200_000
    assert figures(operator, agent=stranger.address)["time_to_agreement_seconds"]["median"] == 300
    assert figures(operator, since=NOW, until=NOW + 101)["negotiations"]["ended"] == {"ACCEPTED": 1}
    told = dict(lines(everybody))
    assert told["discount"].endswith("(target 10.00 %: holds)")
    assert told["agreement rate"] == "100.00 %"
    assert told["gas per deal"] == "none"


def test_others_figures_are_for_operators(talk: Any, buyer: Any, seller: Any, operator: Any) -> None:
    talk.agree()
    refused = buyer.get("/v1/kpis", params={"agent": seller.address})
    assert (refused.status_code, refused.json()["code"]) == (403, "gateway.not-an-operator")
    operator.sign_in(scopes=["read"])  # without the scope an operator is an agent like others
    assert figures(operator)["negotiations"]["ended"] == {}
    for params in ({"since": 5, "until": 5}, {"since": "x"}, {"agent": "0x12"}):
        assert buyer.get("/v1/kpis", params=params).status_code == 422


def deal(gateway: Any, number: int, buyer: str, *, submitted: int, opened: int, gas: int) -> str:
    identity = f"0x{number:064x}"
    clock, store = gateway.clock, gateway.store
    clock.now = submitted
    row = DealRow(
        identity, "open", TOKEN, 5, 5, 0, clock.now, (("buyer", buyer), ("seller", "0x" + "aa" * 20))
    )
    store.append(f"deal:{identity}", ANY, (NewEvent("deal.submitted", {}),), rows=(row,))
    clock.now = opened
    store.append(f"chain:{identity}", ANY, (NewEvent("chain.Opened", {}),))
    cost = {"deals": [identity], "gas_used": gas, "transaction": identity, "position": 0}
    store.append("costs", ANY, (NewEvent("settlement.cost", cost),))
    return identity


def test_deals_disputes_latency_and_gas(gateway: Any, operator: Any, buyer: Any) -> None:
    deal(gateway, 1, buyer.address, submitted=NOW + 10, opened=NOW + 14, gas=180_000)
    other = deal(gateway, 2, "0x" + "bb" * 20, submitted=NOW + 20, opened=NOW + 30, gas=200_000)
    gateway.store.append(f"chain:{other}", ANY, (NewEvent("chain.Disputed", {}),))
    shared = {"deals": [f"0x{1:064x}", other], "gas_used": 50_000, "transaction": "0x1", "position": 0}
    gateway.store.append("costs", ANY, (NewEvent("settlement.cost", shared),))
    operator.sign_in(scopes=["read", "govern"])
    found = figures(operator)
    assert found["deals"] == {"submitted": 2, "opened": 2, "disputed": 1, "dispute_rate_ppm": 500_000}
    assert found["settlement_latency_seconds"] == {"count": 2, "median": 7, "p95": 10, "mean": 7}
    assert found["gas_per_deal"] == {"count": 2, "median": 215_000, "p95": 225_000, "mean": 215_000}
    assert found["targets"]["dispute_rate_ppm"]["holds"] is False
    mine = figures(buyer)
    assert (mine["deals"]["opened"], mine["deals"]["disputed"]) == (1, 0)
    assert mine["gas_per_deal"]["mean"] == 205_000


def test_spreads() -> None:
    assert Spread.of(()).as_json() == {"count": 0, "median": None, "p95": None, "mean": None}
    assert Spread.of([5]).as_json() == {"count": 1, "median": 5, "p95": 5, "mean": 5}
    assert Spread.of(range(1, 101)).p95 == 95
    assert (share(1, 3), share(1, 0)) == (333_333, None)
