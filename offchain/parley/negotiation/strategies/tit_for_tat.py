"""Behaviour-dependent concession: the tit-for-tat tactics of Faratin, Sierra and Jennings (1998).

Gives what the other side gave, measured in the owner's own utility, and a little of its own accord where
standing still is not admitted, so that two of them do not stare at each other until the end. The paper's
three tactics are the variants: `absolute` gives back the difference (with `noise_ppm` the random absolute
one), `relative` the ratio of the last two offers, `averaged` the ratio over the window.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from parley.negotiation.huge import Draws
from parley.negotiation.strategies.bargainer import Bargainer
from parley.negotiation.strategies.schedule import PPM
from parley.negotiation.strategies.view import View
from parley.terms.documents import Part

Variant = Literal["absolute", "relative", "averaged"]


class TitForTatParams(Part):
    """`window` offers of the other side are looked back on (the relative variant looks back on one);
    `reciprocity_ppm` of what it gave is returned; `goodwill_ppm` of the distance to the reservation is given
    where standing still is not allowed; up to `noise_ppm` of the best utility is given or taken at random, so
    that the other side cannot read it out.
    """

    variant: Variant = "absolute"
    window: Annotated[int, Field(ge=1, le=100)] = 1
    reciprocity_ppm: Annotated[int, Field(ge=0, le=4 * PPM)] = PPM
    goodwill_ppm: Annotated[int, Field(ge=0, le=PPM)] = 20_000
    noise_ppm: Annotated[int, Field(ge=0, le=PPM // 4)] = 0


class TitForTat(Bargainer):
    name: ClassVar[str] = "tit-for-tat"

    def __init__(self, params: TitForTatParams | None = None) -> None:
        self.params = params or TitForTatParams()

    def target(self, view: View) -> tuple[int, str]:
        space = view.space
        if not view.mine:
            return space.best_gain, "its best outcome"
        last = space.gain(view.mine[-1])
        given, returned = self._exchange(view, last)
        goodwill = (
            0 if view.may_repeat else max(0, last - space.reservation) * self.params.goodwill_ppm // PPM
        )
        target = max(space.reservation, last - returned - goodwill - self._noise(view))
        percent = PPM * 100
        why = f"the other side gave {given // percent / 100:.2f} % and gets {returned // percent / 100:.2f} %"
        return target, why

    def _exchange(self, view: View, last: int) -> tuple[int, int]:
        """What the other side gave, and what is given for it; exact utilities of the owner."""
        params, theirs = self.params, view.theirs
        if len(theirs) < 2:
            return 0, 0
        window = 1 if params.variant == "relative" else params.window
        before = view.space.gain(theirs[max(0, len(theirs) - 1 - window)])
        after = view.space.gain(theirs[-1])
        given = max(0, after - before)
        if params.variant == "absolute":
            return given, given * params.reciprocity_ppm // PPM
        # The paper multiplies the own last value by the ratio of the other side's: here of what both lack of
        # the best, since utilities fall towards the owner's reservation and rise on the other side.
        best = view.space.best_gain
        lacked = max(1, best - before)
        share = given * PPM // lacked
        room = last - view.space.reservation
        return given, max(0, room) * min(PPM, share) // PPM * params.reciprocity_ppm // PPM

    def _noise(self, view: View) -> int:
        if not self.params.noise_ppm:
            return 0
        most = view.space.best_gain * self.params.noise_ppm // PPM
        draws = Draws(view.seed * 1_000_003 + view.moves)
        return draws.below(2 * most + 1) - most
