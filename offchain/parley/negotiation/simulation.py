"""A negotiation played out in memory by strategies: the same machine, no clock, no network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parley.negotiation.branches import Outcome
from parley.negotiation.course import Course, plain
from parley.negotiation.effects import OfferMade
from parley.negotiation.errors import StateForbids
from parley.negotiation.gate import approved_terms, needs_approval
from parley.negotiation.machine import Machine
from parley.negotiation.result import Ending, Result, ending_of
from parley.negotiation.space import Space
from parley.negotiation.state import NegotiationState
from parley.negotiation.status import Status
from parley.negotiation.strategies.bargainer import Strategy
from parley.negotiation.strategies.moves import AcceptOffer, Escalate, Explanation, Move, Propose, Walk
from parley.negotiation.strategies.view import Filter, Made, View, everything, view_of
from parley.negotiation.transcript import Transcript
from parley.negotiation.utility import PPM, Profile
from parley.terms import payloads
from parley.terms.domain import Domain, IssueValue
from parley.terms.message import Message, Performative
from parley.terms.opening import Opening, Party
from parley.terms.payloads import Payload
from parley.terms.terms import terms_of
from parley.terms.values import ZERO_ADDRESS, Address, Hash32, Salt, keccak

__all__ = ["CHAIN", "START", "Ending", "Match", "Result", "Seat", "ending_of", "simulate"]

CHAIN = 31_337
START = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Seat:
    """One party: its strategy, its view of the outcomes, its policy as a filter, and what it knows of the
    other side.
    """

    strategy: Strategy
    space: Space
    admissible: Filter = everything
    reputation_ppm: int | None = None


class Match:
    """Seats at one machine. `turn` plays the move of whoever is on turn.

    Plain alternating offers are followed on outcomes (`Course`) and logged; the machine steps the messages of
    the log when `state`, `messages` or `offers` are read. Whatever a course leaves out goes through the
    machine at once, and from there on everything does.
    """

    def __init__(self, domain: Domain, seats: Mapping[str, Seat], seed: int, label: str = "") -> None:
        self.domain = domain
        self.seats = dict(seats)
        self.seed = seed
        self.opening = _opening(domain, seed, label)
        self.machine = Machine(domain, self.opening)
        self._transcript = Transcript(self.machine, domain, seed, self.worded)
        self._course = Course(self.machine.rules) if plain(self.machine.rules) else None
        self._roles = self.machine.rules.roles
        self._addresses = tuple(party.address for party in self.opening.parties)
        self._moves: list[tuple[str, Move]] = []
        self._made = tuple(Made() for _ in self._roles)
        self._heard = 0
        self._transcript.note((self.opening.initiator, Performative.OPEN, payloads.Open(salt=self.salt())))

    @property
    def live(self) -> bool:
        if self._course is not None:
            return self._course.live
        return self.state.live and not self.state.held

    @property
    def state(self) -> NegotiationState:
        """The state of the machine."""
        return self._transcript.state

    @property
    def messages(self) -> list[Message]:
        """All messages so far."""
        return self._transcript.messages

    @property
    def offers(self) -> list[OfferMade]:
        """All offers so far."""
        return self._transcript.offers

    @property
    def said(self) -> int:
        """How many messages there are: the sequence of the next one."""
        return len(self._transcript)

    @property
    def on_turn(self) -> str:
        """The role of the party on turn."""
        return self.state.turn if self._course is None else self._roles[self._course.at]

    @property
    def moves(self) -> int:
        """How many turns were taken."""
        return self.state.moves if self._course is None else self._course.moves

    @property
    def record(self) -> list[tuple[str, Explanation]]:
        """For each turn the role and the explanation of its move."""
        return [(role, move.explanation) for role, move in self._moves]

    def address(self, role: str) -> Address:
        return self._addresses[self._roles.index(role)]

    def move(self, admissible: Filter | None = None) -> Move:
        """What the party on turn would do; `admissible` in place of its seat's filter."""
        course = self._course
        if course is None:
            return self._move_by_state(admissible)
        at = course.at
        seat, made = self.seats[self._roles[at]], self._made[at]
        return seat.strategy.decide(
            View(
                seat.space,
                tuple(made.mine),
                tuple(made.theirs),
                None if course.by == at else course.table,
                course.round,
                course.moves,
                len(self._roles),
                course.repeats[at],
                admissible or seat.admissible,
                self.seed,
                self.opening.opened_at,
                seat.reputation_ppm,
                {},
                made,
            )
        )

    def _move_by_state(self, admissible: Filter | None) -> Move:
        role = self.state.turn
        seat = self.seats[role]
        view = view_of(
            self.state,
            self.offers,
            seat.space,
            admissible=admissible or seat.admissible,
            seed=self.seed,
            now=self.state.last_sent_at,
            reputation_ppm=seat.reputation_ppm,
            made=self._made[self._roles.index(role)],
        )
        return seat.strategy.decide(view)

    def play(self, move: Move) -> None:
        """Puts the move of the party on turn into the machine, or into the course of it."""
        course = self._course
        at = self._roles.index(self.state.turn) if course is None else course.at
        self._moves.append((self._roles[at], move))
        sender = self._addresses[at]
        match move:
            case Propose():
                outcome = move.outcome or self._outcome(move.values)
                if course is not None and course.offer(outcome):
                    first = Performative.PROPOSE if course.moves == 1 else Performative.COUNTER
                    self._transcript.note((sender, first, outcome))
                    self._hear(at, outcome)
                    return
                first = Performative.PROPOSE if self.state.status is Status.INIT else Performative.COUNTER
                self._say(sender, first, outcome)
            case AcceptOffer():
                if course is not None and course.accept():
                    self._transcript.note((sender, Performative.ACCEPT, None))
                    return
                if self.state.offer is None:
                    raise StateForbids("There is no offer to accept", status=self.state.status.value)
                self._say(sender, Performative.ACCEPT, None)
            case Walk():
                if course is not None and course.withdraw():
                    self._transcript.note((sender, Performative.WITHDRAW, move.reason))
                    return
                self._say(sender, Performative.WITHDRAW, move.reason)
            case Escalate():
                escalate = payloads.Escalate(salt=self.salt(), reason=move.reason)
                self._say(sender, Performative.ESCALATE, escalate)

    def turn(self) -> Move:
        """Decides and plays one move."""
        move = self.move()
        self.play(move)
        return move

    @property
    def approval_missing(self) -> bool:
        """Whether what is on the table can be accepted only after `approve`."""
        if self.domain.approval is None:
            return False
        standing = self.state.offer
        if standing is None or not needs_approval(self.machine.rules, standing.offer):
            return False
        terms = terms_of(self.domain, self.state.negotiation, standing.offer).hash()
        return not approved_terms(self.state, terms, self.state.last_sent_at)

    def approve(self, role: str, seconds: int = 1_800) -> NegotiationState:
        """Has `role` escalate what is on the table, and the reviewer approve it for `seconds`.

        Domains with an approval gate have a reviewer here; a `Refusal` is raised where there is none, after a
        second escalation in one round, and after the last round.
        """
        standing = self.state.offer
        if standing is None:
            raise StateForbids("There is no offer to approve", status=self.state.status.value)
        terms = terms_of(self.domain, self.state.negotiation, standing.offer).hash()
        self.send(
            role, Performative.ESCALATE, payloads.Escalate(salt=self.salt(), reason="approval", terms=terms)
        )
        expires = self.state.last_sent_at + seconds
        granted = payloads.Approve(salt=self.salt(), terms=terms, expires_at=expires, reason="approved")
        self._say(self.opening.reviewers[0], Performative.APPROVE, granted)
        return self.state

    def worded(self, role: str, offer: payloads.Offer) -> payloads.Offer:
        """The payload of an offer of `role` as it goes into the transcript: as it is, unless a subclass adds
        texts.
        """
        return offer

    def result(self) -> Result:
        course = self._course
        values: dict[str, IssueValue] = {}
        utilities: dict[str, int] = {}
        if course is None:
            ending, standing = ending_of(self.state), self.state.offer
            table = None if standing is None else standing.values
        else:
            ending, table = Ending(course.status, course.reason, False, course.moves), course.table
        if ending.status is Status.ACCEPTED and table is not None:
            values = dict(zip(self.machine.rules.issue_names, table, strict=True))
            for role, seat in self.seats.items():
                utilities[role] = seat.space.gain(seat.space.outcome(values)) // PPM
        return Result(self._transcript, ending, values, utilities, tuple(self._moves))

    def salt(self) -> Salt:
        """The salt of the next message, drawn from the seed."""
        return self._transcript.salt()

    def send(self, role: str, performative: Performative, payload: Payload) -> None:
        """Steps a message of `role`. Raises a `Refusal`, and nothing is sent then."""
        self._say(self.address(role), performative, payload)

    def _say(self, sender: Address, performative: Performative, body: Payload | Outcome | str | None) -> None:
        self._course = None
        self._transcript.say(sender, performative, body)
        for made in self.offers[self._heard :]:
            self._hear(self._roles.index(made.role), made.values)

    def _hear(self, by: int, outcome: Outcome) -> None:
        self._heard += 1
        for at, made in enumerate(self._made):
            (made.mine if at == by else made.theirs).append(outcome)

    def _outcome(self, values: Mapping[str, IssueValue]) -> Outcome:
        """The values in the domain's order. Raises `IssueValuesInvalid` where one is missing or unknown."""
        self.domain.encode_values(values)
        return tuple(values[name] for name in self.machine.rules.issue_names)


