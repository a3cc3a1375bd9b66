"""What a strategy answers, with the reason for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from parley.terms.domain import IssueValue


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a step was taken. Utilities are the owner's, in ppm, and as private as its profile; `text`
    repeats them in words. `considered` counts the outcomes that were put to the policy.
    """

    strategy: str
    text: str
    target_ppm: int | None = None
    utility_ppm: int | None = None
    table_ppm: int | None = None
    considered: int = 0

    def as_json(self) -> dict[str, Any]:
        found = {
            "strategy": self.strategy,
            "text": self.text,
            "target_ppm": self.target_ppm,
            "utility_ppm": self.utility_ppm,
            "table_ppm": self.table_ppm,
            "considered": self.considered,
        }
        return {key: value for key, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Propose:
    """Offer `values` (by issue, Python form)."""

    values: Mapping[str, IssueValue]
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class AcceptOffer:
    """Accept what is on the table."""

    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Walk:
    """Leave: nothing better than no agreement is in reach."""

    reason: Literal["nothing_admissible", "no_agreement", "reputation", "stuck"]
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class Escalate:
    """Let a person decide."""

    reason: Literal["no_agreement"]
    explanation: Explanation


Move = Propose | AcceptOffer | Walk | Escalate
