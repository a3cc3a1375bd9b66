"""Questions about spaces far too large to list: the best outcome, the next one, a sample.

Time and memory are bounded by steps, and equal questions have equal answers on every machine.

An issue of more than `AXIS_POINTS` values counts with the grid that its axis has; samples are drawn from all
values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from heapq import merge
from typing import TypeVar

from parley.negotiation.branches import Branch, Outcome
from parley.negotiation.errors import SpaceEmpty
from parley.negotiation.space import Space
from parley.negotiation.walk import STEPS, Pruner, Steps, best_first, depth_first
from parley.terms.domain import IssueValue
from parley.terms.values import keccak

T = TypeVar("T")
Admissible = Callable[[Outcome], bool]
_TIES = 1 << 26
"""More than the likings of 64 issues sum to: gain · this + liking orders by gain first."""
SAMPLE_TRIES = 256


def in_order(space: Space, *, steps: int = STEPS) -> Iterator[tuple[int, Outcome]]:
    """Exact utility and outcome of all that the hard constraints allow, in canonical order, lazily.

    Raises `SearchExhausted` after `steps` steps: an outcome takes about as many as there are issues, more
    where constraints forbid much.
    """
    left = Steps(steps)
    streams = [_stream(space, branch, left) for branch in space.branches]
    for _, _, gain, outcome in merge(*streams):
        yield gain, outcome


def _stream(
    space: Space, branch: Branch, steps: Steps
) -> Iterator[tuple[int, tuple[int, ...], int, Outcome]]:
    keys = [
        [
            gain * _TIES + (liking if axis.weight == 0 else 0)
            for gain, liking in zip(axis.gains, axis.likings, strict=True)
        ]
        for axis in branch.axes
    ]
    for indices in best_first(branch, keys, Pruner(space, branch), steps):
        outcome, gain = branch.outcome(indices), branch.gain(indices)
        yield -(gain * _TIES + branch.liking(indices)), space.position(outcome), gain, outcome


def best(space: Space, admissible: Admissible | None = None, *, steps: int = STEPS) -> Outcome:
    """The first outcome in canonical order that hard constraints, and `admissible`, allow.

    Raises `SpaceEmpty` when there is none, `SearchExhausted` when the steps ended first.
    """
    for _, outcome in in_order(space, steps=steps):
        if admissible is None or admissible(outcome):
            return outcome
    raise SpaceEmpty("Nothing in the space is admissible", role=space.profile.role)


def sample(space: Space, count: int, seed: int, *, steps: int = STEPS) -> list[Outcome]:
    """`count` outcomes that the hard constraints allow, each drawn anew: the same for the same seed.

    Each is uniform over the allowed ones, as long as one of `SAMPLE_TRIES` blind draws is allowed; where the
    constraints are tighter it is found by a search in random order, which favours the roomier parts.
    Raises `SearchExhausted`, and `SpaceEmpty` when nothing is allowed.
    """
    draws = Draws(seed)
    left = Steps(steps)
    return [_drawn(space, draws, left) for _ in range(count)]


def _drawn(space: Space, draws: Draws, steps: Steps) -> Outcome:
    for _ in range(SAMPLE_TRIES):
        values: dict[str, IssueValue] = {
            issue.name: issue.value_at(draws.below(issue.size)) for issue in space.domain.issues
        }
        if space.profile.allows(values):
            return space.outcome(values)
    for branch in draws.shuffled(space.branches):
        orders = [draws.shuffled(range(len(axis.values))) for axis in branch.axes]
        low = branch.base + sum(min(axis.gains) for axis in branch.axes)
        for indices in depth_first(branch, orders, Pruner(space, branch), steps, low, space.best_gain):
            return branch.outcome(indices)
    raise SpaceEmpty("The hard constraints of the profile leave no outcome", role=space.profile.role)


class Draws:
    """Integers out of a seed by keccak-256 of seed and counter: the same everywhere, and no generator's
    secret.
    """

    def __init__(self, seed: int) -> None:
        self._seed = str(seed).encode()
        self._count = 0

    def below(self, size: int) -> int:
        """An integer from 0 to size - 1, each as likely as the others; `size` at most 2^128."""
        limit = (1 << 256) - (1 << 256) % size
        while True:
            self._count += 1
            word = int.from_bytes(keccak(b"%s/%d" % (self._seed, self._count)), "big")
            if word < limit:
                return word % size

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """A copy in random order (Fisher and Yates)."""
        found = list(items)
        for at in range(len(found) - 1, 0, -1):
            other = self.below(at + 1)
            found[at], found[other] = found[other], found[at]
        return found
