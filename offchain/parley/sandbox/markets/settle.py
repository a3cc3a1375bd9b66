"""Deals of a simulated market, settled for real: signed messages, escrow and token on a throwaway chain."""

from __future__ import annotations

from collections.abc import Sequence

from parley.sandbox.attacks.bazaar import bazaar_domain
from parley.sandbox.isolation import require_local
from parley.sandbox.leases import simple_settlement
from parley.sandbox.local import LocalMarket
from parley.sandbox.markets.market import Trade
from parley.terms.domain import Domain

MONEY = 1_000
"""Whole units that each agent gets."""


def settle_trades(trades: Sequence[Trade], count: int) -> list[dict[str, str]]:
    """The first `count` agreed trades, each from an offer through both signatures to the paid seller.

    `paid` in base units of the local token. Raises `AnvilMissing` without Anvil.
    """
    agreed = [trade for trade in trades if trade.price is not None][:count]
    if not agreed:
        return []
    with LocalMarket() as market:
        require_local(market.url)
        require_local(market.chain.rpc_url)
        return [_settled(market, trade) for trade in agreed]


def _settled(market: LocalMarket, trade: Trade) -> dict[str, str]:
    buyer, seller = market.agent(trade.buyer.name, money=MONEY), market.agent(trade.seller.name, money=MONEY)
    before = market.balance(seller.address)
    buying = buyer.open(_domain(market, trade), seller.address)
    buying.offer({"price": trade.price or 0, "days": 0, "support": "none"})
    selling = seller.next_talk()
    selling.accept()
    (deal,) = selling.sign()
    buying.wait().sign()
    seller.deliver(deal, {"report": trade.seller.name})
    buyer.accept_delivery(deal)
    status = buyer.wait_for(deal, "closed").status
    return {
        "deal": deal,
        "buyer": trade.buyer.name,
        "seller": trade.seller.name,
        "paid": str(market.balance(seller.address) - before),
        "status": status,
    }


def _domain(market: LocalMarket, trade: Trade) -> Domain:
    document = bazaar_domain(f"epoch {trade.epoch}", 10).as_json()
    document["settlements"] = [simple_settlement(market.deployment.token)]
    return Domain.parse(document)
