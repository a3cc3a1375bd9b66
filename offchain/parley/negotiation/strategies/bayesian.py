"""Trade-off with a Bayesian model of the other side's reservation and deadline.

It asks along a schedule that ends where, and when, the other side is believed to end
(`parley.negotiation.beliefs`; Zeng and Sycara 1998; Yu, Ren, Zhang 2013), and among the outcomes worth that
much for the one that the other side seems to like best. What it believes may be wrong: in the last tenth of
the rounds it goes on to what it has been offered, or to its reservation.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from parley.negotiation.beliefs import Belief, believe
from parley.negotiation.strategies.adaptive import Adaptive, Exponent, place_of, received
from parley.negotiation.strategies.schedule import PPM, conceded_ppm
from parley.negotiation.strategies.view import View
from parley.terms.documents import Part


class BayesianParams(Part):
    """`exponent_milli` bends the own schedule; `trust_ppm` is the share of the distance between what was
    offered and what is believed possible that it holds out for.
    """

    exponent_milli: Exponent = 300
    trust_ppm: Annotated[int, Field(ge=0, le=PPM)] = 500_000


class Bayesian(Adaptive):
    name: ClassVar[str] = "bayesian"

    def __init__(self, params: BayesianParams | None = None) -> None:
        super().__init__()
        self.own = params or BayesianParams()
        self.params = self.own

    def target(self, view: View) -> tuple[int, str]:
        space = view.space
        step, last = place_of(view)
        best = received(view)
        floor = max(space.reservation, min(best.gain, space.best_gain) if best else 0)
        belief = view.noted("belief", self.belief)
        aim, end, why = floor, last, "it knows nothing of the other side yet"
        if belief is not None:
            aim = max(floor, floor + (belief.reservation - floor) * self.own.trust_ppm // PPM)
            end = max(1, min(last, belief.deadline))
            why = "its schedule ends where it believes the other side ends"
        if step * 10 >= last * 9:
            # Beliefs end where the rounds do.
            aim = aim - (aim - floor) * (step * 10 - last * 9) // max(1, last)
        level = (
            space.best_gain
            - (space.best_gain - aim) * conceded_ppm(min(step, end), end, self.own.exponent_milli) // PPM
        )
        if best is not None and best.gain >= level:
            return best.gain, f"{why}; no less than what was offered once"
        return level, why

    def expects(self, view: View) -> str | None:
        belief = view.noted("belief", self.belief)
        if belief is None:
            return None
        percent = belief.reservation // (PPM * 100) / 100
        return f"an offer worth up to {percent:.2f} % by round {belief.deadline}"

    @staticmethod
    def belief(view: View) -> Belief | None:
        """What it believes of the other side; None of several others, and before their second offer."""
        if view.parties != 2:
            return None
        space = view.space
        return believe([space.gain(offer) for offer in view.theirs], space.best_gain, view.max_rounds)
