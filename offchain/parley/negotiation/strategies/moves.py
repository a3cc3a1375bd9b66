"""What a strategy answers, with the reason for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from parley.negotiation.branches import Outcome
from parley.terms.domain import IssueValue


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a step was taken. Utilities are the owner's, in ppm, and as private as its profile; `text`
    repeats them in words. `considered` counts the outcomes that were put to the policy.

    `conceded_ppm` is what an offer gives up against the owner's last one (negative: it asks for more).
    `because` is the reason for the level, `expects` what the other side is thought to do next, and
    `alternatives` are other outcomes that were weighed: values in the domain's order and utility in ppm.
    """

    strategy: str
    text: str
    target_ppm: int | None = None
    utility_ppm: int | None = None
    table_ppm: int | None = None
    considered: int = 0
    conceded_ppm: int | None = None
    because: str | None = None
    expects: str | None = None
    alternatives: tuple[tuple[Outcome, int], ...] = ()

    def as_json(self) -> dict[str, Any]:
        found = {
            "strategy": self.strategy,
            "text": self.text,
            "target_ppm": self.target_ppm,
            "utility_ppm": self.utility_ppm,
            "table_ppm": self.table_ppm,
            "considered": self.considered,
            "conceded_ppm": self.conceded_ppm,
            "because": self.because,
            "expects": self.expects,
            "alternatives": [
                {"values": [str(value) for value in outcome], "utility_ppm": ppm}
                for outcome, ppm in self.alternatives
            ]
            or None,
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
