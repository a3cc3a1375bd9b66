"""Every way in which the escrow takes a deal, through a gateway: linked, instant, amended, by mandate, and
paid by Permit2 or a permit. One market for all of them.
"""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from permit2 import deploy_permit2

from parley.agents.agent import Agent, Talk
from parley.agents.errors import GatewayProblem, GuardRefused
from parley.agents.mandated import MandatedKey
from parley.agents.wallet import TokenName
from parley.agents.whole_deals import Payment, WholeDeal
from parley.chain.transactions import send_now
from parley.sandbox.leases import simple_lease, simple_settlement
from parley.sandbox.local import TOKEN_NAME, TOKEN_VERSION, UNIT, LocalMarket
from parley.terms.actions import (
    Delivery,
    Mandate,
    MandateRevocation,
    Receipt,
    Split,
    SplitRevocation,
    Withdrawal,
)
from parley.terms.deal import Deal, Milestone, bundle_hash
from parley.terms.domain import Domain
from parley.terms.evidence_actions import EvidenceSubmission
from parley.terms.funding import FundingKind
from parley.terms.mandates import Act, Role
from parley.terms.signing import LocalSigner, account_signature
from parley.terms.values import ZERO_ADDRESS, ZERO_HASH, Address, Hash32

NAMES = count()
FOREVER = 2**40 - 1
THING = Hash32("0x" + "44" * 32)


class Pair:
    """Two agents with money, gas for an approval each, and what they sign by hand."""

    def __init__(self, market: LocalMarket, **options: Any) -> None:
        number = next(NAMES)
        self.market = market
        self.names = f"buyer {number}", f"seller {number}"
        self.buyer, self.seller = (market.agent(name, money=100, **options) for name in self.names)

    @property
    def signers(self) -> tuple[LocalSigner, LocalSigner]:
        buying, selling = (self.market.signer(name) for name in self.names)
        return buying, selling

    def approve(self, spender: str) -> None:
        for signer in self.signers:
            self.market.chain.fund(signer.address, 10**18)
            send_now(self.market.node, signer, self.market.token.approve(spender, 10**12))

    def agree(self, domain: Domain, price: int) -> tuple[Talk, Talk]:
        return answered(self.buyer.open(domain, self.seller.address), self.seller, price)

    def deal(self, **changes: Any) -> Deal:
        now = self.market.node.latest().timestamp
        values: dict[str, Any] = {
            "buyer": self.buyer.address,
            "seller": self.seller.address,
            "arbiter": ZERO_ADDRESS,
            "relayer": ZERO_ADDRESS,
            "token": Address(self.market.deployment.token),
            "price": UNIT,
            "seller_bond": 0,
            "arbiter_fee": 0,
            "relay_fee": 0,
            "open_by": now + 3_600,
            "cancel_by": 0,
            "review_window": 3_600,
            "dispute_window": 3_600,
            "ruling_window": 3_600,
            "rejected_seller_bps": 0,
            "lapsed_seller_bps": 5_000,
            "walk_away_bps": 0,
            "payout": 0,
            "milestones": (Milestone(amount=UNIT, deliver_by=now + 90_000),),
            "terms_hash": Hash32("0x" + "11" * 32),
            "transcript_root": Hash32("0x" + "22" * 32),
            "transcript_length": 1,
            "bundle": ZERO_HASH,
            "amends": ZERO_HASH,
            "amends_milestone": 0,
            "amends_locked": 0,
            "buyer_epoch": 0,
            "seller_epoch": 0,
            "nonce": next(NAMES),
        }
        return Deal(**{**values, **changes})

    def id_of(self, deal: Deal) -> str:
        return str(deal.deal_id(self.buyer.wallet.chain_id, self.buyer.wallet.escrow))

    def sign(self, signed: Any, signer: LocalSigner) -> str:
        digest = signed.digest(self.buyer.wallet.chain_id, self.buyer.wallet.escrow)
        return str(account_signature(signer.sign_digest(digest)))

    def whole(self, deal: Deal, **more: Any) -> WholeDeal:
        buying, selling = self.signers
        return WholeDeal(deal, self.sign(deal, buying), self.sign(deal, selling), **more)

    def act(self, agent: Agent, deal_id: str, route: str, name: int, **fields: Any) -> None:
        """An action on a deal that no wallet signed, by the owner's own hand."""
        at = {"deal_id": deal_id, "milestone": 0, "fee": 0, "valid_until": FOREVER, **fields}
        action = Delivery(**at) if route == "delivery" else Receipt(**at)
        body = {"action": action.as_json(), "signature": self.sign(action, self.signers[name])}
        agent.client.deal_action(deal_id, route, body)


