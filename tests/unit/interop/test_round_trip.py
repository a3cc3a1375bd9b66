"""What is written in another format reads back as the same preferences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from foreign import NEGMAS_DOMAIN, NEGMAS_PROFILE, geniusweb, put
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley.interop import load, to_geniusweb, to_negmas_domain, to_negmas_profile
from parley.interop.errors import ExportUnsupported
from parley.terms.domain import Domain
from parley.terms.profile import Profile

PPM = 1_000_000


def preferences(domain: Domain, profile: Profile) -> tuple[Any, ...]:
    """All that another format carries."""
    document = profile.as_json()
    return (
        [issue.as_json() for issue in domain.issues],
        {name: text for name, text in domain.fixed.items() if name != "source"},
        {name: document.get(name) for name in ("weights", "utilities", "reservation_ppm", "discount_ppm")},
    )


def test_geniusweb_there_and_back(tmp_path: Path) -> None:
    domain, (profile,) = load(put(tmp_path / "in", "rider.json", geniusweb()))
    put(tmp_path / "out", "domain.json", to_geniusweb(domain))
    put(tmp_path / "out", "profile.json", to_geniusweb(domain, profile))
    again, (same,) = load(tmp_path / "out")
    assert preferences(again, same) == preferences(domain, profile)


def test_negmas_there_and_back(tmp_path: Path) -> None:
    put(tmp_path / "in", "a.yml", NEGMAS_DOMAIN)
    put(tmp_path / "in", "b.yml", NEGMAS_PROFILE)
    domain, (profile,) = load(tmp_path / "in")
    for kept in (profile, profile.model_copy(update={"reservation_ppm": 123_456, "discount_ppm": 910_000})):
        put(tmp_path / "out", "a.yml", to_negmas_domain(domain))
        put(tmp_path / "out", "b.yml", to_negmas_profile(domain, kept))
        again, (same,) = load(tmp_path / "out")
        assert preferences(again, same) == preferences(domain, kept)


_ppm = st.integers(0, PPM)
_texts = st.lists(
    st.text("abc é1.:#-yesno ", min_size=1, max_size=6).map(str.strip).filter(bool), min_size=1, max_size=4
)


@st.composite
def linear(draw: st.DrawFn) -> tuple[Domain, Profile]:
    issues: list[dict[str, Any]] = []
    utilities: dict[str, Any] = {}
    count = draw(st.integers(1, 4))
    for at in range(count):
        name = f"i{at}"
        if draw(st.booleans()):
            texts = list(
                dict.fromkeys(text.encode("ascii", "ignore").decode() or "x" for text in draw(_texts))
            )
            loose = {" ".join(text.casefold().split()): text for text in texts}
            issues.append({"name": name, "type": "choice", "values": list(loose.values())})
            utilities[name] = {"values": {text: draw(_ppm) for text in loose.values()}}
        else:
            low, step, size = draw(st.integers(0, 50)), draw(st.integers(1, 3)), draw(st.integers(2, 40))
            high = low + step * (size - 1)
            issues.append({"name": name, "type": "integer", "min": low, "max": high, "step": step})
            ends = ((low, draw(_ppm)), (high, draw(_ppm)))
            utilities[name] = {"points": [{"at": str(at), "utility": ppm} for at, ppm in ends]}
    cuts = sorted(draw(st.lists(_ppm, min_size=count - 1, max_size=count - 1)))
    weights = [high - low for low, high in zip([0, *cuts], [*cuts, PPM], strict=True)]
    domain = Domain.parse(
        {
            **load_base(),
            "issues": issues,
        }
    )
    profile = Profile.parse(
        {
            "schema": "parley/profile",
            "version": 2,
            "domain": domain.hash(),
            "role": "party_1",
            "weights": {f"i{at}": weight for at, weight in enumerate(weights)},
            "utilities": utilities,
            "reservation_ppm": 0,
        }
    )
    return domain, profile


def load_base() -> dict[str, Any]:
    return {
        "schema": "parley/domain",
        "version": 1,
        "title": "any",
        "fixed": {},
        "roles": ["party_1", "party_2"],
        "protocol": "alternating-offers",
        "limits": {
            "max_rounds": 100,
            "deadline_seconds": 3_600,
            "min_concession_ppm": 0,
            "repeat_cap": 100,
            "max_queries": 0,
            "open_window_seconds": 600,
            "fallback": "abort",
        },
        "settlements": [],
        "data_class": "public",
        "assumptions": [],
    }


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(made=linear())
def test_any_linear_profile_survives_geniusweb(tmp_path: Path, made: tuple[Domain, Profile]) -> None:
    domain, profile = made
    again, (same,) = load(put(tmp_path, "any.json", to_geniusweb(domain, profile)))
    assert same.weights == profile.weights
    assert same.utilities == profile.utilities
    assert again.issues == domain.issues


def _changed(profile: Profile, domain: Domain, **changes: Any) -> Profile:
    return Profile.parse({**profile.as_json(), **changes})


@pytest.mark.parametrize(
    ("changes", "feature"),
    [
        ({"limits": [{"issue": "days", "max": "8"}]}, "limits"),
        ({"constraints": [{"left": {"issue": "days"}, "right": 8}]}, "constraints"),
        ({"bonuses": [{"where": {"gears": {"among": ["1"]}}, "ppm": -5}]}, "bonuses"),
        ({"reservation_ppm": 5}, "reservation"),
        ({"discount_ppm": 5}, "discount"),
    ],
)
def test_what_geniusweb_cannot_say_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], feature: str
) -> None:
    domain, (profile,) = load(put(tmp_path, "rider.json", geniusweb()))
    with pytest.raises(ExportUnsupported) as caught:
        to_geniusweb(domain, _changed(profile, domain, **changes))
    assert caught.value.values["feature"] == feature


def test_bent_curves_are_refused_by_name(tmp_path: Path) -> None:
    domain, (profile,) = load(put(tmp_path, "rider.json", geniusweb()))
    points = [{"at": "2", "utility": 0}, {"at": "8", "utility": 9}, {"at": "14", "utility": 0}]
    bent = _changed(profile, domain, utilities={**profile.as_json()["utilities"], "days": {"points": points}})
    for write in (to_geniusweb, to_negmas_profile):
        with pytest.raises(ExportUnsupported) as caught:
            write(domain, bent)
        assert caught.value.values["feature"] == "curve"
