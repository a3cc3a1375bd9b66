"""Processor time of small functions, measured side by side so that the machine's mood hits all alike."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence

STRETCH = 50
"""How many items one function handles before the next has its turn."""


def microseconds(
    work: Mapping[str, Callable[[int], object]],
    *,
    items: int,
    rounds: int,
    prepare: Callable[[], object],
) -> dict[str, list[float]]:
    """For each function the time of one item in every round, in microseconds of this thread's processor time.

    Each function is called with the indices 0 to `items` - 1 in every round. `prepare` is called before each
    round and is not measured.
    """
    taken: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        prepare()
        gc.collect()
        gc.disable()
        try:
            for name, nanoseconds in _round(work, items).items():
                taken[name].append(nanoseconds / items / 1_000)
        finally:
            gc.enable()
    return taken


def _round(work: Mapping[str, Callable[[int], object]], items: int) -> dict[str, int]:
    spent = dict.fromkeys(work, 0)
    for first in range(0, items, STRETCH):
        for name, function in work.items():
            began = time.thread_time_ns()
            for index in range(first, min(first + STRETCH, items)):
                function(index)
            spent[name] += time.thread_time_ns() - began
    return spent


def ratio(taken: Sequence[float], floor: Sequence[float]) -> float:
    """The median over the rounds of one time as a share of another from the same round."""
    return round(statistics.median(a / b for a, b in zip(taken, floor, strict=True)), 3)


def median(taken: Sequence[float]) -> float:
    """The median over the rounds, microseconds."""
    return round(statistics.median(taken), 1)
