"""The key guard: no signature passes policy, approval or budget, whatever asks for it."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parley.agents.approvals import ApprovalFolder, ApprovalRequest, Reviewer
from parley.agents.errors import ApprovalRequired, GuardRefused, JournalConflict
from parley.agents.gatekeeper import Guard
from parley.agents.knowledge import StaticKnowledge
from parley.agents.session import NegotiationSession
from parley.negotiation.machine import Machine
from parley.policy.budget import Budget
from parley.policy.errors import BudgetExceeded
from parley.policy.facts import Counterparty
from parley.policy.models import Bundle
from parley.policy.service import PolicyEngine
from parley.scenarios.campaign import campaign
from parley.terms.actions import Receipt, Refund, Split, receive_authorization_digest
from parley.terms.eip712 import domain_separator
from parley.terms.errors import DealInvalid
from parley.terms.opening import Party
from parley.terms.signing import LocalSigner, recover
from parley.terms.values import Address, Hash32

CHAIN = 31_337
ESCROW = "0x" + "e5" * 20
TOKEN = "0x" + "70" * 20


def bundle(*rules: dict[str, Any]) -> PolicyEngine:
    body = {"schema": "parley/policy", "version": 1, "name": "test", "rules": list(rules)}
    return PolicyEngine(Bundle.parse(body))


def rule(name: str, expression: str, severity: str = "refuse") -> dict[str, Any]:
    return {
        "id": name,
        "layer": "organisation",
        "severity": severity,
        "expression": expression,
        "reason": f"{name} must hold",
    }


CAP = rule("price-cap", "price <= 5000000")
ASK = rule("big-needs-approval", "price <= 4000000 || approved", "escalate")


def pair(
    world: Any, domain: Any, number: int = 1, seller: str = "seller", wallet: Any = None, **guard: Any
) -> Any:
    buyer = wallet or world.wallet("buyer", guard=Guard(**guard))
    other = world.wallet(f"{seller}{number}")
    opening = world.opening(domain, buyer.address, other.address, number=number)
    ours = NegotiationSession.start(domain, opening, buyer, world.channel(buyer))
    return ours, NegotiationSession.join(ours.id, other, world.channel(other))


def test_a_rule_stops_the_offer_and_names_itself(world: Any, domain: Any) -> None:
    buyer, _ = pair(world, domain, policy=bundle(CAP))
    with pytest.raises(GuardRefused) as refused:
        buyer.offer({"price": 5_010_000, "hours": 50})
    assert refused.value.values["findings"][0]["rule"] == "price-cap"
    assert buyer.wallet.journal.intended(buyer.id, 1) is None
    assert buyer.offer({"price": 5_000_000, "hours": 50})


def test_nobody_offers_a_deal_that_may_be_due_before_it_is_open(world: Any, domain: Any) -> None:
    document = domain.as_json()
    document["settlements"][0]["milestones"] = [{"amount": {"rest": True}, "deliver_by": {"var": "open_by"}}]
    buyer, _ = pair(world, type(domain).parse(document))
    with pytest.raises(DealInvalid) as refused:
        buyer.offer({"price": 5_000_000, "hours": 50})
    assert refused.value.values["error"] == "DeadlineBeforeOpening"
    assert buyer.wallet.journal.intended(buyer.id, 1) is None


def test_a_rule_stops_the_acceptance_too(world: Any, domain: Any) -> None:
    buyer, seller = pair(world, domain, policy=bundle(CAP))
    buyer.offer({"price": 3_000_000, "hours": 50})
    seller.sync()
    seller.offer({"price": 6_000_000, "hours": 50})
    buyer.sync()
    with pytest.raises(GuardRefused):
        buyer.accept()
    assert buyer.wallet.journal.intended(buyer.id, 3) is None


def test_a_rule_that_errs_refuses(world: Any, domain: Any) -> None:
    buyer, _ = pair(
        world, domain, policy=bundle(rule("unknown-fact", "counterparty.reputation_ppm >= 800000"))
    )
    with pytest.raises(GuardRefused):
        buyer.offer({"price": 3_000_000, "hours": 50})


def test_known_facts_let_it_pass(world: Any, domain: Any) -> None:
    other = world.wallet("seller1").address
    knowledge = StaticKnowledge({other: Counterparty(address=other, reputation_ppm=900_000)})
    guard = Guard(policy=bundle(rule("reputation", "counterparty.reputation_ppm >= 800000")))
    wallet = world.wallet("buyer", guard=guard, knowledge=knowledge)
    buyer, _ = pair(world, domain, wallet=wallet)
    assert buyer.offer({"price": 3_000_000, "hours": 50})


def test_approval_is_asked_for_exact_terms_before_the_offer_is_sent(
    world: Any, domain: Any, make_signer: Any
) -> None:
    asked: list[ApprovalRequest] = []

    def decide(request: ApprovalRequest) -> bool:
        asked.append(request)
        return True

    reviewer = Reviewer(make_signer("reviewer"), CHAIN, decide, world.clock)
    buyer, seller = pair(
        world, domain, policy=bundle(CAP, ASK), approvals=reviewer, reviewers=(reviewer.address,)
    )
    buyer.offer({"price": 4_000_000, "hours": 50})
    assert asked == []
    seller.sync()
    seller.offer({"price": 4_500_000, "hours": 50})
    buyer.sync()
    buyer.accept()
    [request] = asked
    assert (request.price, request.agent) == (4_500_000, buyer.wallet.address)
    assert request.terms["values"]["price"] == "4500000"
    [kept] = buyer.wallet.journal.approvals(buyer.id)
    assert kept.core.terms_hash == request.terms_hash


def test_without_an_answer_nothing_is_signed(world: Any, domain: Any, tmp_path: Any) -> None:
    folder = ApprovalFolder(tmp_path / "approvals")
    buyer, _ = pair(world, domain, policy=bundle(ASK), approvals=folder, reviewers=())
    with pytest.raises(ApprovalRequired):
        buyer.offer({"price": 4_500_000, "hours": 50})
    [request] = folder.requests()
    assert request["price"] == "4500000"


def test_an_answer_in_the_folder_is_found(world: Any, domain: Any, tmp_path: Any, make_signer: Any) -> None:
    folder = ApprovalFolder(tmp_path / "approvals")
    reviewer = Reviewer(make_signer("reviewer"), CHAIN, lambda request: True, world.clock)
    buyer, _ = pair(world, domain, policy=bundle(ASK), approvals=folder, reviewers=(reviewer.address,))
    draft = buyer.draft({"price": 4_500_000, "hours": 50})
    with pytest.raises(ApprovalRequired):
        buyer.send_offer(draft)
    [waiting] = folder.requests()
    request = ApprovalRequest(
        negotiation=waiting["negotiation"],
        terms_hash=waiting["terms_hash"],
        agent=waiting["agent"],
        counterparty=waiting["counterparty"],
        price=int(waiting["price"]),
        terms=waiting["terms"],
        findings=(),
        asked_at=0,
    )
    folder.decide(reviewer.sign(request, True))
    assert buyer.send_offer(draft).core.sequence == 1
    assert folder.requests() == []


@pytest.mark.parametrize("fault", ["refused", "stranger", "expired", "forged"])
def test_a_wrong_approval_signs_nothing(world: Any, domain: Any, make_signer: Any, fault: str) -> None:
    reviewer = Reviewer(make_signer("reviewer"), CHAIN, lambda request: fault != "refused", world.clock)
    known = make_signer("somebody else").address if fault == "stranger" else reviewer.address

    class Desk:
        def ask(self, request: ApprovalRequest) -> Any:
            found = reviewer.ask(request)
            assert found is not None
            if fault == "expired":
                world.clock.now = found.core.expires_at + 1
            if fault == "forged":
                return found.model_copy(update={"signature": "0x" + "11" * 65})
            return found

    buyer, _ = pair(world, domain, policy=bundle(ASK), approvals=Desk(), reviewers=(known,))
    with pytest.raises(GuardRefused):
        buyer.offer({"price": 4_500_000, "hours": 50})
    assert buyer.wallet.journal.intended(buyer.id, 1) is None


def test_concurrent_negotiations_share_one_budget(world: Any, domain: Any) -> None:
    wallet = world.wallet("buyer", guard=Guard(budget=Budget(limit=10_000_000, per_counterparty_ppm=600_000)))
    first, _ = pair(world, domain, 1, wallet=wallet)
    second, _ = pair(world, domain, 2, wallet=wallet)
    third, _ = pair(world, domain, 3, wallet=wallet)
    with pytest.raises(BudgetExceeded):
        first.offer({"price": 6_010_000, "hours": 50})
    first.offer({"price": 6_000_000, "hours": 50})
    second.offer({"price": 4_000_000, "hours": 50})
    with pytest.raises(BudgetExceeded):
        third.offer({"price": 1_000_000, "hours": 50})
    second.withdraw("too dear")
    wallet.release(second.id)
    assert third.offer({"price": 1_000_000, "hours": 50})
    assert wallet.journal.budget().bound() == 7_000_000


def test_the_budget_outlives_the_process(world: Any, domain: Any) -> None:
    store = world.store("buyer")
    guard = Guard(budget=Budget(limit=5_000_000))
    buyer, _ = pair(world, domain, 1, wallet=world.wallet("buyer", store, guard=guard))
    buyer.offer({"price": 4_000_000, "hours": 50})
    other, _ = pair(world, domain, 2, wallet=world.wallet("buyer", store, guard=guard))
    with pytest.raises(BudgetExceeded):
        other.offer({"price": 2_000_000, "hours": 50})


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_sequence_of_offers_overspends(world: Any, domain: Any, data: Any) -> None:
    world.numbers = getattr(world, "numbers", 100)
    limit = 12_000_000
    world.numbers += 10
    name = f"buyer{world.numbers}"
    wallet = world.wallet(name, guard=Guard(budget=Budget(limit=limit, per_counterparty_ppm=600_000)))
    sessions = [pair(world, domain, world.numbers + at, wallet=wallet)[0] for at in range(3)]
    for _ in range(6):
        session = data.draw(st.sampled_from(sessions))
        price = data.draw(st.integers(100, 900)) * 10_000
        if session.my_turn:
            with contextlib.suppress(BudgetExceeded):
                session.offer({"price": price, "hours": 50})
        else:
            session.withdraw("enough") if session.state.live else None
            wallet.release(session.id)
        bound = sum(
            (s.standing_values or {"price": 0})["price"] for s in sessions if s.state.live and s.state.offer
        )
        assert bound <= limit
        assert bound == wallet.journal.budget().bound()


def agreed(world: Any, domain: Any, **guard: Any) -> Any:
    buyer, seller = pair(world, domain, **guard)
    buyer.offer({"price": 3_000_000, "hours": 50})
    seller.sync()
    seller.accept()
    buyer.sync()
    return buyer, seller


def test_a_deal_is_signed_once(world: Any, domain: Any) -> None:
    buyer, seller = agreed(world, domain, budget=Budget(limit=5_000_000))
    first = seller.wallet.sign_deal(seller.machine, seller.state, 0, None, fund=True)
    again = seller.wallet.sign_deal(seller.machine, seller.state, 0, None, fund=True)
    assert first == again
    with pytest.raises(JournalConflict):
        seller.wallet.sign_deal(seller.machine, seller.state, 0, first.deal.open_by - 1, fund=True)
    signed = buyer.wallet.sign_deal(buyer.machine, buyer.state, 0, first.deal.open_by, fund=True)
    assert signed.deal_id == first.deal_id
    entry = buyer.wallet.journal.budget().entry(buyer.id)
    assert (entry.status, entry.amount) == ("committed", 3_000_000)


def test_the_authorisation_pays_exactly_this_deal(world: Any, domain: Any) -> None:
    buyer, _ = agreed(world, domain)
    signed = buyer.wallet.sign_deal(buyer.machine, buyer.state, 0, None, fund=True)
    digest = receive_authorization_digest(
        domain_separator("Token", "1", CHAIN, TOKEN),
        buyer.wallet.address,
        ESCROW,
        3_000_000,
        0,
        signed.deal.open_by + 1,
        signed.deal_id,
    )
    assert recover(digest, signed.authorization) == buyer.wallet.address


def test_nothing_is_signed_before_the_agreement(world: Any, domain: Any) -> None:
    buyer, _ = pair(world, domain)
    buyer.offer({"price": 3_000_000, "hours": 50})
    with pytest.raises(GuardRefused):
        buyer.wallet.sign_deal(buyer.machine, buyer.state, 0, None, fund=True)


def test_policy_is_asked_again_at_the_signature(world: Any, domain: Any) -> None:
    """A limit that changes between acceptance and signature still binds."""
    limits = {"ceiling": 9}
    knowledge = StaticKnowledge(fixed_limits=limits)
    guard = Guard(policy=bundle(rule("ceiling", "price <= limits.ceiling * 1000000")))
    wallet = world.wallet("buyer", guard=guard, knowledge=knowledge)
    buyer, seller = pair(world, domain, wallet=wallet)
    buyer.offer({"price": 3_000_000, "hours": 50})
    seller.sync()
    seller.accept()
    buyer.sync()
    limits["ceiling"] = 2
    with pytest.raises(GuardRefused):
        wallet.sign_deal(buyer.machine, buyer.state, 0, None, fund=True)


def test_actions_are_signed_only_for_own_deals_and_within_the_fee(world: Any, domain: Any) -> None:
    buyer, _ = agreed(world, domain)
    stray = Receipt(
        deal_id=Hash32("0x" + "ab" * 32),
        milestone=0,
        deliverable=Hash32("0x" + "cd" * 32),
        fee=0,
        valid_until=1,
    )
    with pytest.raises(GuardRefused, match="no deal that this key signed"):
        buyer.wallet.sign_action(stray)
    signed = buyer.wallet.sign_deal(buyer.machine, buyer.state, 0, None, fund=True)
    own = stray.model_copy(update={"deal_id": signed.deal_id})
    assert buyer.wallet.sign_action(own).startswith("0x00")
    with pytest.raises(GuardRefused, match="fee"):
        buyer.wallet.sign_action(own.model_copy(update={"fee": 1}))
    other = Refund(deal_id=signed.deal_id, party=signed.deal.seller, milestone=0, fee=0, valid_until=1)
    with pytest.raises(GuardRefused, match="another party"):
        buyer.wallet.sign_action(other)
    split = Split(
        deal_id=signed.deal_id,
        milestone=0,
        status=1,
        locked=3,
        to_seller=3,
        to_buyer=0,
        to_arbiter=0,
        nonce=0,
        fee=0,
        valid_until=1,
    )
    with pytest.raises(GuardRefused, match="split"):
        buyer.wallet.sign_action(split)


def test_the_key_shows_nowhere(world: Any) -> None:
    wallet = world.wallet("buyer")
    assert repr(wallet) == f"Wallet({wallet.address})"
    public = [name for name in dir(wallet) if not name.startswith("_")]
    assert not {name for name in public if "signer" in name or "key" in name}


def test_joint_terms_bind_the_budget_with_everyone_who_is_paid(world: Any) -> None:
    domain = campaign(Address(TOKEN)).domain
    wallets = {role: world.wallet(role) for role in domain.roles}
    opening = world.opening(
        domain,
        wallets["budget"].address,
        wallets["channel"].address,
        parties=tuple(Party(role=role, address=each.address, epoch=0) for role, each in wallets.items()),
        first="budget",
        reviewers=(LocalSigner(bytes(31) + b"\x07").address,),
    )
    machine = Machine(domain, opening)
    values = {
        "total_spend": 100_000 * 10**6,
        "search_share": 50,
        "social_share": 50,
        "display_share": 0,
        "start_week": 8,
        "weeks": 8,
    }

    def payer(share: int) -> Any:
        budget = Budget(limit=100_000 * 10**6, per_counterparty_ppm=share)
        return world.wallet("budget", guard=Guard(budget=budget))

    state = machine.initial()
    assert not payer(800_000).admits(machine, state, values, "outgoing"), "85 % are the capacity's"
    assert payer(850_000).admits(machine, state, values, "outgoing")
    gate = payer(850_000)._gate
    offer = gate._draft(machine, domain.encode_values(values))
    gate.check_terms(machine, state, offer, "outgoing", opening.opened_at)
    ledger = gate.journal.budget()
    paid = {role: ledger.bound(counterparty=wallets[role].address) for role in ("channel", "capacity")}
    assert paid == {"channel": 15_000 * 10**6, "capacity": 85_000 * 10**6}
    gate.release(state.negotiation)
    assert gate.journal.budget().bound() == 0
