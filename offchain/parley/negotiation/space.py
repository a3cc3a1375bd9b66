"""The outcomes that a party may agree to, without listing them unless they are few.

A space is a union of branches; inside one the utility is additive, so that each issue is an axis with a
contribution for each of its values and every question becomes one about sums. Outcomes are tuples of
values in the domain's order.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

from parley.negotiation.errors import SpaceEmpty
from parley.negotiation.utility import PPM, Limit, Profile, check_profile, exact_utility
from parley.terms.domain import AmountIssue, ChoiceIssue, Domain, IntegerIssue, IssueValue

Outcome = tuple[IssueValue, ...]

ENUMERATED = 4_096
"""Spaces of at most this many outcomes are listed; larger ones are searched by their axes."""
REMEMBERED = 1_024
"""How many outcomes' utilities a space keeps at hand."""
AXIS_POINTS = 1_024
"""An axis of more values than this is searched on a grid of this many, its ends included."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One issue inside a branch: `values` that the limits allow, in canonical order, with their `gains`
    (weight ppm · utility ppm) and `likings` (utility ppm, which orders the values of an issue without
    weight).
    """

    name: str
    weight: int
    values: tuple[IssueValue, ...]
    gains: tuple[int, ...]
    likings: tuple[int, ...]
    span: int = 0

    @property
    def numeric(self) -> bool:
        return isinstance(self.values[0], int)

    def favourite(self) -> int:
        """Index of the best value: by gain, then liking, then canonical order."""
        return max(range(len(self.values)), key=lambda at: (self.gains[at], self.likings[at], -at))

    def nearest(self, value: IssueValue) -> int | None:
        """Index of `value`, or of the closest number below or above it; None for a text that is not there."""
        if isinstance(value, str):
            return self.values.index(value) if value in self.values else None
        numbers = [number for number in self.values if isinstance(number, int)]
        at = bisect_left(numbers, value)
        if at == len(numbers) or (at and numbers[at] - value > value - numbers[at - 1]):
            return at - 1
        return at

    def index(self, value: IssueValue) -> int | None:
        """Index of exactly `value`."""
        at = self.nearest(value)
        return at if at is not None and self.values[at] == value else None


@dataclass(frozen=True, slots=True)
class Branch:
    """Axes in the domain's order, over which the utility is additive. `key` are the values that tell it
    from others.
    """

    axes: tuple[Axis, ...]
    key: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return prod(len(axis.values) for axis in self.axes)

    def outcome(self, indices: list[int]) -> Outcome:
        return tuple(axis.values[at] for axis, at in zip(self.axes, indices, strict=True))

    def gain(self, indices: list[int]) -> int:
        return sum(axis.gains[at] for axis, at in zip(self.axes, indices, strict=True))

    def liking(self, indices: list[int]) -> int:
        """Sum of the utilities of the issues without weight: breaks ties only."""
        return sum(axis.likings[at] for axis, at in zip(self.axes, indices, strict=True) if axis.weight == 0)

    def best(self) -> list[int]:
        return [axis.favourite() for axis in self.axes]


