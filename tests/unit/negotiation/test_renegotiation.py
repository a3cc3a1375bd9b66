"""The live deal is the fallback of its own renegotiation."""

from __future__ import annotations

import pytest
from test_utility import DOMAIN, profile

from parley.negotiation.renegotiation import against_current
from parley.negotiation.space import Space
from parley.negotiation.utility import exact_utility
from parley.terms.errors import IssueValuesInvalid

CURRENT = {"price": 400, "days": 3, "colour": "red"}
POOR = {"price": 1_000, "days": 0, "colour": "green"}


def test_nothing_below_the_live_deal_is_acceptable() -> None:
    mine = profile()
    raised = against_current(mine, DOMAIN, CURRENT)
    worth = exact_utility(mine, DOMAIN, CURRENT)
    assert raised.reservation_ppm * 10**6 >= worth > (raised.reservation_ppm - 1) * 10**6
    assert raised.reservation_ppm > mine.reservation_ppm
    space = Space(DOMAIN, raised)
    assert space.gain(space.outcome(CURRENT)) == worth
    assert raised.model_copy(update={"reservation_ppm": mine.reservation_ppm}) == mine


def test_a_poor_deal_leaves_the_reservation() -> None:
    assert against_current(profile(), DOMAIN, POOR) == profile()


def test_values_of_another_domain_are_refused() -> None:
    with pytest.raises(IssueValuesInvalid):
        against_current(profile(), DOMAIN, {"price": 400})
