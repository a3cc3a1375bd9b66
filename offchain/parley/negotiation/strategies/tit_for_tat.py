"""Behaviour-dependent concession: averaged tit-for-tat of Faratin, Sierra and Jennings (1998).

Gives what the other side gave over a window of its offers, measured in the owner's own utility, and a
little of its own accord, so that two of them do not stare at each other until the end.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from parley.negotiation.strategies.bargainer import Bargainer
from parley.negotiation.strategies.schedule import PPM
from parley.negotiation.strategies.view import View
from parley.terms.documents import Part


class TitForTatParams(Part):
    """`window` offers of the other side are looked back on; `reciprocity_ppm` of what it gave is
    returned; `goodwill_ppm` of the distance to the reservation is given where standing still is not allowed.
    """

    window: Annotated[int, Field(ge=1, le=100)] = 1
    reciprocity_ppm: Annotated[int, Field(ge=0, le=4 * PPM)] = PPM
    goodwill_ppm: Annotated[int, Field(ge=0, le=PPM)] = 20_000


class TitForTat(Bargainer):
    name: ClassVar[str] = "tit-for-tat"

    def __init__(self, params: TitForTatParams | None = None) -> None:
        self.params = params or TitForTatParams()

    def target(self, view: View) -> tuple[int, str]:
        space = view.space
        if not view.mine:
            return space.best_gain, "its best outcome"
        last = space.gain(view.mine[-1])
        given = 0
        if len(view.theirs) > 1:
            before = view.theirs[max(0, len(view.theirs) - 1 - self.params.window)]
            given = max(0, space.gain(view.theirs[-1]) - space.gain(before))
        returned = given * self.params.reciprocity_ppm // PPM
        goodwill = (
            0 if view.may_repeat else max(0, last - space.reservation) * self.params.goodwill_ppm // PPM
        )
        target = max(space.reservation, last - returned - goodwill)
        percent = PPM * 100
        why = f"the other side gave {given // percent / 100:.2f} % and gets {returned // percent / 100:.2f} %"
        return target, why
