"""Key figures as data, and the arithmetic behind them. Integers throughout: seconds, ppm, gas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, 95th percentile (nearest rank) and mean of `count` observations; None without any."""

    count: int
    median: int | None
    p95: int | None
    mean: int | None

    @classmethod
    def of(cls, found: Sequence[int]) -> Spread:
        if not found:
            return cls(0, None, None, None)
        ordered = sorted(found)
        count = len(ordered)
        median = (ordered[(count - 1) // 2] + ordered[count // 2]) // 2
        return cls(count, median, ordered[-(-95 * count // 100) - 1], sum(ordered) // count)

    def as_json(self) -> dict[str, int | None]:
        return {"count": self.count, "median": self.median, "p95": self.p95, "mean": self.mean}


def share(part: int, whole: int) -> int | None:
    """`part` of `whole` in ppm; None of nothing."""
    return part * PPM // whole if whole else None


@dataclass(frozen=True, slots=True)
class Targets:
    """What an operator wants: at most so many seconds in the median to an agreement, at least so much off
    the seller's first price (ppm, median), at most such a share of disputes (ppm).
    """

    agreement_seconds: int
    discount_ppm: int
    dispute_ppm: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The key figures of a period, `since` included and `until` not, for one agent or for all."""

    since: int
    until: int
    agent: str | None
    ended: Mapping[str, int]  # negotiations that ended in the period, by status
    agreement_seconds: Spread
    discount_ppm: Spread
    decisions: Mapping[str, int]  # what policies decided, by outcome
    rules: Mapping[str, int]  # how often each rule objected
    approvals: Mapping[str, int]  # requests made in the period, by what became of them
    submitted: int
    opened: int
    disputed: int
    settlement_seconds: Spread
    gas: Spread  # of the deals for which transactions were sent in the period
    targets: Targets | None = field(default=None)

    @property
    def agreement_ppm(self) -> int | None:
        return share(self.ended.get("ACCEPTED", 0), sum(self.ended.values()))

    @property
    def dispute_ppm(self) -> int | None:
        return share(self.disputed, self.opened)

    def as_json(self) -> dict[str, Any]:
        return {
            "since": self.since,
            "until": self.until,
            "agent": self.agent,
            "negotiations": {"ended": dict(self.ended), "agreement_rate_ppm": self.agreement_ppm},
            "time_to_agreement_seconds": self.agreement_seconds.as_json(),
            "discount_ppm": self.discount_ppm.as_json(),
            "policy": {"decisions": dict(self.decisions), "rules": dict(self.rules)},
            "approvals": dict(self.approvals),
            "deals": {
                "submitted": self.submitted,
                "opened": self.opened,
                "disputed": self.disputed,
                "dispute_rate_ppm": self.dispute_ppm,
            },
            "settlement_latency_seconds": self.settlement_seconds.as_json(),
            "gas_per_deal": self.gas.as_json(),
            "targets": self._judged(),
        }

    def _judged(self) -> dict[str, Any]:
        if self.targets is None:
            return {}
        wanted = self.targets
        time, off, disputes = self.agreement_seconds.median, self.discount_ppm.median, self.dispute_ppm
        return {
            "time_to_agreement_seconds": _target(
                wanted.agreement_seconds, None if time is None else time <= wanted.agreement_seconds
            ),
            "discount_ppm": _target(wanted.discount_ppm, None if off is None else off >= wanted.discount_ppm),
            "dispute_rate_ppm": _target(
                wanted.dispute_ppm, None if disputes is None else disputes <= wanted.dispute_ppm
            ),
        }


def _target(target: int, holds: bool | None) -> dict[str, Any]:
    return {"target": target, "holds": holds}
