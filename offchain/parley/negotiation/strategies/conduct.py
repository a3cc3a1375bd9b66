"""What the other side's conduct shows: whether it moves by itself or only in answer.

Two kinds of counterparty want opposite treatment. One concedes by a schedule of its own: time works for
whoever waits. The other concedes only when it is conceded to: whoever waits ends with nothing. They are told
apart by what happens while the owner stands still. Of those that move by themselves, the ones that move ever
faster will have given most at the very end; the ones that slacken have given what they will.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Set as AbstractSet
from typing import Literal, NamedTuple

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
HASTE = 1, 2
"""A party speeds up when more than this share of what it showed unasked came in the last quarter of its
moves. An even pace shows a quarter there, one that slackens less.
"""
FULL_HASTE = 2, 5
"""The same for a full quarter, in which nearly every move showed something new: there can be no more."""
FULL = 9, 10
"""The share of new moves from which a quarter is full."""
HASTY = 2
"""The least number of such offers."""
STALLED = 20
"""A party that showed nothing new unasked for more than this part (1 / so many) of all rounds has stalled."""


class Conduct(NamedTuple):
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
    followed = view.followed("dealings", Dealings)
    theirs, mine = followed.theirs, followed.mine
    return Conduct(followed.unasked, theirs.returns, len(theirs.seen), mine.returns)


def speeds_up(view: View) -> bool:
    """Whether the other side moves by itself, and ever faster: what it showed while the owner repeated its
    own offers came late, and it has not stalled since. It takes counts alone, whatever the utilities.
    """
    return view.noted("haste", _speeds_up)


def _speeds_up(view: View) -> bool:
    if view.parties != 2:
        return False
    came, moves = view.followed("dealings", Dealings).came, len(view.theirs)
    if not came or (moves - 1 - came[-1]) * STALLED > view.max_rounds:
        return False
    began = (3 * moves + 3) // 4
    late = len(came) - bisect_left(came, began)
    full = late * FULL[1] >= (moves - began) * FULL[0]
    share, whole = FULL_HASTE if full else HASTE
    return late >= HASTY and whole * late > share * len(came)


def worn(view: View) -> AbstractSet[Outcome]:
    """Own offers that one more time could make a loop of (docs/spec.md section 5): they stood twice against
    the same offer of the other side already, with something else between.
    """
    if view.parties != 2 or len(view.mine) < 2:
        return frozenset()
    conduct = conduct_of(view)
    if not conduct.returns and not conduct.own_returns:
        return frozenset()
    return view.followed("dealings", Dealings).worn


class Shown:
    """The distinct offers of one party, and how often one of them was taken up again after another."""

    __slots__ = ("_before", "count", "returns", "seen")

    def __init__(self) -> None:
        self.seen: set[Outcome] = set()
        self.returns = 0
        self.count = 0
        self._before: Outcome | None = None

    def add(self, offer: Outcome) -> bool:
        """Takes in the next offer; whether it is a new one."""
        new = offer not in self.seen
        if new:
            self.seen.add(offer)
        elif offer != self._before:
            self.returns += 1
        self._before = offer
        self.count += 1
        return new


class Dealings:
    """What both of two parties have shown, offer by offer; see `Follower`.

    `unasked` counts the new offers that came while the owner repeated its own, but for the first few;
    `came` are the places, among its offers, of all of them. `worn` are the own offers that stood twice
    against the same offer of the other side, with something else between.
    """

    def __init__(self) -> None:
        self.mine, self.theirs = Shown(), Shown()
        self.unasked = 0
        self.came: list[int] = []
        self.worn: set[Outcome] = set()
        self._behind: int | None = None
        self._whole = True
        self._met = 0
        self._counts: dict[tuple[Outcome, Outcome], int] = {}
        self._last: tuple[Outcome, Outcome] | None = None

    def follow(self, view: View) -> bool:
        # Its offer `at` answers the owner's offer `at`, or the one before where it moves first.
        behind = view.moves % 2
        mine, theirs = view.mine, view.theirs
        ahead = self.mine.count > len(mine) or self.theirs.count > len(theirs)
        if ahead or not self._whole or self._behind not in (None, behind):
            return False
        self._behind = behind
        for at in range(self.mine.count, len(mine)):
            self.mine.add(mine[at])
        for at in range(self.theirs.count, len(theirs)):
            own = at - behind
            stood = own < 1 or (own < len(mine) and mine[own] == mine[own - 1])
            if self.theirs.add(theirs[at]) and stood:
                self.came.append(at)
                if at >= SETTLING:
                    self.unasked += 1
            # An offer that came before the one it is held against is judged anew next time.
            self._whole = self._whole and own < len(mine)
        self._meet(view, behind)
        return True

    def _meet(self, view: View, behind: int) -> None:
        """The offers that stood against each other, in order: each new one against the other side's last."""
        first, second = (view.mine, view.theirs) if behind == 0 else (view.theirs, view.mine)
        while (new := (self._met + 1) // 2) < len(first) and (old := self._met // 2) < len(second):
            self._met += 1
            pair = (first[new], second[old])
            if pair == self._last:
                continue
            self._last = pair
            count = self._counts[pair] = self._counts.get(pair, 0) + 1
            if count >= 2:
                self.worn.add(pair[behind])
