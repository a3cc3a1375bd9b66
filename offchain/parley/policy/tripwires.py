"""Market integrity as data: what was observed, the thresholds set on it, and the alarms they raise. Pure.

Each wire counts one thing over a window that ends now, for everyone together, for each agent, or for each
pair.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from parley.policy.collusion import deviation, mirrored, ring_volume, unopposed
from parley.terms.documents import Document, Part
from parley.terms.lists import Many, ShortText
from parley.terms.values import Address, Amount, Count

PPM = 1_000_000
Metric = Literal[
    "refusals",
    "equivocations",
    "disputes-ppm",
    "volume",
    "concentration-ppm",
    "circular-volume",
    "ring-volume",
    "unopposed-ppm",
    "mirrored-bids",
    "deviation-ppm",
]
WireScope = Literal["all", "agent", "pair"]
_SCOPES: Mapping[Metric, frozenset[WireScope]] = {
    "refusals": frozenset(("all", "agent")),
    "equivocations": frozenset(("all", "agent")),
    "disputes-ppm": frozenset(("all", "agent")),
    "volume": frozenset(("all", "agent", "pair")),
    "concentration-ppm": frozenset(("agent",)),
    "circular-volume": frozenset(("pair",)),
    "ring-volume": frozenset(("agent",)),
    "unopposed-ppm": frozenset(("pair",)),
    "mirrored-bids": frozenset(("pair",)),
    "deviation-ppm": frozenset(("pair",)),
}


class Tripwire(Part):
    """Raises an alarm when `metric` is above `threshold` within the last `window_seconds`; `stop` also
    gives a stop order.

    `refusals`: offers that policy refused. `equivocations`: proofs kept. `disputes-ppm`: disputed deals of
    those opened. `volume`: prices of opened deals, base units. `concentration-ppm`: the largest
    counterparty's share of an agent's volume. `circular-volume`: what two agents sold to each other in
    both directions (the smaller direction), the mark of a wash trade. `ring-volume`: what goes round among
    three (the smallest flow). `unopposed-ppm`: a pair's agreements to the first offer, of all its agreements.
    `mirrored-bids`: how often two bidders revealed the same bid in one round. `deviation-ppm`: how far a
    pair's price lies from the median of the same domain. A share is only looked at from `minimum` deals or
    agreements on.
    """

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
    metric: Metric
    scope: WireScope
    window_seconds: Annotated[int, Field(ge=1, le=31_536_000)]
    threshold: Amount
    minimum: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    action: Literal["alarm", "stop"] = "alarm"
    reason: Annotated[ShortText, Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.scope not in _SCOPES[self.metric]:
            raise ValueError(f"{self.metric} is counted for {', '.join(sorted(_SCOPES[self.metric]))}")
        return self


class Tripwires(Document):
    """The thresholds of one gateway."""

    schema_: Literal["parley/tripwires"] = Field(default="parley/tripwires", alias="schema")
    wires: Annotated[Many[Tripwire], Field(max_length=100)]

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({wire.id for wire in self.wires}) != len(self.wires):
            raise ValueError("wire ids must be distinct")
        return self

    @property
    def longest(self) -> int:
        """Seconds for which observations matter."""
        return max((wire.window_seconds for wire in self.wires), default=0)


@dataclass(frozen=True, slots=True)
class Observation:
    """One thing that happened at `at` (unix seconds). `agents`: the one concerned, or buyer and seller of
    a deal of `amount` base units in `token`. `group` is the domain of a deal, or what a revealed bid says;
    `first` whether an agreement took the first offer.
    """

    kind: Literal["refusal", "equivocation", "opened", "disputed", "agreed", "bid"]
    at: int
    agents: tuple[Address, ...]
    amount: int = 0
    token: str = ""
    group: str = ""
    first: bool = False


class Alarm(Document):
    """A threshold that was crossed: by whom, how far, when. Amounts in base units."""

    schema_: Literal["parley/alarm"] = Field(default="parley/alarm", alias="schema")
    wire: Tripwire
    subjects: Many[Address]
    value: Amount
    raised_at: Count


Counted = dict[tuple[Address, ...], int]


def alarms(wires: Iterable[Tripwire], observations: Iterable[Observation], now: int) -> list[Alarm]:
    """Every threshold that is crossed at `now`, wire by wire, subjects in ascending order."""
    seen = sorted(observations, key=lambda found: found.at)
    found = []
    for wire in wires:
        inside = [one for one in seen if now - wire.window_seconds < one.at <= now]
        counted = _COUNTERS[wire.metric](wire, inside)
        found += [
            Alarm(wire=wire, subjects=subjects, value=value, raised_at=now)
            for subjects, value in sorted(counted.items())
            if value > wire.threshold
        ]
    return found


def _subjects(wire: Tripwire, seen: Observation) -> list[tuple[Address, ...]]:
    if wire.scope == "all":
        return [()]
    if wire.scope == "agent":
        return [(agent,) for agent in seen.agents]
    return [tuple(sorted(seen.agents))]


def _count(kind: str) -> Callable[[Tripwire, list[Observation]], Counted]:
    def counter(wire: Tripwire, inside: list[Observation]) -> Counted:
        found: Counted = defaultdict(int)
        for seen in inside:
            if seen.kind == kind:
                for subjects in _subjects(wire, seen):
                    found[subjects] += 1
        return found

    return counter


def _volume(wire: Tripwire, inside: list[Observation]) -> Counted:
    found: Counted = defaultdict(int)
    for seen in inside:
        if seen.kind == "opened":
            for subjects in _subjects(wire, seen):
                found[subjects] += seen.amount
    return found


def _disputes(wire: Tripwire, inside: list[Observation]) -> Counted:
    opened, disputed = _count("opened")(wire, inside), _count("disputed")(wire, inside)
    return {
        subjects: count * PPM // max(opened.get(subjects, 0), count)
        for subjects, count in disputed.items()
        if opened.get(subjects, 0) >= wire.minimum
    }


def _concentration(wire: Tripwire, inside: list[Observation]) -> Counted:
    with_each: dict[Address, dict[Address, int]] = defaultdict(lambda: defaultdict(int))
    deals: dict[Address, int] = defaultdict(int)
    for seen in inside:
        if seen.kind == "opened":
            buyer, seller = seen.agents
            for one, other in ((buyer, seller), (seller, buyer)):
                with_each[one][other] += seen.amount
                deals[one] += 1
    return {
        (agent,): max(shares.values()) * PPM // max(1, sum(shares.values()))
        for agent, shares in with_each.items()
        if deals[agent] >= wire.minimum
    }


def _circular(wire: Tripwire, inside: list[Observation]) -> Counted:
    sold: dict[tuple[Address, Address, str], int] = defaultdict(int)
    for seen in inside:
        if seen.kind == "opened":
            buyer, seller = seen.agents
            sold[buyer, seller, seen.token] += seen.amount
    found: Counted = defaultdict(int)
    for (buyer, seller, token), amount in sold.items():
        if buyer < seller:
            found[buyer, seller] += min(amount, sold.get((seller, buyer, token), 0))
    return found


def _both(seen: Observation) -> tuple[Address, Address]:
    one, other = seen.agents
    return one, other


_COUNTERS: Mapping[Metric, Callable[[Tripwire, list[Observation]], Counted]] = {
    "refusals": _count("refusal"),
    "equivocations": _count("equivocation"),
    "disputes-ppm": _disputes,
    "volume": _volume,
    "concentration-ppm": _concentration,
    "circular-volume": _circular,
    "ring-volume": lambda _, inside: ring_volume(
        (*_both(seen), seen.amount, seen.token) for seen in inside if seen.kind == "opened"
    ),
    "unopposed-ppm": lambda wire, inside: unopposed(
        ((_both(seen), seen.first) for seen in inside if seen.kind == "agreed"), wire.minimum
    ),
    "mirrored-bids": lambda _, inside: mirrored(
        (seen.agents[0], seen.group) for seen in inside if seen.kind == "bid"
    ),
    "deviation-ppm": lambda wire, inside: deviation(
        (
            (_both(seen), seen.amount, f"{seen.group} {seen.token}")
            for seen in inside
            if seen.kind == "opened" and seen.group
        ),
        wire.minimum,
    ),
}
