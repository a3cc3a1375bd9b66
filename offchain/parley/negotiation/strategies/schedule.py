"""Integer schedules: how far a concession has come, exactly, for any exponent."""

from __future__ import annotations

from functools import lru_cache
from math import gcd

PPM = 1_000_000


@lru_cache(maxsize=4_096)
def conceded_ppm(step: int, steps: int, exponent_milli: int) -> int:
    """floor(10^6 · (step / steps)^(1000 / exponent_milli)): the share conceded after `step` of `steps`.

    An exponent below 1 000 milli concedes late (Boulware), above it early (Conceder), 1 000 is a straight
    line.
    """
    if step <= 0:
        return 0
    if step >= steps:
        return PPM
    common = gcd(1_000, exponent_milli)
    power, root = 1_000 // common, exponent_milli // common
    return _root(PPM**root * step**power // steps**power, root)


def _root(number: int, degree: int) -> int:
    """floor of the `degree`-th root of a number whose root is at most 10^6."""
    low, high = 0, PPM
    while low < high:
        middle = (low + high + 1) // 2
        if middle**degree <= number:
            low = middle
        else:
            high = middle - 1
    return low
