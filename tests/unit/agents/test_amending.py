"""Agents amend a deal that they signed: from the journal, and from how it stands on the chain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from parley.agents.errors import GuardRefused
from parley.agents.gatekeeper import Guard
from parley.agents.knowledge import StaticKnowledge
from parley.agents.session import NegotiationSession
from parley.policy.budget import Budget
from parley.policy.errors import BudgetExceeded
from parley.terms.amendment import amendment_opening
from parley.terms.deal import Deal
from parley.terms.domain import Domain
from parley.terms.errors import DerivationFailed
from parley.terms.remainder import Standing
from parley.terms.values import Hash32

PRICE = 4_000_000


class Pair:
    """Buyer and seller of one deal, and what the chain says of it."""

    def __init__(self, world: Any, domain: Domain, budget: int | None = None) -> None:
        self.world, self.domain = world, domain
        self.standing: Standing | None = None
        knows = StaticKnowledge(standings=lambda deal_id: self.standing)
        guard = Guard() if budget is None else Guard(budget=Budget(limit=budget))
        self.buyer = world.wallet("buyer", guard=guard, knowledge=knows)
        self.seller = world.wallet("seller", knowledge=knows)
        self.opening = world.opening(domain, self.buyer.address, self.seller.address)
        buying, selling = self.sessions(self.opening)
        self.agree(buying, selling, PRICE)
        self.deal = self.sign(buying, selling)

    def sessions(self, opening: Any) -> tuple[NegotiationSession, NegotiationSession]:
        world = self.world
        buying = NegotiationSession.start(self.domain, opening, self.buyer, world.channel(self.buyer))
        return buying, NegotiationSession.join(buying.id, self.seller, world.channel(self.seller))

    @staticmethod
    def agree(buying: NegotiationSession, selling: NegotiationSession, price: int) -> None:
        buying.offer({"price": price, "hours": 50})
        selling.sync()
        selling.accept()
        buying.sync()

    def sign(self, buying: NegotiationSession, selling: NegotiationSession) -> Deal:
        signed = [
            wallet.sign_deal(session.machine, session.state, 0, None, fund=True)
            for wallet, session in ((self.seller, selling), (self.buyer, buying))
        ]
        assert signed[0].deal == signed[1].deal
        return signed[0].deal

    def amending(self) -> Any:
        deal_id = self.deal.deal_id(self.opening.chain_id, self.opening.escrow)
        return amendment_opening(
            self.opening,
            deal_id,
            domain=self.domain.hash(),
            first="buyer",
            initiator=self.buyer.address,
            opened_at=self.world.clock.now,
            deadline=self.world.clock.now + self.domain.limits.deadline_seconds,
            nonce=Hash32("0x" + "77" * 32),
        )


def test_both_sides_sign_the_amendment(world: Any, domain: Domain) -> None:
    pair = Pair(world, domain)
    pair.standing = Standing(milestone=0, locked=pair.deal.buyer_lock + pair.deal.seller_bond)
    opening = pair.amending()
    buying, selling = pair.sessions(opening)
    pair.agree(buying, selling, PRICE + 1_000_000)
    amendment = pair.sign(buying, selling)
    assert amendment.amends == pair.deal.deal_id(pair.opening.chain_id, pair.opening.escrow)
    assert (amendment.amends_milestone, amendment.amends_locked) == (0, PRICE)
    assert amendment.price == PRICE + 1_000_000
    view = world.connect(pair.buyer).negotiation(buying.id)
    assert view.status == "ACCEPTED"
    assert view.agreements == ()  # what it replaces is for its sides to derive


def test_only_the_difference_is_reserved(world: Any, domain: Domain) -> None:
    pair = Pair(world, domain, budget=PRICE + 1_000_000)
    pair.standing = Standing(milestone=0, locked=PRICE)
    buying, _ = pair.sessions(pair.amending())
    with pytest.raises(BudgetExceeded):
        buying.offer({"price": PRICE + 1_010_000, "hours": 50})
    buying.offer({"price": PRICE + 1_000_000, "hours": 50})


@pytest.mark.parametrize("known", [None, Standing(milestone=1, locked=PRICE)])
def test_nobody_signs_about_a_deal_whose_state_is_unknown_or_done(
    world: Any, domain: Domain, known: Standing | None
) -> None:
    pair = Pair(world, domain)
    pair.standing = known
    buying, _ = pair.sessions(pair.amending())
    with pytest.raises((GuardRefused, DerivationFailed)):
        buying.offer({"price": PRICE, "hours": 50})


def test_nobody_amends_a_deal_it_never_signed(
    world: Any, domain: Domain, make_signer: Callable[[str], Any]
) -> None:
    pair = Pair(world, domain)
    pair.standing = Standing(milestone=0, locked=PRICE)
    strange = pair.amending().model_copy(update={"amends": Hash32("0x" + "ee" * 32)})
    buying, _ = pair.sessions(strange)
    with pytest.raises(GuardRefused, match="none that this key signed"):
        buying.offer({"price": PRICE, "hours": 50})


def test_the_chain_moved_between_the_two_signatures(world: Any, domain: Domain) -> None:
    pair = Pair(world, domain)
    pair.standing = Standing(milestone=0, locked=PRICE)
    buying, selling = pair.sessions(pair.amending())
    pair.agree(buying, selling, PRICE)
    seller = pair.seller.sign_deal(selling.machine, selling.state, 0, None, fund=False).deal
    pair.standing = replace(pair.standing, locked=PRICE - 1)
    buyer = pair.buyer.derive_deal(buying.machine, buying.state, 0, None)
    assert (seller.amends_locked, buyer.amends_locked) == (PRICE, PRICE - 1)  # two deals: neither opens
