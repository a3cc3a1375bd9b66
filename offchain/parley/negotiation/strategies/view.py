"""All that a strategy sees: plain data and the policy filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from parley.negotiation.effects import OfferMade
from parley.negotiation.space import Outcome, Space
from parley.negotiation.state import NegotiationState
from parley.negotiation.utility import Profile
from parley.terms.domain import Domain, IssueValue

T = TypeVar("T")
Filter = Callable[[Mapping[str, IssueValue]], bool]


def everything(values: Mapping[str, IssueValue]) -> bool:
    """The filter of a party without a policy."""
    return True


VERDICTS = 4_096
"""How many outcomes' verdicts `remembering` keeps."""


def remembering(admissible: Filter) -> Filter:
    """The filter with its verdicts kept by outcome: for a policy whose other facts stay the same for as long
    as this is used.
    """
    known: dict[tuple[tuple[str, IssueValue], ...], bool] = {}

    def remembered(values: Mapping[str, IssueValue]) -> bool:
        key = tuple(values.items())
        verdict = known.get(key)
        if verdict is None:
            verdict = admissible(values)
            if len(known) >= VERDICTS:
                known.clear()
            known[key] = verdict
        return verdict

    return remembered


@dataclass(frozen=True, slots=True)
class View:
    """A negotiation as the party on turn sees it.

    `mine` and `theirs` are the offers so far, oldest first; `table` is the offer that can be accepted
    now, if there is one. `round` counts complete rounds of `max_rounds`; `moves` all moves taken and
    `parties` how many take part. `repeats` counts the owner's weak offers in a row. `admissible` is the
    policy as a pure function; `seed` feeds whatever a strategy draws. `now` in unix seconds.
    """

    space: Space
    mine: tuple[Outcome, ...] = ()
    theirs: tuple[Outcome, ...] = ()
    table: Outcome | None = None
    round: int = 0
    moves: int = 0
    parties: int = 2
    repeats: int = 0
    admissible: Filter = everything
    seed: int = 0
    now: int = 0
    reputation_ppm: int | None = None
    notes: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was computed from this view already, by name; nothing in it says more than the view."""

    def noted(self, name: str, compute: Callable[[View], T]) -> T:
        """`compute(self)`, computed once."""
        if name not in self.notes:
            self.notes[name] = compute(self)
        found: T = self.notes[name]
        return found

    @property
    def domain(self) -> Domain:
        return self.space.domain

    @property
    def profile(self) -> Profile:
        return self.space.profile

    @property
    def max_rounds(self) -> int:
        return self.space.domain.limits.max_rounds

    @property
    def moves_left(self) -> int:
        """The owner's moves until the last round is over, this one included."""
        return max(1, self.max_rounds - self.round)

    @property
    def answerable(self) -> bool:
        """Whether everyone else still gets a move after this one, so that a new offer can be agreed to."""
        return self.parties * self.max_rounds - self.moves >= self.parties

    @property
    def may_repeat(self) -> bool:
        """Whether one more weak offer in a row is admitted."""
        return self.repeats < self.domain.limits.repeat_cap

    def admits(self, outcome: Outcome) -> bool:
        return self.admissible(self.space.mapping(outcome))


@dataclass(slots=True)
class Made:
    """The offers of one party and those of all others, oldest first."""

    mine: list[Outcome] = field(default_factory=list)
    theirs: list[Outcome] = field(default_factory=list)


def view_of(
    state: NegotiationState,
    offers: Sequence[OfferMade],
    space: Space,
    *,
    admissible: Filter = everything,
    seed: int = 0,
    now: int = 0,
    reputation_ppm: int | None = None,
    made: Made | None = None,
) -> View:
    """The view of the party of the profile's role, out of the state and all offers made so far in order.

    `made` has the same offers sorted already, from a caller that keeps it.
    """
    role = space.profile.role
    if made is None:
        mine = tuple([offer.values for offer in offers if offer.role == role])
        theirs = tuple([offer.values for offer in offers if offer.role != role])
    else:
        mine, theirs = tuple(made.mine), tuple(made.theirs)
    standing = state.offer
    table = None
    if standing is not None and standing.role != role and not standing.expired(now):
        table = standing.values
    return View(
        space=space,
        mine=mine,
        theirs=theirs,
        table=table,
        round=state.round,
        moves=state.moves,
        parties=len(state.records),
        repeats=state.record_of(role).repeats,
        admissible=admissible,
        seed=seed,
        now=now,
        reputation_ppm=reputation_ppm,
    )
