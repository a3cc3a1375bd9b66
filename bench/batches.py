"""Gas of instant deals and of batches (T1b, T3, T4), from receipts."""

from __future__ import annotations

from bench.market import BenchMarket, TransactionReverted
from bench.model import Result, Target
from parley.chain.escrow import Call, Funding, FundingKind
from parley.terms.signing import LocalSigner
from parley.terms.values import Hash32, keccak

T1B = Target("T1b", "the same as T1 as an instant deal in one transaction", "gas", 134_000)
T3 = Target("T3", "a deal, 30 opens in a batch from allowances, distinct pairs", "gas", 66_000)
T3_PAIR = Target("T3 one pair", "the same, all of one pair", "gas", 55_000)
T4 = Target("T4", "a deal, 100 instant deals in a batch, internal balances, distinct pairs", "gas", 43_000)
T4_PAIR = Target("T4 one pair", "the same, all of one pair", "gas", 25_000)

_OPENS = 30
_INSTANTS = 100
_HOW = (
    "Gas used of the receipt of one transaction on Anvil (Prague), 21 000 and calldata included, divided by "
    "its items. It is sent in the form that the client chooses, as patches; contracts/snapshots/Escrow.json "
    "has the same as arrays. Each deal has its own terms hash, transcript and nonce. "
)
_STEADY = (
    "Both sides hold internal balances; an earlier batch wrote the words of counters and nonces. Nonces are "
    "consecutive for each pair; nobody began an epoch since the deals were signed."
)

Pair = tuple[LocalSigner, LocalSigner]


def _hashes(index: int) -> dict[str, Hash32]:
    """Each deal has terms and a transcript of its own: they are no part of what a pair shares."""
    return {
        "terms_hash": Hash32.of(keccak(b"terms %d" % index)),
        "transcript_root": Hash32.of(keccak(b"transcript %d" % index)),
    }


def _opens(market: BenchMarket, pairs: list[Pair]) -> float:
    items = []
    for index in range(_OPENS):
        buyer, seller = pairs[index % len(pairs)]
        deal = market.deal(buyer=buyer.address, seller=seller.address, **_hashes(index))
        items.append(market.item(deal, (buyer, seller), Funding()))
    return _each(market, market.escrow.open_batch(items), len(items))


def _instants(market: BenchMarket, pairs: list[Pair], round_: int) -> float:
    items = []
    for index in range(_INSTANTS):
        buyer, seller = pairs[index % len(pairs)]
        number = round_ * _INSTANTS + index
        changes = {"payout": 7, "nonce": number, **_hashes(number)}
        deal = market.deal(buyer=buyer.address, seller=seller.address, **changes)
        items.append(market.item(deal, (buyer, seller), Funding(FundingKind.BALANCE)))
    return _each(market, market.escrow.open_and_settle_batch(items), len(items))


def _each(market: BenchMarket, batch: Call, count: int) -> float:
    """Gas of an item of a batch in which none fails."""
    mined = market.send(batch)
    for log in mined.logs:
        found = market.escrow.decode(log)
        if found is not None and found.name == "ItemFailed":
            raise TransactionReverted("An item of a measured batch failed.", item=found.arguments["index"])
    return mined.gas_used / count


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
