"""A Bayesian model of how far the other side will go, and until when.

After Zeng and Sycara (1998, "Bayesian learning in negotiation") and Yu, Ren and Zhang (2013, "An adaptive
bilateral negotiation model based on Bayesian learning"): hypotheses about the other side's reservation, its
deadline and the bend of its concession are weighed by how well they explain the offers received. All is
measured in the owner's own utility, which is all it knows for certain: the reservation is what the best
offer at the end would be worth to it.

Weights are integers, halved for every `UNIT` of error, so that equal offers give equal beliefs on any
machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from parley.negotiation.strategies.schedule import PPM, conceded_ppm

LEVELS = 12
BENDS = (200, 500, 1_000, 2_000, 4_000)
SAMPLES = 16
"""Offers that are looked at, evenly spread over those received: it bounds the time of one estimate."""
UNIT = 10_000
"""Sum of errors (ppm of the best utility) that halves a hypothesis' weight."""
CERTAIN = 64
"""Halvings after which a hypothesis weighs nothing."""


@dataclass(frozen=True, slots=True)
class Belief:
    """Means of the posterior: `reservation` the exact utility (of the owner) that the other side is expected
    to go to, by round `deadline`; `weight_ppm` the share of the most likely hypothesis.
    """

    reservation: int
    deadline: int
    weight_ppm: int


def believe(received: Sequence[int], best: int, rounds: int) -> Belief | None:
    """The belief after offers worth `received` (exact, in order); None before the second.

    `best` is the owner's best utility, `rounds` how many there are in all. Looks at `SAMPLES` offers and
    `LEVELS` · 4 · 5 hypotheses, however long the negotiation.
    """
    if len(received) < 2 or best <= 0:
        return None
    highest = list(accumulate(received, max))
    last = len(highest) - 1
    places = sorted({at * last // (SAMPLES - 1) for at in range(SAMPLES)})
    start, now = highest[0], highest[-1]
    deadlines = sorted({max(last + 1, rounds * share // 4) for share in (1, 2, 3, 4)})
    total = reservations = ends = most = 0
    for level in range(LEVELS):
        reservation = now + (best - now) * level // (LEVELS - 1)
        for deadline in deadlines:
            for bend in BENDS:
                error = sum(
                    abs(highest[at] - start - (reservation - start) * conceded_ppm(at, deadline, bend) // PPM)
                    for at in places
                )
                halvings = error * PPM // best // UNIT
                if halvings >= CERTAIN:
                    continue
                weight = 1 << (CERTAIN - halvings)
                total += weight
                reservations += weight * reservation
                ends += weight * deadline
                most = max(most, weight)
    if total == 0:
        return Belief(now, rounds, 0)
    return Belief(reservations // total, ends // total, most * PPM // total)
