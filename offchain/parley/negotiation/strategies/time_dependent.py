"""Time-dependent concession (Faratin, Sierra, Jennings 1998): from the best outcome to the reservation by
a schedule.

The time that counts is rounds, never the clock. An exponent below 1 holds out (Boulware), 1 is a straight
line, above 1 gives way early (Conceder).
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from parley.negotiation.strategies.bargainer import Bargainer
from parley.negotiation.strategies.moves import Said, Why
from parley.negotiation.strategies.schedule import PPM, conceded_ppm
from parley.negotiation.strategies.view import View
from parley.terms.documents import Part


class TimeDependentParams(Part):
    """`exponent_milli` is the exponent times 1 000; `floor_ppm` the least utility to sink to, if above
    the reservation.
    """

    exponent_milli: Annotated[int, Field(ge=10, le=10_000, multiple_of=10)] = 1_000
    floor_ppm: Annotated[int, Field(ge=0, le=PPM)] = 0


def scheduled(view: View, exponent_milli: int, floor_ppm: int) -> tuple[int, int, int]:
    """The exact utility the schedule asks for at this move, and the move's place: (target, step, steps)."""
    space = view.space
    steps = max(1, view.max_rounds - 1)
    step = min(view.round, steps)
    floor = min(max(space.reservation, floor_ppm * PPM), space.best_gain)
    conceded = conceded_ppm(step, steps, exponent_milli)
    return space.best_gain - (space.best_gain - floor) * conceded // PPM, step, steps


class TimeDependent(Bargainer):
    """Concedes by the schedule of its exponent."""

    name: ClassVar[str] = "time-dependent"

    def __init__(self, params: TimeDependentParams | None = None) -> None:
        self.params = params or TimeDependentParams()

    def target(self, view: View) -> tuple[int, Why]:
        exponent = self.params.exponent_milli
        target, step, steps = scheduled(view, exponent, self.params.floor_ppm)
        why = "move {} of {} on the schedule of exponent {:g}"
        return target, Said(why, (step + 1, steps + 1, exponent / 1000))


class Boulware(TimeDependent):
    """Holds out and concedes at the end: exponent 0.2 unless told otherwise."""

    name: ClassVar[str] = "boulware"

    def __init__(self, params: TimeDependentParams | None = None) -> None:
        super().__init__(params or TimeDependentParams(exponent_milli=200))


class Linear(TimeDependent):
    """Concedes the same in every round."""

    name: ClassVar[str] = "linear"


class Conceder(TimeDependent):
    """Gives way early: exponent 3 unless told otherwise."""

    name: ClassVar[str] = "conceder"

    def __init__(self, params: TimeDependentParams | None = None) -> None:
        super().__init__(params or TimeDependentParams(exponent_milli=3_000))
