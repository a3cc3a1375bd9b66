"""Market integrity at the gateway: limits on what an agent trades, signals as alarms, alarms as events."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of
from parley.gateway.feed import Audiences
from parley.policy.models import Bundle, Rule
from parley.policy.tripwires import Tripwire, Tripwires
from parley.store.models import ANY, DealRow, NewEvent
from parley.terms.values import Address

TOKEN = "0x" + "70" * 20
C = Address("0x" + "c" * 40)


def traded(
    gateway: Any,
    number: int,
    buyer: str,
    seller: str,
    price: int,
    *,
    token: str = TOKEN,
    status: str = "open",
) -> None:
    deal_id = f"0x{number:064x}"
    row = DealRow(deal_id, status, token, price, 0, 0, 0, (("buyer", buyer), ("seller", seller)))
    gateway.store.append(f"deal:{deal_id}", ANY, (NewEvent("deal.submitted", {"n": number}),), rows=(row,))
    gateway.store.append(f"chain:{deal_id}", ANY, (NewEvent("chain.Opened", {"n": number}),))


def market(gateway: Any, one: str, other: str, now: int) -> Any:
    return gateway.gate._known.market(one, other, TOKEN, frozenset(("market.volume",)), now)


def test_volume_concentration_and_what_comes_back_are_counted(gateway: Any, clock: Any) -> None:
    one, other = "0x" + "1" * 40, "0x" + "2" * 40
    traded(gateway, 1, one, other, 100)
    traded(gateway, 2, other, one, 30)
    traded(gateway, 3, one, C, 50)
    traded(gateway, 4, one, C, 999, status="failed")
    traded(gateway, 5, one, C, 999, token="0x" + "71" * 20)
    traded(gateway, 6, other, C, 999)
    found = market(gateway, one, other, clock())
    assert (found.deals, found.volume, found.with_counterparty, found.returned) == (3, 180, 130, 30)
    assert market(gateway, one, other, clock() + 86_400).deals == 0
    assert gateway.gate._known.market(one, other, TOKEN, frozenset(("price",)), clock()) is None
    assert gateway.gate._known.market(one, other, None, frozenset(("market.volume",)), clock()) is None


def test_an_agent_over_its_volume_is_refused_before_it_is_bound(
    make_gateway: Any, make_agent: Any, talk: Any
) -> None:
    limit = Rule(
        id="volume",
        layer="global",
        severity="refuse",
        expression="market.volume + price <= 9000000",
        reason="nine a day",
        moments=("acceptance",),
    )
    gateway = make_gateway(bundle=Bundle(name="b", rules=(limit,)))
    with TestClient(app_of(gateway), raise_server_exceptions=False) as http:
        buyer, seller = make_agent("buyer", http), make_agent("seller", http)
        mine = type(talk)(buyer, seller, gateways=(gateway.receipts.gateway,))
        mine.start()
        mine.say_offer(buyer, 4_000_000)
        mine.say_offer(seller, 5_000_000)
        traded(gateway, 1, buyer.address, C, 4_000_001)
        refused = mine.say_accept(buyer)
        assert refused.json()["values"]["findings"][0]["values"]["market.volume"] == "4000001"
        assert mine.say_offer(buyer, 4_500_000).status_code == 201
        assert mine.say_accept(seller).status_code == 201  # the limit is each agent's own


def test_an_agents_own_country_is_a_fact(make_gateway: Any, make_agent: Any, talk: Any) -> None:
    rule = Rule(
        id="home",
        layer="global",
        severity="refuse",
        expression='own.jurisdiction in ["DE", "FR"]',
        reason="r",
    )
    gateway = make_gateway(bundle=Bundle(name="b", rules=(rule,)))
    with TestClient(app_of(gateway), raise_server_exceptions=False) as http:
        buyer, seller = make_agent("buyer", http), make_agent("seller", http)
        mine = type(talk)(buyer, seller, gateways=(gateway.receipts.gateway,))
        mine.start()
        assert mine.say_offer(buyer, 4_000_000).json()["code"] == "gateway.policy-refused"
        buyer.post("/v1/agents", {"name": "b", "facts": {"jurisdiction": "DE"}})
        assert mine.say_offer(buyer, 4_000_000).status_code == 201


@pytest.mark.parametrize("bargained", [False, True])
def test_agreements_to_the_first_offer_raise_an_alarm(
    make_gateway: Any, make_agent: Any, talk: Any, bargained: bool
) -> None:
    wire = Tripwire(
        id="silent",
        metric="unopposed-ppm",
        scope="pair",
        window_seconds=1_000,
        threshold=500_000,
        reason="look",
    )
    gateway = make_gateway(wires=Tripwires(wires=(wire,)))
    with TestClient(app_of(gateway), raise_server_exceptions=False) as http:
        buyer, seller = make_agent("buyer", http), make_agent("seller", http)
        mine = type(talk)(buyer, seller, gateways=(gateway.receipts.gateway,))
        mine.start()
        mine.say_offer(buyer, 4_000_000)
        if bargained:
            mine.say_offer(seller, 5_000_000)
        assert mine.say_accept(buyer if bargained else seller).status_code == 201
        found = [alarm.subjects for alarm in gateway.watch.check()]
        assert found == ([] if bargained else [tuple(sorted((buyer.address, seller.address)))])


def test_the_same_bid_of_two_bidders_raises_an_alarm(make_gateway: Any, clock: Any) -> None:
    wire = Tripwire(
        id="twins", metric="mirrored-bids", scope="pair", window_seconds=1_000, threshold=0, reason="look"
    )
    gateway = make_gateway(wires=Tripwires(wires=(wire,)))

    def reveal(negotiation: str, bidder: str, price: str) -> None:
        payload = {"negotiation": negotiation, "round": 0, "values": {"price": price}, "party": bidder}
        core = {"performative": "reveal", "sender": bidder, "negotiation": negotiation}
        data = {"hash": "0x", "message": {"core": core, "payload": payload}}
        gateway.store.append(f"negotiation:{negotiation}", ANY, (NewEvent("message", data),))

    one, two, three = ("0x" + digit * 40 for digit in "123")
    reveal("0xa", one, "5")
    reveal("0xa", three, "6")
    reveal("0xb", two, "5")  # another auction
    assert gateway.watch.check() == []
    reveal("0xa", two, "5")
    assert [alarm.subjects for alarm in gateway.watch.check()] == [(one, two)]


def test_alarms_are_events_for_operators_only(make_gateway: Any, operator_address: Address) -> None:
    gateway = make_gateway(operators=(operator_address,))
    audiences = Audiences(gateway.store, gateway.settings.operators)
    assert audiences.of("anomalies") == {operator_address}
    assert Audiences(gateway.store).of("anomalies") == frozenset()
    assert audiences.of("controls") == frozenset()
    assert gateway.delivery._audiences.of("anomalies") == {operator_address}
    assert gateway.feed._audiences.of("anomalies") == {operator_address}
