"""Who may do what when, against docs/spec.md section 8."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from fake_escrow import FakeEscrow, Market
from hypothesis import given
from hypothesis import strategies as st

from parley.chain.escrow import Status
from parley.chain.fold import ChainDeal
from parley.settlement.models import FAILED, PENDING
from parley.settlement.next_actions import actions, milestones
from parley.terms.deal import Milestone
from parley.terms.values import Address

ARBITER = Address("0x" + "ab" * 20)
T = 1_700_000_000


def deal(**changes: Any) -> Any:
    values: dict[str, Any] = {
        "arbiter": ARBITER,
        "cancel_by": T + 50,
        "milestones": (
            Milestone(amount=400, deliver_by=T + 1000),
            Milestone(amount=600, deliver_by=T + 2000),
        ),
    }
    return Market(FakeEscrow()).deal(**{**values, **changes})


def chain(status: Status, **changes: Any) -> ChainDeal:
    return replace(ChainDeal("0x"), status=status, since=T, **changes)


def who_may(found: Any, now: int) -> set[tuple[str, str]]:
    return {(action.name, action.by) for action in found if action.possible(now)}


SPLIT = {("split", "buyer"), ("split", "seller")}
AMEND = {("amend", "buyer"), ("amend", "seller")}
ALWAYS = SPLIT | {("accept_delivery", "buyer")}


@pytest.mark.parametrize(
    ("status", "now", "expected"),
    [
        (Status.OPEN, T + 50, {("deliver", "seller"), ("refund", "seller"), ("refund", "buyer")}),
        (Status.OPEN, T + 51, {("deliver", "seller"), ("refund", "seller")}),
        (Status.OPEN, T + 1007, {("deliver", "seller"), ("refund", "seller")}),
        (Status.OPEN, T + 1008, {("default", "anyone")}),
        (Status.DELIVERED, T + 60, {("reject", "buyer"), ("deliver", "seller")}),
        (Status.DELIVERED, T + 61, {("silence", "anyone"), ("deliver", "seller")}),
        (Status.DELIVERED, T + 1008, {("silence", "anyone")}),
        (Status.REJECTED, T + 60, {("dispute", "buyer"), ("dispute", "seller"), ("deliver", "seller")}),
        (Status.REJECTED, T + 61, {("close_rejected", "anyone"), ("deliver", "seller")}),
        (Status.DISPUTED, T + 60, {("rule", "arbiter")}),
        (Status.DISPUTED, T + 61, {("lapse", "anyone")}),
    ],
)
def test_each_state_at_its_boundaries(status: Status, now: int, expected: set[tuple[str, str]]) -> None:
    found = actions(deal(), chain(status, shift=7), "open")
    assert who_may(found, now) == ALWAYS | expected | (
        AMEND if status in (Status.OPEN, Status.REJECTED) else set()
    )


def test_without_an_arbiter_a_rejection_closes_at_once() -> None:
    found = actions(deal(arbiter=Address("0x" + "00" * 20)), chain(Status.REJECTED), "rejected")
    assert who_may(found, T) == ALWAYS | AMEND | {("close_rejected", "anyone"), ("deliver", "seller")}


def test_four_deliveries_are_all() -> None:
    found = actions(deal(), chain(Status.REJECTED, deliveries=4), "rejected")
    assert ("deliver", "seller") not in who_may(found, T)


def test_before_and_after_its_life() -> None:
    assert who_may(actions(deal(), chain(Status.UNOPENED), PENDING), T) == {
        ("cancel", "buyer"),
        ("cancel", "seller"),
    }
    assert ("submit", "seller") in who_may(actions(deal(), chain(Status.UNOPENED), FAILED), T)
    for status in (Status.CLOSED, Status.CANCELLED):
        assert actions(deal(), chain(status), "closed") == ()


@given(
    st.sampled_from([Status.OPEN, Status.DELIVERED, Status.REJECTED, Status.DISPUTED]),
    st.integers(0, 4),
    st.integers(0, 10_000),
    st.integers(0, 500),
    st.booleans(),
)
def test_somebody_can_always_end_it(
    status: Status, deliveries: int, later: int, shift: int, with_arbiter: bool
) -> None:
    """No refusal or silence of anyone keeps a deal alive for ever: after its windows anyone may end it."""
    if status is Status.DISPUTED:
        with_arbiter = True
    terms = deal() if with_arbiter else deal(arbiter=Address("0x" + "00" * 20))
    found = actions(terms, chain(status, deliveries=deliveries, shift=shift), "x")
    alone = {"default", "silence", "close_rejected", "lapse"}
    ends = [action for action in found if action.by == "anyone"]
    assert {action.name for action in ends} & alone
    assert all(action.possible(T + 3600 + shift + later) for action in ends)


def test_milestones_show_where_the_deal_is() -> None:
    at_second = chain(Status.OPEN, milestone=1, shift=9)
    assert [(m.state, m.deliver_by) for m in milestones(deal(), at_second)] == [
        ("paid", T + 1000),
        ("current", T + 2009),
    ]
    assert [m.state for m in milestones(deal(), chain(Status.UNOPENED))] == ["ahead", "ahead"]
    settled = chain(Status.CLOSED, milestone=1, outcome="settled")
    assert [m.state for m in milestones(deal(), settled)] == ["paid", "paid"]
    defaulted = chain(Status.CLOSED, milestone=1, outcome="defaulted")
    assert [m.state for m in milestones(deal(), defaulted)] == ["paid", "void"]
