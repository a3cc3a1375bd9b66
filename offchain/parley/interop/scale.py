"""From a foreign utility to weights and worths that Parley's profiles can say, exactly in rationals.

Utilities keep their scale wherever it lies between 0 and 1: what no value decides (a bias, or room below 1)
is spread over the issues. Only what leaves 0 to 1 is shifted and divided, the reservation with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from parley.interop.errors import NumberUnfit, SourceMalformed
from parley.interop.source import SourceProfile

Worths = Mapping[str, tuple[Fraction, ...]]
"""For each issue what its values are worth by themselves, in the order of the issue; of a long range of
numbers only the ends.
"""
TOLERANCE = Fraction(1, 1_000_000)


@dataclass(frozen=True, slots=True)
class Scaled:
    """Shares that sum to 1 and worths from 0 to 1: utility = (original - offset) / divisor."""

    shares: Mapping[str, Fraction]
    worths: Worths
    offset: Fraction
    divisor: Fraction


def scaled(profile: SourceProfile, worths: Worths) -> Scaled:
    """Raises `SourceMalformed` for weights that do not sum to 1 where the format promises it, and
    `NumberUnfit` for worths outside 0 to 1 there.
    """
    weights = {name: profile.weights.get(name, Fraction(0)) for name in worths}
    worths = {name: tuple(map(_clipped, values)) for name, values in worths.items()}
    total = sum(weights.values(), Fraction(0))
    within = all(0 <= worth <= 1 for values in worths.values() for worth in values)
    if profile.unit:
        _check_unit(profile, worths, total)
    if abs(total - 1) <= TOLERANCE and within and profile.bias == 0 and min(weights.values()) >= 0:
        return Scaled(
            {name: weight / total for name, weight in weights.items()}, worths, Fraction(0), Fraction(1)
        )
    parts = {name: tuple(weights[name] * worth for worth in values) for name, values in worths.items()}
    low = profile.bias + sum((min(values) for values in parts.values()), Fraction(0))
    high = profile.bias + sum((max(values) for values in parts.values()), Fraction(0))
    offset = min(low, Fraction(0))
    divisor = max(high - offset, Fraction(1))
    return _spread(parts, low, offset, divisor)


def _spread(
    parts: Mapping[str, tuple[Fraction, ...]], low: Fraction, offset: Fraction, divisor: Fraction
) -> Scaled:
    """Every issue from 0 up; the constant and the room that is left are shared out by the issues' spans."""
    rising = {
        name: tuple((value - min(values)) / divisor for value in values) for name, values in parts.items()
    }
    spans = {name: max(values) for name, values in rising.items()}
    constant = (low - offset) / divisor
    whole = sum(spans.values(), Fraction(0))
    keys = {name: span / whole if whole else Fraction(1, len(spans)) for name, span in spans.items()}
    room = 1 - whole  # the constant is inside it
    shares = {name: spans[name] + room * keys[name] for name in spans}
    worths = {
        name: tuple(
            (value + constant * keys[name]) / shares[name] if shares[name] else Fraction(0)
            for value in values
        )
        for name, values in rising.items()
    }
    return Scaled(shares, worths, offset, divisor)


def _clipped(worth: Fraction) -> Fraction:
    """What a rounded slope carries a hair beyond 0 or 1 is put back."""
    nearest = min(max(worth, Fraction(0)), Fraction(1))
    return nearest if abs(worth - nearest) <= TOLERANCE else worth


def _check_unit(profile: SourceProfile, worths: Worths, total: Fraction) -> None:
    if abs(total - 1) > TOLERANCE:
        raise SourceMalformed(
            "The weights do not sum to 1",
            at="weights",
            problem="sum",
            sum=str(float(total)),
            name=profile.name[:80],
        )
    for name, weight in profile.weights.items():
        if not 0 <= weight <= 1:
            raise NumberUnfit("A weight lies between 0 and 1", at=name[:80], value=str(float(weight)))
    for name, values in worths.items():
        for worth in values:
            if not 0 <= worth <= 1:
                raise NumberUnfit("A utility lies between 0 and 1", at=name[:80], value=str(float(worth)))
