"""Two ways to the best outcome agree: walking the space in order, and asking the solver."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.negotiation.errors import SpaceEmpty
from parley.negotiation.huge import best
from parley.negotiation.space import Space
from parley.policy.errors import NoAdmissibleOffer
from parley.policy.solver import best_offer
from parley.terms.domain import Domain
from parley.terms.profile import PPM, Profile

LIMITS = {
    "max_rounds": 5,
    "deadline_seconds": 60,
    "min_concession_ppm": 0,
    "repeat_cap": 1,
    "max_queries": 0,
    "open_window_seconds": 60,
    "fallback": "abort",
}
DOMAIN = Domain.parse(
    {
        "schema": "parley/domain",
        "version": 1,
        "title": "any",
        "issues": [
            {"name": "price", "type": "amount", "min": "1000", "max": "4500", "step": "7"},
            {"name": "days", "type": "integer", "min": 2, "max": 20, "step": 3},
            {"name": "good", "type": "choice", "values": ["oak", "ash", "elm"]},
            {"name": "place", "type": "choice", "values": ["here", "there"]},
        ],
        "fixed": {},
        "roles": ["buyer", "seller"],
        "protocol": "alternating-offers",
        "limits": LIMITS,
        "settlements": [],
        "data_class": "public",
        "assumptions": [],
    }
)
NAMES = [issue.name for issue in DOMAIN.issues]
_ppm = st.integers(0, PPM)


@st.composite
def curves(draw: st.DrawFn, low: int, high: int) -> dict[str, Any]:
    places = sorted(draw(st.sets(st.integers(max(0, low - 5), high + 5), min_size=1, max_size=4)))
    return {"points": [{"at": str(place), "utility": draw(_ppm)} for place in places]}


@st.composite
def tables(draw: st.DrawFn, name: str) -> dict[str, Any]:
    return {"values": {text: draw(_ppm) for text in getattr(DOMAIN.issue(name), "values", ())}}


@st.composite
def regions(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in draw(st.sets(st.sampled_from(NAMES), min_size=1, max_size=3)):
        if name in ("good", "place"):
            values = list(getattr(DOMAIN.issue(name), "values", ()))
            found[name] = {
                "among": draw(st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True))
            }
        else:
            low = draw(st.integers(0, 5_000 if name == "price" else 22))
            found[name] = {"min": str(low)} if draw(st.booleans()) else {"max": str(low)}
    return found


@st.composite
def profiles(draw: st.DrawFn) -> Profile:
    bonuses = [
        {"where": draw(regions()), "ppm": draw(st.integers(-200_000, 100_000))}
        for _ in range(draw(st.integers(0, 3)))
    ]
    left = PPM - sum(max(0, bonus["ppm"]) for bonus in bonuses)
    cuts = sorted(draw(st.lists(st.integers(0, left), min_size=3, max_size=3)))
    weights = [high - low for low, high in zip([0, *cuts], [*cuts, left], strict=True)]
    price: Any = draw(curves(1000, 4500))
    if draw(st.booleans()):
        price = {"case": "good", "of": {text: draw(curves(1000, 4500)) for text in ("oak", "ash", "elm")}}
    days: Any = draw(curves(2, 20))
    if draw(st.booleans()):
        days = {"case": "place", "of": {text: draw(curves(2, 20)) for text in ("here", "there")}}
    constraints = []
    if draw(st.booleans()):
        product = {"mul": [{"issue": "price"}, {"issue": "days"}]}
        constraints.append({"left": product, "right": str(draw(st.integers(2_000, 60_000)))})
    if draw(st.booleans()):
        factor = {"case": "good", "of": {"oak": 3, "ash": 2, "elm": {"eq": [{"issue": "place"}, "here"]}}}
        share = {"ceil_div": [{"bps": [{"issue": "price"}, 1_234]}, 7]}
        constraints.append({"left": share, "right": {"mul": [factor, {"issue": "days"}]}})
    limits = [{"issue": "price", "min": str(draw(st.integers(0, 4_600))), "when": {"good": "oak"}}]
    return Profile.parse(
        {
            "schema": "parley/profile",
            "version": 2,
            "domain": DOMAIN.hash(),
            "role": "buyer",
            "weights": dict(zip(NAMES, weights, strict=True)),
            "utilities": {
                "price": price,
                "days": days,
                "good": draw(tables("good")),
                "place": draw(tables("place")),
            },
            "reservation_ppm": 0,
            "limits": limits,
            "constraints": constraints,
            "bonuses": bonuses,
        }
    )


@settings(max_examples=40, deadline=None)
@given(profile=profiles())
def test_solver_and_walk_find_the_same_outcome(profile: Profile) -> None:
    try:
        space = Space(DOMAIN, profile)
        expected = space.mapping(best(space, steps=10**6))
    except SpaceEmpty:
        with pytest.raises(NoAdmissibleOffer):
            best_offer(DOMAIN, profile)
        return
    found = best_offer(DOMAIN, profile)
    assert found.proved
    assert found.worth == space.gain(space.outcome(expected))
    assert dict(found.values) == expected


@pytest.mark.parametrize("role", ["budget", "channel", "capacity"])
def test_they_agree_on_the_campaign(role: str) -> None:
    folder = files("parley.scenarios") / "data" / "campaign"
    domain = Domain.parse((folder / "domain.json").read_text(encoding="utf-8"))
    document = json.loads((folder / f"{role}.json").read_text(encoding="utf-8"))
    profile = Profile.parse({**document, "domain": domain.hash()})
    space = Space(domain, profile)
    assert dict(best_offer(domain, profile).values) == space.mapping(best(space))
