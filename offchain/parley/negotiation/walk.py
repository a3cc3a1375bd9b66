"""The outcomes of one branch in the order of a sum of integers, best first, without listing them.

A best-first tree search (A*, Hart, Nilsson, Raphael 1968) over prefixes of the domain's issues. The bound
of a prefix is exact where nothing is forbidden, so that an outcome costs as many steps as there are issues;
children are made one at a time, so that the memory grows with the steps taken and never with the space.
Whole subtrees are dropped where no values of the issues that are left can satisfy a constraint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush

from parley.negotiation.branches import Axis, Branch
from parley.negotiation.errors import SearchExhausted
from parley.negotiation.space import Space
from parley.terms.domain import IssueValue
from parley.terms.expression_bounds import Reach, bounds
from parley.terms.expressions import Expression
from parley.terms.profile import AtMost

STEPS = 200_000
"""How many prefixes a search may look at unless it is told otherwise: about two seconds at most."""


class Steps:
    """The steps that are left; shared by the searches of several branches."""

    def __init__(self, limit: int = STEPS) -> None:
        self.limit = limit
        self.taken = 0

    def take(self) -> None:
        """Raises `SearchExhausted` when there is none left."""
        if self.taken >= self.limit:
            raise SearchExhausted(
                "The search ended by its bound", looked_at=str(self.taken), limit=str(self.limit)
            )
        self.taken += 1


class Pruner:
    """Says which prefixes of a branch can still satisfy the constraints over several issues."""

    def __init__(self, space: Space, branch: Branch) -> None:
        self._branch = branch
        self._whole: dict[str, Reach] = {axis.name: reach_of(axis) for axis in branch.axes}
        places = {axis.name: at for at, axis in enumerate(branch.axes)}
        self._by_place: list[list[AtMost]] = [[] for _ in branch.axes]
        for constraint in space.profile.constraints:
            named = {places[name] for name in _names(constraint.left) | _names(constraint.right)}
            for place in named or {0}:
                self._by_place[place].append(constraint)

    def hopeful(self) -> bool:
        """Whether no constraint is out of reach before anything is chosen."""
        for group in self._by_place:
            for constraint in group:
                left, right = bounds(constraint.left, self._whole), bounds(constraint.right, self._whole)
                if left is not None and right is not None and left[0] > right[1]:
                    return False
        return True

    def possible(self, prefix: Sequence[int]) -> bool:
        """Whether the constraints that look at the last issue of the prefix may hold; exact for a whole
        outcome whose shorter prefixes were possible.
        """
        constraints = self._by_place[len(prefix) - 1]
        if not constraints:
            return True
        reach = dict(self._whole)
        values: dict[str, IssueValue] = {}
        for axis, at in zip(self._branch.axes, prefix, strict=False):
            value = values[axis.name] = axis.values[at]
            reach[axis.name] = frozenset({value}) if isinstance(value, str) else (value, value)
        for constraint in constraints:
            left, right = bounds(constraint.left, reach), bounds(constraint.right, reach)
            if left is not None and right is not None:
                if left[0] > right[1]:
                    return False
                if left[1] <= right[0]:
                    continue
            if len(values) == len(reach) and not constraint.allows(values):
                return False
        return True

    def holds(self, indices: Sequence[int]) -> bool:
        """Whether every constraint holds for a whole outcome."""
        values = {axis.name: axis.values[at] for axis, at in zip(self._branch.axes, indices, strict=True)}
        return all(constraint.allows(values) for group in self._by_place for constraint in group)


def best_first(
    branch: Branch,
    keys: Sequence[Sequence[int]],
    pruner: Pruner,
    steps: Steps,
    *,
    least: int | None = None,
) -> Iterator[list[int]]:
    """Indices of the branch's outcomes that satisfy the constraints, by the sum of `keys` falling, ties in
    canonical order; with `least` only those worth at least that (exact utility). Raises `SearchExhausted`.
    """
    if not pruner.hopeful():
        return
    axes = branch.axes
    count = len(axes)
    orders = [_falling(row) for row in keys]
    rest = _suffixes([row[order[0]] for row, order in zip(keys, orders, strict=True)])
    gains = _suffixes([max(axis.gains) for axis in axes])
    # An entry: bound (negated), prefix, rank of its last value, sum of the keys and gain before the last.
    first = (-rest[0], (orders[0][0],), 0, 0, branch.base)
    queue: list[tuple[int, tuple[int, ...], int, int, int]] = [first]
    while queue:
        steps.take()
        bound, prefix, rank, before, earned = heappop(queue)
        place = len(prefix) - 1
        if rank + 1 < len(orders[place]):
            sibling = orders[place][rank + 1]
            sibling_bound = before + keys[place][sibling] + rest[place + 1]
            heappush(queue, (-sibling_bound, (*prefix[:-1], sibling), rank + 1, before, earned))
        earned += axes[place].gains[prefix[-1]]
        if (least is not None and earned + gains[place + 1] < least) or not pruner.possible(prefix):
            continue
        if place + 1 == count:
            if pruner.holds(prefix):
                yield list(prefix)
            continue
        child = orders[place + 1][0]
        heappush(queue, (bound, (*prefix, child), 0, before + keys[place][prefix[-1]], earned))


def depth_first(
    branch: Branch, orders: Sequence[Sequence[int]], pruner: Pruner, steps: Steps, low: int, high: int
) -> Iterator[list[int]]:
    """Indices of outcomes worth from `low` to `high` (exact utility) that satisfy the constraints; of each
    issue the values in the given order. Raises `SearchExhausted`.
    """
    if not pruner.hopeful():
        return
    axes = branch.axes
    most = _suffixes([max(axis.gains) for axis in axes])
    least = _suffixes([min(axis.gains) for axis in axes])
    stack: list[tuple[tuple[int, ...], int]] = [((at,), branch.base) for at in reversed(orders[0])]
    while stack:
        steps.take()
        prefix, earned = stack.pop()
        place = len(prefix) - 1
        earned += axes[place].gains[prefix[-1]]
        if earned + most[place + 1] < low or earned + least[place + 1] > high or not pruner.possible(prefix):
            continue
        if place + 1 < len(axes):
            stack.extend(((*prefix, at), earned) for at in reversed(orders[place + 1]))
        elif pruner.holds(prefix):
            yield list(prefix)


def reach_of(axis: Axis) -> Reach:
    """What the values of an axis range over."""
    texts = [value for value in axis.values if isinstance(value, str)]
    if texts:
        return frozenset(texts)
    numbers = [value for value in axis.values if isinstance(value, int)]
    return numbers[0], numbers[-1]


def _falling(row: Sequence[int]) -> list[int]:
    """Places of a row by its entries falling, ties by place."""
    return sorted(range(len(row)), key=lambda at: (-row[at], at))


def _suffixes(values: Sequence[int]) -> list[int]:
    """Sums of the values from each place to the end, and 0 after it."""
    found = [0]
    for value in reversed(values):
        found.append(found[-1] + value)
    return found[::-1]


def _names(expression: Expression) -> set[str]:
    """The issues that an expression looks at."""
    if not isinstance(expression, Mapping):
        return set()
    if "case" in expression:
        return {expression["case"]}.union(*(_names(inner) for inner in expression["of"].values()))
    ((operator, operand),) = expression.items()
    if operator == "issue":
        return {operand}
    if operator == "eq":
        return {operand[0]["issue"]}
    return set() if operator == "var" else set().union(*(_names(inner) for inner in operand))
