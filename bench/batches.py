"""Gas of instant deals and of batches (T1b, T3, T4), from receipts."""

from __future__ import annotations

from bench.market import BenchMarket
from bench.model import Result, Target
from parley.chain.escrow import Funding, FundingKind
from parley.terms.signing import LocalSigner

T1B = Target("T1b", "the same as T1 as an instant deal in one transaction", "gas", 134_000)
T3 = Target("T3", "a deal, 30 opens in a batch from allowances, distinct pairs", "gas", 66_000)
T3_PAIR = Target("T3 one pair", "the same, all of one pair", "gas", 55_000)
T4 = Target("T4", "a deal, 100 instant deals in a batch, internal balances, distinct pairs", "gas", 43_000)
T4_PAIR = Target("T4 one pair", "the same, all of one pair", "gas", 25_000)

_OPENS = 30
_INSTANTS = 100
_HOW = (
    "Gas used of the receipt of one transaction on Anvil (Prague), 21 000 and calldata included, divided by "
    "its items. "
)
_STEADY = (
    "Both sides hold internal balances; an earlier batch wrote the words of counters and nonces. Nonces are "
    "consecutive for each pair; nobody began an epoch since the deals were signed."
)

Pair = tuple[LocalSigner, LocalSigner]


def _opens(market: BenchMarket, pairs: list[Pair]) -> float:
    items = []
    for index in range(_OPENS):
        sides = pairs[index % len(pairs)]
        deal = market.deal(buyer=sides[0].address, seller=sides[1].address)
        items.append(market.item(deal, sides, Funding()))
    return market.send(market.escrow.open_batch(items)).gas_used / _OPENS


def _instants(market: BenchMarket, pairs: list[Pair], round_: int) -> float:
    items = []
    for index in range(_INSTANTS):
        sides = pairs[index % len(pairs)]
        deal = market.deal(
            buyer=sides[0].address, seller=sides[1].address, payout=7, nonce=round_ * _INSTANTS + index
        )
        items.append(market.item(deal, sides, Funding(FundingKind.BALANCE)))
    return market.send(market.escrow.open_and_settle_batch(items)).gas_used / _INSTANTS


def _instant(market: BenchMarket) -> int:
    used = 0
    for nonce in range(2):
        deal = market.deal(payout=4, nonce=nonce)
        call = market.escrow.open_and_settle(
            deal, "0x", market.consent(market.seller, deal), market.authorization(deal)
        )
        used = market.send(call).gas_used
    return used


def measured(market: BenchMarket) -> list[Result]:
    """T1b, T3 and T4 in a market that is warm."""
    one = market.pairs(1, "one")
    many = market.pairs(_INSTANTS, "many")
    opens = {"one": _opens(market, one), "many": _opens(market, many[:_OPENS])}
    instants = {}
    for name, pairs in (("one", one), ("many", many)):
        _instants(market, pairs, 0)
        instants[name] = _instants(market, pairs, 1)
    return [
        T1B.measured(
            _instant(market),
            how="Gas used of the receipt, as in T1: the buyer's only signature is its EIP-3009 "
            "authorisation. The nonce's word was written before.",
        ),
        T3.measured(opens["many"], how=f"{_HOW}Unlimited allowances, given before."),
        T3_PAIR.measured(opens["one"], how=f"{_HOW}Unlimited allowances, given before."),
        T4.measured(instants["many"], how=_HOW + _STEADY),
        T4_PAIR.measured(instants["one"], how=_HOW + _STEADY),
    ]
