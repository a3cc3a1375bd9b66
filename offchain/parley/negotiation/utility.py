"""What an outcome is worth to one party: exact integers, private to their owner.

A profile is linear-additive: utility = sum of weight · value utility, both in ppm, floored once at the
end. The utility of an issue may depend on the value of one choice issue (a price means something else for
another good).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from parley.errors import ParleyError
from parley.negotiation.errors import ProfileInvalid
from parley.terms.documents import Document, Part
from parley.terms.domain import ChoiceIssue, Domain, IssueValue
from parley.terms.errors import ExpressionInvalid
from parley.terms.expressions import Expression, check_names, check_shape, evaluate
from parley.terms.lists import Many, Text
from parley.terms.values import Amount, Hash32, Name

PPM = 1_000_000
Ppm = Annotated[int, Field(ge=0, le=PPM)]


def _shaped(value: object) -> object:
    try:
        check_shape(value)
    except ExpressionInvalid as error:
        raise ValueError(error.message) from None
    return value


_Expression = Annotated[
    Expression, PlainValidator(_shaped), WithJsonSchema({"type": ["integer", "string", "object"]})
]


class Point(Part):
    """`utility` ppm at the number `at` (base units of an amount, or the integer), written as a decimal
    string.
    """

    at: Amount
    utility: Ppm


class Curve(Part):
    """Utility of an amount or integer issue: straight between points of rising `at`, level beyond the
    ends.
    """

    points: Annotated[Many[Point], Field(min_length=1, max_length=64)]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        places = [point.at for point in self.points]
        if any(after <= before for before, after in pairwise(places)):
            raise ValueError("the points of a curve rise strictly")
        return self

    def ppm(self, value: int) -> int:
        """Utility in ppm; interpolated values are floored."""
        points = self.points
        if value <= points[0].at:
            return points[0].utility
        for low, high in pairwise(points):
            if value <= high.at:
                return low.utility + (high.utility - low.utility) * (value - low.at) // (high.at - low.at)
        return points[-1].utility


class Table(Part):
    """Utility of a choice issue: ppm for every value of it."""

    values: Mapping[Text, Ppm]


class Depending(Part):
    """Utility that depends on the value of the choice issue `case`: one curve or table for each of its
    values.
    """

    case: Name
    of: Mapping[Text, Curve | Table]


IssueUtility = Curve | Table | Depending


class Limit(Part):
    """A hard constraint on one issue: only values from `min` to `max` (numbers), or among `among`
    (texts). With `when` it holds only where each named choice issue has the given value.
    """

    issue: Name
    min: Amount | None = None
    max: Amount | None = None
    among: Many[Text] | None = None
    when: Mapping[Name, Text] = {}

    def allows(self, value: IssueValue) -> bool:
        if isinstance(value, str):
            return self.among is None or value in self.among
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)


class AtMost(Part):
    """A hard constraint over several issues: expression `left` ≤ expression `right` (docs/spec.md section
    4).
    """

    left: _Expression
    right: _Expression

    def allows(self, values: Mapping[str, IssueValue]) -> bool:
        """Whether it holds; an expression without a value does not."""
        try:
            return evaluate(self.left, values, {}) <= evaluate(self.right, values, {})
        except ParleyError:
            return False


class Profile(Document):
    """A party's preferences over one domain. It never leaves its owner's process.

    `weights` ppm of every issue, together 1 000 000; `utilities` for every issue with a weight, and where
    given for one without it only breaks ties; `reservation_ppm` is the least utility worth agreeing on.
    """

    schema_: Literal["parley/profile"] = Field(default="parley/profile", alias="schema")
    domain: Hash32
    role: Annotated[str, Field(min_length=1, max_length=64)]
    weights: Mapping[Name, Ppm]
    utilities: Mapping[Name, IssueUtility]
    reservation_ppm: Ppm
    limits: Many[Limit] = ()
    constraints: Many[AtMost] = ()

    @model_validator(mode="after")
    def _weighed(self) -> Self:
        if sum(self.weights.values()) != PPM:
            raise ValueError(f"the weights sum to {sum(self.weights.values())} ppm instead of {PPM}")
        missing = [name for name, weight in self.weights.items() if weight and name not in self.utilities]
        if missing:
            raise ValueError(f"no utility for {missing[0]}")
        cases = {utility.case for utility in self.utilities.values() if isinstance(utility, Depending)}
        if len(cases) > 1:
            raise ValueError("utilities may depend on one issue only")
        return self

    @property
    def case(self) -> str | None:
        """The choice issue that utilities depend on, if any do."""
        for utility in self.utilities.values():
            if isinstance(utility, Depending):
                return utility.case
        return None

    def issue_ppm(self, name: str, value: IssueValue, case_value: IssueValue | None = None) -> int:
        """Utility of one issue's value in ppm, without its weight; 0 for an issue without utility."""
        utility = self.utilities.get(name)
        if isinstance(utility, Depending):
            utility = utility.of[str(case_value)]
        if utility is None:
            return 0
        if isinstance(utility, Table):
            return utility.values[str(value)]
        return utility.ppm(int(value))

    def allows(self, values: Mapping[str, IssueValue]) -> bool:
        """Whether the hard constraints hold."""
        for limit in self.limits:
            applies = all(values[name] == value for name, value in limit.when.items())
            if applies and not limit.allows(values[limit.issue]):
                return False
        return all(constraint.allows(values) for constraint in self.constraints)


