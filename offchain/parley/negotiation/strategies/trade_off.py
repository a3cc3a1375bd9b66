"""Trade-off with an opponent model: the default.

Aims by a schedule, and among the outcomes worth that much to its owner offers the one that the other side
is thought to like best (Faratin, Sierra, Jennings 2002, along iso-utility bands; the frequency model of
Smith and HardHeaded). It never asks for less than the best offer it has received.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from parley.negotiation.opponent import Frequency
from parley.negotiation.search import Candidate, Scores, Search
from parley.negotiation.strategies.bargainer import Bargainer
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
        best = max(
            (view.space.gain(offer) for offer in view.theirs if view.space.agreeable(offer)), default=0
        )
        why = f"move {step + 1} of {steps + 1}, on the band of outcomes worth that much"
        if best > target:
            return best, f"{why}; no less than what was offered once"
        return target, f"{why}, what the other side seems to like best"

    def scores(self, view: View) -> Scores:
        return Frequency(view.space.names, view.theirs)

    def find(self, view: View, search: Search, target: int) -> Candidate | None:
        return search.at_least(target)
