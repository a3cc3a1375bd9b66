"""Alternating offers between more than two: turns, rounds, acceptances of all, and leaving."""

from __future__ import annotations

from random import Random

import pytest
from table import GATEWAY, START, Table, domain

from parley.negotiation.effects import Agreed
from parley.negotiation.errors import NotYourTurn, QueryLimit, Refusal
from parley.negotiation.status import Reason, Status

NAMES = ("a", "b", "c", "d", "e")


def _started(parties: int, **limits: int | str) -> Table:
    return Table(domain(NAMES[:parties], **{"max_rounds": 9, **limits})).started()


@pytest.mark.parametrize("parties", [2, 3, 4, 5])
@pytest.mark.parametrize("seed", range(10))
def test_turns_rounds_and_acceptances(parties: int, seed: int) -> None:
    rng = Random(f"{parties}/{seed}")
    table = _started(parties, repeat_cap=99)
    moves = 0
    while table.state.live and moves < 40:
        who = moves % parties + 1
        assert table.state.turn == NAMES[who - 1]
        assert (table.state.moves, table.state.round) == (moves, moves // parties)
        for other in range(1, parties + 1):
            if other != who:
                with pytest.raises(NotYourTurn):
                    table.play(other, "counter" if moves else "propose", price=10)
        standing = table.state.offer
        choices = ["counter"] if moves else ["propose"]
        if standing is not None and standing.role != NAMES[who - 1]:
            choices += ["accept", "accept", "accept", "reject"]
        name = rng.choice(choices)
        try:
            if name in ("accept", "reject"):
                table.play(who, name)
            else:
                table.play(who, name, price=rng.randrange(0, 1_001, 10))
        except Refusal:
            break
        moves += 1
        state = table.state
        if state.status is Status.ACCEPTED:
            assert standing is not None
            assert set(state.acceptances) == set(NAMES[:parties]) - {standing.role}
            assert isinstance(table.effects[0], Agreed)
            assert state.round == moves // parties
        elif name in ("counter", "propose"):
            assert state.acceptances == ()
        elif name == "accept":
            assert state.acceptances[-1] == NAMES[who - 1]
            assert len(state.acceptances) < parties - 1


def test_one_offer_needs_every_other_party() -> None:
    table = _started(4)
    table.play(1, "propose", price=100)
    table.play(2, "accept")
    table.play(3, "reject")
    table.play(4, "accept")
    assert table.state.acceptances == ("b", "d")
    assert table.state.turn == "a"  # it cannot answer itself: it offers anew, and all count from nothing
    table.play(1, "counter", price=200)
    assert table.state.acceptances == ()
    for who in (2, 3, 4):
        table.play(who, "accept")
    assert table.state.status is Status.ACCEPTED
    assert table.state.acceptances == ("b", "c", "d")


@pytest.mark.parametrize("leaver", [1, 2, 3, 4])
def test_unanimity_ends_with_the_first_that_leaves(leaver: int) -> None:
    table = _started(4)
    table.play(1, "propose", price=100)
    table.play(2, "accept")
    table.play(leaver, "withdraw")
    assert (table.state.status, table.state.reason) == (Status.TERMINATED, Reason.WITHDRAWN)


@pytest.mark.parametrize("objector", [2, 3])
def test_one_final_rejection_ends_it_for_all(objector: int) -> None:
    table = _started(3)
    table.play(1, "propose", price=100)
    if objector == 3:
        table.play(2, "accept")
    table.play(objector, "reject", final=True)
    assert table.state.reason is Reason.REJECTED


def test_questions_are_given_back_by_the_round_of_all() -> None:
    table = _started(3, max_queries=1)
    table.play(1, "propose", price=100)
    for who in (1, 2, 3):
        table.play(who, "query")
        with pytest.raises(QueryLimit):
            table.play(who, "inform")
    table.play(2, "counter", price=200)
    with pytest.raises(QueryLimit):
        table.play(2, "query")
    table.play(3, "counter", price=300)
    for who in (3, 2, 1):
        table.play(who, "query")


def test_the_last_round_is_the_last_of_every_party() -> None:
    table = _started(3, max_rounds=2, fallback="escalate")
    for move in range(6):
        assert table.state.round == move // 3
        table.play(move % 3 + 1, "counter" if move else "propose", price=100 * (move + 1))
    assert (table.state.round, table.state.exhausted, table.state.held) == (2, True, True)
    table.play(GATEWAY, "timeout")
    assert table.state.reason is Reason.TIMEOUT


def test_an_agreement_in_the_last_move_of_the_last_round_counts() -> None:
    table = _started(3, max_rounds=1)
    table.play(1, "propose", price=100)
    table.play(2, "accept")
    table.play(3, "accept")
    assert table.state.status is Status.ACCEPTED
    late = _started(3, max_rounds=1)
    late.play(1, "propose", price=100)
    late.play(2, "accept")
    late.play(3, "counter", price=200)
    assert (late.state.status, late.state.reason) == (Status.TERMINATED, Reason.ROUNDS)


def test_a_loop_is_one_of_everybodys_offers() -> None:
    table = _started(3, max_rounds=40, repeat_cap=99)
    prices = [(100, 200, 300), (110, 210, 310)]
    for lap in range(12):
        for who, price in enumerate(prices[lap % 2], 1):
            if not table.state.live:
                break
            table.play(who, "counter" if table.state.moves else "propose", price=price)
    assert table.state.reason is Reason.LOOP
    assert table.state.round < 40 // 3


def test_a_silent_party_is_timed_out_by_any_other() -> None:
    table = _started(3)
    table.play(1, "propose", price=100, expires_at=START + 5)
    table.play(3, "timeout", sent_at=START + 6)
    assert table.state.reason is Reason.OFFER_EXPIRED
    held = _started(3, max_rounds=1, fallback="escalate")
    for who, price in ((1, 100), (2, 200), (3, 300)):
        held.play(who, "counter" if held.state.moves else "propose", price=price)
    with pytest.raises(Refusal):
        held.play(1, "counter", price=400)
    held.play(3, "withdraw")
    assert held.state.reason is Reason.WITHDRAWN
