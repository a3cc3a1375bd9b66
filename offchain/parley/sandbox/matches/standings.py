"""What a tournament shows: means with confidence intervals, by strategy, by role and by number of rounds.

Matches on one domain resemble each other, so the domain is the unit: the interval is a percentile bootstrap
(Efron, Tibshirani 1993) over domains. With one domain there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from parley.sandbox.matches.tournament import Outcome

RESAMPLES = 1_000
SCHEMA, VERSION = "parley/tournament", 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean in ppm over domains, and the bounds that 95 % of the resampled means lie in."""

    mean: int
    low: int | None
    high: int | None

    def as_json(self) -> dict[str, int | None]:
        return {"mean_ppm": self.mean, "low_ppm": self.low, "high_ppm": self.high}


@dataclass(frozen=True, slots=True)
class Row:
    """One strategy: `matches` it played, and its estimates; the distances over agreements only."""

    label: str
    matches: int
    utility: Estimate
    agreement: Estimate
    welfare: Estimate
    pareto_distance: Estimate | None
    nash_distance: Estimate | None
    nash_share: Estimate | None
    rounds_milli: int

    def as_json(self) -> dict[str, Any]:
        def shown(estimate: Estimate | None) -> dict[str, int | None] | None:
            return None if estimate is None else estimate.as_json()

        return {
            "strategy": self.label,
            "matches": self.matches,
            "utility": shown(self.utility),
            "agreement": shown(self.agreement),
            "welfare": shown(self.welfare),
            "pareto_distance": shown(self.pareto_distance),
            "nash_distance": shown(self.nash_distance),
            "nash_share": shown(self.nash_share),
            "mean_rounds_milli": self.rounds_milli,
        }


def standings(outcomes: Sequence[Outcome]) -> list[Row]:
    """One row a strategy, the best mean utility first."""
    labels = dict.fromkeys(outcome.entry for outcome in outcomes)
    rows = [_row(label, [each for each in outcomes if each.entry == label]) for label in labels]
    return sorted(rows, key=lambda row: (-row.utility.mean, row.label))


def report(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The whole tournament as JSON: overall, by role, by rounds, and mean utility of each pair."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "matches": len({outcome.key for outcome in outcomes}),
        "domains": len({outcome.case for outcome in outcomes}),
        "interval": f"95 % percentile bootstrap over domains, {RESAMPLES} resamples",
        "standings": [row.as_json() for row in standings(outcomes)],
        "by_role": _split(outcomes, lambda outcome: outcome.role),
        "by_rounds": _split(outcomes, lambda outcome: str(outcome.rounds)),
        "pairs": _pairs(outcomes),
    }


def _split(outcomes: Sequence[Outcome], of: Callable[[Outcome], str]) -> dict[str, Any]:
    keys = dict.fromkeys(of(outcome) for outcome in outcomes)
    return {
        key: [row.as_json() for row in standings([each for each in outcomes if of(each) == key])]
        for key in keys
    }


def _pairs(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    pairs: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in outcomes:
        pairs.setdefault((outcome.entry, outcome.other), []).append(outcome)
    return [
        {
            "strategy": entry,
            "against": other,
            "matches": len(found),
            "utility_ppm": sum(each.own for each in found) // len(found),
            "agreement_ppm": sum(1_000_000 for each in found if each.agreed) // len(found),
        }
        for (entry, other), found in sorted(pairs.items())
    ]


def _row(label: str, outcomes: list[Outcome]) -> Row:
    agreed = [each for each in outcomes if each.agreed]
    return Row(
        label=label,
        matches=len(outcomes),
        utility=_needed(_by_case(outcomes, lambda each: each.own)),
        agreement=_needed(_by_case(outcomes, lambda each: 1_000_000 if each.agreed else 0)),
        welfare=_needed(_by_case(outcomes, lambda each: each.welfare)),
        pareto_distance=_by_case(agreed, lambda each: each.pareto_distance),
        nash_distance=_by_case(agreed, lambda each: each.nash_distance),
        nash_share=_by_case(outcomes, lambda each: each.nash_share),
        rounds_milli=sum(each.played for each in outcomes) * 1_000 // len(outcomes),
    )


def _needed(estimate: Estimate | None) -> Estimate:
    return estimate if estimate is not None else Estimate(0, None, None)


def _by_case(outcomes: Iterable[Outcome], of: Callable[[Outcome], int | None]) -> Estimate | None:
    """The estimate over the domains' means; None where no outcome has the value."""
    cases: dict[str, list[int]] = {}
    for outcome in outcomes:
        value = of(outcome)
        if value is not None:
            cases.setdefault(outcome.case, []).append(value)
    return estimate([sum(values) // len(values) for _, values in sorted(cases.items())])


def estimate(values: Sequence[int]) -> Estimate | None:
    """Mean and interval of values that are independent of each other; None for no values."""
    if not values:
        return None
    mean = sum(values) // len(values)
    if len(values) == 1:
        return Estimate(mean, None, None)
    random = Random(len(values))
    size = len(values)
    means = sorted(
        sum(values[int(random.random() * size)] for _ in range(size)) // size for _ in range(RESAMPLES)
    )
    return Estimate(mean, means[RESAMPLES * 25 // 1_000], means[RESAMPLES * 975 // 1_000 - 1])
