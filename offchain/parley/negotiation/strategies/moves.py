"""What a strategy answers, with the reason for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from parley.negotiation.branches import Outcome
from parley.negotiation.utility import PPM
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


class Said(NamedTuple):
    """A sentence put together when somebody reads it: `str()` of it is the template with its values."""

    template: str
    values: tuple[object, ...]

    def __str__(self) -> str:
        return self.template.format(*self.values)


Why = str | Said


class Asked(NamedTuple):
    """Why an offer is made, as data. Utilities are exact (times 10^12); `last` is the owner's offer before
    and `table` what lies on the table, both with their utility, None where there is none.
    """

    strategy: str
    outcome: Outcome
    gain: int
    target: int
    last: tuple[Outcome, int] | None
    table: tuple[Outcome, int] | None
    considered: int
    why: Why
    expects: str | None

    def explanation(self) -> Explanation:
        """The same in words and ppm."""
        conceded = None if self.last is None else self.last[1] - self.gain
        why = str(self.why)
        text = f"asks for {percent(self.gain)}{_change(conceded)}: {why}"
        if self.expects is not None:
            text = f"{text}; expects {self.expects}"
        return Explanation(
            strategy=self.strategy,
            text=text,
            target_ppm=self.target // PPM,
            utility_ppm=self.gain // PPM,
            table_ppm=None if self.table is None else self.table[1] // PPM,
            considered=self.considered,
            conceded_ppm=None if conceded is None else conceded // PPM,
            because=why,
            expects=self.expects,
            alternatives=tuple(
                (weighed[0], weighed[1] // PPM)
                for weighed in (self.last, self.table)
                if weighed is not None and weighed[0] != self.outcome
            ),
        )


class Propose(NamedTuple):
    """Offer `values` (by issue, Python form). `outcome` has them in the domain's order, from a strategy that
    knows it.
    """

    values: Mapping[str, IssueValue]
    reason: Explanation | Asked
    outcome: Outcome | None = None

    @property
    def explanation(self) -> Explanation:
        """The reason, put into words when it is read."""
        reason = self.reason
        return reason.explanation() if isinstance(reason, Asked) else reason


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


def percent(gain: int) -> str:
    """An exact utility in percent with two decimals, floored."""
    hundredths = gain // (PPM * 100)
    return f"{hundredths // 100}.{hundredths % 100:02d} %"


def _change(conceded: int | None) -> str:
    if conceded is None:
        return " at first"
    if conceded == 0:
        return ", as before"
    return f", conceding {percent(conceded)}" if conceded > 0 else f", {percent(-conceded)} more than before"
