"""Agents in the sealed protocols: bids, rankings and lots by wallets with journals, through a gateway."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from parley.agents.attending import HonestAttendance
from parley.agents.bonds import on_chain
from parley.agents.errors import BondNotOpen, GuardRefused, SealMissing
from parley.agents.gatekeeper import Guard
from parley.agents.knowledge import StaticKnowledge
from parley.agents.seals import SealedMoves
from parley.agents.session import NegotiationSession
from parley.chain.escrow import DealState, EscrowContract, Status
from parley.negotiation.errors import SealRepeated
from parley.negotiation.space import Space
from parley.negotiation.utility import Profile
from parley.policy.budget import Budget
from parley.policy.errors import BudgetExceeded
from parley.terms.bonds import bond_deal_id
from parley.terms.domain import Domain
from parley.terms.opening import Opening, Party
from parley.terms.values import Address, Hash32

WINDOWS = {"commit_seconds": 300, "reveal_seconds": 300, "award_seconds": 300}
ROLES = ("requester", "north", "south")


class Market:
    """Three agents of a world, each with its session of one negotiation."""

    def __init__(
        self, world: Any, domain: Domain, guards: dict[str, Guard] | None = None, **more: Any
    ) -> None:
        self.world, self.domain = world, domain
        names = (*ROLES, "mediator")
        self.wallets = {name: world.wallet(name, guard=(guards or {}).get(name)) for name in names}
        gateway = world.gateway
        addresses: dict[str, Address] = {name: wallet.address for name, wallet in self.wallets.items()}
        self.opening = Opening(
            domain=domain.hash(),
            parties=tuple(Party(role=role, address=addresses[role], epoch=0) for role in ROLES),
            first="requester",
            initiator=addresses["requester"],
            opened_at=world.clock.now,
            deadline=world.clock.now + domain.limits.deadline_seconds,
            chain_id=31_337,
            escrow=self.wallets["requester"].escrow,
            gateways=(gateway.receipts.gateway,),
            reviewers=more.pop("reviewers", ()),
            mediator=None if domain.mediation is None else addresses["mediator"],
            nonce=Hash32("0x" + "44" * 32),
            **more,
        )
        channels = {name: world.channel(wallet) for name, wallet in self.wallets.items()}
        first = NegotiationSession.start(
            domain, self.opening, self.wallets["requester"], channels["requester"]
        )
        self.sessions = {"requester": first}
        for name in names[1:] if domain.mediation is not None else ROLES[1:]:
            self.sessions[name] = NegotiationSession.join(first.id, self.wallets[name], channels[name])

    def as_(self, name: str) -> SealedMoves:
        session = self.sessions[name]
        session.sync()
        return SealedMoves(session)

    def status(self) -> str:
        for session in self.sessions.values():
            session.sync()
        assert len({session.state.hash() for session in self.sessions.values()}) == 1
        return self.sessions["requester"].status


def _settlement(seller: str) -> dict[str, Any]:
    zero = "0x" + "00" * 20
    return {
        "buyer": "requester", "seller": seller, "token": "0x" + "70" * 20, "arbiter": zero,
        "relayer": zero, "price": {"issue": "price"}, "seller_bond": 0, "arbiter_fee": 0, "relay_fee": 0,
        "cancel_by": 0, "review_window": 3_600, "dispute_window": 3_600, "ruling_window": 3_600,
        "rejected_seller_bps": 0, "lapsed_seller_bps": 5_000, "walk_away_bps": 5_000, "payout": 0,
        "milestones": [{"amount": {"rest": True}, "deliver_by": {"add": [{"var": "open_by"}, 86_400]}}],
    }  # fmt: skip


@pytest.fixture
def lease3(make_lease: Callable[..., Domain]) -> Callable[..., Domain]:
    return lambda **changes: make_lease(roles=list(ROLES), **changes)


@pytest.fixture
def auction(lease3: Callable[..., Domain]) -> Domain:
    section = {"requester": "requester", "side": "buy", "price": "price", "min_bids": 1, **WINDOWS}
    return lease3(protocol="sealed-bid", auction=section, settlements=[_settlement("winner")])


def _values(price: int) -> dict[str, int | str]:
    return {"price": price, "hours": 10}


def test_an_auction_and_the_deal_with_its_winner(world: Any, auction: Domain) -> None:
    market = Market(world, auction)
    assert not market.sessions["requester"].my_turn
    market.as_("north").bid(_values(4_000_000))
    with pytest.raises(SealRepeated):
        market.as_("north").bid(_values(2_000_000))
    market.as_("south").bid(_values(3_000_000))
    market.as_("south").reveal()
    market.as_("north").reveal()
    market.as_("requester").award()
    market.as_("south").session.accept()
    assert market.status() == "ACCEPTED"
    session, wallet = market.sessions["south"], market.wallets["south"]
    signed = wallet.sign_deal(session.machine, session.state, 0, None, fund=False)
    assert (signed.deal.seller, signed.deal.price) == (wallet.address, 4_000_000)
    loser = market.sessions["north"]
    with pytest.raises(GuardRefused):
        market.wallets["north"].sign_deal(loser.machine, loser.state, 0, None, fund=False)


def test_a_seal_survives_its_agent(world: Any, auction: Domain) -> None:
    market = Market(world, auction)
    market.as_("north").bid(_values(4_000_000))
    market.as_("south").bid(_values(3_000_000))
    wallet = market.wallets["north"]
    again = NegotiationSession.join(market.sessions["north"].id, wallet, world.channel(wallet))
    SealedMoves(again).reveal()  # from the journal alone
    market.as_("south").reveal()
    assert market.as_("requester").draft_award().values["price"] == "4000000"


def test_the_budget_of_a_requester_holds_for_an_award(world: Any, auction: Domain) -> None:
    guards = {"requester": Guard(budget=Budget(limit=3_500_000))}
    market = Market(world, auction, guards)
    market.as_("north").bid(_values(4_000_000))
    market.as_("south").bid(_values(3_000_000))
    for name in ("north", "south"):
        market.as_(name).reveal()
    with pytest.raises(BudgetExceeded):
        market.as_("requester").award()
    assert market.sessions["requester"].state.offer is None


def test_rankings_by_mediator(world: Any, lease3: Callable[..., Domain]) -> None:
    domain = lease3(protocol="mediated", mediation={"max_candidates": 4, **WINDOWS}, settlements=[])
    market = Market(world, domain)
    candidates = [_values(price) for price in (1_000_000, 2_000_000, 3_000_000)]
    market.as_("mediator").call(candidates)
    for name, ranking in (("requester", (0, 1)), ("north", (2, 1)), ("south", (1,))):
        market.as_(name).rank(ranking)
    for name in ROLES:
        market.as_(name).reveal()
    market.as_("mediator").award()
    for name in ROLES:
        market.as_(name).session.accept()
    assert market.status() == "ACCEPTED"
    assert market.sessions["north"].standing_values == _values(2_000_000)


def test_a_draw(world: Any, lease3: Callable[..., Domain]) -> None:
    market = Market(world, lease3(settlements=[]), draw=True)
    with pytest.raises(SealMissing):
        market.as_("north").reveal()
    for name in ROLES:
        assert not market.as_(name).session.my_turn
        market.as_(name).draw()
    for name in ROLES:
        market.as_(name).reveal()
    assert market.status() == "INIT"
    first = market.sessions["north"].state.turn
    assert market.sessions[first].my_turn
    market.as_(first).session.offer(_values(2_000_000))
    with pytest.raises(SealMissing):
        market.as_("north").draft_award()


def test_no_award_counts_on_a_bond_that_is_not_open(
    world: Any, lease3: Callable[..., Domain], make_profile: Callable[..., Profile]
) -> None:
    zero, token = "0x" + "00" * 20, "0x" + "70" * 20
    bond = {
        "token": token, "amount": "500000", "beneficiary": "0x" + "b0" * 20, "arbiter": zero,
        "arbiter_fee": "0", "relayer": zero, "relay_fee": "0", "claim_seconds": 600, "review_window": 600,
        "dispute_window": 600, "ruling_window": 600,
    }  # fmt: skip
    section = {
        "requester": "requester", "side": "buy", "price": "price", "min_bids": 1, "bond": bond, **WINDOWS,
    }  # fmt: skip
    domain = lease3(protocol="sealed-bid", auction=section, settlements=[_settlement("winner")])
    market = Market(world, domain)
    words: dict[str, Status] = {}

    class Chain:
        def state_of(self, deal_id: str) -> DealState:
            return DealState(words.get(deal_id, Status.UNOPENED), 0, 0, 0, 0, 0, 500_000)

    requester = market.wallets["requester"]
    requester.knowledge = StaticKnowledge(standings=on_chain(cast(EscrowContract, Chain())))
    market.as_("north").bid(_values(4_000_000))
    market.as_("south").bid(_values(3_000_000))
    for name in ("north", "south"):
        market.as_(name).reveal()
    bonds = {name: bond_deal_id(domain, market.opening, name) for name in ("north", "south")}
    words[bonds["south"]] = Status.OPEN
    with pytest.raises(BondNotOpen) as caught:
        market.as_("requester").award()
    assert caught.value.values == {"roles": ["north"], "bonds": [bonds["north"]]}
    words[bonds["north"]] = Status.CLOSED
    session = market.sessions["requester"]
    attendance = HonestAttendance(session, Space(domain, make_profile(domain, "requester")))
    assert attendance.act() is None, "it waits, and awards nothing"
    assert session.state.offer is None
    words[bonds["north"]] = Status.OPEN
    market.as_("requester").award()
    market.as_("south").session.accept()
    assert market.status() == "ACCEPTED"
