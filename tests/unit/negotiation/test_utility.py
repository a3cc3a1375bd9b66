"""Exact utilities, profiles that fit their domain, and spaces too large to list."""

from __future__ import annotations

from typing import Any

import pytest
from table import domain

from parley.negotiation.errors import ProfileInvalid, SpaceEmpty
from parley.negotiation.huge import best, sample
from parley.negotiation.nearest import nearest
from parley.negotiation.space import Space
from parley.negotiation.utility import Curve, Profile, discounted, exact_utility, utility_ppm
from parley.terms.domain import Domain
from parley.terms.errors import DocumentInvalid

DOMAIN = domain()


def document(**changes: Any) -> dict[str, Any]:
    return {
        "schema": "parley/profile",
        "version": 1,
        "domain": DOMAIN.hash(),
        "role": "buyer",
        "weights": {"price": 600_000, "days": 300_000, "colour": 100_000},
        "utilities": {
            "price": {"points": [{"at": "0", "utility": 1_000_000}, {"at": "1000", "utility": 0}]},
            "days": {
                "points": [
                    {"at": "0", "utility": 0},
                    {"at": "3", "utility": 1_000_000},
                    {"at": "10", "utility": 5},
                ]
            },
            "colour": {"values": {"red": 1_000_000, "green": 333_333}},
        },
        "reservation_ppm": 250_000,
        **changes,
    }


def profile(**changes: Any) -> Profile:
    return Profile.parse(document(**changes))


def test_utility_is_the_exact_weighted_sum_floored_once() -> None:
    values = {"price": 500, "days": 1, "colour": "green"}
    exact = 600_000 * 500_000 + 300_000 * 333_333 + 100_000 * 333_333
    assert exact_utility(profile(), DOMAIN, values) == exact
    assert utility_ppm(profile(), DOMAIN, values) == exact // 10**6 == 433_333


@pytest.mark.parametrize(
    ("value", "ppm"), [(0, 0), (1, 333_333), (3, 1_000_000), (4, 857_143), (10, 5), (99, 5)]
)
def test_a_curve_is_straight_between_its_points_and_level_beyond(value: int, ppm: int) -> None:
    curve = profile().utilities["days"]
    assert isinstance(curve, Curve)
    assert curve.ppm(value) == ppm


def test_a_falling_curve_floors_too() -> None:
    curve = Curve.parse({"points": [{"at": "0", "utility": 10}, {"at": "3", "utility": 0}]})
    assert [curve.ppm(value) for value in (1, 2)] == [6, 3]


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": {"price": 600_000, "days": 300_000, "colour": 99_999}},
        {"weights": {"price": 1_000_001, "days": 0, "colour": 0}},
        {"reservation_ppm": 1_000_001},
        {"reservation_ppm": 0.5},
        {"utilities": {}},
        {"utilities": {**document()["utilities"], "price": {"points": []}}},
        {"utilities": {**document()["utilities"], "price": {"points": [{"at": "1", "utility": 1}] * 2}}},
        {"limits": [{"issue": "price", "max": -1}]},
        {"constraints": [{"left": {"boom": 1}, "right": 1}]},
        {"bonuses": [{"where": {"days": {"min": "1"}}, "ppm": 1}], "version": 2},
        {"bonuses": [{"where": {}, "ppm": -1}], "version": 2},
        {"limits": [{"issue": "price", "id": "a"}, {"issue": "days", "id": "a"}], "version": 2},
        {"discount_ppm": 0, "version": 2},
    ],
)
def test_a_profile_is_strict(changes: dict[str, Any]) -> None:
    with pytest.raises(DocumentInvalid):
        profile(**changes)


