"""What bending an auction's rules would gain, computed exactly: for reports, never for bidding.

Every function takes the bids that honest bidders would make (their prices are their costs, or their values
where the requester sells) and answers in the units of the price issue. 0 means that it gains nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from parley.negotiation.protocols.scoring import Bid, Outcome, Pricing, decide, threshold

MOST_SEALS = 12
"""Seals of one attacker that are looked at: every subset of them is tried."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What honest play gives whoever deviates, what the best deviation gives, and who then wins."""

    honest: int
    deviating: int
    winner: str | None

    @property
    def gain(self) -> int:
        """What the deviation is worth; never below 0, since one can stay honest."""
        return max(0, self.deviating - self.honest)


def surplus(pricing: Pricing, outcome: Outcome | None, cost: int) -> int:
    """What the winner makes of the award against its true cost (or value), its own penalty paid for."""
    if outcome is None:
        return 0
    return outcome.price - cost if pricing.buying else cost - outcome.price


def collusion_gain(pricing: Pricing, bids: Sequence[Bid], ring: Collection[str]) -> Gain:
    """A ring that bids as one: all but one of its members stay away, and that one bids what is best for it.

    Under the second price the price stays truthful and only the others' bids are gone; under the first it
    bids as high (low) as it still wins. The ring's surplus is shared as it likes.
    """
    honest = decide(pricing, bids)
    before = surplus(pricing, honest, honest.winner.price) if honest and honest.winner.role in ring else 0
    outsiders = [bid for bid in bids if bid.role not in ring]
    best, winner = before, honest.winner.role if honest else None
    for member in (bid for bid in bids if bid.role in ring):
        for price in _prices(pricing, member, outsiders):
            outcome = decide(pricing, [*outsiders, replace(member, price=price)])
            if outcome is None or outcome.winner.role != member.role:
                continue
            found = surplus(pricing, outcome, member.price)
            if found > best:
                best, winner = found, member.role
    return Gain(before, best, winner)


def late_reveal_gain(
    pricing: Pricing, others: Sequence[Bid], cost: Bid, sealed: Sequence[Bid], bond: int
) -> Gain:
    """A bidder that sealed several bids under several names, sees all other reveals first, and opens only
    those that suit it; each seal left shut costs its bond.

    `cost` is its one honest bid. Raises `ValueError` for more than `MOST_SEALS` seals.
    """
    if len(sealed) > MOST_SEALS:
        raise ValueError(f"at most {MOST_SEALS} seals are tried")
    honest = decide(pricing, [*others, cost])
    before = surplus(pricing, honest, cost.price) if honest and honest.winner.role == cost.role else 0
    own = {bid.role for bid in sealed}
    best: int | None = None
    winner = None
    for count in range(len(sealed) + 1):
        for opened in combinations(sealed, count):
            outcome = decide(pricing, [*others, *opened])
            won = outcome is not None and outcome.winner.role in own
            found = (surplus(pricing, outcome, cost.price) if won else 0) - bond * (len(sealed) - count)
            if best is None or found > best:
                best, winner = found, None if outcome is None else outcome.winner.role
    return Gain(before, before if best is None else best, winner)


def shill_gain(pricing: Pricing, bids: Sequence[Bid], ladder: Sequence[Bid], bond: int) -> Gain:
    """A requester with bidders of its own: sealed at every price of `ladder`, it opens the one that presses
    the price most without winning, and loses the bonds of the rest.

    The gain is what it pays less (or is paid more); `winner` is who wins then.
    """
    honest = decide(pricing, bids)
    if honest is None:
        return Gain(0, 0, None)
    best, winner = 0, honest.winner.role
    for shill in ladder:
        outcome = decide(pricing, [*bids, shill])
        if outcome is None or outcome.winner.role == shill.role:
            continue
        saved = honest.price - outcome.price if pricing.buying else outcome.price - honest.price
        found = saved - bond * (len(ladder) - 1)
        if found > best:
            best, winner = found, outcome.winner.role
    return Gain(0, best, winner)


def _prices(pricing: Pricing, member: Bid, outsiders: Sequence[Bid]) -> tuple[int, ...]:
    """The prices worth trying: the honest one, and where the own price is paid the last ones that win."""
    if pricing.rule != "first-price":
        return (member.price,)
    counting = [bid for bid in outsiders if pricing.admissible(bid)]
    edge = threshold(pricing, member, counting)
    inside = edge - pricing.step if pricing.buying else edge + pricing.step
    return (member.price, edge, inside)
