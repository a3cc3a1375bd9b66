"""Spaces that nobody could list, against listing where that is possible."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from functools import cache
from itertools import islice
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table import domain
from test_utility import document

from parley.negotiation.errors import SearchExhausted, SpaceEmpty, SpaceTooEntangled
from parley.negotiation.huge import Draws, best, in_order, sample
from parley.negotiation.nearest import nearest
from parley.negotiation.opponent import Nearness
from parley.negotiation.search import Search
from parley.negotiation.space import Outcome, Space
from parley.negotiation.utility import PPM, Profile, exact_utility
from parley.terms.domain import Domain


def twelve(**changes: Any) -> Space:
    """Twelve choices of ten values: 10^12 outcomes of different worth."""
    issues = [
        {"name": f"i{at}", "type": "choice", "values": [f"v{k}" for k in range(10)]} for at in range(12)
    ]
    huge = Domain.parse({**domain().as_json(), "issues": issues})
    weights = [60_000 + 4_241 * at for at in range(11)]
    weights.append(PPM - sum(weights))
    profile = {
        **document(),
        "domain": huge.hash(),
        "weights": {f"i{at}": weight for at, weight in enumerate(weights)},
        "utilities": {
            f"i{at}": {"values": {f"v{k}": (k * 7 + at) % 10 * 111_111 for k in range(10)}}
            for at in range(12)
        },
        "reservation_ppm": 0,
        "version": 2,
        **changes,
    }
    return Space(huge, Profile.parse(profile))


@cache
def tied(total: int = 100, step: int = 10) -> Space:
    """Three shares that have to sum to a hundred, a spend and two dates that must not meet week 5 or 6."""
    issues = [
        {"name": "spend", "type": "amount", "min": "60000", "max": "140000", "step": "100"},
        *({"name": name, "type": "integer", "min": 0, "max": 100, "step": step} for name in ("a", "b", "c")),
        {"name": "start", "type": "integer", "min": 1, "max": 12, "step": 1},
        {"name": "weeks", "type": "integer", "min": 2, "max": 10, "step": 1},
    ]
    shares = {"add": [{"issue": "a"}, {"issue": "b"}, {"issue": "c"}]}
    end = {"add": [{"issue": "start"}, {"issue": "weeks"}]}
    around = {"min": [{"sub": [7, {"issue": "start"}]}, {"sub": [end, 5]}]}
    campaign = Domain.parse({**domain().as_json(), "issues": issues})
    curve = {"points": [{"at": "0", "utility": 0}, {"at": "100", "utility": 1_000_000}]}
    profile = {
        **document(),
        "domain": campaign.hash(),
        "weights": {"spend": 300_000, "a": 400_000, "b": 200_000, "c": 100_000, "start": 0, "weeks": 0},
        "utilities": {
            "spend": {"points": [{"at": "60000", "utility": 1_000_000}, {"at": "140000", "utility": 0}]},
            **dict.fromkeys(("a", "b", "c"), curve),
            "weeks": {"points": [{"at": "2", "utility": 0}, {"at": "10", "utility": 1_000_000}]},
        },
        "constraints": [
            {"left": shares, "right": total},
            {"left": total, "right": shares},
            {"left": around, "right": 0},
            {"left": end, "right": 17},
            {"left": {"ceil_div": [{"issue": "spend"}, {"issue": "weeks"}]}, "right": 20_000},
        ],
        "reservation_ppm": 0,
    }
    return Space(campaign, Profile.parse(profile))


def small(**changes: Any) -> Space:
    """Under two thousand outcomes, with dependencies, bonuses, limits and ties."""
    fields = {
        "weights": {"price": 500_000, "days": 200_000, "colour": 0},
        "bonuses": [
            {"where": {"days": {"min": "3", "max": "6"}, "colour": {"among": ["green"]}}, "ppm": 250_000},
            {"where": {"price": {"max": "200"}, "days": {"min": "5"}}, "ppm": -400_000},
            {"where": {"price": {"min": "305"}, "colour": {"among": ["red"]}}, "ppm": 50_000},
        ],
        "limits": [{"issue": "price", "max": "800", "when": {"colour": "green"}}],
        "version": 2,
        "constraints": [{"left": {"mul": [{"issue": "price"}, {"issue": "days"}]}, "right": 5_000}],
        **changes,
    }
    return Space(domain(), Profile.parse(document(**fields)))


def test_bonuses_make_branches_in_which_utility_is_a_sum() -> None:
    space = small()
    assert space.listed is not None
    seen = set()
    for branch in space.branches:
        for at in range(min(3, branch.size)):
            indices = [at % len(axis.values) for axis in branch.axes]
            outcome = branch.outcome(indices)
            assert branch.gain(indices) == space.gain(outcome)
            assert space.branch_key(outcome) == branch.key
            seen.add(branch.key)
    assert len(seen) == len(space.branches) > 4
    for outcome, loss in zip(space.listed[1], space.listed[0], strict=True):
        exact = exact_utility(space.profile, space.domain, space.mapping(outcome))
        assert exact == -loss == space.gain(outcome)


def test_lazy_order_is_the_listed_order() -> None:
    for space in (small(), small(weights={"price": 0, "days": 0, "colour": 700_000}), small(constraints=[])):
        assert space.listed is not None
        lazily = list(in_order(space, steps=10**6))
        assert [outcome for _, outcome in lazily] == list(space.listed[1])
        assert [-gain for gain, _ in lazily] == list(space.listed[0])
        assert best(space) == space.listed[1][0]


def test_a_space_of_10_to_the_12_is_walked_from_the_top() -> None:
    space = twelve()
    assert space.size == 10**12
    tracemalloc.start()
    top = list(islice(in_order(space), 5_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 50_000_000
    gains = [gain for gain, _ in top]
    assert gains == sorted(gains, reverse=True)
    assert top[0][0] == space.best_gain
    assert len({outcome for _, outcome in top}) == len(top)
    assert all(space.gain(outcome) == gain for gain, outcome in top[:50])
    assert best(space, lambda outcome: outcome[0] == "v0") == next(
        outcome for _, outcome in in_order(space) if outcome[0] == "v0"
    )


@pytest.mark.parametrize("share", [137_000, 500_000, 777_777])
def test_the_nearest_of_10_to_the_12(share: int) -> None:
    space = twelve()
    target = space.best_gain * share // PPM
    found = nearest(space, target, count=3, at_least=True, tolerance=50 * PPM)
    assert len(found) == 3
    for near in found:
        assert near.gain == space.gain(near.outcome) >= target
        assert near.distance == near.gain - target <= 50 * PPM
    assert found == nearest(space, target, count=3, at_least=True, tolerance=50 * PPM)


def test_the_nearest_at_the_ends_of_10_to_the_12() -> None:
    space = twelve()
    top = [gain for gain, _ in islice(in_order(space), 40)]
    for target in (top[0], top[0] - 1, top[25] + 1, top[30]):
        (near,) = nearest(space, target, at_least=True, tolerance=0)
        assert near.gain == min(gain for gain in top if gain >= target)
    assert nearest(space, top[0] + 1, at_least=True) == []
    assert nearest(space, 0)[0].gain == 0
    assert nearest(space, 1, at_least=True)[0].gain == 60_000 * 111_111


@settings(max_examples=25, deadline=None)
@given(share=st.integers(-50_000, 1_050_000), at_least=st.booleans())
def test_the_nearest_is_the_nearest(share: int, at_least: bool) -> None:
    for space in (small(constraints=[]), small()):
        assert space.listed is not None
        target = space.best_gain * share // PPM
        gaps = [abs(-loss - target) for loss in space.listed[0] if not at_least or -loss >= target]
        expected = [min(gaps)] if gaps else []
        found = nearest(space, target, at_least=at_least, tolerance=0)
        assert [near.distance for near in found] == expected
        # The same by the search that large spaces take.
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Space, "listed", None)
            found = nearest(space, target, at_least=at_least, tolerance=0, steps=10**6)
        assert [near.distance for near in found] == expected


def test_constraints_that_tie_issues_together() -> None:
    space = tied()
    assert space.domain.outcome_count() > 10**8
    top = best(space)
    # All on the share that weighs most, in the cheapest and then the longest plan that fits.
    assert top == (60_000, 100, 0, 0, 7, 10)
    for share in (200_000, 450_000, 600_000):
        (near,) = nearest(space, share * PPM, tolerance=1_000 * PPM)
        assert near.distance <= 1_000 * PPM
        assert space.agreeable(near.outcome)
    for outcome in sample(space, 20, seed=7):
        assert space.agreeable(outcome)
    with pytest.raises(SpaceEmpty):
        best(tied(total=305, step=1))


def test_search_finds_what_is_worth_the_target_under_such_constraints() -> None:
    space = tied()
    for share in (500_000, 650_000):
        search = Search(space, lambda outcome: outcome[4] != 7, Nearness(space.names, None))
        found = search.just_above(share * PPM, None)
        assert found
        assert all(space.agreeable(each.outcome) and each.gain >= share * PPM for each in found)


def test_a_sample_is_the_same_for_the_same_seed_and_spread_out() -> None:
    space = twelve()
    drawn = sample(space, 200, seed=1)
    assert drawn == sample(space, 200, seed=1) != sample(space, 200, seed=2)
    assert {outcome[3] for outcome in drawn} == {f"v{k}" for k in range(10)}
    counts: dict[Outcome, int] = {}
    few = small(
        limits=[{"issue": "price", "max": "0"}, {"issue": "colour", "among": ["red"]}], constraints=[]
    )
    for outcome in sample(few, 1_100, seed=3):
        counts[outcome] = counts.get(outcome, 0) + 1
    assert len(counts) == 11
    assert min(counts.values()) > 60


def test_draws_are_even_and_stay_below() -> None:
    draws = Draws(5)
    assert {draws.below(3) for _ in range(100)} == {0, 1, 2}
    assert draws.below(1) == 0
    assert sorted(draws.shuffled(range(20))) == list(range(20))


def test_searches_end_by_their_bound() -> None:
    with pytest.raises(SearchExhausted) as caught:
        best(twelve(), lambda outcome: False, steps=1_000)
    assert caught.value.values == {"looked_at": "1000", "limit": "1000"}
    assert nearest(twelve(), 0, admissible=lambda outcome: False, steps=500) == []
    assert nearest(tied(total=305, step=1), 0, steps=2_000) == []
    with pytest.raises(SpaceEmpty):
        sample(tied(total=305, step=1), 1, seed=1)
    bonuses = [
        {"where": {f"i{at}": {"among": [f"v{k}"]}, "i0": {"among": ["v0"]}}, "ppm": -1}
        for at in range(1, 12)
        for k in range(3)
    ]
    with pytest.raises(SpaceTooEntangled):
        twelve(bonuses=bonuses)


def test_a_long_axis_keeps_the_turns_of_its_curve() -> None:
    issues = [{"name": "price", "type": "amount", "min": "0", "max": str(10**9), "step": "1"}]
    long = Domain.parse({**domain().as_json(), "issues": issues})
    peak = 123_456_789
    points = [
        {"at": "0", "utility": 0},
        {"at": str(peak), "utility": 1_000_000},
        {"at": "999999999", "utility": 0},
    ]
    profile = {
        **document(),
        "domain": long.hash(),
        "weights": {"price": PPM},
        "utilities": {"price": {"points": points}},
    }
    space = Space(long, Profile.parse(profile))
    assert best(space) == (peak,)
    assert len(space.branches[0].axes[0].values) <= 1_024


def turn(value: Any) -> Any:
    """A JSON value with the keys of all its objects the other way round."""
    if isinstance(value, dict):
        return {key: turn(value[key]) for key in reversed(value)}
    return [turn(each) for each in value] if isinstance(value, list) else value


def test_the_order_is_the_same_under_every_hash_seed_and_order_of_keys() -> None:
    script = (
        "import sys; sys.path.insert(0, 'tests/unit/negotiation')\n"
        "from test_huge import *\n"
        "space = small()\n"
        "turned = turn(space.profile.as_json())\n"
        "again = Space(space.domain, Profile.parse(turned))\n"
        "listed = [outcome for _, outcome in islice(in_order(space), 300)]\n"
        "assert listed == [outcome for _, outcome in islice(in_order(again), 300)]\n"
        "print(listed)\n"
        "print([near.outcome for near in nearest(twelve(), 5 * 10**11, count=2)])\n"
        "print(sample(tied(), 3, seed=9))\n"
        "print(space.profile.hash())"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "4242")
    }
    assert len(answers) == 1
    assert "(" in answers.pop()
