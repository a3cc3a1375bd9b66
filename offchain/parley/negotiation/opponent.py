"""What the other side seems to want, from its offers alone.

`Frequency` is the frequency model of the agents Smith and HardHeaded (van Galen Last 2012; van Krimpen,
Looije, Hajizadeh 2013: an issue that its owner leaves alone weighs more, a value that it names often is
worth more), with a straight line away from the first offer for numbers, whose values seldom repeat.
`Nearness` only looks at the last offer: the similarity criterion of Faratin, Sierra and Jennings (2002).
`Order` rests on the order in which outcomes were first named: whoever concedes names the better ones first
(the idea behind the frequency models, see Baarslag, Hendrikx, Hindriks, Jonker 2016, "Learning about the
opponent in automated bilateral negotiation", with repeats left out, since standing still says nothing).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import isqrt

from parley.negotiation.scored import Scored
from parley.negotiation.space import Axis, Outcome, Space
from parley.terms.domain import IssueValue

PPM = 1_000_000
KINDS = 4
"""How many kinds of deal the other side has shown are kept in mind."""
LEAST_SHARE = 20
"""Thousandths that every issue weighs at least, however much it moved."""


class Frequency:
    """Scores in weight · ppm. Built anew from all offers: time and memory are linear in them."""

    def __init__(self, space: Space, offers: Sequence[Outcome]) -> None:
        self._place = {name: at for at, name in enumerate(space.names)}
        self._offers = offers
        self._spans = space.spans
        self._weights = _weights(space.spans, offers)
        # The last offer for each combination of texts: one for each kind of deal that the other side has
        # shown.
        kinds: dict[tuple[str, ...], Outcome] = {}
        for offer in reversed(offers):
            kinds.setdefault(tuple(value for value in offer if isinstance(value, str)), offer)
        self.kinds: tuple[Outcome, ...] = tuple(kinds.values())[:KINDS]
        self._matters = tuple(at for at, name in enumerate(space.names) if space.profile.weights[name])

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

    def likeness(self, outcome: Outcome) -> int:
        """How near the outcome is, as a whole, to the nearest kind of deal shown; 0 to 10^12. Unlike the
        sum of issues it sees that a price was asked for one good and not for another.
        """
        return max((self._similarity(outcome, offer) for offer in self.kinds), default=0)

    def _similarity(self, outcome: Outcome, offer: Outcome) -> int:
        total = 0
        for at in self._matters:
            mine, theirs = outcome[at], offer[at]
            if isinstance(mine, int) and isinstance(theirs, int):
                total += self._weights[at] * (PPM - PPM * abs(mine - theirs) // (self._spans[at] or 1))
            elif mine == theirs:
                total += self._weights[at] * PPM
        return total

    @property
    def weights(self) -> tuple[int, ...]:
        """Estimated weights of the issues, ppm, in the domain's order."""
        return self._weights


class Order(Scored):
    """Scores in weight · ppm from the distinct offers alone, each counting the more the earlier it came.

    A value is worth the root of its share of the most named value of its issue; a number falls straight from
    the first that was named. An issue weighs by the square of the share that its first value keeps. Time
    and memory are linear in the distinct offers, and offers can be added one by one.
    """

    def __init__(self, space: Space, offers: Iterable[Outcome] = ()) -> None:
        super().__init__(self._of)
        self._place = {name: at for at, name in enumerate(space.names)}
        self._distinct: set[Outcome] = set()
        self._first: Outcome | None = None
        # For each issue how many distinct offers name a value, and the sum of how late after each it is now:
        # an offer counts one for itself and one more for every later one.
        self._named: list[dict[IssueValue, int]] = [{} for _ in space.names]
        self._counts: list[dict[IssueValue, int]] = [{} for _ in space.names]
        self._known: list[int] | None = None
        self.taken = 0
        for offer in offers:
            self.add(offer)

    def add(self, offer: Outcome) -> None:
        """Takes in the next offer."""
        self.taken += 1
        if offer in self._distinct:
            return
        self._distinct.add(offer)
        if self._first is None:
            self._first = offer
        for named, counts, value in zip(self._named, self._counts, offer, strict=True):
            for each, times in named.items():
                counts[each] += times
            named[value] = named.get(value, 0) + 1
            counts[value] = counts.get(value, 0) + 1
        self._known = None
        self.changed()

    @property
    def _weights(self) -> list[int]:
        if self._known is None:
            shares = [self._share(at) for at in range(len(self._counts))]
            total = sum(shares)
            self._known = [share * PPM // total for share in shares]
        return self._known

    def _share(self, at: int) -> int:
        if self._first is None:
            return 1_000 + LEAST_SHARE
        total = len(self._distinct) * (len(self._distinct) + 1) // 2
        kept = self._counts[at][self._first[at]] * 1_000 // total
        return kept * kept // 1_000 + LEAST_SHARE

    def _of(self, axis: Axis) -> list[int]:
        if self._first is None:
            return [0] * len(axis.values)
        at = self._place[axis.name]
        weight = self._weights[at]
        if axis.numeric:
            return [weight * near for near in _nearness(axis, self._first[at])]
        counts = self._counts[at]
        most = max(counts.values())
        return [
            weight * isqrt(PPM * PPM * counts[value] // most) if value in counts else 0
            for value in axis.values
        ]


class Nearness:
    """Scores a value by how near it is to the other side's last offer, all issues alike."""

    def __init__(self, names: Sequence[str], last: Outcome | None) -> None:
        self._names = names
        self._last = last

    def __call__(self, axis: Axis) -> list[int]:
        if self._last is None:
            return [0] * len(axis.values)
        return _nearness(axis, self._last[self._names.index(axis.name)])


def _nearness(axis: Axis, anchor: int | str) -> list[int]:
    """1 000 000 at the anchor, falling straight to 0 at the distance of the whole range."""
    if isinstance(anchor, str):
        return [PPM if value == anchor else 0 for value in axis.values]
    span = axis.span or 1
    return [PPM - PPM * abs(value - anchor) // span for value in axis.values if isinstance(value, int)]


def _weights(spans: Sequence[int], offers: Sequence[Outcome]) -> tuple[int, ...]:
    """Equal at first; each pair of consecutive offers adds one share to every issue that stayed as it
    was, and to a number that moved the part of a share by which it stayed.
    """
    shares = [2 * PPM] * len(spans)
    for before, after in pairwise(offers):
        for at, span in enumerate(spans):
            old, new = before[at], after[at]
            if old == new:
                shares[at] += PPM
            elif isinstance(old, int) and isinstance(new, int):
                shares[at] += PPM - PPM * abs(new - old) // (span or 1)
    total = sum(shares)
    return tuple(PPM * share // total for share in shares)
