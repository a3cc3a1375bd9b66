"""What the other side's conduct shows: whether it moves by itself or only in answer.

Two kinds of counterparty want opposite treatment. One concedes by a schedule of its own: time works for
whoever waits. The other concedes only when it is conceded to: whoever waits ends with nothing. They are told
apart by what happens while the owner stands still.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from parley.negotiation.space import Outcome
from parley.negotiation.strategies.view import View

Kind = Literal["moves by itself", "wavers", "moves in answer", "does not move"]

SETTLING = 4
"""Offers at the start that say nothing: some parties make one small concession to begin with."""
RETURNS = 3
"""Returns to earlier offers that show a party to be walking about among what it has shown."""
WAVERS = 2
"""Returns from which a party that moves by itself is taken for one that may take back what it offered."""
RESTLESS = 2
"""A party that goes back to earlier offers and showed no more than so many new ones unasked only answers."""


@dataclass(frozen=True, slots=True)
class Conduct:
    """`unasked` counts the new offers that came while the owner repeated its own, `returns` how often an
    earlier offer was taken up again, `shown` the distinct offers. `own_returns` are the owner's.
    """

    unasked: int
    returns: int
    shown: int
    own_returns: int = 0

    @property
    def kind(self) -> Kind:
        if self.returns >= RETURNS and self.unasked <= RESTLESS:
            return "moves in answer"
        if not self.unasked:
            return "does not move"
        return "wavers" if self.returns >= WAVERS else "moves by itself"


def conduct_of(view: View) -> Conduct:
    """The conduct of the other side of two; of several others nothing is said (all counts are 0)."""
    return view.noted("conduct", _conduct)


def _conduct(view: View) -> Conduct:
    if view.parties != 2:
        return Conduct(0, 0, len(set(view.theirs)))
    # Its offer `at` answers the owner's offer `at`, or the one before where it moves first.
    behind = view.moves % 2
    seen: set[Outcome] = set()
    unasked = returns = 0
    before: Outcome | None = None
    mine = view.mine
    for at, offer in enumerate(view.theirs):
        if offer in seen:
            returns += offer != before
        else:
            own = at - behind
            if at >= SETTLING and 1 <= own < len(mine) and mine[own] == mine[own - 1]:
                unasked += 1
            seen.add(offer)
        before = offer
    return Conduct(unasked, returns, len(seen), _returns(mine))


def _returns(offers: Sequence[Outcome]) -> int:
    """How often one of them was taken up again after another."""
    seen: set[Outcome] = set()
    count = 0
    before: Outcome | None = None
    for offer in offers:
        if offer != before:
            count += offer in seen
            seen.add(offer)
        before = offer
    return count


def worn(view: View) -> frozenset[Outcome]:
    """Own offers that one more time could make a loop of (docs/spec.md section 5): they stood twice against
    the same offer of the other side already, with something else between.
    """
    if view.parties != 2 or len(view.mine) < 2:
        return frozenset()
    conduct = conduct_of(view)
    if not conduct.returns and not conduct.own_returns:
        return frozenset()
    first, second = (view.mine, view.theirs) if view.moves % 2 == 0 else (view.theirs, view.mine)
    counts: Counter[tuple[Outcome, Outcome]] = Counter()
    last: tuple[Outcome, Outcome] | None = None
    pair: tuple[Outcome, Outcome]
    for at in range(max(len(first), len(second))):
        for new, old in ((at, at - 1), (at, at)):
            if new >= len(first) or not 0 <= old < len(second):
                continue
            pair = (first[new], second[old])
            if pair != last:
                counts[pair] += 1
            last = pair
    own = 0 if view.moves % 2 == 0 else 1
    return frozenset(pair[own] for pair, count in counts.items() if count >= 2)
