"""Exact numbers out of texts, and their one rounding into parts per million.

Weights are rounded down and what is left goes to the largest remainders (Hamilton's method), ties to the
earlier issue, so that they sum exactly. Utilities go to the nearest ppm, halves to the even one. Decimals of
up to six places are not rounded at all; else a utility is off by less than one ppm for each issue, and half
a ppm, and what is worth 1 stays worth exactly that. A reservation given as a number is
rounded up: never below what was asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor
from typing import Any, Final

from parley.interop.errors import NumberUnfit
from parley.terms.profile import PPM

MAX_DIGITS: Final = 60
MAX_EXPONENT: Final = 60

_NUMBER = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?", re.ASCII)
_PLACES: Final = 10**24
_INFINITE = {"inf": 1, "infinity": 1}


def number(value: Any, at: str) -> Fraction:
    """The exact rational of a decimal text. Raises `NumberUnfit` for anything else, NaN and infinities."""
    text = str(value).strip()
    found = _NUMBER.fullmatch(text) if len(text) <= 2 * MAX_DIGITS else None
    if found is None or not (found[2] or found[3]):
        raise NumberUnfit("Not a finite decimal number", at=at, value=text[:40])
    digits = (found[2] or "") + (found[3] or "")
    exponent = int(found[4] or 0) - len(found[3] or "")
    if len(digits) > MAX_DIGITS or abs(exponent) > MAX_EXPONENT:
        raise NumberUnfit("A number of absurdly many digits", at=at, value=text[:40])
    return (-1 if found[1] == "-" else 1) * Fraction(int(digits)) * Fraction(10) ** exponent


def number_or_infinity(value: Any, at: str) -> Fraction | int | None:
    """As `number`; an infinity is -1 or 1 as an `int`, and an absent or null value None."""
    if value is None:
        return None
    text = str(value).strip().lower().lstrip(".")
    sign = -1 if text.startswith("-") else 1
    if text.lstrip("+-").lstrip(".") in _INFINITE:
        return sign
    return number(value, at)


def power(share: Fraction, times: int) -> Fraction:
    """A share from 0 to 1 taken `times` times, floored at 24 places at each step."""
    base, result = floor(share * _PLACES), _PLACES
    while times:
        if times & 1:
            result = result * base // _PLACES
        base = base * base // _PLACES
        times >>= 1
    return Fraction(result, _PLACES)


def whole_weights(shares: Sequence[Fraction]) -> list[int]:
    """Weights in ppm that sum to 1 000 000, of shares that sum to 1."""
    scaled = [share * PPM for share in shares]
    weights = [floor(value) for value in scaled]
    left = PPM - sum(weights)
    order = sorted(range(len(scaled)), key=lambda at: (weights[at] - scaled[at], at))
    for at in order[:left]:
        weights[at] += 1
    return weights


def nearest_ppm(value: Fraction) -> int:
    """The nearest ppm between 0 and 1 000 000; halves go to the even one."""
    return min(PPM, max(0, round(value * PPM)))


def upward_ppm(value: Fraction) -> int:
    """The least ppm that is not below `value`, and not below 0."""
    return max(0, ceil(value * PPM))


def decimal_text(value: Fraction) -> str:
    """A short exact text: a decimal where it ends within 12 places, else a fraction."""
    for places in range(13):
        scaled = value * 10**places
        if scaled.denominator == 1:
            digits = f"{abs(scaled.numerator):0{places + 1}d}"
            text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
            return f"-{text}" if value < 0 else text
    return f"{value.numerator}/{value.denominator}"
