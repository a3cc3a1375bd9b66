"""What all strategies share: when to accept, what may be offered at all, how not to repeat oneself.

A strategy only says how much it aims for (`target`) and what it believes of the other side (`scores`).
Accepting follows the rule AC_next (Baarslag, Hindriks, Jonker 2011): what is on the table is taken when
it is worth at least what the owner would ask next. No subclass can offer or accept anything below the
reservation, against a hard constraint or against the policy, whatever arrives: that is checked here,
last, on everything that leaves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Protocol

from parley.negotiation.opponent import Nearness
from parley.negotiation.search import Candidate, Scores, Search
from parley.negotiation.space import Axis, Outcome
from parley.negotiation.strategies.moves import AcceptOffer, Explanation, Move, Propose, Walk
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
    def target(self, view: View) -> tuple[int, str]:
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
        space = view.space
        acceptable = self._acceptable(view)
        table = space.gain(view.table) if view.table is not None else None
        if not view.answerable:
            return self._last_word(view, acceptable, table)
        wanted, why = self.target(view)
        target = min(max(wanted, space.reservation), space.best_gain)
        if view.mine:
            # What was conceded stays conceded: going back and forth would be a loop.
            target = max(space.reservation, min(target, space.gain(view.mine[-1])))
        search = Search(space, view.admits, self._careful(view))
        if acceptable and table is not None and (settled := self.settles(view, table)):
            text = f"accepted {_percent(table)}: {settled}"
            return AcceptOffer(self._because(text, target, table, table, 0))
        candidate = self._proposal(view, search, target)
        floor = target if candidate is None else min(candidate.gain, target)
        if acceptable and table is not None and table >= floor:
            text = f"accepted {_percent(table)}: at least the {_percent(floor)} it would ask for next; {why}"
            return AcceptOffer(self._because(text, target, table, table, search.tries))
        if candidate is None:
            return self._without_offer(view, acceptable, table, target, search.tries)
        return Propose(
            space.mapping(candidate.outcome), self._offered(view, candidate, target, table, why, search.tries)
        )

    def expects(self, view: View) -> str | None:
        """What the other side is thought to do next, in words; None where nothing is known."""
        return None

    def _offered(
        self, view: View, candidate: Candidate, target: int, table: int | None, why: str, tries: int
    ) -> Explanation:
        space, gain = view.space, candidate.gain
        conceded = space.gain(view.mine[-1]) - gain if view.mine else None
        expects = self.expects(view)
        text = f"asks for {_percent(gain)}{_change(conceded)}: {why}"
        if expects is not None:
            text = f"{text}; expects {expects}"
        weighed = (view.mine[-1] if view.mine else None, view.table)
        return Explanation(
            strategy=self.name,
            text=text,
            target_ppm=target // PPM,
            utility_ppm=gain // PPM,
            table_ppm=None if table is None else table // PPM,
            considered=tries,
            conceded_ppm=None if conceded is None else conceded // PPM,
            because=why,
            expects=expects,
            alternatives=tuple(
                [
                    (outcome, space.gain(outcome) // PPM)
                    for outcome in weighed
                    if outcome is not None and outcome != candidate.outcome
                ]
            ),
        )

    def _acceptable(self, view: View) -> bool:
        table = view.table
        return table is not None and view.space.agreeable(table) and view.admits(table)

    def _last_word(self, view: View, acceptable: bool, table: int | None) -> Move:
        if acceptable and table is not None:
            text = f"accepted {_percent(table)} in the last move: more than no agreement"
            return AcceptOffer(self._because(text, None, table, table, 0))
        return Walk(
            "no_agreement",
            self._because("the last move, and nothing acceptable on the table", None, None, table, 0),
        )

    def _without_offer(
        self, view: View, acceptable: bool, table: int | None, target: int, tries: int
    ) -> Move:
        if acceptable and table is not None:
            text = f"accepted {_percent(table)}: no other offer is admissible"
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
        reservation = view.space.reservation
        for wanted in dict.fromkeys((target, (target + reservation) // 2, reservation)):
            candidates = self.find(view, search, wanted)
            if candidates:
                chosen = self._chosen(view, candidates)
                return self._varied(view, search, chosen) if self._stale(view, chosen.outcome) else chosen
        return None

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
        return (
            sum(
                1
                for at, offer in enumerate(mine)
                if offer == outcome and (at == 0 or mine[at - 1] != outcome)
            )
            > 1
        )

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

        def scores(axis: Axis) -> list[int]:
            return [0] * len(axis.values) if axis.weight == 0 else list(believed(axis))

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


def _percent(gain: int) -> str:
    """An exact utility in percent with two decimals, floored."""
    hundredths = gain // (PPM * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


def _change(conceded: int | None) -> str:
    if conceded is None:
        return " at first"
    if conceded == 0:
        return ", as before"
    return (
        f", conceding {_percent(conceded)}" if conceded > 0 else f", {_percent(-conceded)} more than before"
    )
