"""The portfolio: schedules, acceptance, hard limits whatever arrives, explanations, determinism."""

from __future__ import annotations

from math import isqrt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table import domain
from test_utility import document

from parley.negotiation.errors import StrategyUnknown
from parley.negotiation.simulation import Result, simulate
from parley.negotiation.space import Outcome, Space
from parley.negotiation.status import Reason, Status
from parley.negotiation.strategies import (
    STRATEGIES,
    AcceptOffer,
    Propose,
    Strategy,
    View,
    Walk,
    make_strategy,
    strategy_hash,
)
from parley.negotiation.strategies.schedule import conceded_ppm
from parley.negotiation.strategies.time_dependent import TimeDependentParams
from parley.negotiation.utility import Profile
from parley.terms.domain import Domain, IssueValue

NAMES = [
    "adaptive",
    "bayesian",
    "learned",
    "micro",
    "boulware",
    "linear",
    "conceder",
    "time-dependent",
    "tit-for-tat",
    "trade-off",
]
ROUNDS = 12
DOMAIN = domain(max_rounds=ROUNDS, repeat_cap=2, min_concession_ppm=5_000)


def buyer(of: Domain = DOMAIN, **changes: Any) -> Profile:
    return Profile.parse({**document(), "domain": of.hash(), "reservation_ppm": 400_000, **changes})


def seller(of: Domain = DOMAIN, **changes: Any) -> Profile:
    return Profile.parse(
        {
            **document(),
            "domain": of.hash(),
            "role": "seller",
            "weights": {"price": 700_000, "days": 100_000, "colour": 200_000},
            "utilities": {
                "price": {"points": [{"at": "0", "utility": 0}, {"at": "1000", "utility": 1_000_000}]},
                "days": {"points": [{"at": "0", "utility": 1_000_000}, {"at": "10", "utility": 0}]},
                "colour": {"values": {"red": 0, "green": 1_000_000}},
            },
            "reservation_ppm": 300_000,
            **changes,
        }
    )


def strategy(name: str) -> Strategy:
    return make_strategy(name)


