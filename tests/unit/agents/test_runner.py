"""Agents that run by themselves, looked at step by step so that nothing depends on time."""

from __future__ import annotations

from typing import Any

from parley.agents.conduct import Plan, Report
from parley.agents.gatekeeper import Guard
from parley.agents.runner import AgentRunner
from parley.agents.session import NegotiationSession
from parley.negotiation.strategies import make_strategy
from parley.policy.budget import Budget
from parley.policy.models import Bundle
from parley.policy.service import PolicyEngine
from parley.terms.payloads import Context, Offer


class Team:
    """A buyer and sellers on one gateway, each driven by looking around in turn."""

    def __init__(self, world: Any, domain: Any, make_profile: Any, **buyer_guard: Any) -> None:
        self.world, self.domain, self.make_profile = world, domain, make_profile
        self.reports: list[Report] = []
        self.buyer = self.runner("buyer", "buyer", "boulware", Guard(**buyer_guard))
        self.sellers: list[AgentRunner] = []

    def runner(self, name: str, role: str, strategy: str, guard: Guard | None = None) -> AgentRunner:
        wallet = self.world.wallet(name, guard=guard or Guard())

        def plan(domain: Any, opening: Any) -> Plan:
            return Plan(self.make_profile(domain, role), make_strategy(strategy), seed=1)

        return AgentRunner(self.world.connect(wallet), wallet, plan, watch=self.reports.append)

    def negotiate_with(self, name: str, strategy: str = "conceder") -> NegotiationSession:
        seller = self.runner(name, "seller", strategy)
        self.sellers.append(seller)
        opening = self.world.opening(
            self.domain, self.buyer.wallet.address, seller.wallet.address, number=len(self.sellers)
        )
        session = NegotiationSession.start(self.domain, opening, self.buyer.wallet, self.buyer.channel)
        self.buyer.begin(session)
        return session

    def settle_down(self, rounds: int = 60) -> None:
        for _ in range(rounds):
            before = self.world.gateway.store.last_position()
            for agent in (self.buyer, *self.sellers):
                agent.look_around()
            if self.world.gateway.store.last_position() == before:
                return
        raise AssertionError("the agents never came to rest")

    def kinds(self, negotiation: str) -> list[str]:
        return [report.kind for report in self.reports if report.negotiation == negotiation]


def test_offers_say_what_data_they_rest_on(world: Any, domain: Any, make_profile: Any) -> None:
    team = Team(world, domain, make_profile)
    wallet = team.buyer.wallet

    def plan(domain: Any, opening: Any) -> Plan:
        context = lambda rationale: Context(rationale=rationale, provenance="stock@1", data_at=7)  # noqa: E731
        return Plan(make_profile(domain, "buyer"), make_strategy("boulware"), seed=1, context=context)

    team.buyer = AgentRunner(world.connect(wallet), wallet, plan, watch=team.reports.append)
    session = team.negotiate_with("seller")
    team.settle_down()
    session.sync()
    told = [m.payload.context for m in session.messages if isinstance(m.payload, Offer)]
    mine = [context for context in told if context is not None and context.data_at is not None]
    assert mine
    assert {(context.provenance, context.data_at) for context in mine} == {("stock@1", 7)}
    assert len(mine) < len(told)  # the seller's say nothing of data


def test_two_strategies_agree_by_themselves(world: Any, domain: Any, make_profile: Any) -> None:
    team = Team(world, domain, make_profile)
    session = team.negotiate_with("seller")
    team.settle_down()
    session.sync()
    assert session.status == "ACCEPTED"
    values = session.standing_values
    assert values is not None
    assert 1_000_000 <= int(values["price"]) <= 9_000_000
    assert "accepted" in team.kinds(session.id)
    signed = [report for report in team.reports if report.kind == "deal_signed"]
    assert [report.details["as"] for report in signed] == ["seller"]


def test_the_same_seed_gives_the_same_talk(world: Any, domain: Any, make_profile: Any) -> None:
    values = []
    for number in range(2):
        team = Team(world, domain, make_profile)
        team.buyer = team.runner(f"buyer{number}", "buyer", "boulware")
        session = team.negotiate_with(f"seller{number}")
        team.settle_down()
        session.sync()
        values.append([dict(made.offer.values) for made in session.offers])
    assert values[0] == values[1]


def test_a_shared_budget_is_never_overspent(world: Any, domain: Any, make_profile: Any) -> None:
    limit = 14_000_000
    team = Team(world, domain, make_profile, budget=Budget(limit=limit, per_counterparty_ppm=400_000))
    sessions = [team.negotiate_with(f"seller{number}") for number in range(4)]
    team.settle_down()
    agreed = 0
    for session in sessions:
        session.sync()
        if session.status == "ACCEPTED" and session.standing_values is not None:
            agreed += int(session.standing_values["price"])
    assert 0 < agreed <= limit
    assert team.buyer.wallet.journal.budget().bound() <= limit


def test_hard_rules_shape_what_is_offered(world: Any, domain: Any, make_profile: Any) -> None:
    rules = [
        {
            "id": "cap",
            "layer": "organisation",
            "severity": "refuse",
            "expression": "price <= 3000000",
            "reason": "too dear",
        }
    ]
    bundle = Bundle.parse({"schema": "parley/policy", "version": 1, "name": "t", "rules": rules})
    team = Team(world, domain, make_profile, policy=PolicyEngine(bundle))
    session = team.negotiate_with("seller")
    team.settle_down()
    session.sync()
    mine = [int(made.offer.values["price"]) for made in session.offers if made.role == "buyer"]
    assert mine
    assert max(mine) <= 3_000_000
    assert "guard_refused" not in team.kinds(session.id)


def test_an_agent_that_has_no_plan_stays_out(world: Any, domain: Any, make_profile: Any) -> None:
    team = Team(world, domain, make_profile)
    session = team.negotiate_with("seller")
    wallet = team.sellers[0].wallet
    silent = AgentRunner(world.connect(wallet), wallet, lambda domain, opening: None)
    silent.look_around()
    session.sync()
    assert len(silent.wallet.journal.transcript(session.id)) <= session.state.sequence
    assert not silent.busy


def test_a_restarted_runner_goes_on(world: Any, domain: Any, make_profile: Any) -> None:
    team = Team(world, domain, make_profile)
    session = team.negotiate_with("seller")
    for _ in range(2):
        for agent in (team.buyer, *team.sellers):
            agent.look_around()
    old = team.buyer
    team.buyer = AgentRunner(world.connect(old.wallet), old.wallet, old._planner, watch=team.reports.append)
    team.settle_down()
    session.sync()
    assert session.status == "ACCEPTED"


def test_an_agreement_the_seller_never_signs_frees_the_budget(
    world: Any, domain: Any, make_profile: Any
) -> None:
    team = Team(world, domain, make_profile, budget=Budget(limit=9_000_000))
    session = team.negotiate_with("seller")
    seller = team.sellers[0]
    seller._signing.attend = lambda _: False  # type: ignore[method-assign]
    team.settle_down()
    session.sync()
    assert session.status == "ACCEPTED"
    ledger = team.buyer.wallet.journal
    assert ledger.budget().bound() > 0
    world.clock.now = session.state.last_sent_at + domain.limits.open_window_seconds + 1
    team.buyer.look_around()
    assert "reneged" in team.kinds(session.id)
    assert ledger.budget().bound() == 0
    assert not team.buyer.bargaining