def answered(talk: Talk, seller: Agent, price: int) -> tuple[Talk, Talk]:
    talk.offer({"price": price, "hours": 50})
    theirs = seller.next_talk().wait()
    theirs.accept()
    return talk.wait_for_end(), theirs


@pytest.fixture(scope="module")
def permit2(market: LocalMarket) -> str:
    return deploy_permit2(market.node, market.chain.signer(0))


@pytest.fixture(scope="module")
def approved(market: LocalMarket) -> Pair:
    pair = Pair(market)
    pair.approve(market.deployment.escrow)
    return pair


def two_deals(market: LocalMarket) -> Domain:
    """The price again, for a second lease: two deals that are linked."""
    both = [simple_settlement(market.deployment.token) for _ in range(2)]
    return simple_lease(market.deployment.token, settlements=both)


def test_linked_deals_of_one_agreement_open_together(market: LocalMarket) -> None:
    pair = Pair(market)
    talk, theirs = pair.agree(two_deals(market), 2 * UNIT)
    theirs.sign()
    first, second = talk.sign()
    assert first != second
    views = [pair.buyer.wait_for(deal_id, "open") for deal_id in (first, second)]
    assert {view.transactions[0]["hash"] for view in views} == {views[0].transactions[0]["hash"]}
    assert views[0].transactions[0]["purpose"] == "linked"
    assert market.balance(pair.buyer.address) == 96 * UNIT
    assert market.balance(pair.seller.address) == 99 * UNIT
    pair.seller.deliver(first, {"machines": ["a"]})
    pair.buyer.accept_delivery(first)
    assert pair.buyer.wait_for(first, "closed").status == "settled"


def test_linked_deals_of_which_one_cannot_be_paid_open_none(market: LocalMarket) -> None:
    poor = Pair(market)
    deals = [poor.deal(price=60 * UNIT, milestones=(Milestone(amount=60 * UNIT, deliver_by=2**40 - 10),))]
    deals.append(deals[0].model_copy(update={"nonce": deals[0].nonce + 10**6}))
    link = bundle_hash(tuple(deals))
    linked = [poor.whole(deal.model_copy(update={"bundle": link})) for deal in deals]
    poor.approve(market.deployment.escrow)
    with pytest.raises(GatewayProblem) as refused:
        poor.buyer.client.submit_linked(linked)
    assert (refused.value.problem, refused.value.values["missing"]) == (
        "settlement.funding-missing",
        str(20 * UNIT),
    )
    with pytest.raises(GatewayProblem) as apart:
        poor.buyer.client.submit_linked(linked[::-1])
    assert apart.value.problem == "contract.bundle-mismatch"
    with pytest.raises(GatewayProblem) as alone:
        poor.buyer.client.submit_whole(linked[0])
    assert alone.value.problem == "settlement.deal-not-alone"
    assert poor.buyer.client.deals().items == ()
    market.fund(poor.buyer.address, 20 * UNIT)
    ids = poor.buyer.client.submit_linked(linked)
    assert [poor.seller.wait_for(deal_id, "open").phase for deal_id in ids] == ["open", "open"]


def test_an_instant_deal_is_paid_at_once_and_once(approved: Pair, market: LocalMarket) -> None:
    deal, before = approved.deal(payout=4), market.balance(approved.seller.address)
    view = approved.seller.client.submit_whole(approved.whole(deal))
    closed = approved.seller.wait_for(view.deal_id, "closed")
    assert (closed.status, closed.money["to_seller"]) == ("settled", str(UNIT))
    assert market.balance(approved.seller.address) == before + UNIT
    again = deal.model_copy(update={"terms_hash": Hash32("0x" + "33" * 32)})
    with pytest.raises(GatewayProblem) as refused:
        approved.seller.client.submit_whole(approved.whole(again))
    assert refused.value.problem == "contract.instant-nonce-used"


