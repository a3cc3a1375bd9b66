"""Second-price auctions are truthful, exactly: no unilateral deviation on a grid gains anything.

A few hundred random auctions by default, ten thousand in the deep test. Costs depend on the quality that is
delivered, so the multi-attribute score is deviated from in both ways: another price, another quality.
"""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from parley.negotiation.protocols.abuse import collusion_gain, late_reveal_gain, shill_gain
from parley.negotiation.protocols.scoring import Bid, Outcome, Pricing, decide

STEP = 10
TOP = 400
QUALITIES = 3
GRID = tuple(range(0, TOP + 1, 2 * STEP))


def _pricing(rng: Random, rule: str = "second-price") -> Pricing:
    buying = rng.random() < 0.7
    reserve = rng.choice([TOP if buying else 0, rng.randrange(0, TOP + 1, STEP)])
    return Pricing(rule, buying, reserve, STEP, rng.choice([1, 1, 2]))


def _costs(rng: Random, bidders: int) -> list[list[int]]:
    """The true cost (or value) of each bidder at each quality, on the grid of prices."""
    return [[rng.randrange(0, TOP + 1, STEP) for _ in range(QUALITIES)] for _ in range(bidders)]


def _truthful(pricing: Pricing, penalties: list[int], costs: list[int], at: int) -> tuple[Bid, int]:
    """The honest bid: the quality that is best for both sides together, at its true cost."""
    sign = 1 if pricing.buying else -1
    quality = min(range(QUALITIES), key=lambda q: sign * costs[q] + penalties[q])
    return Bid(f"b{at}", at, costs[quality], penalties[quality]), quality


def _payoff(pricing: Pricing, outcome: Outcome | None, role: str, cost: int) -> int:
    if outcome is None or outcome.winner.role != role:
        return 0
    return outcome.price - cost if pricing.buying else cost - outcome.price


def _deviations_gain_nothing(auctions: int, seed: int, qualities: int) -> int:
    rng = Random(seed)
    tried = 0
    for _ in range(auctions):
        pricing = _pricing(rng)
        penalties = [0] * QUALITIES
        if qualities > 1:
            penalties = [rng.randrange(0, TOP // 2, STEP) for _ in range(QUALITIES)]
        costs = _costs(rng, rng.randint(1, 5))
        if qualities == 1:
            costs = [[cost[0]] * QUALITIES for cost in costs]
        honest = [_truthful(pricing, penalties, cost, at) for at, cost in enumerate(costs)]
        bids = [bid for bid, _ in honest]
        outcome = decide(pricing, bids)
        if outcome is not None:  # the winner never loses by taking part, and the reserve holds
            mine, quality = honest[outcome.winner.order]
            assert _payoff(pricing, outcome, mine.role, costs[mine.order][quality]) >= 0
            assert pricing.admissible(replace(outcome.winner, price=outcome.price))
            assert outcome.price % STEP == 0
        for at, (bid, quality) in enumerate(honest):
            true = _payoff(pricing, outcome, bid.role, costs[at][quality])
            for other in range(qualities):
                for price in GRID:
                    lie = Bid(bid.role, at, price, penalties[other])
                    found = decide(pricing, [*bids[:at], lie, *bids[at + 1 :]])
                    assert _payoff(pricing, found, bid.role, costs[at][other]) <= true, (pricing, bids, lie)
                    tried += 1
            staying_away = decide(pricing, [*bids[:at], *bids[at + 1 :]])
            assert _payoff(pricing, staying_away, bid.role, costs[at][quality]) <= true
    return tried


@pytest.mark.parametrize("qualities", [1, QUALITIES])
def test_no_deviation_gains(qualities: int) -> None:
    assert _deviations_gain_nothing(300, 1, qualities) > 10_000


@pytest.mark.deep
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("qualities", [1, QUALITIES])
def test_no_deviation_gains_in_ten_thousand_auctions(qualities: int) -> None:
    assert _deviations_gain_nothing(10_000, 2, qualities) > 500_000


def test_a_first_price_is_worth_shading() -> None:
    """The same search finds what a first-price auction leaves on the table: it is no blind check."""
    pricing = Pricing("first-price", True, TOP, STEP)
    bids = [Bid("b0", 0, 100), Bid("b1", 1, 200)]
    shaded = decide(pricing, [replace(bids[0], price=190), bids[1]])
    assert _payoff(pricing, shaded, "b0", 100) == 90
    assert _payoff(pricing, decide(pricing, bids), "b0", 100) == 0


def test_what_a_ring_gains() -> None:
    bids = [Bid("a", 0, 100), Bid("b", 1, 150), Bid("c", 2, 300)]
    for rule in ("second-price", "first-price"):
        pricing = Pricing(rule, True, TOP, STEP)
        found = collusion_gain(pricing, bids, {"a", "b"})
        assert (found.winner, found.deviating) == ("a", 200), rule  # up to the outsider
        assert collusion_gain(pricing, bids, {"b", "c"}).gain == 0
        everyone = collusion_gain(pricing, bids, {"a", "b", "c"})
        assert everyone.deviating == TOP - 100
    selling = Pricing("second-price", False, 0, STEP)
    assert collusion_gain(selling, bids, {"b", "c"}).gain == 50
    posted = Pricing("posted", True, 200, STEP)
    assert collusion_gain(posted, bids, {"a", "b"}).gain == 0


def test_what_a_late_reveal_gains_and_what_bond_stops_it() -> None:
    others = [Bid("b", 0, 300), Bid("c", 1, 350)]
    cost = Bid("a", 2, 100)
    ladder = [Bid(f"a{at}", 10 + at, price) for at, price in enumerate((100, 200, 290, 380))]
    first = Pricing("first-price", True, TOP, STEP)
    assert late_reveal_gain(first, others, cost, ladder, bond=0).gain == 190  # opens 290 alone
    assert late_reveal_gain(first, others, cost, ladder, bond=60).gain == 70  # or 290 and 380
    assert late_reveal_gain(first, others, cost, ladder, bond=95).gain == 5  # 200, 290 and 380
    assert late_reveal_gain(first, others, cost, ladder, bond=100).gain == 0
    second = Pricing("second-price", True, TOP, STEP)
    assert late_reveal_gain(second, others, cost, ladder, bond=0).gain == 0
    with pytest.raises(ValueError, match="seals"):
        late_reveal_gain(second, others, cost, [cost] * 13, bond=0)


def test_what_a_requester_with_a_bidder_of_its_own_gains() -> None:
    bids = [Bid("a", 0, 100), Bid("b", 1, 300)]
    ladder = [Bid(f"s{price}", 10 + price, price) for price in range(50, 300, 50)]
    second = Pricing("second-price", True, TOP, STEP)
    assert shill_gain(second, bids, ladder, bond=0).gain == 200  # opens 100 right behind the winner
    assert shill_gain(second, bids, ladder, bond=50).gain == 0
    assert shill_gain(Pricing("first-price", True, TOP, STEP), bids, ladder, bond=0).gain == 0


def test_in_second_price_auctions_late_reveals_never_gain() -> None:
    rng = Random(5)
    for _ in range(150):
        pricing = Pricing("second-price", True, TOP, STEP)
        others = [Bid(f"b{at}", at, rng.randrange(0, TOP, STEP)) for at in range(rng.randint(0, 3))]
        cost = Bid("a", 50, rng.randrange(0, TOP, STEP))
        sealed = [Bid(f"a{at}", 60 + at, rng.randrange(0, TOP, STEP)) for at in range(5)]
        assert late_reveal_gain(pricing, others, cost, sealed, bond=0).gain == 0
