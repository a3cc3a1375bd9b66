"""It always stops: rounds, deadlines, repeats, weak offers, loops, withdrawals."""

from __future__ import annotations

import pytest
from table import GATEWAY, REVIEWER, START, Table, domain

from parley.negotiation.effects import Ended, Held, TurnPassed
from parley.negotiation.errors import (
    EscalationLimit,
    NotAuthorised,
    OnHold,
    QueryLimit,
    RepeatLimit,
    RoundsExhausted,
    TimeoutTooEarly,
)
from parley.negotiation.status import Fallback, Reason, Status


def _play_rounds(table: Table, count: int) -> None:
    for at in range(count):
        table.play(1, "propose" if at == 0 else "counter", price=10 * at)
        table.play(2, "counter", price=1_000 - 10 * at)


@pytest.mark.parametrize("fallback", ["abort", "post"])
def test_the_last_round_ends_it_with_the_fallback(fallback: str) -> None:
    table = Table(domain(max_rounds=3, fallback=fallback)).started()
    _play_rounds(table, 3)
    assert (table.state.status, table.state.reason, table.state.round) == (
        Status.TERMINATED, Reason.ROUNDS, 3,
    )  # fmt: skip
    assert table.effects[-1] == Ended(Status.TERMINATED, Reason.ROUNDS, Fallback(fallback))


def test_an_acceptance_in_the_last_move_still_counts() -> None:
    table = Table(domain(max_rounds=1)).started()
    table.play(1, "propose", price=100)
    assert table.play(2, "accept").status is Status.ACCEPTED


def test_a_fallback_to_people_holds_it_and_leaves_only_the_answer() -> None:
    table = Table(domain(max_rounds=2, fallback="escalate")).started()
    _play_rounds(table, 2)
    assert table.effects[-2:] == (TurnPassed("buyer", 2), Held(None, None))
    with pytest.raises(OnHold):
        table.play(1, "accept")
    with pytest.raises(NotAuthorised):
        table.play(1, "resume")
    table.play(REVIEWER, "resume")
    for name, fields in (("counter", {"price": 500}), ("reject", {})):
        with pytest.raises(RoundsExhausted):
            table.play(1, name, **fields)
    for name in ("query", "escalate"):
        with pytest.raises(RoundsExhausted):
            table.play(1, name)
    assert table.play(1, "accept").status is Status.ACCEPTED


def test_without_a_reviewer_the_party_on_turn_ends_the_hold_of_the_fallback() -> None:
    table = Table(domain(max_rounds=1, fallback="escalate"), reviewers=()).started()
    _play_rounds(table, 1)
    with pytest.raises(NotAuthorised):
        table.play(2, "resume")
    assert not table.play(1, "resume").held
    state = table.play(1, "reject", final=True)
    assert state.reason is Reason.REJECTED


def test_repeats_are_counted_in_a_row() -> None:
    table = Table(domain(repeat_cap=1, max_rounds=20)).started()
    table.play(1, "propose", price=100)
    table.play(2, "counter", price=900)
    table.play(1, "counter", price=100)
    table.play(2, "counter", price=890)
    with pytest.raises(RepeatLimit) as caught:
        table.play(1, "counter", price=100)
    assert caught.value.values["repeats"] == 2
    table.play(1, "counter", price=110)
    table.play(2, "counter", price=880)
    assert table.play(1, "counter", price=110).live


def test_an_offer_below_the_minimum_concession_counts_as_a_repeat() -> None:
    table = Table(domain(repeat_cap=0, min_concession_ppm=20_000)).started()
    table.play(1, "propose", price=100)
    table.play(2, "counter", price=900)
    with pytest.raises(RepeatLimit):
        table.play(1, "counter", price=110)
    table.play(1, "counter", price=120)
    table.play(2, "counter", price=900, days=1)
    assert table.play(1, "counter", price=120, colour="green").live


def test_coming_back_to_the_same_offers_a_third_time_is_a_loop() -> None:
    table = Table(domain(repeat_cap=100, max_rounds=100)).started()
    table.play(1, "propose", price=100)
    for at in range(100):
        table.play(2, "counter", price=900)
        if not table.state.live:
            break
        table.play(1, "counter", price=110 if at % 2 == 0 else 100)
        if not table.state.live:
            break
    assert (table.state.status, table.state.reason) == (Status.TERMINATED, Reason.LOOP)
    # 100/900, 110/900, 100/900, 110/900, 100/900
    assert table.state.moves == 8


def test_standing_still_is_no_loop() -> None:
    table = Table(domain(repeat_cap=100, max_rounds=8)).started()
    table.play(1, "propose", price=100)
    table.play(2, "counter", price=900)
    for _ in range(5):
        table.play(1, "counter", price=100)
        table.play(2, "counter", price=900)
    assert table.state.live


def test_three_parties_loop_together() -> None:
    table = Table(domain(roles=("a", "b", "c"), repeat_cap=100, max_rounds=50)).started()
    table.play(1, "propose", price=100)
    turn, at = 2, 0
    while table.state.live and at < 60:
        price = {1: (100, 110)[at // 3 % 2], 2: 500, 3: 900}[turn]
        table.play(turn, "counter", price=price)
        turn, at = turn % 3 + 1, at + 1
    assert table.state.reason is Reason.LOOP


def test_a_party_cannot_time_out_early() -> None:
    table = Table().started()
    table.play(1, "propose", price=100, expires_at=START + 10)
    with pytest.raises(TimeoutTooEarly):
        table.play(2, "timeout", sent_at=START + 10)
    state = table.play(2, "timeout", sent_at=START + 11)
    assert state.reason is Reason.OFFER_EXPIRED


def test_the_deadline_can_be_claimed_by_a_party_and_at_any_time_by_a_gateway() -> None:
    table = Table().started()
    with pytest.raises(TimeoutTooEarly):
        table.play(2, "timeout", sent_at=START + 3_600)
    state = table.play(2, "timeout", sent_at=START + 3_601)
    assert state.reason is Reason.DEADLINE
    other = Table().started()
    assert other.play(GATEWAY, "timeout", sent_at=START + 5).reason is Reason.TIMEOUT


def test_a_gateway_stops_it_and_a_party_cannot() -> None:
    table = Table().started()
    with pytest.raises(NotAuthorised):
        table.play(1, "control")
    state = table.play(GATEWAY, "control")
    assert (state.status, state.reason) == (Status.TERMINATED, Reason.CONTROL)


def test_questions_are_limited_by_party_and_round() -> None:
    table = Table(domain(max_queries=2)).started()
    table.play(2, "query")
    table.play(2, "inform")
    with pytest.raises(QueryLimit):
        table.play(2, "query")
    table.play(1, "query")
    table.play(1, "propose", price=100)
    with pytest.raises(QueryLimit):
        table.play(2, "query")
    table.play(2, "counter", price=900)
    assert table.play(2, "query").live


def test_a_party_escalates_once_a_round() -> None:
    table = Table().started()
    table.play(1, "escalate")
    table.play(1, "resume")
    with pytest.raises(EscalationLimit):
        table.play(1, "escalate")
    table.play(2, "escalate")
    table.play(2, "resume")
    table.play(1, "propose", price=100)
    table.play(2, "counter", price=900)
    assert table.play(1, "escalate").held
