"""The machine-made bargaining problems of the benchmark, and how its pairs are summed up."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.bargains import LEAST, MOST, ROLES, bargains, outcome_utilities
from bench.negmas.quality import Pair, Played, interval, summary
from bench.negmas.quality import Seat as Bridged

from parley.negotiation.simulation import Match, Seat
from parley.negotiation.space import Space
from parley.negotiation.status import Reason
from parley.negotiation.strategies import DEFAULT, make_strategy
from parley.negotiation.utility import PPM

PLAYED = Played("one", "buyer", "someone", True, 0.7, 1.2, 0.01, 0.2, 40)


def test_problems_are_the_same_for_the_same_seed_and_inside_their_bounds() -> None:
    problems = bargains("test", 12, 20)
    again = bargains("test", 12, 20)
    assert [one.domain.hash() for one in problems] == [one.domain.hash() for one in again]
    assert [one.scenario() for one in problems] == [one.scenario() for one in again]
    assert problems[0].scenario() != bargains("other", 1, 20)[0].scenario()
    for one in problems:
        assert LEAST <= one.size <= MOST
        assert 1 <= len(one.domain.issues) <= 10


def test_every_problem_has_common_ground_and_the_numbers_of_its_profiles() -> None:
    for one in bargains("test", 6, 20):
        scenario = one.scenario()
        least = [party["reservation"] * PPM for party in scenario["parties"]]
        everything = outcome_utilities(scenario)
        assert len(everything) == one.size
        assert any(mine > least[0] and theirs > least[1] for mine, theirs in everything)
        for seat, role in enumerate(ROLES):
            assert Space(one.domain, one.profiles[role]).best_gain == max(pair[seat] for pair in everything)


def test_a_seat_answers_the_bridge_with_value_numbers() -> None:
    problem = bargains("test", 1, 20)[0]
    seat = Bridged(problem, Space(problem.domain, problem.profiles["buyer"]), make_strategy(DEFAULT), 0, 1)
    answer = seat({"step": 0, "offer": None})
    assert all(0 <= at < count for at, count in zip(answer["offer"], problem.numbers(), strict=True))
    assert set(seat({"step": 19, "offer": [0] * len(problem.numbers())})) & {"accept", "end", "offer"}


def test_a_summary_counts_gains_by_pair_and_distances_by_agreement() -> None:
    lost = replace(PLAYED, label="two", agreed=False, utility=0.1, pareto=0.5)
    found = [Pair(PLAYED, replace(PLAYED, utility=0.6)), Pair(lost, replace(lost, utility=0.2))]
    whole = summary(found)
    assert whole["gain"] == pytest.approx(0.0)
    assert whole["ours agreement"] == 0.5
    assert whole["ours pareto"] == 0.01
    low, high = interval(found, 1)
    assert low == -0.1
    assert high == 0.1
    assert interval(found, 1) == interval(found, 1)


@pytest.mark.parametrize("other", ["trade-off", "boulware", "micro"])
def test_the_default_runs_into_no_loop_where_it_waits_long(other: str) -> None:
    for problem in bargains("test", 3, 100):
        for role in ROLES:
            seats = {
                each: Seat(
                    make_strategy(DEFAULT if each == role else other),
                    Space(problem.domain, problem.profiles[each]),
                )
                for each in ROLES
            }
            match = Match(problem.domain, seats, 1)
            while match.live:
                match.turn()
            assert match.state.reason is not Reason.LOOP
