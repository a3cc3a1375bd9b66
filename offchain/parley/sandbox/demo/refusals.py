"""What the hard rules forbid, shown where it counts: the key guard does not sign it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parley.agents.agent import Agent, Talk
from parley.agents.errors import GuardRefused
from parley.agents.gatekeeper import Guard
from parley.agents.knowledge import StaticKnowledge
from parley.policy.facts import Counterparty
from parley.policy.service import PolicyEngine
from parley.reputation.fold import NEWCOMER_PPM
from parley.sandbox.demo.cast import Player
from parley.sandbox.demo.stage import Stage
from parley.sandbox.demo.words import price_of, usd
from parley.scenarios.compute_lease import BUDGET, ComputeLease, Seller
from parley.terms.domain import IssueValue

Values = dict[str, IssueValue]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An offer that the guard was asked to sign, the rule that has to refuse it, and what the rules that
    spoke said: reasons by id, empty when it signed.
    """

    attempt: str
    rule: str
    said: Mapping[str, str]

    @property
    def refused(self) -> bool:
        """Whether it was refused, and by the rule that is there for it."""
        return self.rule in self.said

    @property
    def answer(self) -> str:
        if self.refused:
            return f"{self.rule}: {self.said[self.rule]}"
        return f"refused by {', '.join(self.said)}" if self.said else "the guard signed it"


def attempts(stage: Stage, lease: ComputeLease, buyer: Player, seller: Player) -> list[Refusal]:
    """Asks a guard with the buyer's policy and budget for an upfront payment to a newcomer, and for more than
    60 % of the budget with one seller.
    """
    provider = lease.sellers[0]
    upfront = _values(provider, gpu_hours=500, payment="upfront")
    most = _values(provider, gpu_hours=3_600, payment="on_delivery")
    with _agent(stage, lease, buyer, seller, provider) as agent:
        talk = agent.open(lease.domain(provider), seller.address)
        found = [
            _attempt(talk, "payment upfront to a newcomer", "upfront-needs-reputation", upfront),
            _attempt(
                talk,
                f"{usd(price_of(most))} of {usd(BUDGET.limit)} USD with one seller",
                "budget-per-seller",
                most,
            ),
        ]
        talk.withdraw("shown what is forbidden")
    return found


def _values(provider: Seller, *, gpu_hours: int, payment: str) -> Values:
    return {
        "gpu": provider.gpus[0],
        "usd_per_gpu_hour": 2_400_000,
        "gpu_hours": gpu_hours,
        "start_day": 3,
        "support": "business",
        "payment": payment,
    }


def _agent(stage: Stage, lease: ComputeLease, buyer: Player, seller: Player, provider: Seller) -> Agent:
    newcomer = Counterparty(
        address=seller.address,
        jurisdiction=provider.jurisdiction,
        region=provider.region,
        reputation_ppm=NEWCOMER_PPM,
    )
    return Agent(
        stage.url,
        buyer.signer,
        stage.folder.agents / f"{buyer.slug}.sqlite",
        guard=Guard(policy=PolicyEngine(lease.policy), budget=BUDGET),
        knowledge=StaticKnowledge(counterparties={seller.address: newcomer}),
    )


def _attempt(talk: Talk, attempt: str, rule: str, values: Values) -> Refusal:
    try:
        talk.offer(values)
    except GuardRefused as refused:
        findings: list[Mapping[str, Any]] = refused.values.get("findings", [])
        return Refusal(attempt, rule, {str(one["rule"]): str(one["reason"]) for one in findings})
    return Refusal(attempt, rule, {})
