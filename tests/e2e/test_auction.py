"""A request for quotes over real HTTP and a real chain: what the winner is paid is what the award said."""

from __future__ import annotations

from typing import Any

from parley.chain.reader import OnChainReader
from parley.evidence.bundle import Bundle
from parley.evidence.verify import verify_bundle
from parley.sandbox.local import UNIT, LocalMarket
from parley.terms.domain import Domain

BIDDERS = ("north", "south", "west")


def auction(lease: Domain) -> Domain:
    """The lease, put out to three bidders: late hours cost nothing, the second price is paid."""
    document = lease.as_json()
    settlement = {**document["settlements"][0], "buyer": "requester", "seller": "winner"}
    section = {"requester": "requester", "side": "buy", "price": "price", "min_bids": 2}
    windows = {"commit_seconds": 600, "reveal_seconds": 600, "award_seconds": 600}
    return Domain.parse(
        {
            **document,
            "roles": ["requester", *BIDDERS],
            "protocol": "sealed-bid",
            "auction": {**section, **windows},
            "settlements": [settlement],
        }
    )


def test_the_award_price_reaches_the_winner(market: LocalMarket, domain: Domain) -> None:
    requester = market.agent("requester", money=100)
    bidders = {name: market.agent(name, money=10) for name in BIDDERS}
    sold = auction(domain)
    talk = requester.open_with(sold, {name: agent.address for name, agent in bidders.items()})
    talks: dict[str, Any] = {name: agent.next_talk() for name, agent in bidders.items()}
    prices = {"north": 6_000_000, "south": 4_000_000, "west": 5_000_000}
    for name, price in prices.items():
        talks[name].sealed.bid({"price": price, "hours": 50})
    for name in reversed(BIDDERS):
        talks[name].sealed.reveal()
    talk.sealed.award()
    talks["south"].sync()
    talks["south"].accept()
    [deal_id] = talks["south"].sign()
    assert talk.sign() == [deal_id]
    bidders["south"].wait_for(deal_id, "open")
    bidders["south"].deliver(deal_id, {"machine": "ready"})
    requester.accept_delivery(deal_id)
    closed = requester.wait_for(deal_id, "closed")
    assert (closed.status, closed.money["to_seller"]) == ("settled", str(prices["west"]))
    assert market.balance(requester.address) == 95 * UNIT
    assert market.balance(bidders["south"].address) == 15 * UNIT
    reader = OnChainReader(market.node, market.deployment.escrow, start_block=market.deployment.block)
    report = verify_bundle(Bundle.parse(requester.client.deal_bundle(deal_id)["bundle"]), reader)
    assert report.ok, [check for check in report.checks if not check.ok]
