"""All that a strategy sees: plain data and the policy filter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeVar

from parley.negotiation.effects import OfferMade
from parley.negotiation.space import Outcome, Space
from parley.negotiation.state import NegotiationState
from parley.negotiation.utility import Profile
from parley.terms.domain import Domain, IssueValue

T = TypeVar("T")
F = TypeVar("F", bound="Follower")
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


class Follower(Protocol):
    """Something counted about the offers of a negotiation, brought up to date from view to view."""

    def follow(self, view: View) -> bool:
        """Takes in what the view has more than it knows; False when the view is no continuation of what it
        knows, and then it is of no use for it. A new one follows any view.
        """


@dataclass(slots=True)
class Made:
    """The offers of one party and those of all others, oldest first, and what follows them."""

    mine: list[Outcome] = field(default_factory=list)
    theirs: list[Outcome] = field(default_factory=list)
    followers: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)


class View(NamedTuple):
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
    notes: dict[str, Any] | None = None
    """What was computed from this view already, by name; nothing in it says more than the view."""

    made: Made | None = None
    """The same offers as lists that grow from turn to turn, from a caller that keeps them."""

    def followed(self, name: str, make: Callable[[], F]) -> F:
        """A follower by name that has taken in all offers of this view: one for all views of a negotiation
        where their caller keeps the offers, and otherwise a new one. What it says is a function of the view.
        """
        notes = self.notes if self.made is None else self.made.followers
        found: F | None = None if notes is None else notes.get(name)
        if found is None or not found.follow(self):
            found = make()
            found.follow(self)
            if notes is not None:
                notes[name] = found
        return found

    def noted(self, name: str, compute: Callable[[View], T]) -> T:
        """`compute(self)`, computed once where there are notes."""
        notes = self.notes
        if notes is None:
            return compute(self)
        if name not in notes:
            notes[name] = compute(self)
        found: T = notes[name]
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
        return self.admissible(self.space.named(outcome))


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
        notes={},
        made=made,
    )
