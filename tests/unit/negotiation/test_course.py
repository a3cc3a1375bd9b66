"""A match follows plain offers without hashes: the machine says the same, to the byte, whenever asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table import domain
from test_strategies import DOMAIN, buyer, seller

from parley.errors import ParleyError
from parley.negotiation import simulation
from parley.negotiation.machine import Machine
from parley.negotiation.simulation import Match, Seat
from parley.negotiation.space import Outcome, Space
from parley.negotiation.state import NegotiationState
from parley.negotiation.strategies import AcceptOffer, Explanation, Move, Propose, Walk, make_strategy
from parley.negotiation.strategies.view import Made, View
from parley.terms.domain import Domain

WHY = Explanation("scripted", "as drawn")
OUTCOMES: tuple[Outcome, ...] = ((0, 0, "red"), (10, 0, "red"), (500, 3, "green"), (1_000, 10, "red"))
NAMES = ("price", "days", "colour")
COUNTING = ("adaptive", "bayesian", "micro", "trade-off")


def _move(kind: int) -> Move:
    if kind < len(OUTCOMES):
        return Propose(dict(zip(NAMES, OUTCOMES[kind], strict=True)), WHY)
    if kind == len(OUTCOMES):
        return Propose({"price": 5, "days": 0, "colour": "red"}, WHY, (5, 0, "red"))
    return AcceptOffer(WHY) if kind == len(OUTCOMES) + 1 else Walk("stuck", WHY)


def _tried(match: Match, move: Move) -> str | None:
    """The code of the error that a move met with."""
    try:
        match.play(move)
    except ParleyError as error:
        return error.code
    return None


def _stepped(of: Domain, match: Match) -> NegotiationState:
    """The state of a machine that steps the match's messages one by one."""
    machine = Machine(of, match.opening)
    state = machine.initial()
    for message in match.messages:
        state = machine.step(state, message).state
    return state


ANY = st.lists(st.sampled_from((*range(4), *range(4), 4, 5, 6)), min_size=1, max_size=24)
CIRCLES = st.lists(st.sampled_from(range(4)), min_size=2, max_size=6).map(lambda kinds: kinds * 5)


@settings(max_examples=100)
@given(
    kinds=ANY | CIRCLES,
    roles=st.sampled_from((("buyer", "seller"), ("buyer", "seller", "broker"))),
    limits=st.fixed_dictionaries(
        {
            "max_rounds": st.integers(1, 12),
            "repeat_cap": st.integers(0, 3),
            "min_concession_ppm": st.sampled_from((0, 20_000)),
            "fallback": st.sampled_from(("abort", "post", "escalate")),
        }
    ),
    gated=st.booleans(),
    seed=st.integers(0, 3),
)
def test_the_course_is_that_of_the_machine(
    kinds: Sequence[int], roles: tuple[str, ...], limits: dict[str, Any], gated: bool, seed: int
) -> None:
    more = {"approval": {"sub": [{"issue": "price"}, 400]}} if gated else {}
    of = domain(roles, more, **limits)
    lazy, curious = Match(of, {}, seed), Match(of, {}, seed)
    with patch.object(simulation, "plain", lambda rules: False):
        plain = Match(of, {}, seed)
    for kind in kinds:
        move = _move(kind)
        met = {_tried(match, move) for match in (lazy, curious, plain)}
        assert len(met) == 1, "all take it, or all refuse it for the same reason"
        state = plain.state
        assert curious.state.canonical() == state.canonical(), "reading in between changes nothing"
        assert (lazy.on_turn, lazy.moves, lazy.said) == (
            state.turn,
            state.moves,
            state.sequence,
        ) or not lazy.live
        assert lazy.live == (state.live and not state.held)
    assert [message.wire() for message in lazy.messages] == [message.wire() for message in plain.messages]
    assert lazy.state.hash() == curious.state.hash() == plain.state.hash() == _stepped(of, lazy).hash()
    ended, expected = lazy.result(), plain.result()
    assert (ended.ending, ended.values) == (expected.ending, expected.values)
    assert [made.values for made in lazy.offers] == [made.values for made in plain.offers]


def test_nothing_is_hashed_until_somebody_reads() -> None:
    profiles = {"buyer": buyer(), "seller": seller()}
    seats = {role: Seat(make_strategy("linear"), Space(DOMAIN, each)) for role, each in profiles.items()}
    match = Match(DOMAIN, seats, 1)
    with patch.object(Machine, "step", side_effect=AssertionError("stepped")):
        while match.live:
            match.turn()
        ended = match.result()
    assert ended.ending.moves + 1 == match.said == len(ended.messages)
    assert ended.state.hash() == _stepped(DOMAIN, match).hash()


SHOWN = [(price, 3, "green") for price in range(100, 800, 50)]


@pytest.mark.parametrize("name", COUNTING)
@settings(max_examples=15)
@given(
    theirs=st.lists(st.sampled_from(OUTCOMES[:2]) | st.sampled_from(SHOWN), min_size=6, max_size=14),
    skipped=st.sets(st.integers(1, 12), max_size=2),
    silent=st.sets(st.integers(1, 12), max_size=3),
    first=st.booleans(),
)
def test_what_is_counted_on_the_way_is_what_is_counted_anew(
    name: str, theirs: list[Outcome], skipped: set[int], silent: set[int], first: bool
) -> None:
    space = Space(DOMAIN, buyer(reservation_ppm=100_000))
    strategy, made, views = make_strategy(name), Made(), []
    for at, offer in enumerate(theirs):
        if not first or at:
            # Some moves bring no offer: a side rejects, and the two fall out of step.
            made.theirs += [] if at in skipped else [offer]
        view = View(
            space,
            tuple(made.mine),
            tuple(made.theirs),
            made.theirs[-1] if made.theirs else None,
            at,
            2 * at + (not first),
            seed=7,
        )
        views.append(view)
        move = strategy.decide(view._replace(notes={}, made=made))
        assert _plain(move) == _plain(strategy.decide(view))
        if not isinstance(move, Propose):
            break
        made.mine += [] if at in silent else [space.outcome(move.values)]
    for view in views:
        again = strategy.decide(view._replace(notes={}, made=made))
        assert _plain(again) == _plain(strategy.decide(view)), (
            "a view of before is no worse for what came later"
        )


def _plain(move: Move) -> tuple[Any, ...]:
    values = dict(move.values) if isinstance(move, Propose) else None
    return type(move), values, move.explanation.as_json()
