"""The outcome of a verification, check by check."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """How a check ended. `PARTIAL` and `SKIPPED` say in their detail what could not be looked at, and why;
    `NOTHING` means that the bundle holds nothing of the kind."""

    PASSED = "ok"
    PARTIAL = "partly"
    SKIPPED = "not checked"
    NOTHING = "none"
    FAILED = "failed"
    NOT_REACHED = "not reached"


@dataclass(frozen=True, slots=True)
class Check:
    """One check in the order of verification."""

    name: str
    outcome: Outcome
    detail: str

    @property
    def ok(self) -> bool:
        """False when the check failed or was not reached because an earlier one failed."""
        return self.outcome not in (Outcome.FAILED, Outcome.NOT_REACHED)

    @property
    def mark(self) -> str:
        """The outcome as a word of fixed width, for terminals."""
        return f"{self.outcome.value:<11}"

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {"name": self.name, "ok": self.ok, "outcome": self.outcome.value, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Report:
    """All checks; the first failure leaves the rest not reached."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return all(check.ok for check in self.checks)

    @property
    def verdict(self) -> str:
        """One sentence."""
        failure = self.failure
        if failure is not None:
            return f"NOT VERIFIED: {failure.name}: {failure.detail}"
        open_points = [
            check.name for check in self.checks if check.outcome in (Outcome.PARTIAL, Outcome.SKIPPED)
        ]
        return f"Verified, but for: {', '.join(open_points)}." if open_points else "Verified."

    @property
    def failure(self) -> Check | None:
        """The check that failed, if any."""
        return next((check for check in self.checks if check.outcome is Outcome.FAILED), None)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {"ok": self.ok, "checks": [check.as_json() for check in self.checks]}