class Space:
    """A domain seen by a profile. Nothing about it changes, and it may be shared by all negotiations of
    the two.

    Raises `ProfileInvalid` for a profile that does not fit the domain, `SpaceEmpty` when its limits leave
    nothing.
    """

    def __init__(self, domain: Domain, profile: Profile) -> None:
        check_profile(profile, domain)
        self.domain = domain
        self.profile = profile
        self.names: tuple[str, ...] = tuple(issue.name for issue in domain.issues)
        self.spans: tuple[int, ...] = tuple(
            0 if isinstance(issue, ChoiceIssue) else issue.max - issue.min for issue in domain.issues
        )
        deciding = {name for limit in profile.limits for name in limit.when} | {profile.case}
        self._deciding = tuple(name for name in self.names if name in deciding)
        self.branches: tuple[Branch, ...] = tuple(self._branches())
        if not self.branches:
            raise SpaceEmpty("The hard constraints of the profile leave no outcome", role=profile.role)
        self._gains: dict[Outcome, int] = {}
        self.reservation = profile.reservation_ppm * PPM
        self.best_gain = max(branch.gain(branch.best()) for branch in self.branches)
        self.size = sum(branch.size for branch in self.branches)

    def _branches(self) -> Iterator[Branch]:
        """One for each combination of values of the choice issues that utilities or limits depend on."""
        issues = {issue.name: issue for issue in self.domain.issues}
        order = self._deciding
        choices = [issue.values for name in order if isinstance(issue := issues[name], ChoiceIssue)]
        for combination in product(*choices):
            fixed = dict(zip(order, combination, strict=True))
            axes = [self._axis(issue, fixed) for issue in self.domain.issues]
            if all(axis is not None for axis in axes):
                yield Branch(tuple(axis for axis in axes if axis is not None), combination)

    def _axis(self, issue: AmountIssue | IntegerIssue | ChoiceIssue, fixed: Mapping[str, str]) -> Axis | None:
        name = issue.name
        profile = self.profile
        limits = [
            limit
            for limit in profile.limits
            if limit.issue == name and all(fixed[other] == value for other, value in limit.when.items())
        ]
        candidates = (fixed[name],) if name in fixed else _grid(issue, limits)
        values = tuple(value for value in candidates if all(limit.allows(value) for limit in limits))
        if not values:
            return None
        case_value = None if profile.case is None else fixed[profile.case]
        likings = tuple(profile.issue_ppm(name, value, case_value) for value in values)
        weight = profile.weights[name]
        span = 0 if isinstance(issue, ChoiceIssue) else issue.max - issue.min
        return Axis(name, weight, values, tuple(weight * liking for liking in likings), likings, span)

    @cached_property
    def listed(self) -> tuple[tuple[int, ...], tuple[Outcome, ...]] | None:
        """For a small space: ascending negated gains and the outcomes in that order, ties in canonical
        order.
        """
        if self.size > ENUMERATED:
            return None
        found: list[tuple[int, int, tuple[int, ...], Outcome]] = []
        for number, branch in enumerate(self.branches):
            for indices in product(*(range(len(axis.values)) for axis in branch.axes)):
                chosen = list(indices)
                outcome = branch.outcome(chosen)
                if self.constraints_hold(outcome):
                    found.append((-branch.gain(chosen), -branch.liking(chosen), (number, *indices), outcome))
        found.sort(key=lambda entry: entry[:3])
        return tuple(entry[0] for entry in found), tuple(entry[3] for entry in found)

    def branch_key(self, outcome: Outcome) -> tuple[IssueValue, ...]:
        """The `key` of the branch that an outcome belongs to."""
        return tuple(value for name, value in zip(self.names, outcome, strict=True) if name in self._deciding)

    def mapping(self, outcome: Outcome) -> dict[str, IssueValue]:
        """The outcome as values by issue."""
        return dict(zip(self.names, outcome, strict=True))

    def outcome(self, values: Mapping[str, IssueValue]) -> Outcome:
        """Values by issue as an outcome."""
        return tuple(values[name] for name in self.names)

    def gain(self, outcome: Outcome) -> int:
        """Exact utility, times 10^12."""
        known = self._gains.get(outcome)
        if known is None:
            known = exact_utility(self.profile, self.domain, self.mapping(outcome))
            if len(self._gains) >= REMEMBERED:
                self._gains.clear()
            self._gains[outcome] = known
        return known

    def constraints_hold(self, outcome: Outcome) -> bool:
        """The constraints over several issues; a branch has only values that the limits allow."""
        if not self.profile.constraints:
            return True
        values = self.mapping(outcome)
        return all(constraint.allows(values) for constraint in self.profile.constraints)

    def agreeable(self, outcome: Outcome) -> bool:
        """Whether the owner could live with it: hard constraints hold and the reservation is reached."""
        return self.profile.allows(self.mapping(outcome)) and self.gain(outcome) >= self.reservation


def _grid(issue: AmountIssue | IntegerIssue | ChoiceIssue, limits: list[Limit]) -> tuple[IssueValue, ...]:
    """The values of an issue that limits leave, thinned evenly where they are too many to look at each."""
    if isinstance(issue, ChoiceIssue):
        return tuple(issue.values)
    low, high = 0, issue.size - 1
    for limit in limits:
        if limit.min is not None:
            low = max(low, -((issue.min - limit.min) // issue.step))
        if limit.max is not None:
            high = min(high, (limit.max - issue.min) // issue.step)
    count = high - low + 1
    if count <= 0:
        return ()
    if count <= AXIS_POINTS:
        return tuple(issue.value_at(at) for at in range(low, high + 1))
    last = AXIS_POINTS - 1
    return tuple(issue.value_at(low + at * (count - 1) // last) for at in range(AXIS_POINTS))
