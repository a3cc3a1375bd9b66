"""Deals of a simulated market, settled on a throwaway chain."""

from __future__ import annotations

from dataclasses import replace

from parley.sandbox.markets.market import Rules, run_market
from parley.sandbox.markets.settle import settle_trades


def test_agreed_trades_pay_their_sellers_to_the_unit():
    trades = run_market(Rules(agents=8, epochs=1, rounds=10, seed=1, strategies=("conceder",))).trades
    agreed = [trade for trade in trades if trade.price is not None][:2]
    assert len(agreed) == 2
    found = settle_trades(trades, 2)
    assert [each["status"] for each in found] == ["settled", "settled"]
    assert [int(each["paid"]) for each in found] == [trade.price for trade in agreed]
    assert [each["seller"] for each in found] == [trade.seller.name for trade in agreed]


def test_without_agreements_no_chain_is_started(monkeypatch):
    trades = [replace(trade, price=None) for trade in run_market(Rules(agents=2, epochs=1)).trades]
    monkeypatch.setattr("parley.sandbox.markets.settle.LocalMarket", None)
    assert settle_trades(trades, 3) == []
