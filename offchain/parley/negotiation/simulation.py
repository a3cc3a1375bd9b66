"""A negotiation played out in memory by strategies: the same machine, no clock, no network.

Messages carry a signature of zeros and are stepped, not admitted: nothing of this leaves the process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parley.negotiation.effects import OfferMade
from parley.negotiation.errors import StateForbids
from parley.negotiation.gate import approved_terms, needs_approval
from parley.negotiation.machine import Machine
from parley.negotiation.space import Space
from parley.negotiation.state import NegotiationState
from parley.negotiation.status import Status
from parley.negotiation.strategies.bargainer import Strategy
from parley.negotiation.strategies.moves import AcceptOffer, Escalate, Explanation, Move, Propose, Walk
from parley.negotiation.strategies.view import Filter, Made, everything, view_of
from parley.negotiation.utility import Profile
from parley.terms import payloads
from parley.terms.domain import Domain, IssueValue
from parley.terms.message import Message, MessageCore, Performative
from parley.terms.opening import Opening, Party
from parley.terms.payloads import Payload
from parley.terms.terms import terms_of
from parley.terms.values import ZERO_ADDRESS, Address, Hash32, Salt, Signature, keccak

CHAIN = 31_337
START = 1_700_000_000
_UNSIGNED = Signature("0x" + "00" * 65)


@dataclass(frozen=True, slots=True)
class Seat:
    """One party: its strategy, its view of the outcomes, its policy as a filter, and what it knows of the
    other side.
    """

    strategy: Strategy
    space: Space
    admissible: Filter = everything
    reputation_ppm: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended. `values` are the agreed ones, `utilities` ppm by role, both empty without agreement;
    `record` has for each turn the role and the explanation of its move.
    """

    state: NegotiationState
    messages: tuple[Message, ...]
    values: Mapping[str, IssueValue]
    utilities: Mapping[str, int]
    record: tuple[tuple[str, Explanation], ...]

    @property
    def agreed(self) -> bool:
        return self.state.status is Status.ACCEPTED


class Match:
    """Seats at one machine. `turn` plays the move of whoever is on turn."""

    def __init__(self, domain: Domain, seats: Mapping[str, Seat], seed: int, label: str = "") -> None:
        self.domain = domain
        self.seats = dict(seats)
        self.seed = seed
        self.opening = _opening(domain, seed, label)
        self.machine = Machine(domain, self.opening)
        self.state = self.machine.initial()
        self.offers: list[OfferMade] = []
        self.messages: list[Message] = []
        self.record: list[tuple[str, Explanation]] = []
        self._made: dict[str, Made] = {role: Made() for role in domain.roles}
        self._addresses = {party.role: party.address for party in self.opening.parties}
        self.send(domain.roles[0], Performative.OPEN, payloads.Open(salt=self.salt()))

    @property
    def live(self) -> bool:
        return self.state.live and not self.state.held

    def address(self, role: str) -> Address:
        return self._addresses[role]

    def move(self, admissible: Filter | None = None) -> Move:
        """What the party on turn would do; `admissible` in place of its seat's filter."""
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
            made=self._made[role],
        )
        return seat.strategy.decide(view)

    def play(self, move: Move) -> NegotiationState:
        """Puts the move of the party on turn into the machine."""
        role = self.state.turn
        self.record.append((role, move.explanation))
        match move:
            case Propose():
                first = self.state.status is Status.INIT
                self.send(role, Performative.PROPOSE if first else Performative.COUNTER, self.offer(move))
            case AcceptOffer():
                if self.state.offer is None:
                    raise StateForbids("There is no offer to accept", status=self.state.status.value)
                accept = payloads.Accept(salt=self.salt(), offer=self.state.offer.message)
                self.send(role, Performative.ACCEPT, accept)
            case Walk():
                withdraw = payloads.Withdraw(salt=self.salt(), reason=move.reason)
                self.send(role, Performative.WITHDRAW, withdraw)
            case Escalate():
                escalate = payloads.Escalate(salt=self.salt(), reason=move.reason)
                self.send(role, Performative.ESCALATE, escalate)
        return self.state

    def turn(self) -> Move:
        """Decides and plays one move."""
        move = self.move()
        self.play(move)
        return move

    @property
    def approval_missing(self) -> bool:
        """Whether what is on the table can be accepted only after `approve`."""
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
        self._send(self.opening.reviewers[0], Performative.APPROVE, granted)
        return self.state

    def result(self) -> Result:
        values: dict[str, IssueValue] = {}
        utilities: dict[str, int] = {}
        if self.state.status is Status.ACCEPTED and self.state.offer is not None:
            values = self.domain.decode_values(self.state.offer.offer.values)
            for role, seat in self.seats.items():
                utilities[role] = seat.space.gain(seat.space.outcome(values)) // 1_000_000
        return Result(self.state, tuple(self.messages), values, utilities, tuple(self.record))

    def offer(self, move: Propose) -> payloads.Offer:
        """The payload of a proposal."""
        salt = self.salt()
        values = self.domain.encode_values(move.values)
        offer = payloads.Offer.unchecked(
            salt=salt, values=values, expires_at=0, assumptions=(), dependencies=(), final=False
        )
        offer.remember_canonical(
            {
                "schema": "parley/offer",
                "version": 1,
                "salt": salt,
                "values": values,
                "expires_at": 0,
                "assumptions": [],
                "dependencies": [],
                "final": False,
            }
        )
        return offer

    def salt(self) -> Salt:
        """The salt of the next message, drawn from the seed."""
        drawn = keccak(f"{self.seed}/{self.opening.nonce}/{len(self.messages)}".encode())
        return Salt.of(drawn[:16])

    def send(self, role: str, performative: Performative, payload: Payload) -> None:
        """Steps a message of `role`. Raises a `Refusal`, and nothing is sent then."""
        self._send(self._addresses[role], performative, payload)

    def _send(self, sender: Address, performative: Performative, payload: Payload) -> None:
        core = MessageCore.unchecked(
            negotiation=self.state.negotiation,
            sequence=self.state.sequence,
            previous=self.state.last,
            sender=sender,
            performative=performative,
            payload=payload.hash(),
            sent_at=self.opening.opened_at,
            expires_at=0,
        )
        message = Message.unchecked(core=core, signature=_UNSIGNED, payload=payload)
        step = self.machine.step(self.state, message)
        self.state = step.state
        self.messages.append(message)
        for effect in step.effects:
            if isinstance(effect, OfferMade):
                self.offers.append(effect)
                for role, made in self._made.items():
                    (made.mine if role == effect.role else made.theirs).append(effect.values)


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
