"""The marketing campaign: a budget agent, a channel agent and a capacity agent settle spend, channels and
delivery window at one table.

What all three accept are joint terms; two linked deals follow from them, which open together or not at all.
A person decides on spend over the threshold before the budget agent offers or accepts it, and a deadlock goes
to the budget's owner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parley.negotiation.simulation import Match, Result, Seat
from parley.negotiation.space import Space
from parley.negotiation.strategies import Strategy, make_strategy
from parley.negotiation.utility import Profile
from parley.policy.facts import Counterparty
from parley.policy.models import Bundle
from parley.scenarios.documents import shipped_bundle, shipped_domain, shipped_profile
from parley.scenarios.gate import Asked, Gate, Person, says_yes
from parley.scenarios.settling import deals_of
from parley.terms.deal import Deal
from parley.terms.domain import Domain
from parley.terms.values import ZERO_ADDRESS, Address

ROLES = ("budget", "channel", "capacity")
STRATEGIES: Mapping[str, str] = {"budget": "linear", "channel": "conceder", "capacity": "linear"}
APPROVAL_OVER = 80_000_000_000
"""Spend above this (base units) needs a person."""


@dataclass(frozen=True, slots=True)
class Campaign:
    """The documents of all three parties; amounts in base units of a six-decimal dollar token."""

    domain: Domain
    profiles: Mapping[str, Profile]
    policies: Mapping[str, Bundle]


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """How it ended: the deals in the order of the domain's settlements, empty without agreement; what the
    budget's person was asked.
    """

    result: Result
    deals: tuple[Deal, ...]
    asked: tuple[Asked, ...]

    @property
    def escalated(self) -> bool:
        """Whether the budget's owner has to decide: no convergence."""
        return self.result.state.held


def campaign(token: Address = ZERO_ADDRESS) -> Campaign:
    """The scenario, settling in `token`."""
    domain = shipped_domain("campaign", token)
    return Campaign(
        domain,
        {role: shipped_profile("campaign", f"{role}.json", domain) for role in ROLES},
        {role: shipped_bundle("campaign", f"{role}-policy.json") for role in ROLES},
    )


def play_campaign(
    scenario: Campaign,
    seed: int = 0,
    person: Person = says_yes,
    strategies: Mapping[str, Strategy] | None = None,
) -> CampaignResult:
    """Plays it in memory, each party under its own policy; deterministic. `person` speaks for the budget's
    owner; `strategies` by role in place of the usual ones.
    """
    chosen = strategies or {role: make_strategy(name) for role, name in STRATEGIES.items()}
    seats = {role: Seat(chosen[role], Space(scenario.domain, scenario.profiles[role])) for role in ROLES}
    match = Match(scenario.domain, seats, seed)
    gates = {
        role: Gate(
            scenario.policies[role],
            match,
            role,
            Counterparty(address=match.address(_other(role))),
            person if role == "budget" else says_yes,
        )
        for role in ROLES
    }
    while match.live:
        gates[match.state.turn].play()
    return CampaignResult(match.result(), deals_of(match), tuple(gates["budget"].asked))


def _other(role: str) -> str:
    return "budget" if role != "budget" else "channel"
