"""The steps by which what was accepted becomes a settled deal, in their order.

Each step reads what the store and the chain say, writes down what follows in one transaction, and may be
repeated: a process that dies between any two of them, or inside one, is taken over by another that begins at
the first. What a step has done is in the store or on the chain, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from parley.errors import ParleyError


class StepName(StrEnum):
    """What is done, in the order in which it is done."""

    SEND = "send"  # intents are simulated, joined, signed, stored, broadcast, replaced, and seen mined
    FOLLOW = "follow"  # the indexer applies new blocks, and undoes those that a reorganisation took back
    TAKE_NOTE = "take-note"  # an intent that failed becomes a fact about its deal
    REOPEN = "reopen"  # an opening that somebody else made, and a reorganisation took back, is made again
    EXITS = "exits"  # timed exits that parties asked for are called


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `run` says whether something moved, and raises what kept it from going on."""

    name: StepName
    run: Callable[[], bool]


class Saga:
    """Takes every step in turn. One that fails stops no other: each looks at the stored facts for itself."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        names = tuple(step.name for step in steps)
        if names != tuple(StepName):
            raise ValueError(f"the steps are {', '.join(StepName)}, not {', '.join(names)}")
        self.steps = steps
        self.troubles: dict[StepName, ParleyError] = {}

    def tick(self) -> bool:
        """Every step once; True when something moved. The first error is raised at the end; `troubles` keeps
        the last one of each step until it goes well.
        """
        moved, first = False, None
        for step in self.steps:
            try:
                moved = step.run() or moved
                self.troubles.pop(step.name, None)
            except ParleyError as error:
                self.troubles[step.name] = error
                first = first or error
        if first is not None:
            raise first
        return moved
