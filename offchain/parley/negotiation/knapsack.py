"""The outcome of one branch that the other side likes best among those worth a target to the owner.

A multiple-choice knapsack. Its linear relaxation is solved exactly and greedily (Zemel 1980; Kellerer,
Pferschy, Pisinger, "Knapsack Problems", 2004, section 11.2): from the owner's best outcome, steps along
the hull of each issue are taken in order of what the other side gains for what the owner loses; what is
left of the slack is spent by single changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from parley.negotiation.space import Axis, Branch

Table = Sequence[Sequence[int]]
"""For each axis what the other side is thought to gain from each of its values."""
POLISHING = 4


@dataclass(frozen=True, slots=True)
class _Step:
    axis: int
    to: int
    loss: int
    benefit: int


def relaxed(branch: Branch, table: Table, target: int) -> list[int] | None:
    """The greedy outcome worth at least `target`; None where even the owner's best is worth less."""
    indices: list[int] = []
    steps: list[_Step] = []
    for at, (axis, scores) in enumerate(zip(branch.axes, table, strict=True)):
        hull = _hull(axis, scores)
        indices.append(hull[0])
        for before, after in pairwise(hull):
            steps.append(
                _Step(at, after, axis.gains[before] - axis.gains[after], scores[after] - scores[before])
            )
    slack = branch.gain(indices) - target
    if slack < 0:
        return None
    # Most benefit for the loss first; exact, since fractions of two integers compare by cross products.
    steps.sort(key=_Efficiency)
    stopped: set[int] = set()
    for step in steps:
        if step.axis in stopped:
            continue
        if step.loss <= slack:
            slack -= step.loss
            indices[step.axis] = step.to
        else:
            stopped.add(step.axis)
    return _polished(branch, table, indices, slack)


class _Efficiency:
    """Sort key of a step: benefit for loss falling, then the order of issues."""

    __slots__ = ("_step",)

    def __init__(self, step: _Step) -> None:
        self._step = step

    def __lt__(self, other: _Efficiency) -> bool:
        mine, theirs = self._step, other._step
        left, right = mine.benefit * theirs.loss, theirs.benefit * mine.loss
        return left > right if left != right else mine.axis < theirs.axis


def _hull(axis: Axis, scores: Sequence[int]) -> list[int]:
    """Indices from the owner's best value to the other side's, along the upper hull of (loss, benefit)."""
    order = sorted(
        range(len(axis.values)), key=lambda at: (-axis.gains[at], -scores[at], -axis.likings[at], at)
    )
    hull: list[int] = []
    for at in order:
        if hull and scores[at] <= scores[hull[-1]]:
            continue
        while len(hull) > 1 and _bends_up(axis, scores, hull[-2], hull[-1], at):
            hull.pop()
        hull.append(at)
    return hull


def _bends_up(axis: Axis, scores: Sequence[int], first: int, middle: int, last: int) -> bool:
    gains = axis.gains
    left = (scores[middle] - scores[first]) * (gains[middle] - gains[last])
    right = (scores[last] - scores[middle]) * (gains[first] - gains[middle])
    return left <= right


def _polished(branch: Branch, table: Table, indices: list[int], slack: int) -> list[int]:
    """Spends what is left of the slack on single changes that the other side gains from."""
    for _ in range(POLISHING):
        changed = False
        for at, (axis, scores) in enumerate(zip(branch.axes, table, strict=True)):
            now = indices[at]
            floor = axis.gains[now] - slack
            best = max(
                (k for k in range(len(axis.values)) if axis.gains[k] >= floor),
                key=lambda k: (scores[k], axis.gains[k], axis.likings[k], -k),
            )
            if (scores[best], axis.gains[best]) > (scores[now], axis.gains[now]):
                slack -= axis.gains[now] - axis.gains[best]
                indices[at] = best
                changed = True
        if not changed:
            break
    return indices
