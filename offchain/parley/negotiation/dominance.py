"""Outcomes that no other dominates, and sums of such sets.

The front of a sum is found among the sums of the parts' fronts (nondominated merge: Kung, Luccio, Preparata
1975). Where there would be too many, outcomes closer than a cell are represented by one of them, and how much
worse that may be for anyone is added to the loss.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from parley.terms.domain import IssueValue

Method = Literal["exact", "bounded", "sampled"]

MERGED = 250_000
"""Sums that one merge may look at; beyond it one side is thinned to cells."""
MERGED_MANY = 20_000
"""The same for four and more parties, where domination is found by comparing."""
CELL = 1_000_000
"""The finest cell, exact units (one ppm)."""


@dataclass(frozen=True, slots=True)
class Spot:
    """An outcome seen by every party: `gains` exact utilities (times 10^12) in the order of the profiles,
    `values` in the order of the issues that it covers.
    """

    gains: tuple[int, ...]
    values: tuple[IssueValue, ...]


class Loss:
    """What exactness was given up on the way."""

    def __init__(self) -> None:
        self.error = 0
        self.sampled = False

    @property
    def method(self) -> Method:
        return "sampled" if self.sampled else "bounded" if self.error else "exact"


def undominated(spots: Sequence[Spot]) -> list[Spot]:
    """The spots that no other dominates, in falling order of gains; of equal gains the first."""
    order = sorted(spots, key=lambda spot: tuple(-gain for gain in spot.gains))
    if not order:
        return []
    parties = len(order[0].gains)
    keep: Callable[[list[Spot]], Iterator[Spot]] = _many
    if parties == 2:
        keep = _two
    elif parties == 3:
        keep = _three
    return list(keep(order))


def _two(order: list[Spot]) -> Iterator[Spot]:
    best: int | None = None
    for spot in order:
        if best is None or spot.gains[1] > best:
            best = spot.gains[1]
            yield spot


def _three(order: list[Spot]) -> Iterator[Spot]:
    """Sweep in falling order of the first; what was passed is kept as a staircase of the other two."""
    seconds: list[int] = []
    thirds: list[int] = []  # falls as seconds rise
    for spot in order:
        _, second, third = spot.gains
        at = bisect_left(seconds, second)
        if at < len(seconds) and thirds[at] >= third:
            continue
        yield spot
        end = at + 1 if at < len(seconds) and seconds[at] == second else at
        start = at
        while start and thirds[start - 1] <= third:
            start -= 1
        seconds[start:end] = [second]
        thirds[start:end] = [third]


def _many(order: list[Spot]) -> Iterator[Spot]:
    kept: list[Spot] = []
    for spot in order:
        if not any(all(a >= b for a, b in zip(other.gains, spot.gains, strict=True)) for other in kept):
            kept.append(spot)
            yield spot


def merged(left: list[Spot], right: list[Spot], loss: Loss) -> list[Spot]:
    """The front of all sums of one spot of each side, the values of both in a row."""
    most = MERGED if len(left[0].gains) <= 3 else MERGED_MANY
    left, right = _thinned(left, right, most, loss)
    return undominated(
        [
            Spot(tuple(a + b for a, b in zip(one.gains, other.gains, strict=True)), one.values + other.values)
            for one in left
            for other in right
        ]
    )


def _thinned(left: list[Spot], right: list[Spot], most: int, loss: Loss) -> tuple[list[Spot], list[Spot]]:
    """Both sides, the longer one thinned to ever coarser cells until their product is at most `most`."""
    sizes = {0: CELL, 1: CELL}
    sides, whole = [left, right], [left, right]
    while len(sides[0]) * len(sides[1]) > most:
        at = 0 if len(sides[0]) > len(sides[1]) else 1
        sides[at] = _cells(whole[at], sizes[at])
        sizes[at] *= 2
    loss.error += sum(sizes[at] // 2 for at in (0, 1) if sides[at] is not whole[at])
    return sides[0], sides[1]


def _cells(spots: list[Spot], size: int) -> list[Spot]:
    """For each cell of all parties' gains but the last one's, the spot that the last party likes best."""
    best: dict[tuple[int, ...], Spot] = {}
    for spot in spots:
        key = tuple(gain // size for gain in spot.gains[:-1])
        held = best.get(key)
        if held is None or spot.gains[-1] > held.gains[-1]:
            best[key] = spot
    return list(best.values())
