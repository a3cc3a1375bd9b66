"""One buyer in several talks: nothing promised twice, everything asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.errors import ParleyError
from parley.negotiation.coordination import Book, Need, Talk, plan
from parley.negotiation.errors import NeedExceeded
from parley.policy.budget import Budget
from parley.policy.errors import BudgetExceeded
from parley.terms.values import Address

NEED = Need(issue="hours", total=5_000, step=100, least=100)
BUDGET = Budget(limit=14_000, per_counterparty_ppm=600_000)
SELLERS = {name: Address("0x" + f"{at:02x}" * 20) for at, name in enumerate("abcd", start=1)}
CEILING = 3


def book() -> Book:
    return Book(NEED, BUDGET)


def talk(name: str, ask: int | None = None, capacity: int | None = None) -> Talk:
    return Talk(name, SELLERS[name], ask, capacity)


def test_units_and_money_are_reserved_together_or_not_at_all() -> None:
    held = book().reserve("a", SELLERS["a"], 3_000, 8_400)
    with pytest.raises(NeedExceeded):
        held.reserve("b", SELLERS["b"], 2_100, 1)
    with pytest.raises(BudgetExceeded):
        held.reserve("b", SELLERS["b"], 2_000, 5_601)
    both = held.reserve("b", SELLERS["b"], 2_000, 5_600)
    assert (both.room("c", SELLERS["c"]).quantity, both.room("c", SELLERS["c"]).money) == (0, 0)
    assert both.room("a", SELLERS["a"]).quantity == 3_000
    assert held.room("b", SELLERS["b"]).quantity == 2_000


def test_an_answered_offer_frees_what_it_held_and_an_agreement_keeps_it() -> None:
    held = book().reserve("a", SELLERS["a"], 3_000, 8_000)
    assert held.release("a") == book()
    agreed = held.commit("a")
    assert (agreed.committed, agreed.remaining, agreed.unspent) == (3_000, 2_000, 6_000)
    assert agreed.room("b", SELLERS["b"]).quantity == 2_000


def test_while_nobody_named_a_price_the_need_is_split_evenly() -> None:
    shares = plan(book(), [talk(name) for name in "abcd"], CEILING)
    assert sum(share.quantity for share in shares.values()) == 5_000
    assert max(s.quantity for s in shares.values()) - min(s.quantity for s in shares.values()) <= 100


def test_the_cheapest_gets_what_it_can_deliver_and_the_dearest_waits() -> None:
    talks = [talk("a", 4, 4_000), talk("b", 2, 3_000), talk("c", 3, 4_000)]
    shares = plan(book(), talks, CEILING)
    assert {key: share.quantity for key, share in shares.items()} == {"b": 3_000, "a": 0, "c": 2_000}


def test_no_share_is_beyond_one_sellers_part_of_the_budget() -> None:
    shares = plan(book(), [talk("a", 3, 4_000), talk("b", 3, 4_000)], CEILING)
    assert shares["a"].quantity == 2_800
    assert shares["b"].quantity == 2_200
    assert sum(share.money for share in shares.values()) <= 14_000


def test_a_share_leaves_the_others_their_money() -> None:
    shares = plan(book(), [talk("a", 2, 2_500), talk("b", 3, 2_500)], CEILING)
    assert shares["a"].money + 2_500 * 3 <= 14_000 + 500
    assert shares["b"].money >= 2_500 * 14_000 // 5_000


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"),
            st.sampled_from(["reserve", "release", "commit"]),
            st.integers(0, 60).map(lambda lots: lots * 100),
            st.integers(1, 3),
        ),
        max_size=40,
    ),
    st.lists(st.integers(100, 4_000), min_size=4, max_size=4),
)
def test_no_order_of_events_overcommits_and_plans_always_fit(
    events: list[tuple[str, str, int, int]], capacities: list[int]
) -> None:
    held = book()
    for name, act, quantity, price in events:
        try:
            if act == "reserve":
                held = held.reserve(name, SELLERS[name], quantity, quantity * price)
            else:
                held = getattr(held, act)(name)
        except ParleyError:
            continue
        assert sum(held.quantities.values()) <= NEED.total
        assert held.ledger.bound() <= BUDGET.limit
        live = [
            talk(other, price, capacity)
            for other, capacity in zip("abcd", capacities, strict=True)
            if (entry := held.ledger.entry(other)) is None or entry.status != "committed"
        ]
        shares = plan(held, live, CEILING)
        assert sum(share.quantity for share in shares.values()) <= held.remaining
        for other, capacity in zip("abcd", capacities, strict=True):
            if other in shares:
                assert shares[other].quantity <= capacity
                assert shares[other].quantity % 100 == 0
