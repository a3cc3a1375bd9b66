"""What the other side seems to want, from its offers alone.

`Frequency` is the frequency model of the agents Smith and HardHeaded (van Galen Last 2012; van Krimpen,
Looije, Hajizadeh 2013: an issue that its owner leaves alone weighs more, a value that it names often is
worth more), with a straight line away from the first offer for numbers, whose values seldom repeat.
`Nearness` only looks at the last offer: the similarity criterion of Faratin, Sierra and Jennings (2002).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from parley.negotiation.space import Axis, Outcome

PPM = 1_000_000


class Frequency:
    """Scores in weight · ppm. Built anew from all offers: time and memory are linear in them."""

    def __init__(self, names: Sequence[str], offers: Sequence[Outcome]) -> None:
        self._place = {name: at for at, name in enumerate(names)}
        self._offers = offers
        self._weights = _weights(len(names), offers)

    def __call__(self, axis: Axis) -> list[int]:
        if not self._offers:
            return [0] * len(axis.values)
        at = self._place[axis.name]
        named = [offer[at] for offer in self._offers]
        weight = self._weights[at]
        if axis.numeric:
            # What costs the owner nothing is given as asked last; what costs is measured from what was asked
            # first.
            anchor = named[-1] if axis.weight == 0 else named[0]
            return [weight * near for near in _nearness(axis, anchor)]
        counts = Counter(named)
        most = max(counts.values())
        return [weight * (PPM * counts.get(value, 0) // most) for value in axis.values]

    @property
    def weights(self) -> tuple[int, ...]:
        """Estimated weights of the issues, ppm, in the domain's order."""
        return self._weights


class Nearness:
    """Scores a value by how near it is to the other side's last offer, all issues alike."""

    def __init__(self, names: Sequence[str], last: Outcome | None) -> None:
        self._place = {name: at for at, name in enumerate(names)}
        self._last = last

    def __call__(self, axis: Axis) -> list[int]:
        if self._last is None:
            return [0] * len(axis.values)
        return _nearness(axis, self._last[self._place[axis.name]])


def _nearness(axis: Axis, anchor: int | str) -> list[int]:
    """1 000 000 at the anchor, 0 at the end of the axis farther from it, straight between."""
    if isinstance(anchor, str):
        return [PPM if value == anchor else 0 for value in axis.values]
    away = [abs(value - anchor) for value in axis.values if isinstance(value, int)]
    farthest = max(away) or 1
    return [PPM - PPM * distance // farthest for distance in away]


def _weights(count: int, offers: Sequence[Outcome]) -> tuple[int, ...]:
    """Equal at first; each pair of consecutive offers adds one share to every issue that stayed as it was."""
    shares = [2] * count
    for before, after in pairwise(offers):
        for at in range(count):
            if before[at] == after[at]:
                shares[at] += 1
    total = sum(shares)
    return tuple(PPM * share // total for share in shares)