def simulate(
    domain: Domain,
    profiles: Mapping[str, Profile],
    strategies: Mapping[str, Strategy],
    policy: Mapping[str, Filter] | None = None,
    seed: int = 0,
) -> Result:
    """Plays one negotiation to its end; everything by role. Deterministic: equal arguments give equal
    messages.

    `policy` gives a party's filter. Raises `ProfileInvalid` and `SpaceEmpty` for a profile that does not fit.
    """
    filters = policy or {}
    seats = {
        role: Seat(strategies[role], Space(domain, profiles[role]), filters.get(role, everything))
        for role in domain.roles
    }
    match = Match(domain, seats, seed)
    while match.live:
        match.turn()
    return match.result()


def _opening(domain: Domain, seed: int, label: str) -> Opening:
    parties = tuple(Party(role=role, address=_drawn(seed, label, role), epoch=0) for role in domain.roles)
    return Opening(
        domain=domain.hash(),
        parties=parties,
        first=domain.roles[0],
        initiator=parties[0].address,
        opened_at=START,
        deadline=START + domain.limits.deadline_seconds,
        chain_id=CHAIN,
        escrow=ZERO_ADDRESS,
        gateways=(),
        reviewers=() if domain.approval is None else (_drawn(seed, label, "reviewer of the opening"),),
        nonce=Hash32.of(keccak(f"parley simulation/{seed}/{label}/nonce".encode())),
    )


def _drawn(seed: int, label: str, what: str) -> Address:
    return Address.of(keccak(f"parley simulation/{seed}/{label}/{what}".encode())[:20])
