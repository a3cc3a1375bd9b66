"""Gas of a deal when the escrow has seen ten thousand others (T13, the chain's half)."""

from __future__ import annotations

from bench.market import BenchMarket, bench_market
from bench.model import Result, Target, number
from bench.suites import gas
from parley.chain.escrow import Funding, Status
from parley.errors import ParleyError
from parley.terms.actions import Receipt
from parley.terms.deal import Deal
from parley.terms.signing import LocalSigner
from parley.terms.values import ZERO_HASH, Hash32, keccak

T13_GAS = Target("T13", "gas of a deal after 10 000 deals, against the first", "ratio", 1.1)


class DealNotSettled(ParleyError):
    """What was to grow did not: the figures say nothing."""

    code = "bench.deal-not-settled"
    next_action = "look for ItemFailed in the receipts; the benchmark or a contract changed"


DEALS = 10_000
_BATCH = 100
_PAIRS = 20

Sides = tuple[LocalSigner, LocalSigner]


def _whole(market: BenchMarket) -> dict[str, int]:
    """One deal as in T1, by receipts."""
    deal = market.deal()
    opened = market.open(deal, market.authorization(deal)).gas_used
    return {"open": opened, "settle": market.settle(deal).gas_used}


def _accepted(market: BenchMarket, deal: Deal, buyer: LocalSigner) -> tuple[Deal, Receipt, str]:
    receipt = Receipt(
        deal_id=deal.deal_id(market.chain_id, market.verifier),
        milestone=0,
        deliverable=Hash32.of(keccak(b"goods")),
        fee=0,
        valid_until=deal.open_by,
    )
    return deal, receipt, market.consent(buyer, receipt)


def _many(market: BenchMarket, pairs: list[Sides], count: int) -> dict[str, float]:
    """Opens and settles `count` deals in batches; gas of an item in the first batch and in the last."""
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    newest = ZERO_HASH
    for start in range(0, count, _BATCH):
        sides = [pairs[(start + index) % len(pairs)] for index in range(min(_BATCH, count - start))]
        deals = [market.deal(buyer=buyer.address, seller=seller.address) for buyer, seller in sides]
        items = [market.item(deal, both, Funding()) for deal, both in zip(deals, sides, strict=True)]
        receipts = [_accepted(market, deal, buyer) for deal, (buyer, _) in zip(deals, sides, strict=True)]
        opened = market.send(market.escrow.open_batch(items))
        settled = market.send(market.escrow.settle_batch(receipts))
        last = {"open in a batch": opened.gas_used / len(items), "settle": settled.gas_used / len(items)}
        # The second batch: the first one writes the words of accounts that had none.
        if start == _BATCH or not first:
            first = last
        newest = deals[-1].deal_id(market.chain_id, market.verifier)
    state = market.escrow.state_of(newest)
    if state.status is not Status.CLOSED:  # an item that fails does not revert its batch
        raise DealNotSettled("A deal of a batch was not settled.", status=state.status.name)
    return {
        f"{name}, {when}": round(value)
        for when, of in (("first", first), ("last", last))
        for name, value in of.items()
    }


def measured(count: int = DEALS) -> Result:
    """Raises the errors of `parley.chain` and `TransactionReverted`."""
    with bench_market() as market:
        gas.warmed(market)
        before = _whole(market)
        batches = _many(market, market.pairs(_PAIRS, "growing"), count)
        after = _whole(market)
    return T13_GAS.measured(
        sum(after.values()) / sum(before.values()),
        how="Gas used of the receipts of one deal (opened by EIP-3009, settled by receipt, as in T1) on "
        f"Anvil, before and after {number(count)} others, opened and settled in batches of {_BATCH} by "
        f"{_PAIRS} pairs.",
        parts={
            **{f"{name}, before": value for name, value in before.items()},
            **{f"{name}, after": value for name, value in after.items()},
            "deals between": count,
            **batches,
        },
    )
