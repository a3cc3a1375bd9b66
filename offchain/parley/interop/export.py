"""Parley's domains and profiles in the formats of GeniusWeb and NegMAS.

Written is what reading gives back: the original names, the numbers behind scaled issues, weights and
utilities as decimals of six places. Whatever the other format cannot say (bonuses, limits, constraints,
utilities that depend on another issue, bent curves) is refused by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import yaml

from parley.interop.errors import ExportUnsupported
from parley.interop.numbers import decimal_text
from parley.terms.domain import AmountIssue, ChoiceIssue, Domain, IntegerIssue
from parley.terms.profile import PPM, Curve, Profile, Table, check_profile
from parley.terms.values import MAX_SAFE_INTEGER

_SCALE = re.compile(r"(\S+) \+ n \* (\S+)")
_Number = AmountIssue | IntegerIssue


def to_geniusweb(domain: Domain, profile: Profile | None = None) -> str:
    """A GeniusWeb domain as JSON, or with `profile` a profile that carries it.

    A reservation above 0 is refused: there it is an outcome and no number. Raises `ExportUnsupported`, and
    `ProfileInvalid` for a profile of another domain.
    """
    names = _Names(domain)
    values = {names.issue(issue.name): _value_set(issue, names) for issue in domain.issues}
    found: dict[str, Any] = {"name": domain.title, "issuesValues": values}
    if profile is None:
        return json.dumps(found, indent=2)
    _check(domain, profile)
    if profile.reservation_ppm:
        raise ExportUnsupported(
            "GeniusWeb knows reservations as outcomes only", feature="reservation", at="reservation_ppm"
        )
    if profile.discount_ppm is not None:
        raise ExportUnsupported("GeniusWeb knows no discount", feature="discount", at="discount_ppm")
    space = {
        "issueUtilities": {
            names.issue(issue.name): _value_set_utilities(issue, profile, names) for issue in domain.issues
        },
        "issueWeights": {names.issue(name): _share(ppm) for name, ppm in profile.weights.items()},
        "domain": found,
        "name": profile.role,
    }
    return json.dumps({"LinearAdditiveUtilitySpace": space}, indent=2)


def to_negmas_domain(domain: Domain) -> str:
    """A NegMAS outcome space as YAML. Raises `ExportUnsupported`."""
    names = _Names(domain)
    issues = [_outcome_issue(issue, names) for issue in domain.issues]
    return _yaml({"name": domain.title, "type": "CartesianOutcomeSpace", "issues": issues})


def to_negmas_profile(domain: Domain, profile: Profile) -> str:
    """A NegMAS utility function as YAML, over what `to_negmas_domain` writes.

    Raises `ExportUnsupported`, and `ProfileInvalid` for a profile of another domain.
    """
    _check(domain, profile)
    names = _Names(domain)
    additive: dict[str, Any] = {
        "name": profile.role,
        "type": "LinearAdditiveUtilityFunction",
        "values": [_value_function(issue, profile, names) for issue in domain.issues],
        "weights": [_share(profile.weights[issue.name]) for issue in domain.issues],
        "reserved_value": _share(profile.reservation_ppm),
    }
    if profile.discount_ppm is None:
        return _yaml(additive)
    return _yaml(
        {
            "name": profile.role,
            "type": "ExpDiscountedUFun",
            "discount": _share(profile.discount_ppm),
            "factor": "relative_time",
            "reserved_value": _share(profile.reservation_ppm),
            "ufun": additive,
        }
    )


class _Names:
    """The original names out of the labels of an imported domain."""

    def __init__(self, domain: Domain) -> None:
        self._fixed: Mapping[str, str] = domain.fixed

    def issue(self, name: str) -> str:
        return self._fixed.get(f"label {name}", name)

    def value(self, issue: str, text: str) -> str:
        return self._fixed.get(f"label {issue} {text}", text)

    def numbers(self, issue: _Number) -> tuple[Fraction, Fraction]:
        """Lowest number and step, as they were before an import counted them in steps."""
        scale = _SCALE.fullmatch(self._fixed.get(f"scale {issue.name}", ""))
        if scale is not None:
            return Fraction(scale[1]), Fraction(scale[2])
        return Fraction(issue.min), Fraction(issue.step)


def _check(domain: Domain, profile: Profile) -> None:
    check_profile(profile, domain)
    for feature in ("bonuses", "limits", "constraints"):
        if getattr(profile, feature):
            raise ExportUnsupported("The format has no such thing", feature=feature, at=feature)


def _utility(profile: Profile, issue: str) -> Curve | Table | None:
    utility = profile.utilities.get(issue)
    if utility is not None and not isinstance(utility, Curve | Table):
        raise ExportUnsupported(
            "Utilities of one issue cannot depend on another", feature="depending", at=issue
        )
    return utility


def _ends(issue: _Number, profile: Profile) -> tuple[int, int]:
    """Utilities at the ends of a number, ppm, if the curve is straight between them."""
    curve = _utility(profile, issue.name)
    if curve is None:
        return 0, 0
    assert isinstance(curve, Curve)  # noqa: S101 - check_profile has seen to it
    inside = [point for point in curve.points if issue.min < point.at < issue.max]
    outside = curve.points[0].at <= issue.min and curve.points[-1].at >= issue.max
    flat = len({point.utility for point in curve.points}) == 1
    if not flat and (inside or not outside):
        raise ExportUnsupported("The curve is not one straight line", feature="curve", at=issue.name)
    return curve.ppm(issue.min), curve.ppm(issue.max)


def _value_set(issue: _Number | ChoiceIssue, names: _Names) -> dict[str, Any]:
    if isinstance(issue, ChoiceIssue):
        return {"values": [names.value(issue.name, text) for text in issue.values]}
    low, step = names.numbers(issue)
    high = low + step * (issue.size - 1)
    return {"range": {"low": _exact(low, issue), "high": _exact(high, issue), "step": _exact(step, issue)}}


def _value_set_utilities(issue: _Number | ChoiceIssue, profile: Profile, names: _Names) -> dict[str, Any]:
    if isinstance(issue, ChoiceIssue):
        return {"DiscreteValueSetUtilities": {"valueUtilities": _levels(issue, profile, names)}}
    low, step = names.numbers(issue)
    low_ppm, high_ppm = _ends(issue, profile)
    return {
        "NumberValueSetUtilities": {
            "lowValue": _exact(low, issue),
            "lowUtility": _share(low_ppm),
            "highValue": _exact(low + step * (issue.size - 1), issue),
            "highUtility": _share(high_ppm),
        }
    }


def _levels(issue: ChoiceIssue, profile: Profile, names: _Names) -> dict[str, float]:
    _utility(profile, issue.name)
    return {
        names.value(issue.name, text): _share(profile.issue_ppm(issue.name, text)) for text in issue.values
    }


def _outcome_issue(issue: _Number | ChoiceIssue, names: _Names) -> dict[str, Any]:
    name = names.issue(issue.name)
    if isinstance(issue, ChoiceIssue):
        values: list[Any] = [names.value(issue.name, text) for text in issue.values]
        return {"name": name, "type": "CategoricalIssue", "values": values}
    low, step = names.numbers(issue)
    high = low + step * (issue.size - 1)
    if step == 1 and low.denominator == 1:
        return {"name": name, "type": "ContiguousIssue", "values": [int(low), int(high)]}
    ends = [_exact(low, issue), _exact(high, issue)]
    return {"name": name, "type": "ContinuousIssue", "n_levels": issue.size, "values": ends}


def _value_function(issue: _Number | ChoiceIssue, profile: Profile, names: _Names) -> dict[str, Any]:
    if isinstance(issue, ChoiceIssue):
        return {"type": "TableFun", "mapping": _levels(issue, profile, names)}
    low, step = names.numbers(issue)
    low_ppm, high_ppm = _ends(issue, profile)
    if issue.size == 1 or low_ppm == high_ppm:
        return {"type": "ConstFun", "bias": _share(low_ppm)}
    slope = Fraction(high_ppm - low_ppm, PPM) / (step * (issue.size - 1))
    return {"type": "AffineFun", "slope": float(slope), "bias": float(Fraction(low_ppm, PPM) - slope * low)}


def _share(ppm: int) -> float:
    """A decimal of six places: the shortest text of this float is exactly it."""
    return ppm / PPM


def _exact(value: Fraction, issue: _Number) -> int | float:
    """A JSON number that is exactly `value`."""
    if value.denominator == 1 and abs(value) <= MAX_SAFE_INTEGER:
        return int(value)
    if Fraction(repr(float(value))) != value:
        raise ExportUnsupported("The number has no exact decimal", feature=decimal_text(value), at=issue.name)
    return float(value)


def _yaml(value: Any) -> str:
    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    return text
