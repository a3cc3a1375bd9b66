"""Finding an outcome worth at least a target that suits the other side and that the policy admits.

Small spaces are listed, large ones solved by branches as knapsacks; values that the policy objects to are
taken out and the rest is solved anew. Ties fall by canonical order, so the answer is the same on every
machine.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from parley.negotiation.errors import SearchExhausted
from parley.negotiation.knapsack import Relaxation, Table
from parley.negotiation.scored import Scored, Scores, scored
from parley.negotiation.space import Axis, Branch, Outcome, Space
from parley.negotiation.walk import Pruner, Steps, best_first
from parley.terms.domain import IssueValue

Admissible = Callable[[Outcome], bool]

TRIES = 256
"""How many outcomes may be put to the policy in one search."""
NARROWINGS = 12
WALKED = 4_096
"""How many prefixes are looked at where constraints tie issues together and nothing simpler helped."""
WINDOW = 16
LISTED_WINDOW = 2_048
"""How many allowed outcomes above a target are ranked by what the other side is thought to gain."""


class Candidate(NamedTuple):
    """An outcome with the owner's exact utility, the estimated gain of the other side, and the key of its
    branch.
    """

    outcome: Outcome
    gain: int
    score: int
    branch: tuple[IssueValue, ...]


class _Spent(Exception):
    """The tries are used up."""


class Search:
    """One search over a space. `admissible` is asked at most `TRIES` times."""

    def __init__(self, space: Space, admissible: Admissible, scores: Scores) -> None:
        self._space = space
        self._constrained = bool(space.profile.constraints)
        self._admissible = admissible
        self._scores = scores
        self._left = TRIES
        self._known: dict[Outcome, bool] = {}

    @property
    def tries(self) -> int:
        """How many outcomes were put to the policy."""
        return TRIES - self._left

    def just_above(self, target: int, last: Outcome | None) -> list[Candidate]:
        """For a listed space: among the few outcomes worth just the target or a little more, the one that
        agrees with `last` in most issues; then better ones, up to the owner's best. None when policy
        admits none of those tried.
        """
        listed = self._space.listed
        if listed is None:
            return self.at_least(target)
        end = bisect_right(listed[0], -target)
        start = max(0, end - WINDOW)
        try:
            for at in self._agreeing(start, end, last):
                if self._admits(listed[1][at]):
                    return [self._listed(at)]
            for at in range(start - 1, -1, -1):
                if self._admits(listed[1][at]):
                    return [self._listed(at)]
        except _Spent:
            pass
        return []

    def _agreeing(self, start: int, end: int, last: Outcome | None) -> Iterator[int]:
        """Places of the list from `start` to `end`, backwards, those first that agree with `last` in more
        issues.
        """
        if last is None or end - start < 2:
            yield from range(end - 1, start - 1, -1)
            return
        marks, wanted = self._space.marks, self._space.mark(last)
        shared = [(mark & wanted).bit_count() for mark in marks[start:end]]
        shared.reverse()
        first = max(shared)
        yield end - 1 - shared.index(first)
        order = sorted(range(len(shared)), key=shared.__getitem__, reverse=True)
        for back in order[1:]:
            yield end - 1 - back

    def _listed(self, at: int) -> Candidate:
        """The candidate at a place of the list."""
        losses, outcomes = self._space.listed or ((), ())
        return Candidate(outcomes[at], -losses[at], 0, self._space.branch_key(outcomes[at]))

    def at_least(self, target: int, scores: Scores | None = None) -> list[Candidate]:
        """For each branch the candidate of the highest score whose exact utility is at least `target`,
        best score first; empty when none was found that constraints and policy admit.
        """
        if self._space.profile.constraints and self._space.listed is not None:
            return self._allowed(target, scores or self._scores)
        found: list[Candidate] = []
        kept = scored(scores or self._scores)
        try:
            for branch in self._space.branches:
                candidate = self._best_of(branch, kept, target)
                if candidate is not None:
                    found.append(candidate)
        except _Spent:
            pass
        if not found and self._space.listed is not None:
            return self.just_above(target, None)
        if len(found) > 1:
            found.sort(key=lambda candidate: (-candidate.score, -candidate.gain))
        return found

    def _allowed(self, target: int, scores: Scores) -> list[Candidate]:
        """Where constraints join issues and what they leave is listed: of the outcomes that are worth the
        target or somewhat more, for each branch the first by score that policy admits.
        """
        listed = self._space.listed
        if listed is None:
            return []
        losses, outcomes = listed
        end = bisect_right(losses, -target)
        tables = {
            branch.key: [dict(zip(axis.values, scores(axis), strict=True)) for axis in branch.axes]
            for branch in self._space.branches
        }
        ranked = []
        for at in range(max(0, end - LISTED_WINDOW), end):
            key = self._space.branch_key(outcomes[at])
            score = sum(table[value] for table, value in zip(tables[key], outcomes[at], strict=True))
            ranked.append((-score, at, key))
        ranked.sort(key=lambda entry: entry[:2])
        found: dict[tuple[IssueValue, ...], Candidate] = {}
        try:
            for score, at, key in ranked:
                if key not in found and self._admits(outcomes[at]):
                    found[key] = Candidate(outcomes[at], -losses[at], -score, key)
                    if len(found) == len(tables):
                        break
        except _Spent:
            pass
        return list(found.values()) or self.just_above(target, None)

    def _best_of(self, branch: Branch, kept: Scored, target: int) -> Candidate | None:
        """The best candidate of one branch. Values that turn out to be what the policy objects to are
        taken out, and the rest is solved anew; when no single value is to blame the neighbours are tried.
        """
        relaxation = kept.relaxation(branch)
        table = relaxation.table
        whole, scores = branch, table
        for _ in range(NARROWINGS):
            indices = relaxation.solve(target)
            if indices is None:
                return self._walked(whole, scores, target)
            outcome = branch.outcome(indices)
            if self._admits(outcome):
                return _candidate(branch, table, indices, outcome)
            narrowed = self._narrowed(branch, table, indices)
            if narrowed is None:
                break
            branch, table = narrowed
            relaxation = Relaxation(branch, table)
        else:
            return self._walked(whole, scores, target)
        for chosen in _around(branch, table, indices, target):
            if self._admits(branch.outcome(chosen)):
                return _candidate(branch, table, chosen)
        return self._walked(whole, scores, target)

    def _walked(self, branch: Branch, table: Table, target: int) -> Candidate | None:
        """The best candidate of a branch whose issues constraints tie together, by walking it in order."""
        if not self._space.profile.constraints:
            return None
        walk = best_first(branch, table, Pruner(self._space, branch), Steps(WALKED), least=target)
        try:
            for chosen in walk:
                if self._admits(branch.outcome(chosen)):
                    return _candidate(branch, table, chosen)
        except SearchExhausted:
            pass
        return None

    def _narrowed(self, branch: Branch, table: Table, indices: list[int]) -> tuple[Branch, Table] | None:
        """The branch without the values of one axis that make this outcome inadmissible: for a text that
        one, for a number all from it up to the nearest value that is admitted. Issues without weight
        first: they cost nothing.
        """
        order = sorted(
            range(len(indices)), key=lambda at: (branch.axes[at].weight != 0, branch.axes[at].numeric)
        )
        for at in order:
            axis, now = branch.axes[at], indices[at]
            for k in _probes(axis, now):
                if self._admits(branch.outcome(_with(indices, at, k))):
                    return _without(branch, table, at, _kept(axis, now, k))
        return self._narrowed_towards_the_best(branch, table, indices, order)

    def _narrowed_towards_the_best(
        self, branch: Branch, table: Table, indices: list[int], order: list[int]
    ) -> tuple[Branch, Table] | None:
        """As above, when values of several issues are to blame: one of them is found from the owner's
        best outcome, if that is admitted, by putting one value of the outcome at a time into it.
        """
        best = branch.best()
        if not self._admits(branch.outcome(best)):
            return None
        for at in order:
            if best[at] != indices[at] and not self._admits(branch.outcome(_with(best, at, indices[at]))):
                return _without(branch, table, at, _kept(branch.axes[at], indices[at], best[at]))
        return None

    def _admits(self, outcome: Outcome) -> bool:
        known = self._known.get(outcome)
        if known is None:
            known = not self._constrained or self._space.constraints_hold(outcome)
            if known:
                if self._left == 0:
                    raise _Spent
                self._left -= 1
                known = self._admissible(outcome)
            self._known[outcome] = known
        return known


def _with(indices: list[int], at: int, k: int) -> list[int]:
    return [*indices[:at], k, *indices[at + 1 :]]


def _kept(axis: Axis, bad: int, good: int) -> list[int]:
    """The values of an axis that stay when `bad` does not go and `good` does: of texts all others, of
    numbers those from the good one away from the bad one.
    """
    if not axis.numeric:
        return [k for k in range(len(axis.values)) if k != bad]
    return list(range(good + 1)) if good < bad else list(range(good, len(axis.values)))


def _candidate(branch: Branch, table: Table, indices: list[int], outcome: Outcome | None = None) -> Candidate:
    score = sum([scores[at] for scores, at in zip(table, indices, strict=True)])
    return Candidate(outcome or branch.outcome(indices), branch.gain(indices), score, branch.key)


def _probes(axis: Axis, now: int) -> list[int]:
    """Other values of an axis, the nearest first; of many numbers some that lie ever farther."""
    if not axis.numeric:
        return [k for k in range(len(axis.values)) if k != now]
    found: list[int] = []
    distance = 1
    while distance < len(axis.values):
        found += [k for k in (now - distance, now + distance) if 0 <= k < len(axis.values)]
        distance += 1 if distance < 8 else distance // 4
    return found


def _without(branch: Branch, table: Table, at: int, kept: list[int]) -> tuple[Branch, Table]:
    """The branch with only the `kept` values of one axis, and the scores to it."""
    axis = branch.axes[at]
    narrow = replace(
        axis,
        values=tuple(axis.values[k] for k in kept),
        gains=tuple(axis.gains[k] for k in kept),
        likings=tuple(axis.likings[k] for k in kept),
    )
    axes = (*branch.axes[:at], narrow, *branch.axes[at + 1 :])
    scores = [*table[:at], [table[at][k] for k in kept], *table[at + 1 :]]
    return replace(branch, axes=axes), scores


def _around(branch: Branch, table: Table, indices: list[int], target: int) -> Iterator[list[int]]:
    """The outcome itself, then its neighbours that are worth the target: first along issues without
    weight, then along one weighted issue, then both together. For a policy that forbids the first choice.
    """
    yield indices
    slack = branch.gain(indices) - target
    free = [at for at, axis in enumerate(branch.axes) if axis.weight == 0 and len(axis.values) > 1]
    weighted = [at for at, axis in enumerate(branch.axes) if axis.weight != 0 and len(axis.values) > 1]
    alternatives = {
        at: _alternatives(branch.axes[at], table[at], indices[at], slack) for at in free + weighted
    }
    for at in free + weighted:
        for k in alternatives[at]:
            yield [*indices[:at], k, *indices[at + 1 :]]
    for at in weighted:
        for k in alternatives[at][:8]:
            changed = [*indices[:at], k, *indices[at + 1 :]]
            for other in free:
                for j in alternatives[other]:
                    yield [*changed[:other], j, *changed[other + 1 :]]


def _alternatives(axis: Axis, scores: Sequence[int], now: int, slack: int) -> list[int]:
    """Other values of an axis that the slack pays for: for an issue without weight those the owner likes
    better first, for one with weight those the other side likes better; long lists thinned to 48.
    """
    floor = axis.gains[now] - slack
    able = [k for k in range(len(axis.values)) if k != now and axis.gains[k] >= floor]
    if axis.weight == 0:
        able.sort(key=lambda k: (-axis.likings[k], k))
    else:
        able.sort(key=lambda k: (-scores[k], -axis.gains[k], k))
    if len(able) > 48:
        able = [able[at * (len(able) - 1) // 47] for at in range(48)]
    return able
