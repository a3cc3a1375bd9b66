"""A bandit in integers: which way of conceding earned most against whom.

UCB1 (Auer, Cesa-Bianchi, Fischer 2002, "Finite-time analysis of the multiarmed bandit problem"). Used in
training only; what is shipped and used is the frozen table, which never learns by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isqrt

PPM = 1_000_000
_LN2_PPM = 693_147


@dataclass
class Bandit:
    """`arms` ways to choose from; rewards are utilities in ppm. Ties fall to the lower arm."""

    arms: int
    pulls: list[int] = field(default_factory=list)
    sums: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pulls = self.pulls or [0] * self.arms
        self.sums = self.sums or [0] * self.arms

    def choose(self) -> int:
        """Every arm once, then the one of the highest mean plus the width of its confidence."""
        total = sum(self.pulls)
        for arm, pulls in enumerate(self.pulls):
            if pulls == 0:
                return arm
        log = total.bit_length() * _LN2_PPM
        return max(
            range(self.arms), key=lambda arm: (self.mean(arm) + isqrt(2 * log * PPM // self.pulls[arm]), -arm)
        )

    def learn(self, arm: int, reward_ppm: int) -> None:
        """Takes in what an arm earned."""
        self.pulls[arm] += 1
        self.sums[arm] += reward_ppm

    def mean(self, arm: int) -> int:
        """Mean reward of an arm in ppm, floored; 0 before its first pull."""
        return self.sums[arm] // self.pulls[arm] if self.pulls[arm] else 0

    def best(self) -> int:
        """The arm of the highest mean."""
        return max(range(self.arms), key=lambda arm: (self.mean(arm), -arm))
