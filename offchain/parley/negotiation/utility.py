"""What an outcome is worth to one party: exact integers, private to their owner.

The documents are those of `parley.terms.profile`, offered here under their names too.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt

from parley.terms.domain import Domain, IssueValue
from parley.terms.profile import (
    PPM,
    AtMost,
    Bonus,
    Curve,
    Depending,
    IssueUtility,
    Limit,
    Point,
    Ppm,
    Profile,
    Region,
    Table,
    check_profile,
)

__all__ = [
    "PPM",
    "AtMost",
    "Bonus",
    "Curve",
    "Depending",
    "IssueUtility",
    "Limit",
    "Point",
    "Ppm",
    "Profile",
    "Region",
    "Table",
    "check_profile",
    "discounted",
    "exact_utility",
    "utility_ppm",
]

_SCALE = 10**24
_HALVINGS = 40


def exact_utility(profile: Profile, domain: Domain, values: Mapping[str, IssueValue]) -> int:
    """Utility times 10^12, before any rounding: what outcomes are ordered by. Below zero where penalties
    outweigh the rest. The order of issues does not matter.
    """
    total = sum(bonus.ppm for bonus in profile.bonuses if bonus.holds(values)) * PPM
    for issue in domain.issues:
        weight = profile.weights.get(issue.name, 0)
        if weight:
            utility = profile.utilities[issue.name]
            case_value = values[utility.case] if isinstance(utility, Depending) else None
            total += weight * profile.issue_ppm(issue.name, values[issue.name], case_value)
    return total


def utility_ppm(profile: Profile, domain: Domain, values: Mapping[str, IssueValue]) -> int:
    """Utility in ppm, floored, never below 0. Hard constraints are another matter: see `Profile.allows`."""
    return max(0, exact_utility(profile, domain, values) // PPM)


def discounted(profile: Profile, exact: int, elapsed: int, whole: int) -> int:
    """What an exact utility above zero counts for in a ranking when it is reached after `elapsed` of
    `whole` (rounds or seconds): times discount to the power elapsed / whole, floored; nothing below zero is
    made better. The power is taken by repeated integer square roots, so it is the same on every machine.
    """
    if profile.discount_ppm is None or exact <= 0 or elapsed <= 0:
        return exact
    root = profile.discount_ppm * (_SCALE // PPM)
    share = (min(elapsed, whole) << _HALVINGS) // whole
    factor = _SCALE
    for place in range(_HALVINGS, -1, -1):
        if share >> place & 1:
            factor = factor * root // _SCALE
        root = isqrt(root * _SCALE)
    return exact * factor // _SCALE
