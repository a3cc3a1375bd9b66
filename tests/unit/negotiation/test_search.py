"""Search by axes: against brute force on small spaces, and within its bounds on large ones."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from table import domain
from test_utility import document

from parley.negotiation.errors import SpaceEmpty
from parley.negotiation.opponent import Frequency, Nearness
from parley.negotiation.search import TRIES, Search
from parley.negotiation.space import Axis, Outcome, Space
from parley.negotiation.utility import Profile
from parley.terms.domain import Domain


def small_space(weights: list[int], utilities: list[list[int]]) -> Space:
    """Three choices of up to five values with the given utilities."""
    issues = [
        {"name": f"i{at}", "type": "choice", "values": [f"v{k}" for k in range(len(row))]}
        for at, row in enumerate(utilities)
    ]
    small = Domain.parse({**domain().as_json(), "issues": issues})
    total = sum(weights)
    shares = [1_000_000 * weight // total for weight in weights]
    shares[0] += 1_000_000 - sum(shares)
    profile = Profile.parse(
        {
            **document(),
            "domain": small.hash(),
            "weights": {f"i{at}": share for at, share in enumerate(shares)},
            "utilities": {
                f"i{at}": {"values": {f"v{k}": ppm for k, ppm in enumerate(row)}}
                for at, row in enumerate(utilities)
            },
            "reservation_ppm": 0,
        }
    )
    return Space(small, profile)


ppm = st.integers(0, 1_000_000)
rows = st.lists(st.lists(ppm, min_size=1, max_size=5), min_size=3, max_size=3)


@given(
    weights=st.lists(st.integers(1, 100), min_size=3, max_size=3),
    utilities=rows,
    wishes=st.lists(st.lists(ppm, min_size=5, max_size=5), min_size=3, max_size=3),
    share=st.integers(0, 1_000_000),
)
def test_what_is_found_is_worth_the_target_and_close_to_the_best_there_is(
    weights: list[int], utilities: list[list[int]], wishes: list[list[int]], share: int
) -> None:
    space = small_space(weights, utilities)
    target = space.best_gain * share // 1_000_000

    def scores(axis: Axis) -> list[int]:
        return wishes[int(axis.name[1:])][: len(axis.values)]

    (found,) = Search(space, lambda outcome: True, scores).at_least(target)
    assert found.gain == space.gain(found.outcome) >= target
    (branch,) = space.branches
    reachable = [
        sum(scores(axis)[at] for axis, at in zip(branch.axes, chosen, strict=True))
        for chosen in product(*(range(len(axis.values)) for axis in branch.axes))
        if branch.gain(list(chosen)) >= target
    ]
    # The relaxation is short of the optimum by at most one step of one issue.
    assert max(reachable) >= found.score >= max(reachable) - 1_000_000


@given(weights=st.lists(st.integers(1, 100), min_size=3, max_size=3), utilities=rows)
def test_nothing_is_worth_more_than_the_best(weights: list[int], utilities: list[list[int]]) -> None:
    space = small_space(weights, utilities)
    search = Search(space, lambda outcome: True, Nearness(space.names, None))
    assert search.at_least(space.best_gain + 1) == []
    assert [found.gain for found in search.at_least(space.best_gain)] == [space.best_gain]


@given(
    forbidden=st.sets(st.tuples(st.integers(0, 2), st.integers(0, 4)), max_size=4),
    share=st.integers(0, 700_000),
)
def test_a_forbidden_value_is_avoided_when_the_rest_reaches_the_target(
    forbidden: set[tuple[int, int]], share: int
) -> None:
    space = small_space([1, 1, 1], [[1_000_000 - 200_000 * k for k in range(5)]] * 3)
    banned = {(f"i{at}", f"v{k}") for at, k in forbidden}

    def admissible(outcome: Outcome) -> bool:
        return not any((name, value) in banned for name, value in zip(space.names, outcome, strict=True))

    found = Search(space, admissible, Nearness(space.names, ("v4", "v4", "v4"))).at_least(
        space.best_gain * share // 1_000_000
    )
    assert space.listed is not None
    possible = [
        o for o in space.listed[1] if admissible(o) and space.gain(o) >= space.best_gain * share // 1_000_000
    ]
    assert bool(found) == bool(possible)
    assert all(admissible(candidate.outcome) for candidate in found)


def test_a_policy_that_forbids_everything_is_asked_a_bounded_number_of_times() -> None:
    space = Space(domain(), Profile.parse(document()))
    asked = []

    def never(outcome: Outcome) -> bool:
        asked.append(outcome)
        return False

    search = Search(space, never, Nearness(space.names, (500, 5, "green")))
    assert search.at_least(0) == []
    assert search.just_above(0, None) == []
    assert len(asked) <= TRIES
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("share", [0, 250_000, 500_000, 900_000, 1_000_000])
def test_the_listed_and_the_searched_space_agree(share: int) -> None:
    space = Space(domain(), Profile.parse(document()))
    target = space.best_gain * share // 1_000_000
    (listed,) = Search(space, lambda o: True, Nearness(space.names, None)).just_above(target, None)
    (searched,) = Search(space, lambda o: True, Nearness(space.names, (1_000, 10, "green"))).at_least(target)
    assert listed.gain >= target
    assert searched.gain >= target
    assert space.listed is not None
    assert listed.gain == min(-gain for gain in space.listed[0] if -gain >= target)


def test_the_model_sees_what_does_not_move_and_what_was_shown() -> None:
    space = Space(domain(), Profile.parse(document()))
    offers: tuple[Outcome, ...] = ((900, 1, "red"), (600, 1, "red"), (300, 1, "green"), (100, 1, "red"))
    model = Frequency(space, offers)
    price, days, colour = model.weights
    assert days > price
    assert days > colour
    assert model.kinds[0] == (100, 1, "red")
    assert (
        model.likeness((100, 1, "red")) > model.likeness((500, 1, "red")) > model.likeness((500, 9, "green"))
    )
    axis = space.branches[0].axes[0]
    scores = model(axis)
    assert scores.index(max(scores)) == axis.values.index(900)
    assert Frequency(space, ())(axis) == [0] * len(axis.values)


def test_what_an_equality_over_several_issues_leaves_is_found() -> None:
    """Three shares that sum to 100: no single value is to blame for an outcome that does not."""
    raw = domain().as_json()
    names = ("a", "b", "c", "d")
    raw["issues"] = [{"name": n, "type": "integer", "min": 0, "max": 100, "step": 10} for n in names]
    where = Domain.parse(raw)
    together = {"add": [{"issue": name} for name in names[:3]]}
    rising = {"points": [{"at": "0", "utility": 0}, {"at": "100", "utility": 1_000_000}]}
    profile = Profile.parse(
        {
            "schema": "parley/profile",
            "version": 2,
            "domain": where.hash(),
            "role": "buyer",
            "weights": {"a": 500_000, "b": 300_000, "c": 0, "d": 200_000},
            "utilities": {"a": rising, "b": rising, "d": rising},
            "reservation_ppm": 0,
            "constraints": [{"left": together, "right": 100}, {"left": 100, "right": together}],
        }
    )
    space = Space(where, profile)
    assert space.size == 11**4
    assert space.best_gain == 700_000 * 10**6
    listed = space.listed
    assert listed is not None
    assert len(listed[1]) == 66 * 11
    search = Search(space, lambda outcome: True, lambda axis: [0] * len(axis.values))
    (best,) = search.at_least(space.best_gain)
    assert best.outcome == (100, 0, 0, 100)
    likes_c = Search(
        space,
        lambda outcome: True,
        lambda axis: [int(value) if axis.name == "c" else 0 for value in axis.values],
    )
    (found,) = likes_c.at_least(400_000 * 10**6)
    assert found.gain >= 400_000 * 10**6
    assert found.outcome == (40, 0, 60, 100)


def test_constraints_that_contradict_each_other_leave_nothing() -> None:
    impossible = {**document(), "constraints": [{"left": 11, "right": {"issue": "days"}}]}
    with pytest.raises(SpaceEmpty):
        Space(domain(), Profile.parse(impossible))