def exact_utility(profile: Profile, domain: Domain, values: Mapping[str, IssueValue]) -> int:
    """Utility times 10^12, before any rounding: what outcomes are ordered by. The order of issues does
    not matter.
    """
    case_value = values[profile.case] if profile.case is not None else None
    return sum(
        profile.weights.get(issue.name, 0) * profile.issue_ppm(issue.name, values[issue.name], case_value)
        for issue in domain.issues
    )


def utility_ppm(profile: Profile, domain: Domain, values: Mapping[str, IssueValue]) -> int:
    """Utility in ppm, floored. Hard constraints are another matter: see `Profile.allows`."""
    return exact_utility(profile, domain, values) // PPM


def check_profile(profile: Profile, domain: Domain) -> None:
    """Raises `ProfileInvalid` unless the profile is one for this domain, complete and consistent with it."""
    if profile.domain != domain.hash():
        raise ProfileInvalid(
            "The profile is for another domain", field="domain", expected=domain.hash(), actual=profile.domain
        )
    if profile.role not in domain.roles:
        raise ProfileInvalid("The domain has no such role", field="role", role=profile.role)
    names = {issue.name for issue in domain.issues}
    if profile.weights.keys() != names or not profile.utilities.keys() <= names:
        odd = sorted(profile.weights.keys() ^ names) + sorted(profile.utilities.keys() - names)
        raise ProfileInvalid("Weights and utilities must be those of the domain's issues", field=odd[0])
    case = profile.case
    case_issue = domain.issue(case) if case in names else None
    if case is not None and not isinstance(case_issue, ChoiceIssue):
        raise ProfileInvalid("Utilities can depend on a choice issue only", field=case)
    for name, utility in profile.utilities.items():
        if isinstance(utility, Depending):
            if not isinstance(case_issue, ChoiceIssue) or utility.of.keys() != set(case_issue.values):
                raise ProfileInvalid("One utility for each value of the issue it depends on", field=name)
            for inner in utility.of.values():
                _check_utility(domain, name, inner)
        else:
            _check_utility(domain, name, utility)
    _check_constraints(profile, domain, names)


def _check_utility(domain: Domain, name: str, utility: Curve | Table) -> None:
    issue = domain.issue(name)
    if isinstance(issue, ChoiceIssue) != isinstance(utility, Table):
        raise ProfileInvalid("A choice needs a table, a number a curve", field=name)
    if (
        isinstance(utility, Table)
        and isinstance(issue, ChoiceIssue)
        and utility.values.keys() != set(issue.values)
    ):
        raise ProfileInvalid("A table needs exactly the values of its issue", field=name)


def _check_constraints(profile: Profile, domain: Domain, names: set[str]) -> None:
    for limit in profile.limits:
        if limit.issue not in names or not limit.when.keys() <= names:
            raise ProfileInvalid("A limit names an issue that the domain does not have", field=limit.issue)
    issues = {issue.name: issue for issue in domain.issues}
    for constraint in profile.constraints:
        for side in (constraint.left, constraint.right):
            try:
                check_names(side, issues, frozenset())
            except ExpressionInvalid as error:
                raise ProfileInvalid(error.message, field="constraints", **error.values) from None
