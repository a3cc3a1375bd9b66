"""NegMAS scenarios (YAML or JSON): a file for the outcome space, one for each utility function.

Format: `Scenario.dumpas` of NegMAS; types are told by their last name. Read are
`LinearAdditiveUtilityFunction` with table, affine, linear, identity, constant and polynomial value
functions, `LinearUtilityFunction`, `AffineUtilityFunction` and `ConstUtilityFunction`, and
`ExpDiscountedUFun` around any of them.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from parley.interop.errors import NamesMismatch, NotSupported, NumberUnfit, SourceMalformed
from parley.interop.numbers import decimal_text, number, number_or_infinity, power
from parley.interop.shape import as_list, as_object, as_text, field
from parley.interop.source import Levels, Line, Numbers, SourceDomain, SourceIssue, SourceProfile, Worth

FORMAT = "NegMAS"
_TEXTS = (
    "CategoricalIssue",
    "OrdinalIssue",
    "DiscreteOrdinalIssue",
    "DiscreteCardinalIssue",
    "CardinalIssue",
)
_SPACES = ("CartesianOutcomeSpace", "DiscreteCartesianOutcomeSpace", "OutcomeSpace")
_ADDITIVE = "LinearAdditiveUtilityFunction"
_AFFINE = ("LinearUtilityFunction", "AffineUtilityFunction")
_DISCOUNTED = "ExpDiscountedUFun"
MOST_LEVELS = 10_000
MOST_POWERS = 8


def kind_of(tree: Any) -> str:
    """The last name of the type that a tree says it is of; empty if it says nothing."""
    if not isinstance(tree, dict):
        return ""
    named = tree.get("type", tree.get("__python_class__"))
    return named.rsplit(".", 1)[-1] if isinstance(named, str) else ""


def is_domain(tree: Any) -> bool:
    """Whether this looks like an outcome space."""
    kind = kind_of(tree)
    return isinstance(tree, dict) and "issues" in tree and (kind in _SPACES or not kind)


def is_profile(tree: Any) -> bool:
    """Whether this looks like a utility function of any kind, one that is read here or not."""
    kind = kind_of(tree)
    return kind.endswith(("UtilityFunction", "UFun")) or (
        isinstance(tree, dict) and {"values", "weights"} <= tree.keys()
    )


def domain_of(tree: Any, levels: int | None = None) -> SourceDomain:
    """The outcome space. `levels` is how many values a continuous issue gets, ends included, in place of
    what the file says; without either it is refused.
    """
    found = as_object(tree, "")
    notes: list[str] = []
    issues = tuple(
        _issue(as_object(issue, f"issues.{at}"), f"issues.{at}", levels, notes)
        for at, issue in enumerate(as_list(found["issues"], "issues"))
    )
    return SourceDomain(str(found.get("name") or ""), issues, FORMAT, tuple(notes))


def _issue(tree: dict[str, Any], at: str, levels: int | None, notes: list[str]) -> SourceIssue:
    kind = kind_of(tree)
    name = as_text(field(tree, "name", at), f"{at}.name")
    values = field(tree, "values", at)
    if kind in _TEXTS or (not kind and isinstance(values, list)):
        listed = as_list(values, f"{at}.values")
        return SourceIssue(name, tuple(as_text(value, f"{at}.values") for value in listed))
    if kind == "ContiguousIssue":
        low, high = _ends(values, at)
        if low.denominator != 1 or high.denominator != 1:
            raise SourceMalformed("A contiguous issue has whole ends", at=at, problem="range")
        return SourceIssue(name, Numbers(low, Fraction(1), int(high - low) + 1))
    if kind == "ContinuousIssue":
        low, high = _ends(values, at)
        count = levels if levels is not None else _levels(tree.get("n_levels"), at)
        if count is None or low == high:
            raise NotSupported(
                "A continuous issue needs a number of levels",
                next_action="Say into how many levels it is cut (levels), its ends included.",
                feature="ContinuousIssue",
                at=name,
            )
        notes.append(f"{name}: continuous, cut into {count} evenly spaced values, ends included")
        return SourceIssue(name, Numbers(low, (high - low) / (count - 1), count))
    raise NotSupported("An issue of this kind is not read", feature=kind[:80], at=name[:80])


def _ends(values: Any, at: str) -> tuple[Fraction, Fraction]:
    ends = as_list(values, f"{at}.values")
    if len(ends) != 2:
        raise SourceMalformed("A range has two ends", at=at, problem="range")
    low, high = (number(end, f"{at}.values") for end in ends)
    if low > high:
        raise SourceMalformed("A range rises", at=at, problem="range")
    return low, high


def _levels(value: Any, at: str) -> int | None:
    if value is None:
        return None
    found = number(value, f"{at}.n_levels")
    if found.denominator != 1 or not 2 <= found <= MOST_LEVELS:
        raise NumberUnfit("From 2 to 10 000 levels", at=f"{at}.n_levels", value=str(value)[:40])
    return int(found)


def profile_of(tree: Any, domain: SourceDomain, rounds: int) -> SourceProfile:
    """The utility function over `domain`. A discount for each step is taken for `rounds` of them."""
    found = as_object(tree, "")
    kind = kind_of(tree)
    if kind == _DISCOUNTED:
        return _discounted(found, domain, rounds)
    if kind == _ADDITIVE or (not kind and {"values", "weights"} <= found.keys()):
        worths = _by_issue(field(found, "values", ""), domain, "values")
        weights = _by_issue(field(found, "weights", ""), domain, "weights")
        return SourceProfile(
            name=str(found.get("name") or ""),
            weights={name: number(value, f"weights.{name}") for name, value in weights.items()},
            worths={name: _worth(value, f"values.{name}", domain, name) for name, value in worths.items()},
            bias=number(found.get("bias") or "0", "bias"),
            reservation=_reservation(found, domain),
        )
    if kind == "ConstUtilityFunction":
        names = [issue.name for issue in domain.issues]
        return SourceProfile(
            name=str(found.get("name") or ""),
            weights=dict.fromkeys(names, Fraction(0)),
            worths=dict.fromkeys(names, Line(Fraction(0), Fraction(0))),
            bias=number(field(found, "value", ""), "value"),
            reservation=_reservation(found, domain),
        )
    if kind in _AFFINE:
        weights = _by_issue(field(found, "weights", ""), domain, "weights")
        return SourceProfile(
            name=str(found.get("name") or ""),
            weights={name: number(value, f"weights.{name}") for name, value in weights.items()},
            worths={name: Line(Fraction(1), Fraction(0)) for name in weights},
            bias=number(found.get("bias") or "0", "bias"),
            reservation=_reservation(found, domain),
        )
    raise NotSupported("A utility function of this kind is not read", feature=kind[:80], at="")


def _discounted(tree: dict[str, Any], domain: SourceDomain, rounds: int) -> SourceProfile:
    inner = profile_of(field(tree, "ufun", ""), domain, rounds)
    outer = _reservation(tree, domain)
    notes = list(inner.notes)
    discount = None
    if tree.get("discount") is not None:
        kept = number(tree["discount"], "discount")
        factor = str(tree.get("factor"))
        if not 0 < kept <= 1 or factor not in ("relative_time", "step"):
            raise NotSupported(
                "A discount keeps a share of at most 1, by step or by relative_time",
                feature=f"discount {tree['discount']} by {factor}"[:80],
                at="discount",
            )
        discount = power(kept, rounds) if factor == "step" else kept
        if str(tree.get("dynamic_reservation", "true")).lower() == "false":
            notes.append("the reservation is not discounted in the file; a ranking here never discounts it")
    return replace(
        inner,
        name=str(tree.get("name") or inner.name),
        reservation=inner.reservation if outer is None else outer,
        discount=discount if inner.discount is None else inner.discount * (discount or 1),
        notes=tuple(notes),
    )


def _by_issue(tree: Any, domain: SourceDomain, at: str) -> dict[str, Any]:
    """A list in the order of the issues, or an object by their names."""
    names = [issue.name for issue in domain.issues]
    if isinstance(tree, list):
        if len(tree) != len(names):
            raise NamesMismatch(
                "One entry for each issue is expected",
                issue=at,
                missing=names[len(tree) :][:8],
                unknown=[str(at) for at in range(len(names), len(tree))][:8],
            )
        return dict(zip(names, tree, strict=True))
    return as_object(tree, at)


def _worth(tree: Any, at: str, domain: SourceDomain, name: str) -> Worth:
    kind = kind_of(tree)
    found = as_object(tree, at)
    if kind == "TableFun" or (not kind and isinstance(found.get("mapping"), dict)):
        table = as_object(field(found, "mapping", at), f"{at}.mapping")
        return Levels({value: number(worth, f"{at}.{value}") for value, worth in table.items()})
    if not kind:
        return Levels({value: number(worth, f"{at}.{value}") for value, worth in found.items()})
    if kind in ("AffineFun", "LinearFun", "ConstFun", "IdentityFun"):
        slope = {"IdentityFun": "1", "ConstFun": "0"}.get(kind) or field(found, "slope", at)
        return Line(number(slope, f"{at}.slope"), number(found.get("bias") or "0", f"{at}.bias"))
    if kind == "QuadraticFun":
        factors = [number(field(found, key, at), f"{at}.{key}") for key in ("a1", "a2")]
    elif kind == "PolynomialFun":
        listed = as_list(field(found, "coefficients", at), f"{at}.coefficients")[: MOST_POWERS + 1]
        factors = [number(factor, f"{at}.coefficients") for factor in listed]
    else:
        raise NotSupported("A value function of this kind is not read", feature=kind[:80], at=at)
    if len(factors) > MOST_POWERS:
        raise NotSupported(f"More than {MOST_POWERS} powers", feature=kind, at=at)
    powers = [number(found.get("bias") or "0", f"{at}.bias"), *factors]
    return _tabulated(powers, next((each for each in domain.issues if each.name == name), None), at)


def _tabulated(powers: list[Fraction], issue: SourceIssue | None, at: str) -> Levels:
    """A polynomial at each value of the issue, exactly."""
    if issue is None:
        raise NamesMismatch("The domain has no such issue", issue=at, missing=[], unknown=[at])
    values = issue.values
    if isinstance(values, Numbers):
        if values.count > MOST_LEVELS:
            raise NotSupported("A curve over very many numbers", feature="polynomial", at=at)
        numbers = {decimal_text(value): value for value in map(values.at, range(values.count))}
    else:
        numbers = {value: number(value, at) for value in values}
    return Levels(
        {
            text: sum((factor * value**power for power, factor in enumerate(powers)), Fraction(0))
            for text, value in numbers.items()
        }
    )


def _reservation(tree: dict[str, Any], domain: SourceDomain) -> Fraction | dict[str, str] | None:
    value = number_or_infinity(tree.get("reserved_value"), "reserved_value")
    if isinstance(value, Fraction):
        return value
    if value == 1:
        raise NumberUnfit("No outcome is worth infinity", at="reserved_value", value="inf")
    outcome = tree.get("reserved_outcome")
    if outcome is None:
        return None
    bid = _by_issue(outcome, domain, "reserved_outcome")
    return {name: as_text(chosen, f"reserved_outcome.{name}") for name, chosen in bid.items()}
