"""The profile document: what one party wants in one domain. Private to its owner.

A profile is linear-additive, in integers: utility = sum of weight · value utility, both in ppm. Two kinds of
dependency between issues are added to that: the utility of an issue may depend on the value of a choice
issue (a price means something else for another good), and a bonus is added where several issues lie in a
region together (Ito, Hattori, Klein 2007, "Multi-issue negotiation protocol for agents: exploring nonlinear
utility spaces": utility by constraints that are hyper-rectangles).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from parley.errors import ParleyError
from parley.terms.documents import Part, Versioned
from parley.terms.domain import ChoiceIssue, Domain, IssueValue
from parley.terms.errors import ExpressionInvalid, ProfileInvalid
from parley.terms.expressions import Expression, check_names, check_shape, evaluate
from parley.terms.lists import Many, Text
from parley.terms.migration import Json, register
from parley.terms.values import Amount, Hash32, Name

PPM = 1_000_000
Ppm = Annotated[int, Field(ge=0, le=PPM)]
Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
"""What a limit or a constraint is called in explanations."""


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


class Region(Part):
    """Some values of one issue: numbers from `min` to `max`, or the texts in `among`."""

    min: Amount | None = None
    max: Amount | None = None
    among: Many[Text] | None = None

    def allows(self, value: IssueValue) -> bool:
        """Whether the value lies in the region."""
        if isinstance(value, str):
            return self.among is None or value in self.among
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)


class Limit(Region):
    """A hard constraint on one issue: only values of the region. With `when` it holds only where each named
    choice issue has the given value. `id` names it in explanations.
    """

    issue: Name
    when: Mapping[Name, Text] = {}
    id: Label | None = None


class AtMost(Part):
    """A hard constraint over several issues: expression `left` ≤ expression `right` (docs/spec.md section
    4). `id` names it in explanations.
    """

    left: _Expression
    right: _Expression
    id: Label | None = None

    def allows(self, values: Mapping[str, IssueValue]) -> bool:
        """Whether it holds; an expression without a value does not."""
        try:
            return evaluate(self.left, values, {}) <= evaluate(self.right, values, {})
        except ParleyError:
            return False


class Bonus(Part):
    """`ppm` of utility more (or less, where negative) while every issue named in `where` lies in its
    region.
    """

    where: Annotated[Mapping[Name, Region], Field(min_length=1, max_length=16)]
    ppm: Annotated[int, Field(ge=-PPM, le=PPM)]

    def holds(self, values: Mapping[str, IssueValue]) -> bool:
        """Whether every named issue lies in its region."""
        return all(region.allows(values[name]) for name, region in self.where.items())


class Profile(Versioned):
    """A party's preferences over one domain. It never leaves its owner's process.

    `weights` ppm of every issue; `utilities` for every issue with a weight, and where given for one without
    it only breaks ties; `bonuses` in ppm of the whole. The weights and the bonuses above zero together are
    1 000 000, so that no outcome is worth more. `reservation_ppm` is the least utility worth agreeing on.
    `discount_ppm` is the share that a utility keeps when the last round is over: it only ranks outcomes
    that would be reached at different times, and nothing that is signed depends on it.
    """

    schema_: Literal["parley/profile"] = Field(default="parley/profile", alias="schema")
    version: Literal[2] = 2  # type: ignore[assignment]
    domain: Hash32
    role: Annotated[str, Field(min_length=1, max_length=64)]
    weights: Mapping[Name, Ppm]
    utilities: Mapping[Name, IssueUtility]
    reservation_ppm: Ppm
    limits: Annotated[Many[Limit], Field(max_length=256)] = ()
    constraints: Annotated[Many[AtMost], Field(max_length=64)] = ()
    bonuses: Annotated[Many[Bonus], Field(max_length=64)] = ()
    discount_ppm: Annotated[int, Field(ge=1, le=PPM)] | None = None

    @model_validator(mode="after")
    def _weighed(self) -> Self:
        total = sum(self.weights.values()) + sum(bonus.ppm for bonus in self.bonuses if bonus.ppm > 0)
        if total != PPM:
            what = "weights and bonuses" if self.bonuses else "weights"
            raise ValueError(f"the {what} sum to {total} ppm instead of {PPM}")
        missing = [name for name, weight in self.weights.items() if weight and name not in self.utilities]
        if missing:
            raise ValueError(f"no utility for {missing[0]}")
        hard: tuple[Limit | AtMost, ...] = (*self.limits, *self.constraints)
        named = [entry.id for entry in hard if entry.id is not None]
        if len(set(named)) != len(named):
            raise ValueError("two limits or constraints have the same id")
        return self

    @property
    def cases(self) -> tuple[str, ...]:
        """The choice issues that utilities depend on."""
        found = (utility.case for utility in self.utilities.values() if isinstance(utility, Depending))
        return tuple(dict.fromkeys(found))

    @property
    def case(self) -> str | None:
        """The first of `cases`, if there is one."""
        return next(iter(self.cases), None)

    def issue_ppm(self, name: str, value: IssueValue, case_value: IssueValue | None = None) -> int:
        """Utility of one issue's value in ppm, without its weight; 0 for an issue without utility.
        `case_value` is the value of the issue that its utility depends on.
        """
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


@register("parley/profile", 1)
def _from_first(value: Json) -> Json:
    """Version 2 added bonuses, a discount and ids, all optional; nothing of version 1 changed its meaning."""
    newer = {"bonuses", "discount_ppm"} & value.keys()
    if newer or any("id" in entry for entry in _entries(value)):
        raise ProfileInvalid(
            "A profile of version 1 has no bonuses, discount or ids",
            field=min(newer, default="id"),
            version=1,
        )
    return value


def _entries(value: Json) -> list[Any]:
    listed = [value.get("limits"), value.get("constraints")]
    return [entry for group in listed if isinstance(group, list | tuple) for entry in group]


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
    for name, utility in profile.utilities.items():
        if isinstance(utility, Depending):
            case = domain.issue(utility.case) if utility.case in names else None
            if not isinstance(case, ChoiceIssue):
                raise ProfileInvalid("Utilities can depend on a choice issue only", field=utility.case)
            if utility.of.keys() != set(case.values) or utility.case == name:
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
        for name, value in limit.when.items():
            deciding = domain.issue(name)
            if not isinstance(deciding, ChoiceIssue) or value not in deciding.values:
                raise ProfileInvalid("A limit may hold for the values of choice issues only", field=name)
    for bonus in profile.bonuses:
        for name, region in bonus.where.items():
            if name not in names:
                raise ProfileInvalid("A bonus names an issue that the domain does not have", field=name)
            _check_region(domain, name, region)
    issues = {issue.name: issue for issue in domain.issues}
    for constraint in profile.constraints:
        for side in (constraint.left, constraint.right):
            try:
                check_names(side, issues, frozenset())
            except ExpressionInvalid as error:
                raise ProfileInvalid(error.message, field="constraints", **error.values) from None


def _check_region(domain: Domain, name: str, region: Region) -> None:
    issue = domain.issue(name)
    if isinstance(issue, ChoiceIssue):
        fits = region.min is region.max is None and set(region.among or ()) <= set(issue.values)
    else:
        fits = region.among is None
    if not fits or region == Region():
        raise ProfileInvalid("A region needs values of its issue: texts of a choice, or numbers", field=name)
