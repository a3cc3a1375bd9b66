"""What all strategies share: when to accept, what may be offered at all, how not to repeat oneself.

A strategy only says how much it aims for (`target`) and what it believes of the other side (`scores`).
Accepting follows the rule AC_next (Baarslag, Hindriks, Jonker 2011): what is on the table is taken when
it is worth at least what the owner would ask next. No subclass can offer or accept anything below the
reservation, against a hard constraint or against the policy, whatever arrives: that is checked here,
last, on everything that leaves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Protocol

from parley.negotiation.opponent import Nearness
from parley.negotiation.scored import Scores
from parley.negotiation.search import Candidate, Search
from parley.negotiation.space import Axis, Outcome
from parley.negotiation.strategies.moves import (
    AcceptOffer,
    Asked,
    Explanation,
    Move,
    Propose,
    Walk,
    Why,
    percent,
)
from parley.negotiation.strategies.view import View
from parley.negotiation.utility import PPM
from parley.negotiation.weak import is_weak
from parley.terms.documents import Part
from parley.terms.domain import IssueValue

SHOW_EVERY = 3


class Strategy(Protocol):
    """Anything that can take a turn."""

    name: ClassVar[str]

    @property
    def params(self) -> Part:
        """What tunes it; the document hash goes into records of decisions."""
        ...

    def decide(self, view: View) -> Move:
        """The move for this turn. Pure: equal views give equal moves."""
        ...


class Bargainer(ABC):
    """Base of the strategies that aim for a utility. Subclasses hold parameters and no other state."""

    name: ClassVar[str]

    @abstractmethod
    def target(self, view: View) -> tuple[int, Why]:
        """The exact utility (times 10^12) to ask for now, and why, in words."""

    def scores(self, view: View) -> Scores:
        """What the other side is thought to gain from values."""
        return Nearness(view.space.names, view.theirs[-1] if view.theirs else None)

    def settles(self, view: View, table: int) -> str | None:
        """Why to take what is on the table, worth `table`, though it is less than the owner would ask for;
        None: there is no such reason.
        """
        return None

    def decide(self, view: View) -> Move:
        space, mine = view.space, view.mine
        table = None if view.table is None else (view.table, space.gain(view.table))
        acceptable = table is not None and space.agreeable(table[0]) and view.admits(table[0])
        worth = None if table is None else table[1]
        if not view.answerable:
            return self._last_word(acceptable, worth)
        wanted, why = self.target(view)
        target = min(max(wanted, space.reservation), space.best_gain)
        last = (mine[-1], space.gain(mine[-1])) if mine else None
        if last is not None:
            # What was conceded stays conceded: going back and forth would be a loop.
            target = max(space.reservation, min(target, last[1]))
        search = Search(space, view.admits, self._careful(view))
        if acceptable and worth is not None and (settled := self.settles(view, worth)):
            text = f"accepted {percent(worth)}: {settled}"
            return AcceptOffer(self._because(text, target, worth, worth, 0))
        candidate = self._proposal(view, search, target)
        floor = target if candidate is None else min(candidate.gain, target)
        if acceptable and worth is not None and worth >= floor:
            text = f"accepted {percent(worth)}: at least the {percent(floor)} it would ask for next; {why}"
            return AcceptOffer(self._because(text, target, worth, worth, search.tries))
        if candidate is None:
            return self._without_offer(view, acceptable, worth, target, search.tries)
        outcome, gain, _, _ = candidate
        asked = Asked(self.name, outcome, gain, target, last, table, search.tries, why, self.expects(view))
        return Propose(space.named(outcome), asked, outcome)

    def expects(self, view: View) -> str | None:
        """What the other side is thought to do next, in words; None where nothing is known."""
        return None

    def _last_word(self, acceptable: bool, table: int | None) -> Move:
        if acceptable and table is not None:
            text = f"accepted {percent(table)} in the last move: more than no agreement"
            return AcceptOffer(self._because(text, None, table, table, 0))
        return Walk(
            "no_agreement",
            self._because("the last move, and nothing acceptable on the table", None, None, table, 0),
        )

    def _without_offer(
        self, view: View, acceptable: bool, table: int | None, target: int, tries: int
    ) -> Move:
        if acceptable and table is not None:
            text = f"accepted {percent(table)}: no other offer is admissible"
            return AcceptOffer(self._because(text, target, table, table, tries))
        if view.mine and not view.may_repeat:
            return Walk(
                "stuck",
                self._because("no other offer than the last one is admissible", target, None, table, tries),
            )
        return Walk(
            "nothing_admissible",
            self._because("policy and constraints leave no offer", target, None, table, tries),
        )

    def find(self, view: View, search: Search, target: int) -> list[Candidate]:
        """Admissible candidates worth at least `target`, of different branches, the most promising first.
        Subclasses that model the other side look further.
        """
        last = view.theirs[-1] if view.theirs else None
        return search.just_above(target, last)

    def _proposal(self, view: View, search: Search, target: int) -> Candidate | None:
        """The candidate for the target; below it, down to the reservation, if the policy forces it."""
        candidates = self.find(view, search, target)
        if not candidates:
            reservation = view.space.reservation
            for lower in dict.fromkeys(((target + reservation) // 2, reservation)):
                if lower < target and (candidates := self.find(view, search, lower)):
                    break
            else:
                return None
        chosen = self._chosen(view, candidates)
        return self._varied(view, search, chosen) if self._stale(view, chosen.outcome) else chosen

    def _chosen(self, view: View, candidates: list[Candidate]) -> Candidate:
        """The most promising, but no mere repeat where another branch has something new; and every third
        time the branch that was left alone longest, since the other side cannot ask for what it was never
        shown.
        """
        if len(candidates) == 1 or not view.mine:
            return candidates[0]
        last = view.mine[-1]
        fresh = [found for found in candidates if not is_weak(view.domain, last, found.outcome)]
        if fresh and len(view.mine) % SHOW_EVERY == SHOW_EVERY - 1:
            shown = [view.space.branch_key(offer) for offer in view.mine]
            return min(fresh, key=lambda found: _last_index(shown, found.branch))
        return (fresh or candidates)[0]

    def _stale(self, view: View, outcome: Outcome) -> bool:
        """Whether offering it would be one repeat too many, or come back a third time to an own offer
        that was left.
        """
        mine = view.mine
        if not mine:
            return False
        if is_weak(view.domain, mine[-1], outcome):
            return not view.may_repeat
        if mine.count(outcome) < 2:
            return False
        came = [
            at for at, offer in enumerate(mine) if offer == outcome and (at == 0 or mine[at - 1] != outcome)
        ]
        return len(came) > 1

    def _varied(self, view: View, search: Search, candidate: Candidate) -> Candidate | None:
        """Another offer for a stale one: the least concession that counts as one. None when there is none
        and the stale one would be refused.
        """
        space = view.space
        for share in (0, 2, 5, 10, 20, 50, 100, 200, 400):
            lower = candidate.gain - space.best_gain * share // 1_000
            if lower < space.reservation:
                break
            for found in self.find(view, search, lower):
                if not self._stale(view, found.outcome):
                    return found
        return None if is_weak(view.domain, view.mine[-1], candidate.outcome) else candidate

    def _careful(self, view: View) -> Scores:
        """The scores, except that the first own offer names the values that the owner likes where they
        cost nothing: it tells the other side what can be had.
        """
        believed = self.scores(view)
        if view.mine:
            return believed

        def scores(axis: Axis) -> Sequence[int]:
            return [0] * len(axis.values) if axis.weight == 0 else believed(axis)

        return scores

    def _because(
        self, text: str, target: int | None, gain: int | None, table: int | None, tries: int
    ) -> Explanation:
        return Explanation(
            strategy=self.name,
            text=text,
            target_ppm=None if target is None else target // PPM,
            utility_ppm=None if gain is None else gain // PPM,
            table_ppm=None if table is None else table // PPM,
            considered=tries,
        )


def _last_index(shown: list[tuple[IssueValue, ...]], key: tuple[IssueValue, ...]) -> int:
    """Where `key` was shown last; -1 for never."""
    return max((at for at, seen in enumerate(shown) if seen == key), default=-1)