def test_an_amendment_that_was_negotiated_takes_the_deals_place(market: LocalMarket) -> None:
    pair = Pair(market)
    talk, theirs = pair.agree(market.lease(), 4 * UNIT)
    theirs.sign()
    [deal_id] = talk.sign()
    assert "amend" in pair.buyer.wait_for(deal_id, "open").actions
    again, theirs = answered(pair.buyer.amend(deal_id), pair.seller, 5 * UNIT)
    theirs.sign()
    [amendment] = again.sign()
    new = pair.buyer.wait_for(amendment, "open")
    assert (new.deal["amends"], new.locked) == (deal_id, str(5 * UNIT + UNIT // 2))
    assert pair.buyer.wait_for(deal_id, "closed").status == "amended"
    assert market.balance(pair.buyer.address) == 95 * UNIT
    pair.seller.deliver(amendment, {"machines": ["a", "b"]})
    pair.buyer.accept_delivery(amendment)
    assert pair.buyer.wait_for(amendment, "closed").money["to_seller"] == str(5 * UNIT)
    with pytest.raises(GuardRefused):
        pair.buyer.amend(deal_id).offer({"price": 6 * UNIT, "hours": 50})


def test_an_amendment_signed_elsewhere_finds_the_deal_as_it_stands(approved: Pair) -> None:
    client, before = approved.buyer.client, approved.market.balance(approved.buyer.address)
    parts = (UNIT, 2 * UNIT)
    now = approved.market.node.latest().timestamp
    deal = approved.deal(
        price=3 * UNIT,
        milestones=tuple(
            Milestone(amount=part, deliver_by=now + 90_000 * (at + 1)) for at, part in enumerate(parts)
        ),
    )
    deal_id = client.submit_whole(approved.whole(deal)).deal_id
    approved.seller.wait_for(deal_id, "open")
    approved.act(approved.seller, deal_id, "delivery", 1, delivery=1, deliverable=THING)
    approved.buyer.wait_for(deal_id, "delivered")
    approved.act(approved.buyer, deal_id, "receipt", 0, deliverable=THING)
    standing = None
    while standing is None or standing.milestone != 1:
        standing = approved.buyer.standing(Hash32(deal_id))
    late = approved.deal(amends=deal_id, amends_milestone=0, amends_locked=3 * UNIT)
    with pytest.raises(GatewayProblem) as moved:
        client.amend_deal(deal_id, approved.whole(late))
    assert moved.value.problem == "terms.derivation-failed"
    amendment = approved.deal(amends=deal_id, amends_milestone=1, amends_locked=2 * UNIT)
    view = client.amend_deal(deal_id, approved.whole(amendment))
    assert approved.buyer.wait_for(view.deal_id, "open").locked == str(UNIT)
    assert approved.market.balance(approved.buyer.address) == before - 2 * UNIT
    with pytest.raises(GatewayProblem) as other:
        client.amend_deal(view.deal_id, approved.whole(amendment))
    assert other.value.problem == "gateway.parameter-invalid"


@pytest.mark.parametrize(
    "kind", [FundingKind.PERMIT2, pytest.param(FundingKind.PERMIT, marks=pytest.mark.deep)]
)
def test_agents_pay_by_what_the_token_takes(market: LocalMarket, permit2: str, kind: FundingKind) -> None:
    def nonce(account: Address) -> int:
        entry = market.token.interface.function("nonces")
        return int(entry.answer(market.node.call(market.token.address, entry.call(account)))[0])

    name = TokenName(TOKEN_NAME, TOKEN_VERSION, kind, nonce)
    pair = Pair(market, tokens={market.deployment.token: name})
    talk, theirs = pair.agree(market.lease(), 3 * UNIT)
    theirs.sign()
    if kind is FundingKind.PERMIT2:
        signed = pair.buyer.wallet.sign_deal(talk.machine, talk.state, 0, None, fund=True)
        with pytest.raises(GatewayProblem) as refused:
            pair.buyer.client.sign_agreement(
                talk.id, 0, signed.deal.open_by, signed.signature, payment=signed.payment
            )
        assert refused.value.values["source"] == "allowance to Permit2"
        pair.approve(permit2)
    [deal_id] = talk.sign()
    assert pair.buyer.wait_for(deal_id, "open").locked == str(3 * UNIT + UNIT // 2)
    assert market.balance(pair.buyer.address) == 97 * UNIT


def test_a_payment_for_another_deal_is_refused(market: LocalMarket, permit2: str) -> None:
    pair = Pair(market)
    pair.approve(permit2)
    deal = pair.deal()
    forged = Payment(FundingKind.PERMIT2, "0x" + "00" * 31 + "07" + pair.sign(deal, pair.signers[0])[4:])
    with pytest.raises(GatewayProblem) as refused:
        pair.buyer.client.submit_whole(pair.whole(deal, buyer_payment=forged))
    assert (refused.value.problem, refused.value.values["what"]) == (
        "settlement.signature-refused",
        "permit2",
    )


def granted(pair: Pair, agent: LocalSigner, actions: Act, limit: int = 50 * UNIT) -> MandatedKey:
    mandate = Mandate(
        principal=pair.buyer.address,
        agent=agent.address,
        role=Role.BUY,
        token=Address(pair.market.deployment.token),
        deal_limit=limit,
        budget=limit,
        valid_from=0,
        valid_until=FOREVER,
        actions=int(actions),
        counterparty=ZERO_ADDRESS,
        arbiter=ZERO_ADDRESS,
        epoch=0,
        nonce=1,
    )
    wallet = pair.buyer.wallet
    return MandatedKey(
        agent,
        mandate,
        pair.sign(mandate, pair.signers[0]),
        chain_id=wallet.chain_id,
        escrow=wallet.escrow,
        clock=lambda: pair.market.node.latest().timestamp,
    )


def test_an_agent_opens_and_receipts_under_a_mandate_until_it_is_revoked(
    approved: Pair, market: LocalMarket
) -> None:
    agent = market.agent(f"agent of {approved.names[0]}")
    signer = market.signer(f"agent of {approved.names[0]}")
    key = granted(approved, signer, Act.OPEN | Act.RECEIPT)
    deal = approved.deal()
    selling = approved.sign(deal, approved.signers[1])
    view = agent.client.submit_whole(WholeDeal(deal, key.sign_deal(deal), selling))
    assert agent.wait_for(view.deal_id, "open").role == "agent"
    approved.act(approved.seller, view.deal_id, "delivery", 1, delivery=1, deliverable=THING)
    agent.wait_for(view.deal_id, "delivered")
    receipt = Receipt(
        deal_id=Hash32(view.deal_id), milestone=0, deliverable=THING, fee=0, valid_until=FOREVER
    )
    body = {"action": receipt.as_json(), "signature": key.sign_action(deal, receipt)}
    agent.client.deal_action(view.deal_id, "receipt", body)
    assert agent.wait_for(view.deal_id, "closed").status == "settled"

    narrow = granted(approved, signer, Act.RECEIPT, limit=UNIT // 2)
    other = approved.deal()
    with pytest.raises(GuardRefused):
        narrow.sign_deal(other)
    forced = key.sign_deal(other).replace(
        key.sign_deal(other)[4 : 4 + 13 * 64], narrow_words(narrow, other), 1
    )
    with pytest.raises(GatewayProblem) as refused:
        agent.client.submit_whole(WholeDeal(other, forced, approved.sign(other, approved.signers[1])))
    assert refused.value.problem == "settlement.mandate-uncovered"
    assert refused.value.values["problems"] == ["MandateAction", "MandateLimit"]

    digest = key.mandate.digest(approved.buyer.wallet.chain_id, approved.buyer.wallet.escrow)
    end = MandateRevocation(
        mandate=Hash32.of(digest), principal=approved.buyer.address, fee=0, valid_until=FOREVER
    )
    approved.buyer.client.account_action(end, approved.sign(end, approved.signers[0]), key.mandate)
    market.until(lambda: market.escrow.mandate_of(Hash32.of(digest))[1])
    with pytest.raises(GatewayProblem) as void:
        agent.client.submit_whole(
            WholeDeal(other, key.sign_deal(other), approved.sign(other, approved.signers[1]))
        )
    assert void.value.problem == "contract.mandate-void"


def narrow_words(narrow: MandatedKey, deal: Deal) -> str:
    """The thirteen words of another mandate."""
    values = (getattr(narrow.mandate, name) for name in list(Mandate.model_fields)[2:])
    return "".join(value[2:].zfill(64) if isinstance(value, str) else f"{value:064x}" for value in values)


def test_a_split_that_was_taken_back_closes_nothing(approved: Pair, market: LocalMarket) -> None:
    deal = approved.deal()
    deal_id = approved.buyer.client.submit_whole(approved.whole(deal)).deal_id
    approved.buyer.wait_for(deal_id, "open")
    split = Split(
        deal_id=Hash32(deal_id),
        milestone=0,
        status=1,
        locked=UNIT,
        to_seller=UNIT // 2,
        to_buyer=UNIT // 2,
        to_arbiter=0,
        nonce=1,
        fee=0,
        valid_until=FOREVER,
    )
    digest = Hash32.of(split.digest(approved.buyer.wallet.chain_id, approved.buyer.wallet.escrow))
    back = SplitRevocation(split=digest, party=approved.seller.address, valid_until=FOREVER)
    signed = approved.sign(back, approved.signers[1])
    approved.seller.client.deal_action(
        deal_id,
        "split-revocation",
        {"split": split.as_json(), "revocation": back.as_json(), "signature": signed},
    )
    market.until(lambda: market.escrow.split_spent(digest))
    both = {
        "split": split.as_json(),
        "buyer_signature": approved.sign(split, approved.signers[0]),
        "seller_signature": approved.sign(split, approved.signers[1]),
    }
    with pytest.raises(GatewayProblem) as refused:
        approved.buyer.client.deal_action(deal_id, "split", both)
    assert refused.value.problem == "contract.split-spent"


def test_evidence_goes_to_where_arbiters_look(approved: Pair, market: LocalMarket) -> None:
    deal = approved.deal()
    deal_id = approved.buyer.client.submit_whole(approved.whole(deal)).deal_id
    approved.buyer.wait_for(deal_id, "open")
    said = EvidenceSubmission(
        deal_id=Hash32(deal_id),
        party=approved.buyer.address,
        evidence="ipfs://photographs",
        content_hash=THING,
        valid_until=FOREVER,
    )
    contract = Address(market.deployment.evidence)
    digest = said.digest(approved.buyer.wallet.chain_id, contract)
    signed = account_signature(approved.signers[0].sign_digest(digest))
    body = {"action": said.as_json(), "signature": signed}
    approved.buyer.client.deal_action(deal_id, "evidence", body)

    def there() -> bool:
        logs = market.node.logs(contract, 0, market.node.block_number())
        return any(b"ipfs://photographs" in log.data for log in logs)

    market.until(there)
    other = said.model_copy(update={"content_hash": ZERO_HASH})
    with pytest.raises(GatewayProblem) as refused:
        approved.buyer.client.deal_action(deal_id, "evidence", {**body, "action": other.as_json()})
    assert refused.value.problem == "settlement.signature-refused"


def test_a_balance_is_withdrawn_without_gas(approved: Pair, market: LocalMarket) -> None:
    deal = approved.deal(payout=5)
    deal_id = approved.buyer.client.submit_whole(approved.whole(deal)).deal_id
    approved.seller.wait_for(deal_id, "closed")
    account = approved.seller.address
    held = market.balance(account)
    withdrawal = Withdrawal(
        party=account,
        token=Address(market.deployment.token),
        to=account,
        amount=UNIT,
        fee=0,
        nonce=7,
        valid_until=FOREVER,
    )
    signature = approved.sign(withdrawal, approved.signers[1])
    with pytest.raises(GatewayProblem) as foreign:
        approved.buyer.client.account_action(withdrawal, signature)
    assert foreign.value.problem == "gateway.not-yours"
    approved.seller.client.account_action(withdrawal, signature)
    market.until(lambda: market.balance(account) == held + UNIT)
    [shown] = approved.seller.client.account_actions()["actions"]
    assert shown["purpose"] == "withdraw"


def test_the_gateway_calls_the_exit_that_a_seller_asked_for(approved: Pair, market: LocalMarket) -> None:
    deal, held = approved.deal(relay_fee=1_000), market.balance(approved.seller.address)
    gateway = market.signer("gateway").address
    before = market.escrow.account_of(market.deployment.token, gateway).balance
    deal_id = approved.seller.client.submit_whole(approved.whole(deal)).deal_id
    approved.seller.wait_for(deal_id, "open")
    shown = approved.seller.client.call_exits(deal_id, ["silence"])
    assert shown.timers == ("silence",)
    approved.act(approved.seller, deal_id, "delivery", 1, delivery=1, deliverable=THING)
    approved.seller.wait_for(deal_id, "delivered")
    market.travel(3_601)
    assert approved.seller.wait_for(deal_id, "closed").status == "settled"
    # Twice the relay fee: for opening, from the buyer, and for the exit, out of what it gives.
    after = market.escrow.account_of(market.deployment.token, gateway).balance
    gained = market.balance(approved.seller.address) - held
    assert (after - before, gained) == (2_000, UNIT - 1_000)
