"""What a benchmark is and what it gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Target:
    """A figure that is wanted. `limit` is the most it may be (or, with `at_least`, the least)."""

    id: str
    what: str
    unit: str
    limit: float
    at_least: bool = False

    def measured(self, value: float, *, how: str, parts: Mapping[str, Any] | None = None) -> Result:
        """The result of a run."""
        holds = value >= self.limit if self.at_least else value <= self.limit
        return Result(self, value, holds, how, dict(parts or {}))

    @property
    def wanted(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {number(self.limit)}"


@dataclass(frozen=True, slots=True)
class Result:
    """One measured figure. `parts` says what it is made of, `how` how it was measured."""

    target: Target
    value: float
    holds: bool
    how: str
    parts: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "value": self.value,
            "unit": self.target.unit,
            "target": self.target.wanted,
            "holds": self.holds,
            "parts": self.parts,
            "how": self.how,
        }


@dataclass(frozen=True, slots=True)
class Bench:
    """A benchmark: its name on the command line, the function that runs it, and a quick form of it if there
    is one.
    """

    name: str
    what: str
    run: Callable[[], list[Result]]
    short: Callable[[], list[Result]] | None = None


def number(value: float) -> str:
    """A figure for people: thin spaces between thousands, at most three decimals."""
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value):,}".replace(",", " ")
    return f"{value:,.3f}".replace(",", " ")
