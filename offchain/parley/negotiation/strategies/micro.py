"""MiCRO: Monotonic Concession with Rational Offers.

De Jonge 2022, "An Analysis of the Linear Bilateral ANAC Domains Using the MiCRO Benchmark Strategy". It goes
down its own outcomes one by one and needs neither a model of the other side nor the time: it asks for the
next outcome as long as it has shown no more different outcomes than the other side did, and otherwise repeats
itself. It accepts what is worth at least the least it has asked for or would ask for next.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from parley.negotiation.search import Candidate, Search
from parley.negotiation.space import Outcome
from parley.negotiation.strategies.bargainer import Bargainer
from parley.negotiation.strategies.conduct import worn
from parley.negotiation.strategies.ranking import ranking_of
from parley.negotiation.strategies.view import View
from parley.terms.documents import Part

SKIPPED = 256
"""How many outcomes that policy objects to are passed over in one move."""


class MicroParams(Part):
    """`lead` is how many more different outcomes it shows than the other side: 0 in the paper; with 1 two of
    them do not wait for each other where the first offer of one is refused by its policy.
    """

    lead: Annotated[int, Field(ge=0, le=10)] = 0


class Micro(Bargainer):
    name: ClassVar[str] = "micro"

    def __init__(self, params: MicroParams | None = None) -> None:
        self.params = params or MicroParams()

    def target(self, view: View) -> tuple[int, str]:
        shown, heard = len(set(view.mine)), len(set(view.theirs))
        least = min((view.space.gain(offer) for offer in view.mine), default=view.space.best_gain)
        if not self._concedes(view):
            return least, f"it has shown {shown} outcomes and the other side {heard}, so it waits"
        found = self._next(view)
        gain = least if found is None else found.gain
        return gain, f"it has shown {shown} outcomes and the other side {heard}, so it shows its next one"

    def find(self, view: View, search: Search, target: int) -> list[Candidate]:
        if self._concedes(view):
            found = self._next(view)
            return [] if found is None else [found]
        space = view.space
        # The least it asked for stands; another own offer where repeating is not admitted.
        avoided = worn(view)
        mine = sorted(dict.fromkeys(view.mine), key=lambda offer: (space.gain(offer), space.position(offer)))
        if view.may_repeat and view.mine:
            mine.insert(0, view.mine[-1])
        fit = [offer for offer in mine if offer not in avoided and self._fits(view, offer)]
        if not view.may_repeat:
            fit = [offer for offer in fit if offer != view.mine[-1]]
        if fit:
            return [_candidate(view, fit[0])]
        found = self._next(view)
        return [] if found is None else [found]

    def _concedes(self, view: View) -> bool:
        return not view.mine or len(set(view.mine)) <= len(set(view.theirs)) + self.params.lead

    def _next(self, view: View) -> Candidate | None:
        """The best outcome not shown yet that may be offered; None below the reservation."""
        ranking, shown = ranking_of(view.space), set(view.mine)
        rank, tried = 0, 0
        while tried < SKIPPED and (found := ranking.at(rank)) is not None:
            gain, outcome = found
            rank += 1
            if gain < view.space.reservation:
                return None
            if outcome in shown:
                continue
            tried += 1
            if self._fits(view, outcome):
                return Candidate(outcome, gain, 0, view.space.branch_key(outcome))
        return None

    @staticmethod
    def _fits(view: View, outcome: Outcome) -> bool:
        return view.space.agreeable(outcome) and view.admits(outcome)

    def _stale(self, view: View, outcome: Outcome) -> bool:
        return bool(view.mine) and view.mine[-1] == outcome and not view.may_repeat

    def _chosen(self, view: View, candidates: list[Candidate]) -> Candidate:
        return candidates[0]


def _candidate(view: View, outcome: Outcome) -> Candidate:
    return Candidate(outcome, view.space.gain(outcome), 0, view.space.branch_key(outcome))
