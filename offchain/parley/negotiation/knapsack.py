"""The outcome of one branch that the other side likes best among those worth a target to the owner.

A multiple-choice knapsack. Its linear relaxation is solved exactly and greedily (Zemel 1980; Kellerer,
Pferschy, Pisinger, "Knapsack Problems", 2004, section 11.2): from the owner's best outcome, steps along
the hull of each issue are taken in order of what the other side gains for what the owner loses; what is
left of the slack is spent by single changes.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from parley.negotiation.space import Axis, Branch

Table = Sequence[Sequence[int]]
"""For each axis what the other side is thought to gain from each of its values."""
POLISHING = 4


class _Step(NamedTuple):
    axis: int
    to: int
    loss: int
    benefit: int


class Relaxation:
    """A branch with scores, prepared so that each target costs little."""

    def __init__(self, branch: Branch, table: Table) -> None:
        self._branch = branch
        self.table = table
        self._first: list[int] = []
        steps: list[_Step] = []
        self._best: list[list[int]] = []
        for at, (axis, scores) in enumerate(zip(branch.axes, table, strict=True)):
            hull, best = _ascent(axis, scores)
            self._best.append(best)
            self._first.append(hull[0])
            for before, after in pairwise(hull):
                steps.append(
                    _Step(at, after, axis.gains[before] - axis.gains[after], scores[after] - scores[before])
                )
        # Most benefit for the loss first; exact, since fractions of two integers compare by cross products.
        steps.sort(key=_Efficiency)
        self._steps = steps
        self._most = branch.gain(self._first)

    def solve(self, target: int) -> list[int] | None:
        """The greedy outcome worth at least `target`; None where even the owner's best is worth less."""
        slack = self._most - target
        if slack < 0:
            return None
        indices = self._first.copy()
        stopped: set[int] = set()
        for axis, to, loss, _ in self._steps:
            if axis in stopped:
                continue
            if loss <= slack:
                slack -= loss
                indices[axis] = to
            else:
                stopped.add(axis)
        return self._polished(indices, slack)

    def _polished(self, indices: list[int], slack: int) -> list[int]:
        """Spends what is left of the slack on single changes that the other side gains from."""
        for _ in range(POLISHING):
            changed = False
            for at, axis in enumerate(self._branch.axes):
                now, gains, scores = indices[at], axis.gains, self.table[at]
                best = self._best[at][bisect_right(axis.losses, slack - gains[now]) - 1]
                if best != now and (scores[best], gains[best]) > (scores[now], gains[now]):
                    slack -= gains[now] - gains[best]
                    indices[at] = best
                    changed = True
            if not changed:
                break
        return indices


class _Efficiency:
    """Sort key of a step: benefit for loss falling, then the order of issues."""

    __slots__ = ("_step",)

    def __init__(self, step: _Step) -> None:
        self._step = step

    def __lt__(self, other: _Efficiency) -> bool:
        mine, theirs = self._step, other._step
        left, right = mine.benefit * theirs.loss, theirs.benefit * mine.loss
        return left > right if left != right else mine.axis < theirs.axis


def _ascent(axis: Axis, scores: Sequence[int]) -> tuple[list[int], list[int]]:
    """Indices from the owner's best value to the other side's, along the upper hull of (loss, benefit); and
    for each place in the owner's order the value up to there that the other side likes best.
    """
    gains = axis.gains
    best = axis.order[0]
    hull, liked = [best], []
    for at in axis.order:
        if scores[at] > scores[best]:
            best = at
            if gains[hull[-1]] == gains[at]:
                hull.pop()
            while len(hull) > 1 and _bends_up(axis, scores, hull[-2], hull[-1], at):
                hull.pop()
            hull.append(at)
        liked.append(best)
    return hull, liked


def _bends_up(axis: Axis, scores: Sequence[int], first: int, middle: int, last: int) -> bool:
    gains = axis.gains
    left = (scores[middle] - scores[first]) * (gains[middle] - gains[last])
    right = (scores[last] - scores[middle]) * (gains[first] - gains[middle])
    return left <= right
