"""One negotiation between strategies, with everything worth knowing about it.

The machine is the one that agents and gateways run; messages stay in this process and carry no signature.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Protocol

from parley.negotiation.analysis import Assessment
from parley.negotiation.dominance import Spot
from parley.negotiation.effects import OfferMade
from parley.negotiation.errors import Refusal
from parley.negotiation.simulation import Match, Result, Seat
from parley.negotiation.strategies import AcceptOffer, Explanation, Move, Strategy, Walk
from parley.negotiation.strategies.view import Filter, everything
from parley.negotiation.utility import PPM
from parley.sandbox.errors import CaseInvalid
from parley.sandbox.matches.case import Case
from parley.terms.canonical import document_hash
from parley.terms.documents import Part
from parley.terms.payloads import Reveal
from parley.terms.values import Address

SCHEMA, VERSION = "parley/match", 1
REVIEWER = "reviewer"
"""Who approves in the transcript of a domain with an approval gate."""


class Conduct(Protocol):
    """How a party acts, by name and parameters: a strategy, or what another protocol has in its place."""

    name: ClassVar[str]

    @property
    def params(self) -> Part:
        """What tunes it."""


@dataclass(frozen=True)
class Played:
    """A match that has ended. `decided` has the strategies' moves by the sequence of their message; `by` is
    who made the last move, `refused` the code of a refusal by the machine that made a party leave, if there
    was one.
    """

    case: Case
    strategies: Mapping[str, Conduct]
    seed: int
    result: Result
    senders: Mapping[Address, str]
    decided: Mapping[int, Move]
    by: str
    refused: str | None
    trading: tuple[str, ...] | None = None
    """In an auction the two that the award binds, or nobody; None where an agreement binds everyone."""

    @cached_property
    def assessment(self) -> Assessment:
        """How good it was, against all that was possible."""
        return self.case.analysis.assess(self.result.values if self.result.agreed else None, self.trading)

    @property
    def offers(self) -> tuple[OfferMade, ...]:
        """All offers, in order."""
        return self.result.offers

    @property
    def rounds(self) -> int:
        """Rounds begun: a move of the first party starts one. A mediator's call is one round."""
        if self.case.domain.mediation is not None:
            return max(1, self.result.state.round)
        if self.case.domain.auction is not None:
            return self.result.state.round + 1
        parties = len(self.case.domain.roles)
        return -(-self.result.ending.moves // parties)

    @property
    def ended(self) -> str:
        """`agreed`, `escalated` (a person is to decide), or the machine's reason."""
        ending = self.result.ending
        return "escalated" if ending.held else str(ending.reason) if ending.reason is not None else "open"

    def as_json(self) -> dict[str, Any]:
        """The stable form of docs/guides/negotiate.md, version 1."""
        case, result = self.case, self.result
        return {
            "schema": SCHEMA,
            "version": VERSION,
            "case": case.name,
            "domain": {
                "title": case.domain.title,
                "hash": case.domain.hash(),
                "issues": len(case.domain.issues),
                "outcomes": str(case.domain.outcome_count()),
            },
            "protocol": case.domain.protocol,
            "max_rounds": case.domain.limits.max_rounds,
            "seed": self.seed,
            "engine": "in memory, signed"
            if case.domain.mediation or case.domain.auction
            else "in memory, unsigned",
            "parties": [self._party(role) for role in case.domain.roles],
            "result": {
                "agreed": result.agreed,
                "ended": self.ended,
                "by": self.by,
                "refused": self.refused,
                "values": case.domain.encode_values(result.values) if result.agreed else None,
                "rounds": self.rounds,
                "messages": len(result.messages),
                "approvals": len(result.state.approvals),
                "trading": None if self.trading is None else list(self.trading),
            },
            "quality": {**self.assessment.as_json(), **_possible(case)},
            "transcript": self._transcript(),
        }

    def _party(self, role: str) -> dict[str, Any]:
        strategy = self.strategies[role]
        return {
            "role": role,
            "strategy": strategy.name,
            "params": strategy.params.as_json(),
            "strategy_hash": document_hash({"strategy": strategy.name, "params": strategy.params.as_json()}),
            "reservation_ppm": self.case.profiles[role].reservation_ppm,
            "utility_ppm": self.assessment.utilities[role],
            "offers": sum(1 for made in self.offers if made.role == role),
        }

    def _transcript(self) -> list[dict[str, Any]]:
        """Messages in order; `utilities_ppm` of an offer by role, `why` the mover's own explanation."""
        offers = {made.sequence: made for made in self.offers}
        found = []
        for message in self.result.messages:
            core = message.core
            entry: dict[str, Any] = {
                "sequence": core.sequence,
                "role": self.senders[core.sender],
                "performative": core.performative.wire,
            }
            made = offers.get(core.sequence)
            if made is not None:
                entry["values"] = dict(made.offer.values)
                entry["utilities_ppm"] = self.utilities(made.values)
            elif isinstance(message.payload, Reveal) and message.payload.values is not None:
                entry["values"] = dict(message.payload.values)
            if core.sequence in self.decided:
                entry["why"] = self.decided[core.sequence].explanation.as_json()
            found.append(entry)
        return found

    def allowed(self, values: Sequence[int | str]) -> bool:
        """Whether an offer's values keep every party's hard constraints."""
        named = dict(zip((issue.name for issue in self.case.domain.issues), values, strict=True))
        return all(profile.allows(named) for profile in self.case.profiles.values())

    def utilities(self, values: Sequence[int | str]) -> dict[str, int]:
        """Utilities in ppm by role of an offer's values in the domain's order; in an auction those of whom
        they bind.
        """
        analysis = self.case.analysis
        named = dict(zip((issue.name for issue in self.case.domain.issues), values, strict=True))
        gains = zip(analysis.roles, analysis.spot(named).gains, strict=True)
        return {role: gain // PPM for role, gain in gains if not self.trading or role in self.trading}


def play(
    case: Case,
    strategies: Sequence[Strategy],
    seed: int = 0,
    policy: Mapping[str, Filter] | None = None,
) -> Played:
    """Plays one match to its end; `strategies` in the order of the domain's roles. Deterministic.

    Where the domain wants an approval, the reviewer of the match gives it. A move that the machine refuses
    counts as leaving, and its code is kept. Raises `CaseInvalid` for another number of strategies,
    `ProfileInvalid` and `SpaceEmpty` for profiles that do not fit or leave nothing.
    """
    roles = case.domain.roles
    if len(strategies) != len(roles):
        raise CaseInvalid(
            "One strategy for each role of the domain",
            field="strategy",
            roles=list(roles),
            given=len(strategies),
        )
    filters = policy or {}
    by_role = dict(zip(roles, strategies, strict=True))
    seats = {role: Seat(by_role[role], case.spaces[role], filters.get(role, everything)) for role in roles}
    match = Match(case.domain, seats, seed)
    refused: str | None = None
    mover = roles[0]
    decided: dict[int, Move] = {}
    while match.live:
        mover = match.on_turn
        move = match.move()
        try:
            if isinstance(move, AcceptOffer) and match.approval_missing:
                match.approve(mover)
            decided[match.said] = move
            match.play(move)
        except Refusal as refusal:
            refused = refusal.code
            text = f"the machine refused its move: {refusal.message}"
            move = Walk("stuck", Explanation(by_role[mover].name, text))
            decided[match.said] = move
            match.play(move)
    result = match.result()
    senders = {match.address(role): role for role in roles}
    senders.update(dict.fromkeys(match.opening.reviewers, REVIEWER))
    return Played(case, by_role, seed, result, senders, decided, mover, refused)


def _possible(case: Case) -> dict[str, Any]:
    analysis = case.analysis
    error = analysis.front.error
    best = analysis.best_welfare
    return {
        "front": {
            "method": analysis.method,
            "points": len(analysis.front.spots),
            "error_ppm": None if error is None else -(-error // PPM),
        },
        "nash_point": _spot(case, analysis.nash),
        "kalai_point": _spot(case, analysis.kalai),
        "best_welfare_ppm": None if best is None else sum(best.gains) // PPM,
    }


def _spot(case: Case, spot: Spot | None) -> dict[str, Any] | None:
    if spot is None:
        return None
    analysis = case.analysis
    return {
        "values": case.domain.encode_values(analysis.values(spot)),
        "utilities_ppm": {role: gain // PPM for role, gain in zip(analysis.roles, spot.gains, strict=True)},
    }