def _utilities(**changes: Any) -> dict[str, Any]:
    return {"utilities": {**document()["utilities"], **changes}}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"domain": "0x" + "00" * 32}, "domain"),
        ({"role": "arbiter"}, "role"),
        ({"weights": {"price": 600_000, "days": 400_000}}, "colour"),
        ({"weights": {"price": 600_000, "days": 400_000, "colour": 0, "size": 0}}, "size"),
        (_utilities(size={"values": {"a": 1}}), "size"),
        (_utilities(colour={"values": {"red": 1}}), "colour"),
        (_utilities(colour={"points": [{"at": "0", "utility": 1}]}), "colour"),
        (_utilities(price={"values": {"red": 1, "green": 2}}), "price"),
        (_utilities(price={"case": "days", "of": {"1": {"points": [{"at": "0", "utility": 1}]}}}), "days"),
        (
            _utilities(price={"case": "colour", "of": {"red": {"points": [{"at": "0", "utility": 1}]}}}),
            "price",
        ),
        ({"limits": [{"issue": "size", "max": "1"}]}, "size"),
        ({"limits": [{"issue": "price", "max": "1", "when": {"days": "3"}}]}, "days"),
        ({"limits": [{"issue": "price", "max": "1", "when": {"colour": "blue"}}]}, "colour"),
        ({"bonuses": [{"where": {"size": {"min": "1"}}, "ppm": -1}], "version": 2}, "size"),
        ({"bonuses": [{"where": {"colour": {"min": "1"}}, "ppm": -1}], "version": 2}, "colour"),
        ({"bonuses": [{"where": {"colour": {"among": ["blue"]}}, "ppm": -1}], "version": 2}, "colour"),
        ({"bonuses": [{"where": {"days": {"among": ["3"]}}, "ppm": -1}], "version": 2}, "days"),
        ({"bonuses": [{"where": {"days": {}}, "ppm": -1}], "version": 2}, "days"),
        ({"constraints": [{"left": {"issue": "size"}, "right": 1}]}, "constraints"),
    ],
)
def test_a_profile_of_another_domain_is_refused_by_the_field(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(ProfileInvalid) as caught:
        Space(DOMAIN, profile(**changes))
    assert caught.value.values["field"] == field


def test_limits_and_constraints_leave_what_may_be_agreed_on() -> None:
    hard = profile(
        limits=[
            {"issue": "price", "min": "105", "max": "900"},
            {"issue": "days", "max": "2", "when": {"colour": "red"}},
            {"issue": "colour", "among": ["red", "green"]},
        ],
        constraints=[{"left": {"mul": [{"issue": "price"}, {"issue": "days"}]}, "right": 1_800}],
    )
    space = Space(DOMAIN, hard)
    red = next(branch for branch in space.branches if branch.key == ("red",))
    assert (red.axes[0].values[0], red.axes[0].values[-1]) == (110, 900)
    assert red.axes[1].values == (0, 1, 2)
    assert space.listed is not None
    assert space.listed[1]
    for outcome in space.listed[1]:
        assert hard.allows(space.mapping(outcome))
    assert not space.agreeable((900, 3, "green"))
    assert space.agreeable((110, 2, "red"))
    assert not space.agreeable((110, 3, "red"))


def test_a_list_is_ordered_by_exact_utility_and_ties_by_canonical_order() -> None:
    space = Space(DOMAIN, profile(weights={"price": 0, "days": 0, "colour": 1_000_000}))
    assert space.listed is not None
    gains, outcomes = space.listed
    assert list(gains) == sorted(gains)
    assert len(outcomes) == space.size == DOMAIN.outcome_count()
    # Among equal outcomes the owner's liking decides, then the order of the domain.
    assert outcomes[0] == (0, 3, "red")
    assert space.gain(outcomes[0]) == -gains[0]


def test_contradicting_limits_are_named() -> None:
    for limits in (
        [{"issue": "price", "min": "500"}, {"issue": "price", "max": "499"}],
        [{"issue": "colour", "among": ["blue"]}],
    ):
        with pytest.raises(SpaceEmpty):
            Space(DOMAIN, profile(limits=limits))


def test_a_utility_may_depend_on_a_choice() -> None:
    cheap = {"points": [{"at": "0", "utility": 1_000_000}, {"at": "100", "utility": 0}]}
    dear = {"points": [{"at": "0", "utility": 1_000_000}, {"at": "1000", "utility": 0}]}
    split = profile(**_utilities(price={"case": "colour", "of": {"red": dear, "green": cheap}}))
    space = Space(DOMAIN, split)
    assert len(space.branches) == 2
    assert split.issue_ppm("price", 50, "red") == 950_000
    assert split.issue_ppm("price", 50, "green") == 500_000
    for branch in space.branches:
        best = branch.outcome(branch.best())
        assert space.gain(best) == branch.gain(branch.best())


def test_a_huge_space_is_not_listed() -> None:
    issues = [
        {"name": f"n{at}", "type": "amount", "min": "0", "max": str(10**30), "step": "1"} for at in range(6)
    ]
    huge = Domain.parse({**DOMAIN.as_json(), "issues": issues})
    given = Profile.parse(
        {
            **document(),
            "domain": huge.hash(),
            "weights": {f"n{at}": 250_000 if at < 4 else 0 for at in range(6)},
            "utilities": {
                f"n{at}": {"points": [{"at": "0", "utility": 0}, {"at": str(10**30), "utility": 1_000_000}]}
                for at in range(4)
            },
        }
    )
    space = Space(huge, given)
    assert huge.outcome_count() > 10**180
    assert space.listed is None
    assert space.best_gain == 10**12
    assert all(len(axis.values) == 1_024 for axis in space.branches[0].axes)


def test_utilities_may_depend_on_several_choices() -> None:
    issues = [
        {"name": "price", "type": "amount", "min": "0", "max": "100", "step": "10"},
        {"name": "good", "type": "choice", "values": ["a", "b"]},
        {"name": "place", "type": "choice", "values": ["here", "there", "nowhere"]},
        {"name": "days", "type": "integer", "min": 0, "max": 9, "step": 1},
    ]
    wide = Domain.parse({**DOMAIN.as_json(), "issues": issues})

    def falling(to: int) -> dict[str, Any]:
        return {"points": [{"at": "0", "utility": 1_000_000}, {"at": "100", "utility": to}]}

    given = Profile.parse(
        {
            **document(),
            "domain": wide.hash(),
            "weights": {"price": 600_000, "good": 0, "place": 0, "days": 400_000},
            "utilities": {
                "price": {"case": "good", "of": {"a": falling(0), "b": falling(500_000)}},
                "days": {
                    "case": "place",
                    "of": {"here": falling(900_000), "there": falling(1), "nowhere": falling(0)},
                },
            },
        }
    )
    space = Space(wide, given)
    assert given.cases == ("good", "place")
    assert [branch.key for branch in space.branches] == [
        (good, place) for good in ("a", "b") for place in ("here", "there", "nowhere")
    ]
    assert space.gain((50, "b", "here", 9)) == 600_000 * 750_000 + 400_000 * 991_000
    for branch in space.branches:
        outcome = branch.outcome(branch.best())
        assert branch.gain(branch.best()) == space.gain(outcome)
        assert space.branch_key(outcome) == branch.key


def test_penalties_below_zero_show_as_no_utility() -> None:
    bonus = {"where": {"colour": {"among": ["red"]}}, "ppm": -900_000}
    harsh = profile(bonuses=[bonus], version=2)
    values = {"price": 900, "days": 0, "colour": "red"}
    assert exact_utility(harsh, DOMAIN, values) < 0
    assert utility_ppm(harsh, DOMAIN, values) == 0
    assert Space(DOMAIN, harsh).gain((900, 0, "red")) == exact_utility(harsh, DOMAIN, values)


def test_a_discount_only_ranks() -> None:
    patient, hasty = profile(), profile(discount_ppm=250_000, version=2)
    assert discounted(patient, 10**12, 5, 10) == 10**12
    assert discounted(hasty, 10**12, 0, 10) == 10**12
    assert abs(discounted(hasty, 10**12, 5, 10) - 5 * 10**11) <= 1
    assert abs(discounted(hasty, 10**12, 10, 10) - 25 * 10**10) <= 1
    assert discounted(hasty, 10**12, 99, 10) == discounted(hasty, 10**12, 10, 10)
    assert discounted(hasty, -5, 9, 10) == -5
    falling = [discounted(hasty, 10**12, at, 100) for at in range(101)]
    assert falling == sorted(falling, reverse=True)


def test_a_single_outcome_is_a_space() -> None:
    issues = [{"name": "price", "type": "amount", "min": "7", "max": "7", "step": "1"}]
    single = Domain.parse({**DOMAIN.as_json(), "issues": issues})
    given = {
        **document(),
        "domain": single.hash(),
        "weights": {"price": 1_000_000},
        "utilities": {"price": {"points": [{"at": "7", "utility": 400_000}]}},
    }
    space = Space(single, Profile.parse(given))
    assert best(space) == (7,)
    assert [near.outcome for near in nearest(space, 0, count=3)] == [(7,)]
    assert sample(space, 2, seed=1) == [(7,), (7,)]
    with pytest.raises(DocumentInvalid):
        Domain.parse({**DOMAIN.as_json(), "issues": []})
