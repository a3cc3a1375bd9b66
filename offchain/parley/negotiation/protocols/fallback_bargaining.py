"""Fallback bargaining over ranked candidates (Brams and Kilgour 2001).

Everyone's best candidate is looked at first, then everyone's two best, and so on, until some candidate is
among the acceptable ones of all. So the party that likes the result least likes it as much as can be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settled:
    """The chosen candidate's position, and the depth to which everyone had to fall back (1: everyone's
    best).
    """

    candidate: int
    depth: int


def settle(rankings: Sequence[Sequence[int]]) -> Settled | None:
    """The candidate on which the parties' rankings first meet; None when no candidate is ranked by all.

    `rankings` are in the domain's order of roles, each a list of candidates, best first, of acceptable ones
    only. Of several candidates at the same depth that with the smallest sum of ranks is chosen, then the one
    that the first role in precedence ranks higher, then the second, and at last the lower position.
    """
    ranks = [{candidate: rank for rank, candidate in enumerate(ranking, 1)} for ranking in rankings]
    if not ranks:
        return None
    shared = set(ranks[0]).intersection(*ranks[1:])
    if not shared:
        return None

    def key(candidate: int) -> tuple[int, int, tuple[int, ...], int]:
        vector = tuple(rank[candidate] for rank in ranks)
        return max(vector), sum(vector), vector, candidate

    chosen = min(shared, key=key)
    return Settled(chosen, key(chosen)[0])
