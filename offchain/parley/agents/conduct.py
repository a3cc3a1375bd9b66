"""How an agent behaves: which plan it has for a negotiation, what it delivers, what it takes for good."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from parley.agents.views import DealView
from parley.negotiation.strategies import Strategy
from parley.negotiation.utility import Profile
from parley.terms.domain import Domain
from parley.terms.opening import Opening
from parley.terms.payloads import Context
from parley.terms.values import Hash32, keccak


@dataclass(frozen=True, slots=True)
class Plan:
    """What an agent wants in one negotiation, and how it goes about it. Private: it never leaves the
    process. `context` gives what its offers say of the data they rest on, for the rationale it is given.
    """

    profile: Profile
    strategy: Strategy
    seed: int = 0
    context: Callable[[str], Context] | None = None


class Planner(Protocol):
    """Decides whether and how to take part in a negotiation."""

    def __call__(self, domain: Domain, opening: Opening) -> Plan | None:
        """The plan; None to leave the negotiation alone."""


@dataclass(frozen=True, slots=True)
class Deliverable:
    """What a seller hands over for a milestone: a document whose hash goes to the escrow."""

    document: Mapping[str, Any]

    @property
    def hash(self) -> Hash32:
        return Hash32.of(keccak(json.dumps(self.document, sort_keys=True, separators=(",", ":")).encode()))


def plain_delivery(deal: DealView) -> Deliverable | None:
    """Delivers every milestone at once, with a note that says which."""
    return Deliverable({"deal": deal.deal_id, "milestone": deal.milestone, "note": "delivered as agreed"})


def satisfied(deal: DealView) -> bool:
    """Takes every delivery for good."""
    return True


@dataclass(frozen=True, slots=True)
class Conduct:
    """What to do once a deal is open. `deliver` gives None to deliver nothing; `inspect` says whether a
    delivery is good; `dispute` whether the seller takes a rejection to the arbiter. `validity` seconds of a
    signed action.
    """

    deliver: Callable[[DealView], Deliverable | None] = plain_delivery
    inspect: Callable[[DealView], bool] = satisfied
    dispute: bool = False
    validity: int = 3_600


@dataclass(frozen=True, slots=True)
class Report:
    """Something an agent did or saw, for whoever watches; free of keys and, but for its own log, of its
    profile.
    """

    kind: str
    negotiation: str | None = None
    deal: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": self.kind, **self.details}
        if self.negotiation is not None:
            found["negotiation"] = self.negotiation
        if self.deal is not None:
            found["deal"] = self.deal
        return found
