"""The owner's outcomes from the best downwards, as far as anyone asked."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from weakref import WeakKeyDictionary

from parley.negotiation.branches import Outcome
from parley.negotiation.errors import SearchExhausted
from parley.negotiation.huge import in_order
from parley.negotiation.space import Space

DEEPEST = 16_384
"""Outcomes that are ranked at most; a space may have many more."""
STEPS = 400_000
"""Steps that the ranking of a large space may take in all."""


class Ranking:
    """Outcomes by rank, 0 the best, in canonical order; found when they are asked for and kept."""

    def __init__(self, space: Space) -> None:
        listed = space.listed
        self._gains: list[int] = []
        self._outcomes: list[Outcome] = []
        self._more: Iterator[tuple[int, Outcome]] = iter(())
        if listed is not None:
            self._gains = [-loss for loss in listed[0][:DEEPEST]]
            self._outcomes = list(listed[1][:DEEPEST])
        else:
            self._more = in_order(space, steps=STEPS)

    def at(self, rank: int) -> tuple[int, Outcome] | None:
        """Exact utility and outcome of a rank; None where there is none, or it lies too deep."""
        while rank >= len(self._outcomes) and len(self._outcomes) < DEEPEST:
            try:
                found = next(self._more, None)
            except SearchExhausted:
                found = None
            if found is None:
                self._more = iter(())
                break
            self._gains.append(found[0])
            self._outcomes.append(found[1])
        return (self._gains[rank], self._outcomes[rank]) if rank < len(self._outcomes) else None

    def worth(self, gain: int) -> int:
        """How many of the ranks found so far are worth at least `gain`."""
        return bisect_right(self._gains, -gain, key=lambda known: -known)


_RANKINGS: WeakKeyDictionary[Space, Ranking] = WeakKeyDictionary()


def ranking_of(space: Space) -> Ranking:
    """The ranking of a space; one for as long as the space lives."""
    found = _RANKINGS.get(space)
    if found is None:
        found = _RANKINGS[space] = Ranking(space)
    return found
