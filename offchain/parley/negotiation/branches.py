"""A domain cut into branches in which a profile's utility is additive.

What a utility, a limit or a bonus depends on is cut into cells: each value of a choice issue that a utility
or a limit depends on is one, and the regions of the bonuses cut the other issues that they name. A branch is
one combination of cells.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from math import prod

from parley.negotiation.errors import SpaceTooEntangled
from parley.negotiation.utility import PPM, Curve, Depending, Profile, Region
from parley.terms.domain import AmountIssue, ChoiceIssue, Domain, IntegerIssue, IssueValue

Outcome = tuple[IssueValue, ...]

AXIS_POINTS = 1_024
"""An axis of more values than this is searched on a grid of this many; its ends and the values beside the
points of its curve are among them, so that the best value always is.
"""
MAX_BRANCHES = 4_096


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
    order: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """Indices of the values, the best first: by gain, then liking, then canonical order."""
    losses: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """The negated gains in that order, ascending: what a bisection wants."""

    def __post_init__(self) -> None:
        gains, likings = self.gains, self.likings
        order = sorted(range(len(gains)), key=lambda at: (-gains[at], -likings[at]))
        object.__setattr__(self, "order", tuple(order))
        object.__setattr__(self, "losses", tuple([-gains[at] for at in order]))

    @property
    def numeric(self) -> bool:
        return isinstance(self.values[0], int)

    def favourite(self) -> int:
        """Index of the best value."""
        return self.order[0]

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
    from others (of a cell its first); `base` is what the bonuses that hold here add, exact.
    """

    axes: tuple[Axis, ...]
    key: tuple[IssueValue, ...] = ()
    base: int = 0

    @property
    def size(self) -> int:
        return prod(len(axis.values) for axis in self.axes)

    def outcome(self, indices: list[int]) -> Outcome:
        return tuple([axis.values[at] for axis, at in zip(self.axes, indices, strict=True)])

    def gain(self, indices: list[int]) -> int:
        return self.base + sum([axis.gains[at] for axis, at in zip(self.axes, indices, strict=True)])

    def liking(self, indices: list[int]) -> int:
        """Sum of the utilities of the issues without weight: breaks ties only."""
        return sum(axis.likings[at] for axis, at in zip(self.axes, indices, strict=True) if axis.weight == 0)

    def best(self) -> list[int]:
        return [axis.favourite() for axis in self.axes]


@dataclass(frozen=True, slots=True)
class _Cell:
    """Some values of an issue that nothing tells apart: `key` is the first of them."""

    key: IssueValue
    region: Region


_Issue = AmountIssue | IntegerIssue | ChoiceIssue


class Brancher:
    """Cuts a domain by a profile that fits it. Raises `SpaceTooEntangled` for more than `MAX_BRANCHES`."""

    def __init__(self, domain: Domain, profile: Profile) -> None:
        self._domain = domain
        self._profile = profile
        singled = {name for limit in profile.limits for name in limit.when} | set(profile.cases)
        joined = {name for bonus in profile.bonuses for name in bonus.where}
        self._cells: dict[str, tuple[_Cell, ...]] = {
            issue.name: _singles(issue) if issue.name in singled else _cut(issue, profile)
            for issue in domain.issues
            if issue.name in singled | joined
        }
        self._at = tuple(at for at, issue in enumerate(domain.issues) if issue.name in self._cells)
        self._keys = tuple(_Keys(domain.issues[at], self._cells[domain.issues[at].name]) for at in self._at)
        combinations = prod(len(cells) for cells in self._cells.values())
        if combinations > MAX_BRANCHES:
            raise SpaceTooEntangled(
                "The issues depend on one another in too many ways",
                combinations=str(combinations),
                limit=MAX_BRANCHES,
            )
        self._axes: dict[tuple[object, ...], Axis | None] = {}

    def key(self, outcome: Outcome) -> tuple[IssueValue, ...]:
        """The key of the branch that an outcome belongs to."""
        if not self._at:
            return ()
        return tuple([keys.of(outcome[at]) for at, keys in zip(self._at, self._keys, strict=True)])

    def branches(self) -> Iterator[Branch]:
        """All branches with outcomes, in canonical order of their cells."""
        for combination in product(*self._cells.values()):
            cells = dict(zip(self._cells, combination, strict=True))
            axes = [self._axis(issue, cells) for issue in self._domain.issues]
            if all(axis is not None for axis in axes):
                yield Branch(
                    tuple(axis for axis in axes if axis is not None),
                    tuple(cell.key for cell in combination),
                    PPM * sum(bonus.ppm for bonus in self._profile.bonuses if bonus.holds(_keys(cells))),
                )

    def _axis(self, issue: _Issue, cells: Mapping[str, _Cell]) -> Axis | None:
        name, profile = issue.name, self._profile
        limits = [
            at
            for at, limit in enumerate(profile.limits)
            if limit.issue == name and all(cells[other].key == value for other, value in limit.when.items())
        ]
        utility = profile.utilities.get(name)
        case_value = cells[utility.case].key if isinstance(utility, Depending) else None
        cell = cells.get(name)
        mark = (name, case_value, None if cell is None else cell.key, *limits)
        if mark not in self._axes:
            regions: list[Region] = [profile.limits[at] for at in limits]
            self._axes[mark] = self._made(
                issue, regions if cell is None else [*regions, cell.region], case_value
            )
        return self._axes[mark]

    def _made(self, issue: _Issue, regions: list[Region], case_value: IssueValue | None) -> Axis | None:
        profile, name = self._profile, issue.name
        utility = profile.utilities.get(name)
        if isinstance(utility, Depending):
            utility = utility.of[str(case_value)]
        turns = [point.at for point in utility.points] if isinstance(utility, Curve) else []
        values = tuple(
            value for value in _grid(issue, regions, turns) if all(region.allows(value) for region in regions)
        )
        if not values:
            return None
        likings = tuple(profile.issue_ppm(name, value, case_value) for value in values)
        weight = profile.weights[name]
        span = 0 if isinstance(issue, ChoiceIssue) else issue.max - issue.min
        return Axis(name, weight, values, tuple(weight * liking for liking in likings), likings, span)


