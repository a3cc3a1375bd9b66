"""Gas of whole deals (T1, T2), of batches (T1b, T3, T4) and of tabs (T5), from receipts."""

from __future__ import annotations

from bench import batches, tabs
from bench.market import UNIT, BenchMarket, bench_market
from bench.model import Bench, Result, Target

T1 = Target(
    "T1", "a deal with no gas paid by either agent: open by EIP-3009, settle by receipt", "gas", 188_000
)
T2 = Target("T2", "a deal from an allowance: open, settle by receipt", "gas", 160_000)

WARM = (
    "Gas used of the receipts of both transactions on Anvil (Prague), 21 000 and calldata each included, "
    "sent by a relayer. Warm: both parties hold the token, the escrow holds some of it, both settled a deal "
    "in it before. One milestone, neither bond nor arbiter; counters of both parties are written."
)


def warmed(market: BenchMarket) -> None:
    """Brings every account and counter into its steady state."""
    market.send(market.token.approve(market.escrow.address, 2**256 - 1), market.buyer)
    market.send(market.token.approve(market.escrow.address, 2**256 - 1))
    market.send(market.escrow.deposit(market.token.address, market.relayer.address, UNIT))
    first = market.deal()
    market.open(first)
    market.settle(first)


def run() -> list[Result]:
    with bench_market() as market:
        warmed(market)
        deal = market.deal()
        opened = market.open(deal, market.authorization(deal)).gas_used
        settled = market.settle(deal).gas_used
        paid = market.deal(relay_fee=UNIT)
        with_fee = market.open(paid, market.authorization(paid)).gas_used + market.settle(paid).gas_used
        gasless = T1.measured(
            opened + settled,
            how=f"{WARM} The buyer's only signature for the opening is its EIP-3009 authorisation, whose "
            "digest the escrow verifies itself.",
            parts={"open": opened, "settle": settled, "whole deal with a relay fee": with_fee},
        )
        deal = market.deal()
        opened = market.open(deal).gas_used
        settled = market.settle(deal).gas_used
        allowance = T2.measured(
            opened + settled,
            how=f"{WARM} The buyer's allowance is unlimited and was given before.",
            parts={"open": opened, "settle": settled},
        )
        small = tabs.measure(market)
        many = batches.measured(market)
    return [gasless, allowance, *many, *small]


BENCH = Bench("gas", "gas of deals, batches and tabs, from receipts on Anvil (T1 to T5)", run)
