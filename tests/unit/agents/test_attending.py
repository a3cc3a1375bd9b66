"""Agents that run by themselves take their part in auctions, coalitions and draws."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from test_seals import ROLES, WINDOWS, Market, _settlement

from parley.agents.conduct import Plan, Report
from parley.agents.runner import AgentRunner
from parley.agents.seals import SealedMoves
from parley.negotiation.status import Reason
from parley.negotiation.strategies import make_strategy
from parley.terms.domain import Domain
from parley.terms.message import Performative
from parley.terms.payloads import Approve


class Crowd:
    """A runner for each party of a market, looking around in turn until nothing happens."""

    def __init__(self, market: Market, make_profile: Any, reservations: dict[str, int]) -> None:
        self.market = market
        self.reports: list[Report] = []
        self.runners = []
        for role in ROLES:
            wallet = market.wallets[role]
            self.runners.append(
                AgentRunner(
                    market.world.connect(wallet),
                    wallet,
                    self._planner(make_profile, role, reservations[role]),
                    watch=self.reports.append,
                )
            )

    @staticmethod
    def _planner(make_profile: Any, role: str, reservation: int) -> Callable[[Any, Any], Plan]:
        def plan(domain: Any, opening: Any) -> Plan:
            wanted = make_profile(domain, "buyer" if role == "requester" else "seller", reservation)
            return Plan(wanted.model_copy(update={"role": role}), make_strategy("boulware"), seed=1)

        return plan

    def settle_down(self) -> None:
        for _ in range(40):
            before = self.market.world.gateway.store.last_position()
            for runner in self.runners:
                runner.look_around()
            if self.market.world.gateway.store.last_position() == before:
                return
        raise AssertionError("the agents never came to rest")

    def kinds(self) -> list[str]:
        return [report.kind for report in self.reports]


@pytest.fixture
def auction(make_lease: Callable[..., Domain]) -> Callable[..., Domain]:
    section = {"requester": "requester", "side": "buy", "price": "price", "min_bids": 1, **WINDOWS}

    def build(**more: Any) -> Domain:
        return make_lease(
            roles=list(ROLES),
            protocol="sealed-bid",
            auction=section,
            settlements=[_settlement("winner")],
            **more,
        )

    return build


EASY = {"requester": 100_000, "north": 400_000, "south": 300_000}


def test_an_auction_runs_by_itself(world: Any, auction: Any, make_profile: Any) -> None:
    market = Market(world, auction())
    crowd = Crowd(market, make_profile, EASY)
    crowd.settle_down()
    assert market.status() == "ACCEPTED"
    kinds = crowd.kinds()
    assert [kinds.count(kind) for kind in ("bid", "revealed", "awarded", "accepted")] == [2, 2, 1, 1]
    sealed = market.sessions["south"].state.sealed
    assert sealed is not None
    assert sealed.winner == "south"  # content with less, it bid lower
    assert "guard_refused" not in kinds
    assert "deal_signed" in kinds


def test_bidders_for_which_nothing_is_worth_it_leave(world: Any, auction: Any, make_profile: Any) -> None:
    issues = [
        {"name": "price", "type": "amount", "min": "1000000", "max": "9000000", "step": "10000"},
        {"name": "hours", "type": "integer", "min": 20, "max": 100, "step": 10},
    ]
    market = Market(world, auction(issues=issues))
    crowd = Crowd(market, make_profile, {**EASY, "north": 1_000_000, "south": 1_000_000})
    crowd.settle_down()
    assert market.status() == "TERMINATED"
    assert crowd.kinds().count("withdrew") == 2
    assert market.sessions["requester"].state.reason is Reason.NO_BIDS


def test_a_requester_that_cannot_live_with_the_award_withdraws(
    world: Any, auction: Any, make_profile: Any
) -> None:
    market = Market(world, auction())
    crowd = Crowd(market, make_profile, {**EASY, "requester": 990_000})
    crowd.settle_down()
    assert market.status() == "TERMINATED"
    assert "withdrew" in crowd.kinds()


def test_an_award_over_the_threshold_waits_for_its_reviewer(
    world: Any, auction: Any, make_profile: Any, make_signer: Any
) -> None:
    reviewer = world.wallet("reviewer")
    market = Market(world, auction(approval=1), reviewers=(reviewer.address,))
    crowd = Crowd(market, make_profile, EASY)
    crowd.settle_down()
    session = market.sessions["requester"]
    session.sync()
    assert session.state.hold is not None
    terms = session.state.hold.terms
    assert terms is not None
    judging = type(session).join(session.id, reviewer, world.channel(reviewer))
    approve = Approve(
        salt=judging.salt(), terms=terms, expires_at=world.clock.now + 900, reason="within budget"
    )
    judging.say(Performative.APPROVE, approve)
    crowd.settle_down()
    assert market.status() == "ACCEPTED"


def test_a_coalition_and_a_draw_run_by_themselves(
    world: Any, make_lease: Callable[..., Domain], make_profile: Any
) -> None:
    mediation = {"max_candidates": 4, **WINDOWS}
    domain = make_lease(roles=list(ROLES), protocol="mediated", mediation=mediation, settlements=[])
    market = Market(world, domain)
    crowd = Crowd(market, make_profile, EASY)
    mediator = SealedMoves(market.sessions["mediator"])
    mediator.call([{"price": price, "hours": 50} for price in (3_000_000, 5_000_000, 7_000_000)])
    crowd.settle_down()
    assert crowd.kinds().count("ranked") == 3
    market.as_("mediator").award()
    crowd.settle_down()
    assert market.status() == "ACCEPTED"


def test_a_draw_runs_by_itself(world: Any, make_lease: Callable[..., Domain], make_profile: Any) -> None:
    market = Market(world, make_lease(roles=list(ROLES), settlements=[]), draw=True)
    crowd = Crowd(market, make_profile, EASY)
    crowd.settle_down()
    assert crowd.kinds().count("drew") == 3
    assert market.sessions["north"].sync() is not None
    assert market.sessions["north"].offers
