"""Trade-off with an opponent model.

Aims by a schedule, and among the outcomes worth that much to its owner offers the one that the other side
is thought to like best (Faratin, Sierra, Jennings 2002, along iso-utility bands; the frequency model of
Smith and HardHeaded). It never asks for less than the best offer it has received.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from parley.negotiation.opponent import Frequency, Nearness
from parley.negotiation.scored import Scores
from parley.negotiation.search import Candidate, Search
from parley.negotiation.space import Outcome
from parley.negotiation.strategies.bargainer import Bargainer
from parley.negotiation.strategies.conduct import worn
from parley.negotiation.strategies.schedule import PPM
from parley.negotiation.strategies.time_dependent import scheduled
from parley.negotiation.strategies.view import View
from parley.terms.documents import Part


class TradeOffParams(Part):
    """`exponent_milli` and `floor_ppm` as in the time-dependent strategies."""

    exponent_milli: Annotated[int, Field(ge=10, le=10_000, multiple_of=10)] = 400
    floor_ppm: Annotated[int, Field(ge=0, le=PPM)] = 0


class TradeOff(Bargainer):
    name: ClassVar[str] = "trade-off"

    def __init__(self, params: TradeOffParams | None = None) -> None:
        self.params = params or TradeOffParams()

    def target(self, view: View) -> tuple[int, str]:
        target, step, steps = scheduled(view, self.params.exponent_milli, self.params.floor_ppm)
        why = f"move {step + 1} of {steps + 1}, on the band of outcomes worth that much"
        best = self._best_received(view, target)
        if best is not None:
            return best.gain, f"{why}; no less than what was offered once"
        return target, f"{why} the one that the other side seems to like best"

    def scores(self, view: View) -> Scores:
        return Frequency(view.space, view.theirs)

    def find(self, view: View, search: Search, target: int) -> list[Candidate]:
        # What the other side has offered before it will hardly refuse now.
        best = self._best_received(view, target)
        if best is not None:
            return [best]
        found = search.at_least(target)
        model = Frequency(view.space, view.theirs)
        for kind in model.kinds:
            found += search.at_least(target, Nearness(view.space.names, kind))
        unique = {candidate.outcome: candidate for candidate in found}
        return sorted(
            unique.values(), key=lambda candidate: (-model.likeness(candidate.outcome), -candidate.gain)
        )

    def _stale(self, view: View, outcome: Outcome) -> bool:
        return super()._stale(view, outcome) or outcome in worn(view)

    @staticmethod
    def _best_received(view: View, target: int) -> Candidate | None:
        """The best offer received so far, if it is worth the target and can be agreed to now."""
        space = view.space
        received = dict.fromkeys(reversed(view.theirs))
        worthy = [(space.gain(offer), offer) for offer in received]
        for gain, offer in sorted(worthy, key=lambda pair: -pair[0]):
            if gain < target:
                break
            if space.agreeable(offer) and view.admits(offer):
                return Candidate(offer, gain, 0, space.branch_key(offer))
        return None
