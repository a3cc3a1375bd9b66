"""What remains of a deal, and what an amendment of it moves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from parley.terms.deal import Deal, Milestone

BPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Standing:
    """A deal as the chain knows it: current milestone, what is locked (base units), seconds by which its
    deadlines moved, and the sum over rulings of 10 000 less sellerBps.
    """

    milestone: int
    locked: int
    shift: int = 0
    seller_lost_bps: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """Base units that an amendment takes from each side (negative: pays back), the relay fee included."""

    buyer: int
    seller: int


def remaining(deal: Deal, standing: Standing) -> tuple[Milestone, ...]:
    """The milestones not paid yet, with the deadlines that hold now: an amendment has a clock of its own, so
    the shift is written into its dates.
    """
    return tuple(
        Milestone(amount=part.amount, deliver_by=part.deliver_by + standing.shift)
        for part in deal.milestones[standing.milestone :]
    )


def difference(deal: Deal, standing: Standing, amendment: Deal) -> Difference:
    """What an amendment that `check_amendment` passed moves in the place of `deal`, where a relayer earns the
    relay fee.
    """
    bond = deal.seller_bond - deal.arbiter_fee * standing.seller_lost_bps // BPS
    return Difference(
        buyer=amendment.buyer_lock + amendment.relay_fee - (standing.locked - bond),
        seller=amendment.seller_bond - bond,
    )
