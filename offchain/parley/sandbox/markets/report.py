"""A market's figures as JSON: by epoch, by strategy, and in all. Shares and utilities in ppm, money in base
units.
"""

from __future__ import annotations

from typing import Any

from parley.sandbox.markets.market import PPM, Epoch, Market, by_strategy

SCHEMA, VERSION = "parley/market", 1


def market_report(market: Market) -> dict[str, Any]:
    """`efficiency_ppm` is the surplus reached over that of the best matching of the same agents."""
    rules = market.rules
    trades = market.trades
    agreed = [trade for trade in trades if trade.price is not None]
    possible = sum(epoch.possible for epoch in market.epochs)
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "rules": {
            "agents": rules.agents,
            "epochs": rules.epochs,
            "rounds": rules.rounds,
            "patience": rules.patience,
            "seed": rules.seed,
            "strategies": list(rules.strategies),
            "adversary": rules.adversary,
            "adversary_ppm": rules.adversary_ppm,
            "change_at": rules.change_at,
            "policy": None if rules.policy is None else rules.policy.hash(),
            "cost_ppm": rules.cost_ppm,
        },
        "negotiations": len(trades),
        "agreement_ppm": len(agreed) * PPM // max(1, len(trades)),
        "efficiency_ppm": sum(trade.surplus for trade in trades) * PPM // max(1, possible),
        "welfare_ppm": _mean([trade.buyer_utility + trade.seller_utility for trade in agreed]),
        "mean_price": str(_mean([trade.price or 0 for trade in agreed])),
        "mean_rounds_milli": _mean([trade.rounds * 1_000 for trade in trades]),
        "epochs": [epoch_report(epoch) for epoch in market.epochs],
        "strategies": [
            {
                "role": role,
                "strategy": strategy,
                "negotiations": len(results),
                "agreement_ppm": sum(ok for ok, _ in results) * PPM // len(results),
                "utility_ppm": _mean([utility for _, utility in results]),
                "utility_agreed_ppm": _mean([utility for ok, utility in results if ok]),
            }
            for role, strategy, results in by_strategy(trades)
        ],
    }


def epoch_report(epoch: Epoch) -> dict[str, Any]:
    """One epoch."""
    agreed = epoch.agreed
    prices = sorted(trade.price or 0 for trade in agreed)
    return {
        "epoch": epoch.number,
        "negotiations": len(epoch.trades),
        "agreement_ppm": len(agreed) * PPM // max(1, len(epoch.trades)),
        "mean_price": str(_mean(prices)) if prices else None,
        "low_price": str(prices[len(prices) // 4]) if prices else None,
        "high_price": str(prices[len(prices) * 3 // 4]) if prices else None,
        "welfare_ppm": _mean([trade.buyer_utility + trade.seller_utility for trade in agreed]),
        "efficiency_ppm": sum(trade.surplus for trade in epoch.trades) * PPM // max(1, epoch.possible),
    }


def _mean(values: list[int]) -> int:
    return sum(values) // len(values) if values else 0
