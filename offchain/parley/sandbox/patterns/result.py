"""One pattern's result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Pattern:
    """What was played, the guardrail with whether it held every time, and the metrics: shares in ppm, money
    in base units, everything but `measured` a function of the seed. `measured` are times on this machine, in
    microseconds.
    """

    name: str
    played: str
    guardrail: str
    held: bool
    metrics: Mapping[str, int | None]
    measured: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "pattern": self.name,
            "played": self.played,
            "guardrail": self.guardrail,
            "guardrail_held": self.held,
            "metrics": dict(self.metrics),
            "measured_us": dict(self.measured),
        }


def share(part: int, whole: int) -> int:
    """`part` of `whole` in ppm; 0 of nothing."""
    return part * PPM // whole if whole else 0


def mean(values: Sequence[int]) -> int:
    """Floored mean; 0 of nothing."""
    return sum(values) // len(values) if values else 0


def middle(values: Sequence[int], percent: int = 50) -> int:
    """The value below or at which `percent` of the values lie; 0 of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] if ordered else 0
