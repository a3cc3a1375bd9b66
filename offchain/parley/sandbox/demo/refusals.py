"""What the hard rules forbid, shown where it counts: the key guard does not sign it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from parley.agents.agent import Agent
from parley.agents.errors import GuardRefused
from parley.agents.gatekeeper import Guard
from parley.agents.knowledge import StaticKnowledge
from parley.policy.errors import BudgetExceeded
from parley.policy.facts import Counterparty
from parley.policy.service import PolicyEngine
from parley.reputation.fold import NEWCOMER_PPM
from parley.sandbox.demo.cast import Player
from parley.sandbox.demo.stage import Stage
from parley.scenarios.compute_lease import BUDGET, ComputeLease
from parley.terms.domain import IssueValue


@dataclass(frozen=True, slots=True)
class Refusal:
    """An offer that the guard was asked to sign, and what it answered; empty when it signed."""

    attempt: str
    answer: str

    @property
    def refused(self) -> bool:
        return bool(self.answer)


def attempts(stage: Stage, lease: ComputeLease, buyer: Player, seller: Player) -> list[Refusal]:
    """Asks a guard with the buyer's policy and budget for an upfront payment to a newcomer, and for more than 60 % of
    the budget with one seller.
    """
    provider = lease.sellers[0]
    domain = lease.domain(provider)
    usual: dict[str, IssueValue] = {
        "gpu": provider.gpus[0],
        "usd_per_gpu_hour": 2_400_000,
        "gpu_hours": 500,
        "start_day": 3,
        "support": "business",
        "payment": "on_delivery",
    }
    asked = {
        "payment upfront to a newcomer": {**usual, "payment": "upfront"},
        "8 640.00 of 14 000.00 USD with one seller": {**usual, "gpu_hours": 3_600},
    }
    newcomer = Counterparty(
        address=seller.address,
        jurisdiction=provider.jurisdiction,
        region=provider.region,
        reputation_ppm=NEWCOMER_PPM,
    )
    guard = Guard(policy=PolicyEngine(lease.policy), budget=BUDGET)
    database: Path = stage.folder / f"{buyer.name}.sqlite"
    knowledge = StaticKnowledge(counterparties={seller.address: newcomer})
    found = []
    with Agent(stage.url, buyer.signer, database, guard=guard, knowledge=knowledge) as agent:
        talk = agent.open(domain, seller.address)
        for attempt, values in asked.items():
            try:
                talk.offer(values)
                found.append(Refusal(attempt, ""))
            except (GuardRefused, BudgetExceeded) as refused:
                found.append(Refusal(attempt, refused.message))
        talk.withdraw("shown what is forbidden")
    return found
