"""Machine-made bargaining problems: bilateral, linear-additive, each drawn from a seed.

They vary in size (10 to 10 000 outcomes, 1 to 10 issues), in how much the parties want opposite things, in
how unevenly they weigh issues, in the shape of utilities and in what no agreement is worth. Every problem has
at least one outcome that both like better than none.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

from parley.negotiation.utility import PPM, Profile
from parley.terms.domain import Domain

ROLES = ("buyer", "seller")
LEAST, MOST = 10, 10_000


@dataclass(frozen=True)
class Bargain:
    """A domain with a profile for each role. `label` names it in reports."""

    label: str
    domain: Domain
    profiles: dict[str, Profile]

    @property
    def size(self) -> int:
        return prod(_count(issue) for issue in self.domain.issues)

    def numbers(self) -> list[int]:
        """How many values each issue has."""
        return [_count(issue) for issue in self.domain.issues]

    def scenario(self) -> dict[str, Any]:
        """The problem as numbers in ppm, as the bridge sends it; parties in the order of the roles."""
        parties = []
        for role in ROLES:
            profile = self.profiles[role]
            tables = [
                [profile.issue_ppm(issue.name, value) for value in values(issue)]
                for issue in self.domain.issues
            ]
            weights = [profile.weights[issue.name] for issue in self.domain.issues]
            parties.append({"weights": weights, "tables": tables, "reservation": profile.reservation_ppm})
        return {"issues": self.numbers(), "parties": parties}


def values(issue: Any) -> list[int | str]:
    """The values of a choice or integer issue, in canonical order."""
    if issue.type == "choice":
        return list(issue.values)
    return [issue.value_at(at) for at in range(issue.size)]


def _count(issue: Any) -> int:
    return len(issue.values) if issue.type == "choice" else int(issue.size)


def bargains(seed: str, count: int, rounds: int) -> list[Bargain]:
    """`count` problems; the same for the same seed on any machine."""
    found: list[Bargain] = []
    at = 0
    while len(found) < count:
        draw = random.Random(f"{seed}/{at}")
        bargain = _bargain(draw, f"{seed}-{len(found)}", rounds)
        at += 1
        if _common_ground(bargain):
            found.append(bargain)
    return found


def _bargain(draw: random.Random, label: str, rounds: int) -> Bargain:
    counts = _counts(draw)
    issues: list[dict[str, Any]] = []
    for at, count in enumerate(counts):
        name = f"i{at}"
        if 2 < count <= 64 and draw.random() < 0.3:
            issues.append({"name": name, "type": "integer", "min": 0, "max": count - 1, "step": 1})
        else:
            issues.append({"name": name, "type": "choice", "values": [f"v{n}" for n in range(count)]})
    domain = Domain.parse(
        {
            "schema": "parley/domain",
            "version": 1,
            "title": label,
            "issues": issues,
            "fixed": {},
            "roles": list(ROLES),
            "protocol": "alternating-offers",
            "limits": {
                "max_rounds": rounds,
                "deadline_seconds": 86_400,
                "min_concession_ppm": 0,
                "repeat_cap": rounds,
                "max_queries": 0,
                "open_window_seconds": 600,
                "fallback": "abort",
            },
            "settlements": [],
            "data_class": "public",
            "assumptions": [],
        }
    )
    opposition = draw.uniform(0.2, 1.0)
    first = [_table(draw, issue, count) for issue, count in zip(issues, counts, strict=True)]
    second = [_answer(draw, issue, table, opposition) for issue, table in zip(issues, first, strict=True)]
    skew = draw.choice((0.5, 1.0, 3.0))
    profiles = {
        role: _profile(draw, domain, role, tables, skew)
        for role, tables in zip(ROLES, (first, second), strict=True)
    }
    return Bargain(label, domain, profiles)


def _counts(draw: random.Random) -> list[int]:
    """Numbers of values of 1 to 10 issues whose product is a drawn size, roughly log-uniform."""
    size = LEAST * (MOST / LEAST) ** draw.random()
    issues = draw.randint(1, 10)
    left = size
    counts: list[int] = []
    for at in range(issues):
        if left < 2 and counts:
            break
        even = left ** (1 / (issues - at))
        count = max(2, min(round(left), round(even * draw.uniform(0.6, 1.6))))
        counts.append(count if issues > 1 else max(10, round(left)))
        left /= counts[-1]
    while prod(counts) < LEAST:
        counts[0] += 1
    while prod(counts) > MOST:
        counts[counts.index(max(counts))] -= 1
    draw.shuffle(counts)
    return [min(count, 1_000) for count in counts]


def _table(draw: random.Random, issue: dict[str, Any], count: int) -> list[int]:
    if issue["type"] == "integer":
        bend = draw.choice((0.5, 1.0, 1.0, 2.0))
        rising = [round(PPM * (at / (count - 1)) ** bend) for at in range(count)]
        return rising if draw.random() < 0.5 else rising[::-1]
    return _normal([draw.randrange(PPM) for _ in range(count)])


def _answer(draw: random.Random, issue: dict[str, Any], table: list[int], opposition: float) -> list[int]:
    """What the other party makes of an issue: the opposite as far as the problem is one of opposition."""
    if issue["type"] == "integer":
        opposed = draw.random() < 0.3 + 0.7 * opposition
        return [PPM - ppm for ppm in table] if opposed else list(table)
    mixed = [round(opposition * (PPM - ppm) + (1 - opposition) * draw.randrange(PPM)) for ppm in table]
    return _normal(mixed)


def _normal(table: list[int]) -> list[int]:
    """Stretched to the range from 0 to 1 000 000."""
    low, high = min(table), max(table)
    if low == high:
        return [PPM] * len(table)
    return [(ppm - low) * PPM // (high - low) for ppm in table]


def _profile(draw: random.Random, domain: Domain, role: str, tables: list[list[int]], skew: float) -> Profile:
    shares = [draw.gammavariate(1 / skew, 1) + 0.02 for _ in tables]
    weights = [int(PPM * share / sum(shares)) for share in shares]
    weights[0] += PPM - sum(weights)
    reservation = 0 if draw.random() < 0.4 else round(PPM * draw.uniform(0.1, 0.5))
    utilities: dict[str, Any] = {}
    for issue, table in zip(domain.issues, tables, strict=True):
        if issue.type == "choice":
            utilities[issue.name] = {"values": dict(zip(issue.values, table, strict=True))}
        else:
            utilities[issue.name] = {
                "points": [{"at": str(at), "utility": ppm} for at, ppm in enumerate(table)][:64]
            }
    return Profile.parse(
        {
            "schema": "parley/profile",
            "version": 1,
            "domain": domain.hash(),
            "role": role,
            "weights": {issue.name: weight for issue, weight in zip(domain.issues, weights, strict=True)},
            "utilities": utilities,
            "reservation_ppm": reservation,
        }
    )


def outcome_utilities(scenario: dict[str, Any]) -> list[tuple[int, int]]:
    """Exact utilities (times 10^12) of both parties for every outcome, in the order of `product`."""
    sums: list[list[int]] = []
    for party in scenario["parties"]:
        gains = [
            [weight * ppm for ppm in table]
            for weight, table in zip(party["weights"], party["tables"], strict=True)
        ]
        sums.append([sum(parts) for parts in product(*gains)])
    return list(zip(*sums, strict=True))


def _common_ground(bargain: Bargain) -> bool:
    scenario = bargain.scenario()
    least = [party["reservation"] * PPM for party in scenario["parties"]]
    return any(mine > least[0] and theirs > least[1] for mine, theirs in outcome_utilities(scenario))
