"""What the other side is thought to gain from values, and what a search makes of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from parley.negotiation.knapsack import Relaxation
from parley.negotiation.space import Axis, Branch
from parley.terms.domain import IssueValue

Scores = Callable[[Axis], Sequence[int]]
"""What the other side is thought to gain from each value of an axis: any integers, larger is better."""


class Scored:
    """Scores with what a search makes of them, kept for as long as they stay the same."""

    def __init__(self, scores: Scores) -> None:
        self._scores = scores
        # By the place of an axis or branch in memory, which is theirs alone for as long as it is held here.
        self._columns: dict[int, tuple[Axis, Sequence[int]]] = {}
        self._relaxations: dict[int, tuple[Branch, Relaxation]] = {}

    def __call__(self, axis: Axis) -> Sequence[int]:
        known = self._columns.get(id(axis))
        if known is None:
            known = self._columns[id(axis)] = axis, self._scores(axis)
        return known[1]

    def relaxation(self, branch: Branch) -> Relaxation:
        """The knapsack of a branch under these scores."""
        known = self._relaxations.get(id(branch))
        if known is None:
            made = Relaxation(branch, [self(axis) for axis in branch.axes])
            known = self._relaxations[id(branch)] = branch, made
        return known[1]

    def column(self, axis: Axis) -> Mapping[IssueValue, int]:
        """The scores of an axis by value."""
        return dict(zip(axis.values, self(axis), strict=True))

    def changed(self) -> None:
        """The scores are others from now on."""
        self._columns.clear()
        self._relaxations.clear()


def scored(scores: Scores) -> Scored:
    """The scores as they are, or with room for what is made of them."""
    return scores if isinstance(scores, Scored) else Scored(scores)
