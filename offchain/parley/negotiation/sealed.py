"""What the state keeps of sealed bids, sealed rankings and the draw of the first proposer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from parley.terms.values import Hash32, Salt


class Phase(StrEnum):
    """Where a sealed protocol stands at a moment; a function of the state and of the time of the message."""

    CALL = "call"
    COMMIT = "commit"
    REVEAL = "reveal"
    AWARD = "award"
    ANSWER = "answer"
    LAPSED = "lapsed"


class Out(StrEnum):
    """Why a bidder is out of an auction. All but `declined` cost its bond, where there is one."""

    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    LAPSED = "lapsed"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Seal:
    """One party's seal of this round, and what it has revealed so far.

    `sealed_at` is the sequence of this round's commitment, `order` that of the standing bid's. `values` are
    the standing bid's in Python form, in the domain's order of issues, `ranking` the revealed candidates.
    """

    role: str
    commitment: Hash32 | None = None
    sealed_at: int | None = None
    revealed: bool = False
    order: int | None = None
    digest: Hash32 | None = None
    values: tuple[int | str, ...] | None = None
    ranking: tuple[int, ...] | None = None
    out: Out | None = None

    @property
    def owed(self) -> bool:
        """Whether a commitment waits to be revealed."""
        return self.commitment is not None and not self.revealed and self.out is None

    def renewed(self) -> Seal:
        """For a new round: nothing sealed, what was revealed still standing."""
        return replace(self, commitment=None, sealed_at=None, revealed=False)

    def document(self) -> dict[str, Any]:
        """JSON form; `digest` is the payload hash of the standing reveal."""
        named: dict[str, Any] = {
            "role": self.role,
            "commitment": self.commitment,
            "sealed_at": self.sealed_at,
            "revealed": self.revealed,
            "order": self.order,
            "digest": self.digest,
            "out": None if self.out is None else self.out.value,
        }
        return {key: value for key, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Sealed:
    """The rounds of a sealed protocol. `started_at` (unix seconds) is when the windows of this round began,
    `called` whether the round is open, `improved` whether a bid of this round counts for more than before.

    `candidates` are a mediator's, in Python form; `listed` is the document hash of the call that named them.
    `winner` is the role that the standing award names, `escalations` what the mediator used of this round.
    """

    started_at: int
    seals: tuple[Seal, ...]
    called: bool
    improved: bool = False
    candidates: tuple[tuple[int | str, ...], ...] = ()
    listed: Hash32 | None = None
    winner: str | None = None
    escalations: int = 0

    def seal_of(self, role: str) -> Seal | None:
        """The seal of a role; None for one that seals nothing."""
        return next((seal for seal in self.seals if seal.role == role), None)

    def with_seal(self, changed: Seal) -> Sealed:
        """The same with one seal replaced, by role."""
        return replace(
            self, seals=tuple(changed if seal.role == changed.role else seal for seal in self.seals)
        )

    def document(self) -> dict[str, Any]:
        """JSON form, absent things left out."""
        named: dict[str, Any] = {
            "started_at": self.started_at,
            "called": self.called,
            "improved": self.improved,
            "seals": [seal.document() for seal in self.seals],
            "listed": self.listed,
            "winner": self.winner,
            "escalations": self.escalations,
        }
        return {key: value for key, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Lot:
    """One party's part in the draw of the first proposer."""

    role: str
    commitment: Hash32 | None = None
    secret: Salt | None = None

    def document(self) -> dict[str, Any]:
        """JSON form, absent things left out."""
        named = {"role": self.role, "commitment": self.commitment, "secret": self.secret}
        return {key: value for key, value in named.items() if value is not None}


@dataclass(frozen=True, slots=True)
class LastWord:
    """After the last round the role at position `at` of the escalation path may make one last offer; `given`
    once it has.
    """

    at: int
    given: bool = False

    def document(self) -> dict[str, Any]:
        """JSON form."""
        return {"at": self.at, "given": self.given}
