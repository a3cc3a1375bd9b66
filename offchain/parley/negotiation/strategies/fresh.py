"""Outcomes that were not asked for yet: what the other side is thought to like best among those."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterator
from operator import getitem

from parley.negotiation.branches import Axis, Branch, Outcome
from parley.negotiation.scored import Scored
from parley.negotiation.search import Candidate, Search
from parley.negotiation.space import Space

WINDOW = 512
"""How many listed outcomes just above a target are compared."""
ASKED = 48
"""How many outcomes may be put to the policy."""

Admits = Callable[[Outcome], bool]


def fresh(
    space: Space,
    admits: Admits,
    search: Search,
    scores: Scored,
    target: int,
    taken: Collection[Outcome],
    *,
    neighbours: bool,
) -> Candidate | None:
    """The candidate of the highest score worth at least `target` that is not `taken`, or None.

    A listed space is looked through just above the target; in a larger one the best outcomes of the branches
    are, and with `neighbours` those near them: less good for both, but new. At most `WINDOW` outcomes are
    compared.
    """
    best = search.at_least(target, scores)
    for candidate in best:
        if candidate.outcome not in taken:
            return candidate
    listed = space.listed
    if listed is not None:
        found = _listed(space, listed, scores, target, taken)
    elif not neighbours:
        return None
    else:
        found = _near(space, best, scores, target, taken)
    for candidate in sorted(found, key=_order(space))[:ASKED]:
        if admits(candidate.outcome):
            return candidate
    return None


def cheapest(
    space: Space, admits: Admits, scores: Scored, end: int, taken: Collection[Outcome]
) -> Candidate | None:
    """Of the first `end` outcomes of a listed space, in the owner's order, the one of the highest score that
    is not `taken`; None where there is none, or the space is not listed.
    """
    if space.listed is None:
        return None
    found = _window(space, space.listed, scores, max(0, end - WINDOW), end, taken)
    for candidate in sorted(found, key=_order(space))[:ASKED]:
        if admits(candidate.outcome):
            return candidate
    return None


def _order(space: Space) -> Callable[[Candidate], tuple[int, int, tuple[int, ...]]]:
    return lambda found: (-found.score, -found.gain, space.position(found.outcome))


def _listed(
    space: Space,
    listed: tuple[tuple[int, ...], tuple[Outcome, ...]],
    scores: Scored,
    target: int,
    taken: Collection[Outcome],
) -> list[Candidate]:
    end = bisect_right(listed[0], -target)
    start = max(0, end - WINDOW)
    found = _window(space, listed, scores, start, end, taken)
    return found or _window(space, listed, scores, max(0, start - WINDOW), start, taken)


def _window(
    space: Space,
    listed: tuple[tuple[int, ...], tuple[Outcome, ...]],
    scores: Scored,
    start: int,
    end: int,
    taken: Collection[Outcome],
) -> list[Candidate]:
    losses, outcomes = listed
    left = [at for at in range(start, end) if outcomes[at] not in taken]
    if not left:
        return []
    columns = {branch.key: [scores.column(axis) for axis in branch.axes] for branch in space.branches}
    found = []
    for at in left:
        outcome = outcomes[at]
        key = space.branch_key(outcome)
        found.append(Candidate(outcome, -losses[at], sum(map(getitem, columns[key], outcome)), key))
    return found


def _near(
    space: Space, best: list[Candidate], scores: Scored, target: int, taken: Collection[Outcome]
) -> list[Candidate]:
    """Changes of one or two issues of the branches' best outcomes that are still worth the target."""
    branches = {branch.key: branch for branch in space.branches}
    found: dict[Outcome, Candidate] = {}
    for candidate in best:
        branch = branches[candidate.branch]
        for changed in _changes(branch, candidate, scores, target):
            if changed.outcome not in taken and space.constraints_hold(changed.outcome):
                found.setdefault(changed.outcome, changed)
            if len(found) >= WINDOW:
                return list(found.values())
    return list(found.values())


def _changes(branch: Branch, candidate: Candidate, scores: Scored, target: int) -> Iterator[Candidate]:
    tables = [list(scores(axis)) for axis in branch.axes]
    ones: list[tuple[int, int, int, int]] = []
    for at, (axis, table) in enumerate(zip(branch.axes, tables, strict=True)):
        now = axis.index(candidate.outcome[at])
        if now is None:
            continue
        ones += [
            (table[k] - table[now], axis.gains[k] - axis.gains[now], at, k)
            for k in _thinned(axis)
            if k != now
        ]
    ones.sort(key=lambda one: (-one[0], -one[1], one[2], one[3]))
    ones = ones[: 2 * WINDOW]
    slack = candidate.gain - target
    for score, gain, at, k in ones:
        if gain + slack >= 0:
            yield _changed(branch, candidate, ((score, gain, at, k),))
    for number, first in enumerate(ones[:64]):
        for second in ones[number + 1 : number + 65]:
            if first[2] != second[2] and first[1] + second[1] + slack >= 0:
                yield _changed(branch, candidate, (first, second))


def _thinned(axis: Axis) -> list[int]:
    count = len(axis.values)
    return list(range(count)) if count <= 64 else [at * (count - 1) // 63 for at in range(64)]


def _changed(
    branch: Branch, candidate: Candidate, changes: tuple[tuple[int, int, int, int], ...]
) -> Candidate:
    values = list(candidate.outcome)
    score, gain = candidate.score, candidate.gain
    for more, worth, at, k in changes:
        values[at] = branch.axes[at].values[k]
        score, gain = score + more, gain + worth
    return Candidate(tuple(values), gain, score, candidate.branch)
