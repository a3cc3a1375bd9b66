"""What an attack did: numbers that can be checked, with the guardrail they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Figures = Mapping[str, int | str | None]


@dataclass(frozen=True, slots=True)
class Attack:
    """One adversary over `trials` seeded negotiations. `abused` counts those in which it got what the
    guardrail is to prevent; `figures` what else was measured, amounts in base units, shares in ppm. `holds`
    is whether the guardrail's own statement was true in every trial.
    """

    name: str
    aims: str
    guardrail: str
    trials: int
    abused: int
    holds: bool
    figures: Figures = field(default_factory=dict)

    @property
    def rate_ppm(self) -> int:
        return self.abused * 1_000_000 // max(1, self.trials)

    def as_json(self) -> dict[str, Any]:
        return {
            "attack": self.name,
            "aims": self.aims,
            "guardrail": self.guardrail,
            "trials": self.trials,
            "abused": self.abused,
            "abuse_rate_ppm": self.rate_ppm,
            "holds": self.holds,
            "figures": dict(self.figures),
        }


def mean(values: list[int]) -> int:
    """Floored mean; 0 of nothing."""
    return sum(values) // len(values) if values else 0
