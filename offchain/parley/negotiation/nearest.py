"""The outcomes whose utility is nearest to a target, in spaces too large to list.

First the issues of the most values are dealt into two groups whose sums are listed, the others give their
share, and two pointers meet around the target: in spaces of some size that is close enough. Else all are
dealt into four groups; the sums of two rise, those of the other two fall, both made lazily out of heaps
(Schroeppel, Shamir 1981, "A T = O(2^(n/2)), S = O(2^(n/4)) algorithm for certain NP-complete problems"). So a
space of 10^12 outcomes takes memory for four thousand sums.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace

from parley.negotiation.branches import Axis, Branch, Outcome
from parley.negotiation.errors import SearchExhausted
from parley.negotiation.huge import Admissible
from parley.negotiation.space import Space
from parley.negotiation.utility import PPM
from parley.negotiation.walk import STEPS, Pruner, Steps, depth_first

GROUP = 4_096
"""Largest number of sums listed for a group."""


@dataclass(frozen=True, slots=True, order=True)
class Near:
    """An outcome by its distance from the target, then its place in the domain; `gain` is exact utility."""

    distance: int
    position: tuple[int, ...]
    gain: int
    outcome: Outcome


def nearest(
    space: Space,
    target: int,
    *,
    count: int = 1,
    at_least: bool = False,
    tolerance: int = PPM,
    admissible: Admissible | None = None,
    steps: int = STEPS,
) -> list[Near]:
    """Up to `count` outcomes that hard constraints, and `admissible`, allow, nearest to `target` (exact
    utility, times 10^12); with `at_least` none below it. The search ends when `count` are within `tolerance`
    (exact, 1 ppm by default), or after `steps` steps.

    In a listed space they are the nearest there are. Else, without constraints and filter and with tolerance
    0, the first is the nearest there is, provided the steps suffice and no branch has more issues than four
    groups of `GROUP` sums hold. Empty where none was found.
    """
    found = _Found(space, target, count, at_least, admissible)
    if space.listed is not None:
        return _of_listed(space, found)
    left = Steps(steps)
    try:
        for branch in sorted(space.branches, key=lambda each: (_gap(each, target), each.key)):
            if found.full and _gap(branch, target) >= found.worst:
                continue
            if not space.profile.constraints:
                for groups in (2, 4):
                    if not found.within(tolerance):
                        _meet(branch, found, left, tolerance, groups)
            else:
                _descend(space, branch, found, left, tolerance)
            if found.within(tolerance):
                break
    except SearchExhausted:
        pass  # what was found so far is the answer
    return found.listed


class _Found:
    """The nearest so far."""

    def __init__(
        self, space: Space, target: int, count: int, at_least: bool, admissible: Admissible | None
    ) -> None:
        self._space = space
        self.target = target
        self._count = count
        self._at_least = at_least
        self._admissible = admissible
        self._seen: set[Outcome] = set()
        self.listed: list[Near] = []

    @property
    def full(self) -> bool:
        return len(self.listed) >= self._count

    @property
    def worst(self) -> int:
        """The distance that a further outcome has to beat."""
        return self.listed[-1].distance

    def within(self, tolerance: int) -> bool:
        return self.full and self.worst <= tolerance

    def offer(self, gain: int, outcome: Outcome) -> None:
        distance = abs(gain - self.target)
        if (self._at_least and gain < self.target) or (self.full and distance >= self.worst):
            return
        if outcome in self._seen:
            return
        self._seen.add(outcome)
        if self._admissible is None or self._admissible(outcome):
            insort(self.listed, Near(distance, self._space.position(outcome), gain, outcome))
            del self.listed[self._count :]


def _gap(branch: Branch, target: int) -> int:
    """How far the target is from what the branch can reach."""
    low = branch.base + sum(min(axis.gains) for axis in branch.axes)
    high = branch.base + sum(max(axis.gains) for axis in branch.axes)
    return max(low - target, target - high, 0)


def _of_listed(space: Space, found: _Found) -> list[Near]:
    """Outwards from the target along the list."""
    losses, outcomes = space.listed or ((), ())
    above = bisect_right(losses, -found.target) - 1
    below = above + 1
    while above >= 0 or below < len(losses):
        up = -losses[above] - found.target if above >= 0 else None
        down = found.target + losses[below] if below < len(losses) else None
        if found.full and min(gap for gap in (up, down) if gap is not None) > found.worst:
            break
        if down is None or (up is not None and up <= down):
            found.offer(-losses[above], outcomes[above])
            above -= 1
        else:
            found.offer(-losses[below], outcomes[below])
            below += 1
    return found.listed


def _meet(branch: Branch, found: _Found, steps: Steps, tolerance: int, count: int) -> None:
    """Two pointers over the sums of half the groups each; issues that fit into no group give their share."""
    groups, fixed = _dealt(branch, found.target, count)
    offset = branch.base + sum(branch.axes[at].gains[k] for at, k in fixed.items())
    sums = [_sums(branch, group) for group in groups]
    half = count // 2
    left, right = sums[:half], sums[half:]
    wanted = found.target - offset
    rising = _pairs(left, 1, wanted - sum(each[-1][0] for each in right))
    falling = _pairs(right, -1, wanted - sum(each[0][0] for each in left))
    low, high = next(rising, None), next(falling, None)
    while low is not None and high is not None:
        steps.take()
        gain = offset + low[0] + high[0]
        if not found.full or abs(gain - found.target) < found.worst:
            chosen = {**fixed, **low[1], **high[1]}
            found.offer(gain, branch.outcome([chosen[at] for at in range(len(branch.axes))]))
            if found.within(tolerance):
                return
        if gain < found.target:
            low = next(rising, None)
        else:
            high = next(falling, None)


_Sum = tuple[int, dict[int, int]]
"""A sum of gains, with the index that each axis has in it."""


def _dealt(branch: Branch, target: int, count: int) -> tuple[list[list[int]], dict[int, int]]:
    """Axes dealt into groups, those of the most values first; what fits in none is fixed where it would lie
    if all issues gave their share.
    """
    groups: list[list[int]] = [[] for _ in range(count)]
    sizes = [1] * count
    fixed: dict[int, int] = {}
    for at in sorted(range(len(branch.axes)), key=lambda at: (-len(branch.axes[at].values), at)):
        smallest = min(range(count), key=lambda group: (sizes[group], group))
        size = len(branch.axes[at].values)
        if sizes[smallest] * size <= GROUP:
            groups[smallest].append(at)
            sizes[smallest] *= size
        else:
            fixed[at] = _share(branch.axes[at], branch, target)
    return groups, fixed


def _share(axis: Axis, branch: Branch, target: int) -> int:
    low = branch.base + sum(min(each.gains) for each in branch.axes)
    span = sum(max(each.gains) - min(each.gains) for each in branch.axes)
    own = max(axis.gains) - min(axis.gains)
    wanted = min(axis.gains) + (own * (target - low) // span if span else 0)
    return min(range(len(axis.values)), key=lambda k: (abs(axis.gains[k] - wanted), k))


def _outwards(axis: Axis, place: int) -> list[int]:
    """Places of an axis by how far their gains are from the one of `place`."""
    return sorted(range(len(axis.values)), key=lambda k: (abs(axis.gains[k] - axis.gains[place]), k))


def _sums(branch: Branch, group: Sequence[int]) -> list[_Sum]:
    """All sums of a group, rising; ties in canonical order."""
    found: list[_Sum] = [(0, {})]
    for at in sorted(group):
        axis = branch.axes[at]
        found = [
            (total + gain, {**chosen, at: k}) for total, chosen in found for k, gain in enumerate(axis.gains)
        ]
    return sorted(found, key=lambda entry: entry[0])


def _pairs(lists: Sequence[list[_Sum]], sign: int, start: int) -> Iterator[_Sum]:
    """Sums of one of each list, rising for sign 1 and falling for -1, with memory for the first list only.
    What lies on the wrong side of `start` is left out but for the last of it.
    """
    first = lists[0]
    ordered = lists[1][::sign] if len(lists) > 1 else [(0, {})]
    keys = [sign * total for total, _ in ordered]
    queue = []
    for at, (total, _) in enumerate(first):
        place = max(0, bisect_left(keys, sign * (start - total)) - 1)
        queue.append((sign * total + keys[place], at, place))
    heapify(queue)
    while queue:
        key, at, place = queue[0]
        yield sign * key, {**first[at][1], **ordered[place][1]}
        if place + 1 < len(ordered):
            heapreplace(queue, (sign * first[at][0] + keys[place + 1], at, place + 1))
        else:
            heappop(queue)


def _descend(space: Space, branch: Branch, found: _Found, steps: Steps, tolerance: int) -> None:
    """Where constraints tie issues together: depth first inside a band around the target that widens until it
    holds enough.
    """
    pruner = Pruner(space, branch)
    orders = [_outwards(axis, _share(axis, branch, found.target)) for axis in branch.axes]
    width = max(tolerance, 1)
    reach = _gap(branch, found.target) + sum(max(axis.gains) - min(axis.gains) for axis in branch.axes)
    while True:
        part = Steps(max(1, (steps.limit - steps.taken) // 2))
        try:
            low, high = found.target - width, found.target + width
            for indices in depth_first(branch, orders, pruner, part, low, high):
                found.offer(branch.gain(indices), branch.outcome(indices))
                if found.within(tolerance):
                    return
        except SearchExhausted:
            if steps.limit - steps.taken <= part.taken:
                raise
        finally:
            steps.taken += part.taken
        if (found.full and found.worst <= width) or width > reach:
            return
        width *= 16
