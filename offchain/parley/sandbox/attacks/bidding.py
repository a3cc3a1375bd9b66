"""Adversaries in sealed-bid auctions: rings, late revealers and bidders under several names.

Honest bids are drawn, what bending the rules is worth is computed exactly, and every auction is also run with
real signatures through the machine, which has to give the same award.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from parley.errors import ParleyError
from parley.negotiation.protocols.abuse import collusion_gain, late_reveal_gain, shill_gain
from parley.negotiation.protocols.scoring import Bid, Outcome, Pricing, decide, pricing_of
from parley.sandbox.attacks.report import Attack, mean
from parley.sandbox.table import SignedTable
from parley.scenarios.draws import Draws
from parley.terms.domain import Domain

CENT = 10_000
TOP = 1_000 * CENT
BUYER, PRICE = "buyer", "price"
SUPPORT = ("none", "business", "round-the-clock")
PENALTIES = {"none": 120 * CENT, "business": 40 * CENT, "round-the-clock": 0}
"""What less support costs the requester, in the units of the price."""
SEALS = 5
"""Names under which a late revealer or a Sybil bids."""
UNGUARDED = "none, for comparison"


@dataclass(frozen=True, slots=True)
class Call:
    """One drawn request for quotes: its rule, the honest bids (price: true cost) and the reserve."""

    domain: Domain
    pricing: Pricing
    bids: tuple[Bid, ...]
    supports: tuple[str, ...]

    @property
    def honest(self) -> Outcome | None:
        return decide(self.pricing, self.bids)

    def values(self, bid: Bid, support: str) -> dict[str, int | str]:
        return {PRICE: bid.price, "support": support}


def drawn_call(seed: int, rule: str, *, reserve: bool, bidders: int | None = None) -> Call:
    """Two to six bidders with drawn costs; each bids the support that suits both sides best."""
    draws = Draws(seed, "auction")
    count = bidders or draws.between(2, 6)
    base = draws.between(150, 600) * CENT
    roles = [f"bidder-{at + 1}" for at in range(count)]
    bids, supports = [], []
    for at, role in enumerate(roles):
        cost = base + draws.between(0, 250) * CENT
        extra = {"none": 0, "business": draws.between(10, 80) * CENT}
        extra["round-the-clock"] = extra["business"] + draws.between(10, 120) * CENT
        support = min(SUPPORT, key=lambda each: extra[each] + PENALTIES[each])
        bids.append(Bid(role, at + 1, cost + extra[support], PENALTIES[support]))
        supports.append(support)
    limit = base + 300 * CENT if reserve else None
    domain = call_domain(roles, rule, limit)
    auction = domain.auction
    if auction is None:  # it was just written
        raise ValueError("no auction")
    return Call(domain, pricing_of(domain, auction), tuple(bids), tuple(supports))


def call_domain(bidders: Sequence[str], rule: str, reserve: int | None) -> Domain:
    """A requester that buys one lease from the winner."""
    section: dict[str, Any] = {
        "requester": BUYER,
        "side": "buy",
        "price": PRICE,
        "pricing": rule,
        "penalty": {"case": "support", "of": {name: str(cost) for name, cost in PENALTIES.items()}},
        "min_bids": 1,
        "commit_seconds": 600,
        "reveal_seconds": 600,
        "award_seconds": 600,
    }
    if reserve is not None:
        section["reserve"] = str(reserve)
    return Domain.parse(
        {
            "schema": "parley/domain",
            "version": 1,
            "title": f"Quotes for a lease, {rule}",
            "issues": [
                {"name": PRICE, "type": "amount", "min": "0", "max": str(TOP), "step": str(CENT)},
                {"name": "support", "type": "choice", "values": list(SUPPORT)},
            ],
            "fixed": {},
            "roles": [BUYER, *bidders],
            "protocol": "sealed-bid",
            "auction": section,
            "limits": {
                "max_rounds": 2,
                "deadline_seconds": 7_200,
                "min_concession_ppm": 0,
                "repeat_cap": 1,
                "max_queries": 0,
                "open_window_seconds": 600,
                "fallback": "abort",
            },
            "settlements": [],
            "data_class": "public",
            "assumptions": [],
        }
    )


def played(call: Call, seed: int, bids: Sequence[Bid | None]) -> tuple[str, int] | None:
    """The auction with real messages: `bids` by bidder, None for one that stays away. Winner and price."""
    table = SignedTable(call.domain, seed, "auction")
    taking = [(bid, support) for bid, support in zip(bids, call.supports, strict=True) if bid is not None]
    for bid, support in taking:
        table.now += 1
        table.seal(bid.role, values=call.values(bid, support))
    if len(taking) < len(bids):
        table.now = table.opening.opened_at + 601
    for bid, _ in taking:
        table.unseal(bid.role)
    try:
        award = table.award()
    except ParleyError:
        return None
    if award is None or table.state.offer is None:
        return None
    winner = getattr(award.payload, "winner", None)
    table.accept(str(winner))
    price = call.domain.decode_values(table.state.offer.offer.values)[PRICE]
    return str(winner), int(price)


def _same(call: Call, seed: int, bids: Sequence[Bid | None]) -> bool:
    """Whether the machine gives what the rule says."""
    ordered = [bid for bid in bids if bid is not None]
    expected = decide(call.pricing, ordered)
    found = played(call, seed, bids)
    return found == (None if expected is None else (expected.winner.role, expected.price))


def colluding(trials: int, seed: int, rule: str, *, reserve: bool) -> Attack:
    """Two bidders that bid as one: the other one stays away. No rule makes this unprofitable; a reserve
    bounds what it costs the requester.
    """
    gains: list[int] = []
    lost: list[int] = []
    paid: list[int] = []
    machine = True
    bounded = True
    for at in range(trials):
        call = drawn_call(seed + at, rule, reserve=reserve)
        ring = {call.bids[0].role, call.bids[1].role}
        found = collusion_gain(call.pricing, call.bids, ring)
        gains.append(found.gain)
        bids: list[Bid | None] = [
            bid if bid.role not in ring or bid.role == found.winner else None for bid in call.bids
        ]
        bent = decide(call.pricing, [bid for bid in bids if bid is not None])
        if call.honest is not None and bent is not None:
            paid.append(_cost(call, call.honest))
            lost.append(_cost(call, bent) - _cost(call, call.honest))
            bounded = bounded and _cost(call, bent) <= call.pricing.reserve
        if at < trials // 10 + 1:
            machine = machine and _same(call, seed + at, bids)
    return _attack(
        f"colluding bidders, {rule}{', reserve' if reserve else ''}",
        "two bidders bid as one and share what the requester loses",
        "a reserve: the requester never pays more, penalty included" if reserve else UNGUARDED,
        gains,
        machine and bounded,
        {"requester_loses": mean(lost), "requester_pays_honest": mean(paid)},
    )


def late_revealing(trials: int, seed: int, rule: str, bond: int) -> Attack:
    """A bidder with several sealed bids that sees all other reveals and opens only what suits it."""
    gains: list[int] = []
    machine = True
    for at in range(trials):
        call = drawn_call(seed + at, rule, reserve=False)
        mine, others = call.bids[0], call.bids[1:]
        ladder = _ladder(mine, 100)
        gains.append(late_reveal_gain(call.pricing, others, mine, ladder, bond).gain)
        if at < trials // 10 + 1:
            machine = machine and _stays_shut(call, seed + at)
    return _attack(
        f"late reveals, {rule}{', bond' if bond else ''}",
        "seals several bids under several names and opens the one that suits, having seen the others",
        (
            "a bond for every seal that stays shut"
            if bond
            else UNGUARDED
            if rule == "first-price"
            else "the second price: what is paid follows from the others' bids"
        ),
        gains,
        machine and not ((bond or rule == "second-price") and any(gains)),
        {"bond": bond, "seals": SEALS},
    )


def sybil_bidding(trials: int, seed: int, rule: str, bond: int) -> Attack:
    """A requester that bids under names of its own, to press the price that it pays."""
    gains: list[int] = []
    for at in range(trials):
        call = drawn_call(seed + at, rule, reserve=False)
        rungs = [
            replace(bid, role=f"sybil-{n}", order=100 + n) for n, bid in enumerate(_ladder(call.bids[0], 0))
        ]
        gains.append(shill_gain(call.pricing, call.bids, rungs, bond).gain)
    return _attack(
        f"Sybil bidders of the requester, {rule}{', bond' if bond else ''}",
        "bids under names of its own right behind the winner",
        "a bond for every sealed bid that is not opened, never paid to the requester" if bond else UNGUARDED,
        gains,
        not (bond and any(gains)),
        {"bond": bond, "names": SEALS},
    )


def several_names(trials: int, seed: int) -> Attack:
    """A bidder that bids under several names and opens all of them: the second price makes that useless."""
    gains: list[int] = []
    for at in range(trials):
        call = drawn_call(seed + at, "second-price", reserve=False)
        mine, others = call.bids[0], call.bids[1:]
        honest = _profit(decide(call.pricing, call.bids), {mine.role}, mine.price)
        best = honest
        for rung in _ladder(mine, 100):
            names = {mine.role, rung.role}
            found = decide(call.pricing, [*others, mine, rung])
            best = max(best, _profit(found, names, mine.price))
        gains.append(best - honest)
    return _attack(
        "Sybil bidders, second-price",
        "bids under several names to win at a better price",
        "the second price pays by the others' bids, and a name of one's own can only press it",
        gains,
        not any(gains),
        {"names": 2},
    )


def _ladder(bid: Bid, order: int) -> list[Bid]:
    """Bids under several names, from the honest price up in steps of a dollar."""
    step = 100 * CENT
    return [
        replace(bid, role=f"{bid.role}-{n}", order=order + n, price=min(TOP, bid.price + n * step))
        for n in range(SEALS)
    ]


def _stays_shut(call: Call, seed: int) -> bool:
    """Whether a seal that is never opened neither wins nor keeps the others from an award."""
    table = SignedTable(call.domain, seed, "late")
    for bid, support in zip(call.bids, call.supports, strict=True):
        table.seal(bid.role, values=call.values(bid, support))
    for bid in call.bids[1:]:
        table.unseal(bid.role)
    table.now = table.opening.opened_at + 1_201
    expected = decide(call.pricing, call.bids[1:])
    award = table.award()
    return (
        award is not None
        and expected is not None
        and award.payload is not None
        and (getattr(award.payload, "winner", None) == expected.winner.role)
    )


def _cost(call: Call, outcome: Outcome) -> int:
    """What an award costs the requester: price, and penalty for the support it does not get."""
    return outcome.price + outcome.winner.penalty


def _profit(outcome: Outcome | None, names: set[str], cost: int) -> int:
    return outcome.price - cost if outcome is not None and outcome.winner.role in names else 0


def _attack(
    name: str, aims: str, guardrail: str, gains: list[int], holds: bool, figures: dict[str, int | str | None]
) -> Attack:
    abused = sum(1 for gain in gains if gain > 0)
    return Attack(
        name,
        aims,
        guardrail,
        len(gains),
        abused,
        holds,
        {"mean_gain": mean(gains), "most_gain": max(gains), **figures},
    )
