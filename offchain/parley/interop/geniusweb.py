"""GeniusWeb profiles and domains (JSON): `LinearAdditiveUtilitySpace` over discrete and number value sets.

Format: https://tracinsy.ewi.tudelft.nl/pubtrac/GeniusWeb (profile package). Older files call the value sets'
utilities `discreteutils` and `numberutils`.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from parley.interop.errors import NotSupported, SourceMalformed
from parley.interop.numbers import number
from parley.interop.shape import as_list, as_object, as_text, field
from parley.interop.source import Levels, Line, Numbers, SourceDomain, SourceIssue, SourceProfile, Worth

FORMAT = "GeniusWeb"
SPACE = "LinearAdditiveUtilitySpace"
_DISCRETE = ("DiscreteValueSetUtilities", "discreteutils")
_NUMBERS = ("NumberValueSetUtilities", "numberutils", "numbers")


def is_profile(tree: Any) -> bool:
    """Whether this looks like a profile of any kind, one that is read here or not."""
    if not isinstance(tree, dict) or len(tree) != 1:
        return False
    inner = next(iter(tree.values()))
    return isinstance(inner, dict) and "domain" in inner


def is_domain(tree: Any) -> bool:
    """Whether this looks like a domain."""
    return isinstance(tree, dict) and "issuesValues" in tree


def domain_of(tree: Any) -> SourceDomain:
    """The domain of a domain file, or of a profile, which carries its own."""
    found = as_object(tree, "domain")
    issues = as_object(field(found, "issuesValues", "domain"), "issuesValues")
    return SourceDomain(
        name=str(found.get("name") or ""),
        issues=tuple(SourceIssue(name, _values(name, values)) for name, values in issues.items()),
        format=FORMAT,
    )


def _values(name: str, tree: Any) -> tuple[str, ...] | Numbers:
    at = f"issuesValues.{name}"
    found = as_object(tree, at)
    if "values" in found:
        return tuple(as_text(value, f"{at}.values") for value in as_list(found["values"], f"{at}.values"))
    if "range" in found:
        limits = as_object(found["range"], f"{at}.range")
        low, high, step = (
            number(field(limits, key, f"{at}.range"), f"{at}.range.{key}") for key in ("low", "high", "step")
        )
        if step <= 0 or low > high:
            raise SourceMalformed("A range rises from low to high by step", at=at, problem="range")
        return Numbers(low, step, int((high - low) // step) + 1)
    raise NotSupported("A value set of this kind is not read", feature=", ".join(sorted(found))[:80], at=at)


def profile_of(tree: Any) -> tuple[SourceDomain, SourceProfile]:
    """The profile with the domain that it carries. Raises `NotSupported` for other utility spaces."""
    ((kind, inner),) = as_object(tree, "").items()
    if kind != SPACE:
        raise NotSupported("Only linear-additive utility spaces are read", feature=kind[:80], at="")
    found = as_object(inner, kind)
    domain = domain_of(field(found, "domain", kind))
    weights = as_object(field(found, "issueWeights", kind), "issueWeights")
    utilities = as_object(field(found, "issueUtilities", kind), "issueUtilities")
    return domain, SourceProfile(
        name=str(found.get("name") or ""),
        weights={name: number(value, f"issueWeights.{name}") for name, value in weights.items()},
        worths={name: _worth(name, value, domain) for name, value in utilities.items()},
        reservation=_reservation(found.get("reservationBid")),
        unit=True,
    )


def _worth(name: str, tree: Any, domain: SourceDomain) -> Worth:
    at = f"issueUtilities.{name}"
    found = as_object(tree, at)
    if len(found) != 1:
        raise SourceMalformed("One kind of utilities is expected", at=at, problem="kind")
    ((kind, inner),) = found.items()
    if kind in _DISCRETE:
        values = as_object(field(as_object(inner, at), "valueUtilities", at), f"{at}.valueUtilities")
        return Levels({value: number(worth, f"{at}.{value}") for value, worth in values.items()})
    if kind in _NUMBERS:
        fields = as_object(inner, at)
        low, low_worth, high, high_worth = (
            number(field(fields, key, at), f"{at}.{key}")
            for key in ("lowValue", "lowUtility", "highValue", "highUtility")
        )
        _check_range(name, low, high, domain)
        slope = Fraction(0) if high == low else (high_worth - low_worth) / (high - low)
        return Line(slope, low_worth - slope * low)
    raise NotSupported("Utilities of this kind are not read", feature=kind[:80], at=at)


def _check_range(name: str, low: Fraction, high: Fraction, domain: SourceDomain) -> None:
    """Beyond the ends of its numbers the utility is 0, which no line says: they have to cover the issue."""
    for issue in domain.issues:
        values = issue.values
        if issue.name != name or not isinstance(values, Numbers):
            continue
        if low > values.low or high < values.high:
            raise NotSupported(
                "The utilities cover a part of the range only", feature="partial range", at=name
            )


def _reservation(tree: Any) -> dict[str, str] | None:
    if tree is None:
        return None
    found = as_object(tree, "reservationBid")
    bid = as_object(field(found, "issuevalues", "reservationBid"), "reservationBid.issuevalues")
    return {name: as_text(value, f"reservationBid.{name}") for name, value in bid.items()}
