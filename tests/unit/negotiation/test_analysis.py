"""Fronts, Nash and Kalai points and distances, against plain listing of all outcomes."""

from __future__ import annotations

from itertools import product
from math import isqrt, prod
from random import Random
from typing import Any

import pytest
from table import domain

from parley.negotiation import dominance, frontier
from parley.negotiation.analysis import Analysis
from parley.negotiation.errors import ProfileInvalid
from parley.negotiation.utility import Profile, exact_utility
from parley.terms.domain import Domain

ROLES = ("one", "two", "three", "four")


def small(parties: int, issues: int = 3, values: int = 4) -> Domain:
    document = domain(ROLES[:parties]).as_json()
    document["issues"] = [
        {"name": f"i{at}", "type": "integer", "min": 0, "max": values - 1, "step": 1} for at in range(issues)
    ] + [{"name": "kind", "type": "choice", "values": ["a", "b"]}]
    return Domain.parse(document)


def drawn(where: Domain, role: str, random: Random, **changes: Any) -> Profile:
    names = [issue.name for issue in where.issues]
    whole = 1_000_000 - sum(bonus["ppm"] for bonus in changes.get("bonuses", ()) if bonus["ppm"] > 0)
    cuts = sorted(random.randrange(whole + 1) for _ in names[1:])
    weights = [b - a for a, b in zip([0, *cuts], [*cuts, whole], strict=True)]

    def curve(issue: Any) -> dict[str, Any]:
        places = range(issue.min, issue.max + 1)
        if issue.size > 60:
            places = range(issue.min, issue.max + 1, (issue.max - issue.min) // 3)
        return {"points": [{"at": str(at), "utility": random.randrange(1_000_001)} for at in places]}

    utilities: dict[str, Any] = {issue.name: curve(issue) for issue in where.issues[:-1]}
    utilities["i0"] = {"case": "kind", "of": {kind: curve(where.issue("i0")) for kind in "ab"}}
    utilities["kind"] = {"values": {kind: random.randrange(1_000_001) for kind in "ab"}}
    return Profile.parse(
        {
            "schema": "parley/profile",
            "version": 2,
            "domain": where.hash(),
            "role": role,
            "weights": dict(zip(names, weights, strict=True)),
            "utilities": utilities,
            "reservation_ppm": random.randrange(600_000),
            **changes,
        }
    )


def brute(where: Domain, profiles: list[Profile]) -> list[tuple[int, ...]]:
    """Gains of every allowed outcome."""
    names = [issue.name for issue in where.issues]
    found = []
    for combination in product(*([issue.value_at(at) for at in range(issue.size)] for issue in where.issues)):
        values = dict(zip(names, combination, strict=True))
        if all(profile.allows(values) for profile in profiles):
            found.append(tuple(exact_utility(profile, where, values) for profile in profiles))
    return found


def maximal(gains: list[tuple[int, ...]]) -> set[tuple[int, ...]]:
    return {
        one
        for one in gains
        if not any(o != one and all(a >= b for a, b in zip(o, one, strict=True)) for o in gains)
    }


CONSTRAINTS: list[dict[str, Any]] = [
    {"left": {"add": [{"issue": "i0"}, {"issue": "i1"}]}, "right": 4},
    {"left": 1, "right": {"case": "kind", "of": {"a": {"issue": "i1"}, "b": {"issue": "i2"}}}},
]


BONUSES: list[dict[str, Any]] = [
    {"where": {"i1": {"min": "1"}, "kind": {"among": ["a"]}}, "ppm": 250_000},
    {"where": {"kind": {"among": ["b"]}}, "ppm": 50_000},
    {"where": {"i0": {"max": "1"}, "i2": {"min": "2"}}, "ppm": -200_000},
]


@pytest.mark.parametrize("parties", [2, 3, 4])
@pytest.mark.parametrize("joined", [False, True])
@pytest.mark.parametrize("constrained", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_front_is_what_listing_everything_finds(
    parties: int, constrained: bool, joined: bool, seed: int
) -> None:
    random = Random(seed)
    where = small(parties)
    changes: dict[str, Any] = {}
    if constrained:
        changes = {"constraints": CONSTRAINTS, "limits": [{"issue": "i2", "max": "2", "when": {"kind": "a"}}]}
    extra: dict[str, Any] = {"bonuses": BONUSES} if joined else {}
    profiles = [
        drawn(where, role, random, **(changes if role == "one" else {}), **(extra if role == "two" else {}))
        for role in where.roles
    ]
    analysis = Analysis(where, {profile.role: profile for profile in profiles})
    everything = brute(where, profiles)
    front = [spot.gains for spot in analysis.front.spots]
    assert analysis.method == "exact"
    assert analysis.front.error == 0
    assert set(front) == maximal(everything)
    assert len(front) == len(set(front))
    for spot in analysis.front.spots:
        values = analysis.values(spot)
        assert analysis.spot(values) == spot
        assert all(profile.allows(values) for profile in profiles)
    surplus = [analysis.surplus(gains) for gains in everything]
    rational = [each for each in surplus if min(each) >= 0]
    assert (analysis.nash is None) == (not rational)
    if analysis.nash is not None and analysis.kalai is not None:
        assert prod(analysis.surplus(analysis.nash.gains)) == max(prod(each) for each in rational)
        assert min(analysis.surplus(analysis.kalai.gains)) == max(min(each) for each in rational)
    assert analysis.best_welfare is not None
    assert sum(analysis.best_welfare.gains) == max(sum(gains) for gains in everything)


def test_distances_and_shares_of_an_outcome() -> None:
    random = Random(5)
    where = small(2)
    profiles = {role: drawn(where, role, random, reservation_ppm=100_000) for role in where.roles}
    analysis = Analysis(where, profiles)
    assert analysis.nash is not None
    at_nash = analysis.assess(analysis.values(analysis.nash))
    assert (at_nash.pareto_distance, at_nash.nash_distance, at_nash.nash_share) == (0, 0, 1_000_000)
    values: dict[str, int | str] = {"i0": 0, "i1": 0, "i2": 0, "kind": "a"}
    gains = analysis.spot(values).gains
    found = analysis.assess(values)
    least = min(
        sum((a - b) ** 2 for a, b in zip(gains, spot.gains, strict=True)) for spot in analysis.front.spots
    )
    assert found.pareto_distance == isqrt(least) // 10**6
    assert found.welfare == sum(gains) // 10**6
    nothing = analysis.assess(None)
    assert nothing.utilities == {"one": 100_000, "two": 100_000}
    assert nothing.nash_share == 0
    assert not nothing.agreed
    assert nothing.pareto_distance > 0


def test_where_nobody_can_agree_there_is_no_nash_point() -> None:
    where = small(2)
    random = Random(1)
    profiles = {role: drawn(where, role, random, reservation_ppm=1_000_000) for role in where.roles}
    found = Analysis(where, profiles).assess(None)
    assert (found.nash_distance, found.kalai_distance, found.nash_share) == (None, None, None)


def test_constraints_that_leave_nothing_together_leave_no_agreement() -> None:
    where = small(2)
    random = Random(1)
    profiles = {
        "one": drawn(where, "one", random, limits=[{"issue": "i1", "min": "2"}]),
        "two": drawn(where, "two", random, limits=[{"issue": "i1", "max": "1"}]),
    }
    analysis = Analysis(where, profiles)
    assert analysis.front.spots == ()
    assert analysis.best_welfare is None
    found = analysis.assess(None)
    assert (found.pareto_distance, found.nash_distance, found.nash_share) == (0, None, None)


def test_every_role_has_its_own_profile() -> None:
    where = small(2)
    one = drawn(where, "one", Random(1))
    with pytest.raises(ProfileInvalid):
        Analysis(where, {"one": one})
    with pytest.raises(ProfileInvalid):
        Analysis(where, {"one": one, "two": one})


def test_a_thinned_front_is_off_by_no_more_than_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    random = Random(3)
    where = small(2, issues=6, values=8)
    profiles = {role: drawn(where, role, random) for role in where.roles}
    exact = Analysis(where, profiles).front
    monkeypatch.setattr(dominance, "MERGED", 40)
    thinned = Analysis(where, profiles).front
    assert (exact.method, thinned.method) == ("exact", "bounded")
    assert thinned.error is not None
    assert 0 < thinned.error < 10**12
    assert len(thinned.spots) < len(exact.spots)
    for spot in exact.spots:
        assert any(
            all(mine >= theirs - thinned.error for mine, theirs in zip(near.gains, spot.gains, strict=True))
            for near in thinned.spots
        )


def test_a_space_of_ten_to_the_twelve_is_not_listed() -> None:
    random = Random(7)
    where = small(2, issues=12, values=10)
    profiles = {role: drawn(where, role, random) for role in where.roles}
    assert where.outcome_count() == 2 * 10**12
    analysis = Analysis(where, profiles)
    assert analysis.front.error is not None
    assert analysis.front.error < 10**10  # one percent
    assert analysis.assess(analysis.values(analysis.front.spots[3])).pareto_distance == 0


def test_an_axis_too_long_to_look_at_is_a_grid_with_a_stated_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontier, "AXIS", 32)
    random = Random(2)
    where = small(2, issues=2, values=300)
    profiles = {role: drawn(where, role, random) for role in where.roles}
    analysis = Analysis(where, profiles)
    assert analysis.method == "bounded"
    for gains in random.sample(brute(where, list(profiles.values())), 200):
        assert analysis.front.error is not None
        assert any(
            all(mine >= theirs - analysis.front.error for mine, theirs in zip(s.gains, gains, strict=True))
            for s in analysis.front.spots
        )


def test_constraints_over_too_many_outcomes_are_sampled_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frontier, "LISTED", 640)
    random = Random(2)
    where = small(2, issues=5, values=9)
    together = {"left": {"add": [{"issue": f"i{at}"} for at in range(5)]}, "right": 12}
    profiles = {role: drawn(where, role, random, constraints=[together]) for role in where.roles}
    first = Analysis(where, profiles)
    assert first.method == "sampled"
    assert first.front.error is None
    assert first.front == Analysis(where, profiles).front
    for spot in first.front.spots:
        assert sum(int(value) for value in spot.values[:5]) <= 12