class _Keys:
    """Finds the cell of a value."""

    def __init__(self, issue: _Issue, cells: tuple[_Cell, ...]) -> None:
        if isinstance(issue, ChoiceIssue):
            self._texts = {
                value: cell.key for cell in cells for value in issue.values if cell.region.allows(value)
            }
        else:
            self._starts = [int(cell.key) for cell in cells]

    def of(self, value: IssueValue) -> IssueValue:
        if isinstance(value, str):
            return self._texts[value]
        return self._starts[bisect_right(self._starts, value) - 1]


def _keys(cells: Mapping[str, _Cell]) -> dict[str, IssueValue]:
    return {name: cell.key for name, cell in cells.items()}


def _singles(issue: _Issue) -> tuple[_Cell, ...]:
    """One cell for each value of a choice issue."""
    values = issue.values if isinstance(issue, ChoiceIssue) else ()
    return tuple(_Cell(value, Region(among=(value,))) for value in values)


def _cut(issue: _Issue, profile: Profile) -> tuple[_Cell, ...]:
    """The issue's values grouped by the bonuses that they allow; numbers by the ends of the regions."""
    regions = [bonus.where[issue.name] for bonus in profile.bonuses if issue.name in bonus.where]
    if isinstance(issue, ChoiceIssue):
        groups: dict[tuple[bool, ...], list[str]] = {}
        for value in issue.values:
            groups.setdefault(tuple(region.allows(value) for region in regions), []).append(value)
        return tuple(_Cell(values[0], Region(among=tuple(values))) for values in groups.values())
    starts = {issue.min}
    for region in regions:
        if region.min is not None:
            starts.add(_at_least(issue, region.min))
        if region.max is not None:
            starts.add(_at_least(issue, region.max + 1))
    ordered = sorted(start for start in starts if issue.min <= start <= issue.max)
    ends = [*(start - 1 for start in ordered[1:]), issue.max]
    return tuple(_Cell(low, Region(min=low, max=high)) for low, high in zip(ordered, ends, strict=True))


def _at_least(issue: AmountIssue | IntegerIssue, value: int) -> int:
    """The least number of the issue's grid from `value` up; may lie outside the issue."""
    return issue.min - (issue.min - value) // issue.step * issue.step


def _grid(issue: _Issue, regions: list[Region], turns: list[int]) -> tuple[IssueValue, ...]:
    """The values of an issue between the ends of the regions, thinned evenly where they are too many to look
    at each; what lies beside a turn of the curve stays.
    """
    if isinstance(issue, ChoiceIssue):
        return tuple(issue.values)
    low, high = 0, issue.size - 1
    for region in regions:
        if region.min is not None:
            low = max(low, -((issue.min - region.min) // issue.step))
        if region.max is not None:
            high = min(high, (region.max - issue.min) // issue.step)
    count = high - low + 1
    if count <= 0:
        return ()
    if count <= AXIS_POINTS:
        return tuple(issue.value_at(at) for at in range(low, high + 1))
    kept = {
        at
        for turn in turns
        for at in ((turn - issue.min) // issue.step, -((issue.min - turn) // issue.step))
        if low <= at <= high
    }
    return tuple(issue.value_at(at) for at in sorted(kept | _even(low, count, kept)))


def _even(low: int, count: int, kept: set[int]) -> set[int]:
    """Evenly spread places, ends included, as many as leave room for those that are kept."""
    spread = AXIS_POINTS
    while True:
        chosen = {low + at * (count - 1) // (spread - 1) for at in range(spread)}
        over = len(chosen | kept) - AXIS_POINTS
        if over <= 0:
            return chosen
        spread -= over
