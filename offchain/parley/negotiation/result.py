"""How a negotiation between strategies ended, and where to read what was said in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from parley.negotiation.effects import OfferMade
from parley.negotiation.state import NegotiationState
from parley.negotiation.status import Reason, Status
from parley.negotiation.strategies.moves import Explanation, Move
from parley.terms.domain import IssueValue
from parley.terms.message import Message


class Told(Protocol):
    """Whoever can tell a negotiation from its beginning."""

    @property
    def state(self) -> NegotiationState: ...

    @property
    def messages(self) -> list[Message]: ...

    @property
    def offers(self) -> list[OfferMade]: ...


class Ending(NamedTuple):
    """How it stands, or ended, and after how many moves; see `NegotiationState`."""

    status: Status
    reason: Reason | None
    held: bool
    moves: int


def ending_of(state: NegotiationState) -> Ending:
    """The ending that a state tells of."""
    return Ending(state.status, state.reason, state.held, state.moves)


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended. `values` are the agreed ones, `utilities` ppm by role, both empty without agreement;
    `moves` has the role and the move of each turn. State, messages and offers are what `told` tells.
    """

    told: Told
    ending: Ending
    values: Mapping[str, IssueValue]
    utilities: Mapping[str, int]
    moves: tuple[tuple[str, Move], ...] = ()

    @property
    def agreed(self) -> bool:
        return self.ending.status is Status.ACCEPTED

    @property
    def state(self) -> NegotiationState:
        return self.told.state

    @property
    def messages(self) -> tuple[Message, ...]:
        return tuple(self.told.messages)

    @property
    def offers(self) -> tuple[OfferMade, ...]:
        return tuple(self.told.offers)

    @property
    def record(self) -> tuple[tuple[str, Explanation], ...]:
        """For each turn the role and the explanation of its move."""
        return tuple((role, move.explanation) for role, move in self.moves)