@pytest.mark.parametrize("exponent", [10, 200, 330, 1_000, 2_000, 3_000, 9_990, 10_000])
def test_a_schedule_is_exact_rising_and_complete(exponent: int) -> None:
    steps = 40
    conceded = [conceded_ppm(step, steps, exponent) for step in range(steps + 1)]
    assert (conceded[0], conceded[-1]) == (0, 1_000_000)
    assert conceded == sorted(conceded)
    for step, ppm in enumerate(conceded):
        assert abs(ppm / 1e6 - (step / steps) ** (1_000 / exponent)) < 2e-6
    assert conceded_ppm(10, 40, 2_000) == isqrt(10**12 * 10 // 40)


def _played(of: Domain, mine: str, theirs: str) -> Result:
    profiles = {"buyer": buyer(of), "seller": seller(of)}
    return simulate(of, profiles, {"buyer": strategy(mine), "seller": strategy(theirs)})


@pytest.mark.parametrize("mine", NAMES)
@pytest.mark.parametrize("theirs", NAMES)
def test_any_two_strategies_come_to_an_end_within_their_limits(mine: str, theirs: str) -> None:
    result = _played(DOMAIN, mine, theirs)
    assert result.state.status in (Status.ACCEPTED, Status.TERMINATED)
    assert result.state.round <= ROUNDS
    if result.agreed:
        assert result.utilities["buyer"] >= 400_000
        assert result.utilities["seller"] >= 300_000
    assert all(explanation.text for _, explanation in result.record)


def test_most_pairs_agree() -> None:
    assert sum(_played(DOMAIN, a, b).agreed for a in NAMES for b in NAMES) >= 46


@pytest.mark.parametrize("name", NAMES)
def test_without_common_ground_nobody_gives_in(name: str) -> None:
    result = simulate(
        DOMAIN,
        {"buyer": buyer(reservation_ppm=900_000), "seller": seller(reservation_ppm=900_000)},
        {"buyer": strategy(name), "seller": strategy("conceder")},
    )
    assert not result.agreed
    assert result.state.reason in (Reason.WITHDRAWN, Reason.ROUNDS, Reason.LOOP)


def test_boulware_holds_out_and_conceder_gives_way() -> None:
    def utility(name: str, at: int) -> int:
        space = Space(DOMAIN, buyer())
        move = strategy(name).decide(View(space=space, mine=((0, 3, "red"),), round=at, moves=2 * at))
        assert isinstance(move, Propose)
        return space.gain(space.outcome(move.values))

    middle = [utility(name, ROUNDS // 2) for name in ("boulware", "linear", "conceder")]
    assert middle[0] > middle[1] > middle[2]
    best, floor = Space(DOMAIN, buyer()).best_gain, 400_000 * 10**6
    assert abs(middle[1] - (best - (best - floor) * 6 // 11)) < best // 50


def test_tit_for_tat_returns_what_it_was_given() -> None:
    space = Space(DOMAIN, buyer())
    own: Outcome = (0, 3, "red")

    def utility(offers: tuple[Outcome, ...]) -> int:
        move = strategy("tit-for-tat").decide(View(space=space, mine=(own,), theirs=offers, round=2, moves=4))
        assert isinstance(move, Propose)
        return space.gain(space.outcome(move.values))

    stubborn = utility(((1_000, 0, "green"), (1_000, 0, "green")))
    generous = utility(((1_000, 0, "green"), (700, 0, "green")))
    assert space.gain(own) >= stubborn > generous
    assert abs(stubborn - generous - 180_000 * 10**6) < 20_000 * 10**6


def test_the_trade_off_gets_more_out_of_the_same_others_than_the_straight_line() -> None:
    def reached(name: str) -> int:
        results = [_played(DOMAIN, name, other) for other in NAMES]
        return sum(result.utilities.get("buyer", 0) for result in results)

    assert reached("trade-off") > reached("linear")


@pytest.mark.parametrize("name", NAMES)
def test_long_negotiations_with_a_tight_cap_on_repeats_do_not_run_in_circles(name: str) -> None:
    long = domain(max_rounds=100, repeat_cap=2, min_concession_ppm=0)
    for other in NAMES:
        assert _played(long, name, other).state.reason is not Reason.LOOP


outcomes = st.tuples(
    st.integers(0, 100).map(lambda tens: tens * 10), st.integers(0, 10), st.sampled_from(["red", "green"])
)


@settings(max_examples=150)
@given(
    name=st.sampled_from(NAMES),
    theirs=st.lists(outcomes, max_size=6).map(tuple),
    mine=st.lists(outcomes, max_size=6).map(tuple),
    table=st.booleans(),
    at=st.integers(0, ROUNDS - 1),
    second=st.booleans(),
    repeats=st.integers(0, 2),
    ceiling=st.integers(0, 1_000),
    reservation=st.integers(0, 1_000_000),
    limit=st.integers(0, 1_000),
)
def test_nothing_below_reservation_limits_or_policy_whatever_arrives(
    name: str,
    theirs: tuple[Outcome, ...],
    mine: tuple[Outcome, ...],
    table: bool,
    at: int,
    second: bool,
    repeats: int,
    ceiling: int,
    reservation: int,
    limit: int,
) -> None:
    profile = buyer(
        reservation_ppm=reservation,
        limits=[{"issue": "price", "max": str(limit)}],
        constraints=[{"left": {"mul": [{"issue": "price"}, {"issue": "days"}]}, "right": 4_000}],
    )

    def admissible(values: Any) -> bool:
        return bool(values["price"] <= ceiling)

    view = View(
        space=Space(DOMAIN, profile),
        mine=mine,
        theirs=theirs,
        table=theirs[-1] if table and theirs else None,
        round=at,
        moves=2 * at + second,
        repeats=repeats,
        admissible=admissible,
    )
    move = strategy(name).decide(view)
    assert move == strategy(name).decide(view)
    if isinstance(move, Walk):
        return
    if isinstance(move, AcceptOffer):
        assert view.table is not None
        values: dict[str, IssueValue] = view.space.mapping(view.table)
    else:
        assert isinstance(move, Propose)
        values = dict(move.values)
        DOMAIN.check_values(values)
    assert profile.allows(values)
    assert admissible(values)
    assert view.space.gain(view.space.outcome(values)) >= reservation * 10**6


def test_an_acceptable_offer_is_taken_in_the_last_move_and_no_other() -> None:
    space = Space(DOMAIN, buyer())
    last = {"round": ROUNDS - 1, "moves": 2 * ROUNDS - 1}
    good = View(space=space, theirs=((600, 3, "red"),), table=(600, 3, "red"), **last)
    bad = View(space=space, theirs=((990, 10, "green"),), table=(990, 10, "green"), **last)
    for name in NAMES:
        assert isinstance(strategy(name).decide(good), AcceptOffer)
        assert isinstance(strategy(name).decide(bad), Walk)


def test_what_was_offered_once_is_asked_for_again() -> None:
    space = Space(DOMAIN, buyer())
    theirs: tuple[Outcome, ...] = ((300, 3, "red"), (900, 0, "green"))
    move = strategy("trade-off").decide(
        View(space=space, mine=((0, 3, "red"),), theirs=theirs, table=theirs[-1], round=9, moves=18)
    )
    assert isinstance(move, Propose)
    assert space.outcome(move.values) == theirs[0]


def test_a_simulation_repeats_to_the_byte() -> None:
    def play(seed: int) -> list[bytes]:
        result = simulate(
            DOMAIN,
            {"buyer": buyer(), "seller": seller()},
            {"buyer": strategy("trade-off"), "seller": strategy("tit-for-tat")},
            seed=seed,
        )
        return [message.canonical() for message in result.messages]

    assert play(1) == play(1)
    assert play(1) != play(2)


def test_strategies_come_by_name_with_parameters_of_their_schema() -> None:
    for name in NAMES:
        assert strategy(name).name == name
        assert len(strategy_hash(strategy(name))) == 66
    slow = make_strategy("time-dependent", {"exponent_milli": 100})
    assert slow.params == TimeDependentParams(exponent_milli=100)
    assert strategy_hash(slow) != strategy_hash(make_strategy("time-dependent"))
    bad: list[tuple[str, Any]] = [
        ("no-such", None),
        ("boulware", {"exponent_milli": 0}),
        ("boulware", {"exponent_milli": 15}),
        ("boulware", {"speed": 1}),
        ("tit-for-tat", {"window": 1.5}),
        ("fixed-rule", None),
    ]
    for name, params in bad:
        with pytest.raises(StrategyUnknown):
            make_strategy(name, params)
    assert set(NAMES) | {"fixed-rule"} == set(STRATEGIES)
