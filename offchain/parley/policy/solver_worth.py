"""What an outcome is worth, as an exact expression of the solver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd
from typing import Any

from parley.policy.rule_syntax import NotTranslated
from parley.policy.solver_numbers import Grid, Number, Switch, check_small, constant, scaled
from parley.terms.domain import ChoiceIssue, IssueValue
from parley.terms.profile import PPM, Curve, Depending, Profile, Table


@dataclass(frozen=True, slots=True)
class Scores:
    """An additive worth by tables: integers for every value of the issues that are in it; others count
    nothing. The form of what a party believes of another.
    """

    tables: Mapping[str, Mapping[IssueValue, int]]

    def of(self, values: Mapping[str, IssueValue]) -> int:
        """What an outcome is worth."""
        return sum(table[values[name]] for name, table in self.tables.items())


def exact_of(profile: Profile, values: Mapping[str, IssueValue]) -> int:
    """A profile's utility times 10^12, as the negotiation room computes it."""
    total = PPM * sum(bonus.ppm for bonus in profile.bonuses if bonus.holds(values))
    for name, weight in profile.weights.items():
        if weight:
            utility = profile.utilities[name]
            case = values[utility.case] if isinstance(utility, Depending) else None
            total += weight * profile.issue_ppm(name, values[name], case)
    return total


def worth_of(grid: Grid, worth: Profile | Scores) -> Number:
    """The worth as a number. Raises `NotTranslated` where it does not fit into 64 bits."""
    if isinstance(worth, Scores):
        return grid.add([constant(0), *(_table(grid, name, table) for name, table in worth.tables.items())])
    parts = [constant(0)]
    for name, weight in worth.weights.items():
        if weight:
            parts.append(scaled(issue_worth(grid, worth, name), weight))
    for bonus in worth.bonuses:
        regions = [
            region_holds(grid, name, region.min, region.max, region.among)
            for name, region in bonus.where.items()
        ]
        parts.append(scaled(_counted(grid.every(regions)), PPM * bonus.ppm))
    return grid.add(parts)


def liking_of(grid: Grid, profile: Profile) -> Number:
    """The sum of the utilities of issues without weight: what breaks ties first."""
    free = [name for name, weight in profile.weights.items() if not weight and name in profile.utilities]
    return grid.add([constant(0), *(issue_worth(grid, profile, name) for name in free)])


def region_holds(
    grid: Grid, name: str, low: int | None, high: int | None, among: Sequence[str] | None
) -> Switch:
    """Whether an issue lies in a region of values."""
    texts = grid.texts(name)
    if texts is None:
        return grid.within(name, low, high)
    if among is None:
        return True
    return grid.some([texts[text] for text in dict.fromkeys(among) if text in texts])


def issue_worth(grid: Grid, profile: Profile, name: str) -> Number:
    """The utility of one issue in ppm, without its weight."""
    utility = profile.utilities[name]
    if isinstance(utility, Depending):
        switches = grid.texts(utility.case) or {}
        return grid.chosen(
            [(switches[text], _plain(grid, name, inner)) for text, inner in utility.of.items()]
        )
    return _plain(grid, name, utility)


def _plain(grid: Grid, name: str, utility: Curve | Table) -> Number:
    if isinstance(utility, Table):
        return _table(grid, name, utility.values)
    return _curve(grid, name, utility)


def _table(grid: Grid, name: str, table: Mapping[Any, int]) -> Number:
    """A value's entry; every value of the issue has one."""
    issue = grid.domain.issue(name)
    texts = grid.texts(name)
    if texts is not None and isinstance(issue, ChoiceIssue):
        levels = [table[text] for text in issue.values]
        check_small(*levels)
        inner = sum(level * texts[text] for level, text in zip(levels, issue.values, strict=True))
    else:
        levels = [table[issue.value_at(at)] for at in range(issue.size)]
        variable = grid.variable(min(levels), max(levels))
        grid.model.add_element(grid.index(name), levels, variable)
        inner = variable
    return Number(1, inner, min(levels), max(levels))


def _curve(grid: Grid, name: str, curve: Curve) -> Number:
    """Straight pieces, each floored exactly: q with q · width ≤ rise < q · width + width."""
    issue = grid.domain.issue(name)
    if isinstance(issue, ChoiceIssue):
        raise NotTranslated("a curve over texts")
    points = curve.points
    pieces: list[tuple[Switch, Number]] = [
        (grid.within(name, None, points[0].at), constant(points[0].utility))
    ]
    for low, high in pairwise(points):
        here = grid.within(name, low.at + 1, high.at)
        if here is not False:
            pieces.append((here, _slope(grid, name, (low.at, low.utility), (high.at, high.utility))))
    pieces.append((grid.within(name, points[-1].at + 1, None), constant(points[-1].utility)))
    pieces = [(switch, number) for switch, number in pieces if switch is not False]
    whole = [number for switch, number in pieces if switch is True]
    return whole[0] if whole else grid.chosen(pieces)


def _slope(grid: Grid, name: str, low: tuple[int, int], high: tuple[int, int]) -> Number:
    """The height above a piece's first point, floored, plus that point's; its value is only asked for on the
    piece, and is bounded on the whole issue so that it exists everywhere.
    """
    issue = grid.domain.issue(name)
    if isinstance(issue, ChoiceIssue):
        raise NotTranslated("a curve over texts")
    width, climb = high[0] - low[0], high[1] - low[1]
    step, start = climb * issue.step, climb * (issue.min - low[0])
    shared = gcd(width, step, start) or 1
    width, step, start = width // shared, step // shared, start // shared
    last = start + step * (issue.size - 1)
    rise = Number(1, start + step * grid.index(name), min(start, last), max(start, last))
    return grid.add([grid.divide(rise, width), constant(low[1])])


def _counted(switch: Switch) -> Number:
    if isinstance(switch, bool):
        return constant(int(switch))
    return Number(1, switch, 0, 1)
