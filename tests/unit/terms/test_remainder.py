"""What remains of a deal, and what an amendment of it moves."""

from __future__ import annotations

from typing import Any

import samples

from parley.terms.deal import Deal, Milestone
from parley.terms.remainder import Difference, Standing, difference, remaining

BASE: Deal = samples.agreement().deals[0]
DEAL = BASE.model_copy(
    update={
        "price": 1_000,
        "seller_bond": 300,
        "arbiter_fee": 100,
        "relay_fee": 0,
        "milestones": (Milestone(amount=400, deliver_by=2_000), Milestone(amount=600, deliver_by=90_000)),
    }
)
FRESH = Standing(milestone=0, locked=1_000 + 200 + 300)


def amendment(standing: Standing, **changes: Any) -> Deal:
    fields = {"amends_milestone": standing.milestone, "amends_locked": standing.locked}
    return DEAL.model_copy(update={**fields, **changes})


def test_the_milestones_that_remain_keep_the_deadlines_that_hold_now() -> None:
    assert remaining(DEAL, Standing(1, 1_100, shift=77)) == (Milestone(amount=600, deliver_by=90_077),)
    assert remaining(DEAL, FRESH) == DEAL.milestones


def test_nothing_moves_where_nothing_changed() -> None:
    assert difference(DEAL, FRESH, amendment(FRESH)) == Difference(0, 0)


def test_more_is_taken_and_less_is_paid_back() -> None:
    more = amendment(FRESH, price=1_500, seller_bond=350, relay_fee=9)
    assert difference(DEAL, FRESH, more) == Difference(509, 50)
    less = amendment(FRESH, price=700, seller_bond=200)
    assert difference(DEAL, FRESH, less) == Difference(-300, -100)


def test_what_rulings_took_from_each_side_is_gone() -> None:
    # One ruling of 2 500 bps: 75 of its fee of 100 came out of the bond, 25 out of the buyer's fees.
    ruled = Standing(1, locked=600 + (200 - 25) + (300 - 75), seller_lost_bps=7_500)
    one = amendment(ruled, price=600, seller_bond=225, milestones=DEAL.milestones[1:])
    assert difference(DEAL, ruled, one) == Difference(600 + 100 - 775, 0)
