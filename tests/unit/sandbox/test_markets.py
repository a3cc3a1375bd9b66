"""Markets of simulated agents: the same for a seed, honest sums, and what a change does."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from parley.errors import ParleyError
from parley.policy.models import Bundle
from parley.sandbox.errors import CaseInvalid
from parley.sandbox.markets.market import Market, Rules, run_market
from parley.sandbox.markets.report import market_report
from parley.sandbox.pictures.market import draw_market

SMALL = Rules(agents=16, epochs=4, rounds=10, seed=3, strategies=("linear", "conceder"))


@pytest.fixture(scope="module")
def market() -> Market:
    return run_market(SMALL)


def test_a_market_is_a_function_of_its_rules(market: Market) -> None:
    assert run_market(SMALL) == market
    assert run_market(replace(SMALL, seed=4)).trades != market.trades
    report = market_report(market)
    assert json.loads(json.dumps(report)) == report


def test_trades_respect_both_limits_and_sums_add_up(market: Market) -> None:
    agreed = [trade for trade in market.trades if trade.price is not None]
    assert agreed
    for trade in agreed:
        assert trade.price is not None
        assert trade.seller.limit <= trade.price <= trade.buyer.limit
        assert trade.surplus > 0
    for epoch in market.epochs:
        assert len(epoch.trades) == 8
        assert 0 <= sum(trade.surplus for trade in epoch.trades) <= epoch.possible
        assert len({trade.buyer.name for trade in epoch.trades}) == 8
        assert len({trade.seller.name for trade in epoch.trades}) == 8
    report = market_report(market)
    assert report["negotiations"] == 32
    assert report["agreement_ppm"] == len(agreed) * 1_000_000 // 32
    assert sum(row["negotiations"] for row in report["strategies"]) == 64


def test_whoever_agreed_or_waited_too_long_is_replaced(market: Market) -> None:
    seen: dict[str, list[tuple[int, bool]]] = {}
    for trade in market.trades:
        seen.setdefault(trade.buyer.name, []).append((trade.epoch, trade.price is not None))
    for times in seen.values():
        assert len(times) <= SMALL.patience
        assert all(not agreed for _, agreed in times[:-1])


def test_adversaries_are_mixed_in_and_counted() -> None:
    found = run_market(replace(SMALL, adversary="prober", adversary_ppm=500_000))
    played = {trade.seller.strategy for trade in found.trades}
    assert "prober" in played
    assert played & set(SMALL.strategies)
    assert "prober" not in {trade.buyer.strategy for trade in found.trades}


def test_a_change_binds_from_its_epoch_on_and_not_before(market: Market) -> None:
    rule = {
        "id": "support", "layer": "organisation", "severity": "refuse",
        "expression": "values.support != 'none'", "reason": "Support is needed.",
    }  # fmt: skip
    bundle = Bundle.parse({"schema": "parley/policy", "version": 1, "name": "x", "rules": [rule]})
    found = run_market(replace(SMALL, change_at=2, policy=bundle))
    assert found.epochs[:2] == market.epochs[:2]
    assert found.epochs[2:] != market.epochs[2:]
    dearer = run_market(replace(SMALL, change_at=2, cost_ppm=1_500_000))
    assert dearer.epochs[:2] == market.epochs[:2]
    costs = [[trade.seller.limit for trade in each.epochs[2].trades] for each in (market, dearer)]
    assert all(after > before for before, after in zip(*costs, strict=True))


@pytest.mark.parametrize(
    "changes",
    [
        {"agents": 1}, {"agents": 10**9}, {"epochs": 0}, {"rounds": 0}, {"patience": 0},
        {"adversary": "hydra"}, {"adversary_ppm": -1}, {"cost_ppm": 0}, {"strategies": ()},
        {"strategies": ("magic",)},
    ],
)  # fmt: skip
def test_markets_that_cannot_be(changes: dict[str, object]) -> None:
    with pytest.raises(ParleyError) as caught:
        run_market(replace(SMALL, **changes))  # type: ignore[arg-type]
    assert caught.value.code in (CaseInvalid.code, "negotiation.strategy-unknown")


def test_a_market_is_drawn(market: Market, tmp_path: Path) -> None:
    (path,) = draw_market(market, tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size > 10_000
