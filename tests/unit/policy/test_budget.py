"""The ledger: nothing is promised twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.errors import ParleyError
from parley.policy.budget import Budget, BudgetState
from parley.policy.errors import BudgetEntryCommitted, BudgetEntryUnknown, BudgetExceeded
from parley.terms.values import Address

A, B = Address("0x" + "aa" * 20), Address("0x" + "bb" * 20)
BUDGET = Budget(limit=1_000, per_counterparty_ppm=600_000)


def test_reservations_stay_within_the_budget_and_each_share() -> None:
    state = BUDGET.reserve(BudgetState(), "1", A, 600)
    with pytest.raises(BudgetExceeded) as caught:
        BUDGET.reserve(state, "2", A, 1)
    assert caught.value.values["available"] == "0"
    with pytest.raises(BudgetExceeded):
        BUDGET.reserve(state, "2", B, 401)
    state = BUDGET.reserve(state, "2", B, 400)
    exposure = BUDGET.exposure(state, A, without="1")
    assert (exposure.budget, exposure.reserved, exposure.by_counterparty) == (1_000, 400, 0)


def test_a_reservation_replaces_its_own() -> None:
    state = BUDGET.reserve(BudgetState(), "1", A, 600)
    assert BUDGET.reserve(state, "1", A, 500).bound() == 500
    with pytest.raises(BudgetExceeded):
        BUDGET.reserve(state, "1", A, 601)
    assert state.bound() == 600


def test_what_is_committed_stays_until_it_comes_back() -> None:
    state = BUDGET.commit(BUDGET.reserve(BudgetState(), "1", A, 600), "1")
    assert BUDGET.commit(state, "1") is state
    for act in (lambda: BUDGET.release(state, "1"), lambda: BUDGET.reserve(state, "1", A, 10)):
        with pytest.raises(BudgetEntryCommitted):
            act()
    assert BUDGET.exposure(state, A).committed == 600
    assert BUDGET.refund(state, "1", 250).bound() == 350
    with pytest.raises(BudgetExceeded):
        BUDGET.refund(state, "1", 601)


def test_a_release_may_be_repeated() -> None:
    state = BUDGET.reserve(BudgetState(), "1", A, 600)
    state = BUDGET.release(state, "1")
    assert BUDGET.release(state, "1") == BudgetState()
    with pytest.raises(BudgetEntryUnknown):
        BUDGET.commit(state, "1")


def test_the_ledger_survives_as_a_document() -> None:
    state = BUDGET.reserve(BUDGET.reserve(BudgetState(), "2", A, 10), "1", B, 2**70 % 500)
    assert BudgetState.parse(state.canonical()) == state
    other = BUDGET.reserve(BUDGET.reserve(BudgetState(), "1", B, 2**70 % 500), "2", A, 10)
    assert other.canonical() == state.canonical()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["reserve", "commit", "release", "refund"]),
            st.sampled_from(["1", "2", "3", "4"]),
            st.integers(-5, 700),
        ),
        max_size=30,
    )
)
def test_no_order_of_acts_breaks_the_limits(acts: list[tuple[str, str, int]]) -> None:
    state = BudgetState()
    for act, key, amount in acts:
        counterparty = A if key in "12" else B
        try:
            if act == "reserve":
                state = BUDGET.reserve(state, key, counterparty, amount)
            elif act == "refund":
                state = BUDGET.refund(state, key, amount)
            else:
                state = getattr(BUDGET, act)(state, key)
        except ParleyError:
            continue
        assert state.bound() <= 1_000
        assert max(state.bound(counterparty=A), state.bound(counterparty=B)) <= 600
        assert all(entry.amount >= 0 for entry in state.entries)


def test_a_bundle_is_booked_to_each_that_it_pays() -> None:
    state = BUDGET.reserve_each(BudgetState(), "1", {A: 300, B: 500})
    assert (state.bound(counterparty=A), state.bound(counterparty=B)) == (300, 500)
    assert [entry.key for entry in state.entries_of("1")] == ["1", f"1/{B}"]
    assert BUDGET.available(state, B) == 100
    assert BUDGET.available(state, B, without="1") == 600, "all of it is its own"
    with pytest.raises(BudgetExceeded) as caught:
        BUDGET.reserve_each(state, "1", {A: 300, B: 601})
    assert caught.value.values["counterparty"] == B
    with pytest.raises(BudgetExceeded):
        BUDGET.reserve_each(state, "2", {A: 100, B: 101})
    alone = BUDGET.reserve_each(state, "1", {B: 200})
    assert alone.bound() == 200, "the other's part goes with the offer that named it"
    signed = BUDGET.commit(state, "1")
    assert {entry.status for entry in signed.entries} == {"committed"}
    with pytest.raises(BudgetEntryCommitted):
        BUDGET.reserve_each(signed, "1", {A: 1})
    assert BUDGET.release(state, "1") == BudgetState()
    assert BUDGET.release(BUDGET.reserve(state, "10", A, 5), "1").bound() == 5, (
        "another key that begins alike"
    )
