"""The contracts beside the escrow on a chain, driven by Python alone: what agents signed off-chain is proved,
voted on, paid and looked at by the contracts without anything in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import samples

from parley.chain.anvil import LocalAnvil
from parley.chain.contract_error import ContractError
from parley.chain.deploy import connect, deploy_local, mint
from parley.chain.escrow import Call, EscrowContract, Funding, FundingKind, Status
from parley.chain.escrow_errors import AmendmentMismatch
from parley.chain.evidence_contract import EvidenceContract
from parley.chain.lens import LensContract, Move
from parley.chain.models import Receipt as Mined
from parley.chain.node import NodeClient
from parley.chain.panel import PanelContract, SignedVote
from parley.chain.periphery_errors import (
    AnchorNotGrowing,
    EquivocationKnown,
    ProofInvalid,
    VotesShort,
    VoucherSpent,
)
from parley.chain.tabs import Redeeming, Source, TabsContract, TabState, TabStatus, without_fee
from parley.chain.token import TokenContract
from parley.chain.transactions import send_now
from parley.evidence.merkle import TranscriptTree
from parley.terms.actions import Action, Delivery, Dispute, Rejection, receive_authorization_digest
from parley.terms.deal import Deal
from parley.terms.domain import Domain
from parley.terms.evidence_actions import Anchor, EvidenceSubmission
from parley.terms.message import Message, Performative, build_message
from parley.terms.panel import PanelWithdrawal, Vote, median
from parley.terms.payloads import Withdraw
from parley.terms.signing import LocalSigner, account_signature
from parley.terms.tabs import Redemption, Tab, TabClosing, TabEnd, TabFunding, TabsWithdrawal, Voucher
from parley.terms.values import ZERO_HASH, Address, Hash32, Signature, keccak

UNIT = 10**6
FAR = 2**40 - 1
ALICE, BOB = samples.signer("alice"), samples.signer("bob")
JURORS = sorted((samples.signer(f"juror {index}") for index in range(3)), key=lambda juror: juror.address)


@dataclass
class World:
    """A chain with every contract, a funded relayer, and two agents that own tokens and no gas."""

    node: NodeClient
    relayer: LocalSigner
    escrow: EscrowContract
    token: TokenContract
    tabs: TabsContract
    evidence: EvidenceContract
    panels: PanelContract
    lens: LensContract

    def send(self, call: Call) -> Mined:
        mined = send_now(self.node, self.relayer, call)
        assert mined.ok, call.function
        return mined

    def signed(self, signer: LocalSigner, action: Action, contract: str) -> str:
        digest = action.digest(samples.CHAIN_ID, Address(contract))
        return account_signature(signer.sign_digest(digest))

    def authorization(
        self, signer: LocalSigner, to: str, value: int, before: int, nonce: Hash32
    ) -> Signature:
        separator = bytes.fromhex(str(self.token.domain_separator())[2:])
        return signer.sign_digest(
            receive_authorization_digest(separator, signer.address, Address(to), value, 0, before, nonce)
        )

    def events(self, mined: Mined, contract: Any) -> list[tuple[str, dict[str, Any]]]:
        found = [contract.decode(log) for log in mined.logs if log.address == contract.address]
        return [(event.name, dict(event.arguments)) for event in found if event is not None]

    def warp(self, to: int) -> None:
        self.node.request("evm_setNextBlockTimestamp", [to])
        self.node.request("evm_mine", [])


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with LocalAnvil(genesis_time=samples.OPENED_AT) as chain:
        node, relayer = chain.node(), chain.signer(0)
        deployment = deploy_local(node, relayer)
        escrow, _, token = connect(node, deployment)
        tabs, evidence = TabsContract(node, deployment.tabs), EvidenceContract(node, deployment.evidence)
        panels, lens = PanelContract(node, deployment.panel), LensContract(node, deployment.lens)
        mint(node, relayer, deployment.token, (ALICE.address, BOB.address), 100_000 * UNIT)
        yield World(node, relayer, escrow, token, tabs, evidence, panels, lens)


def agreed(world: World, arbiter: str, nonce: str = "4e") -> samples.Agreement:
    """A whole negotiation of six messages about a deal in this chain's token."""
    settlement = samples.lease_settlement(token=world.token.address, arbiter=arbiter)
    domain = Domain.parse(samples.lease_domain_json(settlements=[settlement]))
    return samples.agreement(
        domain=domain, escrow=Address(world.escrow.address), nonce=Hash32("0x" + nonce * 32)
    )


def opened(world: World, deal: Deal) -> None:
    """Opened by two EIP-3009 authorisations, which are both sides' consent too."""
    deal_id = deal.deal_id(samples.CHAIN_ID, Address(world.escrow.address))
    before = deal.open_by + 1
    fundings = [
        Funding(
            FundingKind.AUTHORIZATION,
            world.authorization(signer, world.escrow.address, value, before, deal_id),
        )
        for signer, value in ((ALICE, deal.buyer_lock + deal.relay_fee), (BOB, deal.seller_bond))
    ]
    world.send(world.escrow.open(deal, "0x", "0x", *fundings))


# ------------------------------------------------------------------------------ evidence


def test_every_message_of_a_negotiation_is_proved_on_chain(world: World) -> None:
    talk = agreed(world, samples.ARBITER, "01")
    (deal,) = talk.deals
    opened(world, deal)
    messages = talk.conversation.transcript.messages
    tree = TranscriptTree([message.message_hash(samples.CHAIN_ID) for message in messages])
    assert tree.root == deal.transcript_root
    for at, message in enumerate(messages):
        digest = message.message_hash(samples.CHAIN_ID)
        assert world.evidence.message_hash_of(message.core) == digest
        mined = world.send(
            world.evidence.prove_message(deal, message.core, message.signature, tree.proof(at))
        )
        ((name, logged),) = world.events(mined, world.evidence)
        assert name == "MessageProved"
        assert logged["dealId"] == deal.deal_id(samples.CHAIN_ID, Address(world.escrow.address))
        assert (logged["messageHash"], logged["sender"]) == (digest, message.core.sender)
        with pytest.raises(ProofInvalid):
            world.send(
                world.evidence.prove_message(
                    deal, message.core, message.signature, tree.proof((at + 1) % len(tree))
                )
            )


def said_otherwise(message: Message, reason: str) -> Message:
    """The same sender at the same step, withdrawing."""
    core = message.core
    payload = Withdraw(reason=reason, salt=samples.salt(99))
    signer = next(party for party in (ALICE, BOB) if party.address == core.sender)
    place = (core.negotiation, core.sequence, core.previous, Performative.WITHDRAW)
    return build_message(signer, samples.CHAIN_ID, *place, payload, core.sent_at)


def test_two_messages_for_one_step_convict_their_signer(world: World) -> None:
    talk = agreed(world, samples.ARBITER, "02")
    first = talk.conversation.transcript.messages[3]
    second = said_otherwise(first, "no longer interested")
    negotiation = first.core.negotiation
    assert world.evidence.conviction_of(first.core.sender, negotiation) is None
    call = world.evidence.prove_equivocation(first.core, first.signature, second.core, second.signature)
    mined = world.send(call)
    ((name, logged),) = world.events(mined, world.evidence)
    assert (name, logged["principal"], logged["sequence"]) == ("EquivocationProved", first.core.sender, 3)
    found = world.evidence.conviction_of(first.core.sender, negotiation)
    assert found is not None
    assert found.sequence == 3
    with pytest.raises(EquivocationKnown):
        world.send(call)


def test_evidence_and_anchors_are_relayed(world: World) -> None:
    talk = agreed(world, samples.ARBITER, "03")
    (deal,) = talk.deals
    opened(world, deal)
    deal_id = deal.deal_id(samples.CHAIN_ID, Address(world.escrow.address))
    submission = EvidenceSubmission(
        deal_id=deal_id,
        party=BOB.address,
        evidence="ipfs://bafy/\u00e9vidence \u20ac",
        content_hash=Hash32.of(keccak(b"content")),
        valid_until=FAR,
    )
    signature = world.signed(BOB, submission, world.evidence.address)
    mined = world.send(world.evidence.submit_evidence(deal, submission, signature))
    assert world.events(mined, world.evidence) == [
        (
            "Evidence",
            {
                "externalDisputeID": int(deal_id, 16),
                "party": BOB.address,
                "evidence": submission.evidence,
            },
        ),
        ("EvidenceHashed", {"dealId": deal_id, "party": BOB.address, "contentHash": submission.content_hash}),
    ]
    anchor = Anchor(anchorer=ALICE.address, size=7, root=Hash32.of(keccak(b"log")), valid_until=FAR)
    call = world.evidence.anchor(anchor, world.signed(ALICE, anchor, world.evidence.address))
    world.send(call)
    latest = world.evidence.anchor_of(ALICE.address)
    assert (latest.root, latest.size) == (anchor.root, 7)
    assert latest.anchored_at > 0
    with pytest.raises(AnchorNotGrowing):
        world.send(call)
    assert world.evidence.escrow() == world.escrow.address


# --------------------------------------------------------------------------------- panel


def test_a_panel_rules_by_the_votes_of_its_members(world: World) -> None:
    members = [juror.address for juror in JURORS]
    named = world.panels.panel_of(members, 2)
    talk = agreed(world, named, "04")
    (deal,) = talk.deals
    opened(world, deal)
    world.send(world.panels.create(members, 2))
    panel = PanelContract(world.node, named)
    assert panel.members_of() == (tuple(members), 2)
    deal_id = deal.deal_id(samples.CHAIN_ID, Address(world.escrow.address))
    step: dict[str, Any] = {"deal_id": deal_id, "milestone": 0, "fee": 0, "valid_until": FAR}
    goods, reason = Hash32.of(keccak(b"goods")), Hash32.of(keccak(b"not as agreed"))
    delivery = Delivery(**step, delivery=1, deliverable=goods)
    rejection = Rejection(**step, delivery=1, reason=reason)
    dispute = Dispute(**step, party=BOB.address, evidence=reason)
    escrow = world.escrow.address
    world.send(world.escrow.deliver(deal, delivery, world.signed(BOB, delivery, escrow)))
    world.send(world.escrow.reject(deal, rejection, world.signed(ALICE, rejection, escrow)))
    world.send(world.escrow.dispute(deal, dispute, world.signed(BOB, dispute, escrow)))

    def vote(index: int, seller_bps: int, fee: int = 0) -> SignedVote:
        found = Vote(
            member=JURORS[index].address,
            deal_id=deal_id,
            milestone=0,
            seller_bps=seller_bps,
            rationale=Hash32.of(keccak(b"%d" % seller_bps)),
            fee=fee,
            valid_until=FAR,
        )
        return SignedVote(found, world.signed(JURORS[index], found, panel.address))

    with pytest.raises(VotesShort):
        world.send(panel.rule(deal, 0, [vote(0, 5_000)]))
    votes = [vote(2, 7_001), vote(0, 2_000, fee=500), vote(1, 7_000)]
    mined = world.send(panel.rule(deal, 0, votes))
    ruled = dict(world.events(mined, world.escrow))["Ruled"]
    assert ruled["sellerBps"] == median([7_001, 2_000, 7_000]) == 7_000
    rationales = b"".join(
        bytes.fromhex(signed.vote.rationale[2:])
        for signed in sorted(votes, key=lambda found: found.vote.member)
    )
    assert ruled["rationale"] == Hash32.of(keccak(rationales))
    token, share = world.token.address, deal.arbiter_fee // 3
    rest = deal.arbiter_fee - 3 * share
    assert panel.balance_of(token, members[0]) == share + rest - 500
    assert panel.balance_of(token, world.relayer.address) == 500
    assert panel.owed(token) == deal.arbiter_fee
    withdrawal = PanelWithdrawal(
        party=members[1],
        token=Address(token),
        to=Address("0x" + "dd" * 20),
        amount=share,
        fee=0,
        nonce=9,
        valid_until=FAR,
    )
    world.send(panel.withdraw(withdrawal, world.signed(JURORS[1], withdrawal, panel.address)))
    assert world.token.balance_of("0x" + "dd" * 20) == share
    assert panel.nonce_used(members[1], 9)

    second = Dispute(**{**step, "milestone": 1}, party=BOB.address, evidence=reason)
    world.send(panel.strike(deal, 1, *(_opinion(world, panel, second, bps) for bps in (1, 2))))
    assert panel.struck(deal_id, 1, members[0])


def _opinion(world: World, panel: PanelContract, dispute: Dispute, seller_bps: int) -> SignedVote:
    vote = Vote(
        member=JURORS[0].address,
        deal_id=dispute.deal_id,
        milestone=dispute.milestone,
        seller_bps=seller_bps,
        rationale=ZERO_HASH,
        fee=0,
        valid_until=0,
    )
    return SignedVote(vote, world.signed(JURORS[0], vote, panel.address))


@pytest.mark.parametrize(
    ("shares", "ruling"),
    [([1], 1), ([5, 1, 3], 3), ([1, 2], 1), ([10_000, 0, 1, 2], 1), ([0, 10_000], 5_000)],
)
def test_the_median_is_that_of_the_contract(shares: list[int], ruling: int) -> None:
    assert median(shares) == ruling


# ---------------------------------------------------------------------------------- lens


def test_the_lens_says_what_each_may_do(world: World) -> None:
    talk = agreed(world, samples.ARBITER, "05")
    (deal,) = talk.deals
    lens = world.lens
    assert (
        lens.can_open(deal, world.relayer.address, FundingKind.AUTHORIZATION, FundingKind.AUTHORIZATION)
        is None
    )
    short = lens.can_open(deal, world.relayer.address)
    assert short is not None
    assert short.code == "contract.funding-refused"
    assert short.values["from"] == ALICE.address
    opened(world, deal)
    seen = lens.overview(deal)
    assert seen.state == world.escrow.state_of(seen.deal_id)
    assert seen.state.status is Status.OPEN
    assert seen.times.deliver_by == deal.milestones[0].deliver_by
    assert seen.buyer.token_balance == world.token.balance_of(ALICE.address)
    assert seen.seller.account == world.escrow.account_of(world.token.address, BOB.address)
    assert seen.arbiter is not None
    assert seen.arbiter.party == samples.ARBITER
    moves = lens.moves(deal)
    assert moves.buyer == {Move.SETTLE}
    assert moves.seller == {Move.DELIVER, Move.SETTLE} - {Move.SETTLE} | {Move.REFUND}
    assert moves.anyone == frozenset()
    assert lens.can(Move.DELIVER, deal, BOB.address) is None
    refusal = lens.can(Move.DELIVER, deal, ALICE.address)
    assert isinstance(refusal, ContractError)
    assert refusal.values["signer"] == BOB.address
    refusal = lens.can_amend(deal, deal, world.relayer.address)
    assert isinstance(refusal, AmendmentMismatch)
    assert lens.attempt(b"\xde\xad\xbe\xef") is not None
    assert lens.attempt(world.escrow.settle_by_silence(deal).data) is not None
    assert lens.escrow() == world.escrow.address


# ---------------------------------------------------------------------------------- tabs


def a_tab(world: World, nonce: int, **changes: Any) -> Tab:
    terms: dict[str, Any] = {
        "buyer": ALICE.address,
        "seller": BOB.address,
        "token": Address(world.token.address),
        "expires_at": samples.OPENED_AT + 30 * 86_400,
        "close_window": 3_600,
        "payout": 0,
        "exit_fee": 10,
        "nonce": nonce,
    }
    return Tab(**{**terms, **changes})


def funded(world: World, tab: Tab, deposited: int = 0, fee: int = 0) -> Mined:
    """Opened or topped up by an EIP-3009 authorisation alone."""
    funding = TabFunding(tab=tab.tab_id(), deposited=deposited, amount=50 * UNIT, fee=fee, valid_until=FAR)
    nonce = Hash32.of(funding.digest(samples.CHAIN_ID, Address(world.tabs.address)))
    signature = world.authorization(ALICE, world.tabs.address, 50 * UNIT + fee, FAR + 1, nonce)
    if deposited:
        return world.send(world.tabs.top_up(tab, funding, Source.AUTHORIZATION, signature))
    return world.send(world.tabs.open_for(tab, funding, Source.AUTHORIZATION, signature))


def voucher_of(world: World, tab: Tab, cumulative: int) -> Signature:
    voucher = Voucher(tab=tab.tab_id(), cumulative=cumulative)
    return ALICE.sign_digest(voucher.digest(samples.CHAIN_ID, Address(world.tabs.address)))


def test_a_thousand_payments_take_two_transactions_and_no_gas_of_the_agents(world: World) -> None:
    tab = a_tab(world, 1)
    before = world.token.balance_of(BOB.address)
    funded(world, tab, fee=3)
    assert world.tabs.tab_id_of(tab) == tab.tab_id()
    assert world.tabs.balance_of(world.token.address, world.relayer.address) == 3
    vouchers = [voucher_of(world, tab, 1_234 * count) for count in (1, 500, 1_000)]
    world.send(world.tabs.redeem(tab, 1_234 * 1_000, vouchers[-1]))
    assert world.token.balance_of(BOB.address) == before + 1_234 * 1_000
    assert world.tabs.state_of(tab) == TabState(TabStatus.OPEN, 0, 1_234_000, 50 * UNIT)
    with pytest.raises(VoucherSpent) as spent:
        world.send(world.tabs.redeem(tab, 1_234 * 500, vouchers[1]))
    assert spent.value.values == {"cumulative": 617_000, "redeemed": 1_234_000}


def test_every_action_on_a_tab_is_relayed(world: World) -> None:
    tab = a_tab(world, 2, payout=3)
    funded(world, tab)
    funded(world, tab, deposited=50 * UNIT)
    address, token = world.tabs.address, world.token.address
    relayer = world.tabs.balance_of(token, world.relayer.address)
    redemption = Redemption(tab=tab.tab_id(), cumulative=1_000, fee=7, valid_until=FAR)
    given = account_signature(voucher_of(world, tab, 1_000))
    world.send(world.tabs.redeem_for(tab, redemption, given, world.signed(BOB, redemption, address)))
    assert world.tabs.balance_of(token, BOB.address) == 993
    assert world.tabs.balance_of(token, world.relayer.address) == relayer + 7
    end = TabEnd(tab=tab.tab_id(), cumulative=1_500, fee=9, valid_until=FAR)
    given = account_signature(voucher_of(world, tab, 1_500))
    world.send(world.tabs.end(tab, end, given, world.signed(BOB, end, address)))
    assert world.tabs.state_of(tab) == TabState(TabStatus.CLOSED, 0, 1_500, 100 * UNIT)
    assert world.tabs.balance_of(token, ALICE.address) == 100 * UNIT - 1_500
    withdrawal = TabsWithdrawal(
        party=ALICE.address,
        token=Address(token),
        to=Address("0x" + "ee" * 20),
        amount=100,
        fee=1,
        nonce=2**200,
        valid_until=FAR,
    )
    world.send(world.tabs.withdraw(withdrawal, world.signed(ALICE, withdrawal, address)))
    assert world.token.balance_of("0x" + "ee" * 20) == 100
    assert world.tabs.nonce_used(ALICE.address, 2**200)


def test_a_batch_reports_what_failed_and_pays_the_rest(world: World) -> None:
    tabs = [a_tab(world, nonce, payout=1) for nonce in (10, 11)]
    for tab in tabs:
        funded(world, tab)
    before = world.tabs.balance_of(world.token.address, BOB.address)
    good = account_signature(voucher_of(world, tabs[1], 600))
    items = [
        Redeeming(tabs[0], without_fee(tabs[0], 600), good),
        Redeeming(tabs[1], without_fee(tabs[1], 600), good),
    ]
    mined = world.send(world.tabs.redeem_many(items))
    failed = dict(world.events(mined, world.tabs))["RedemptionFailed"]
    assert (failed["index"], failed["tab"]) == (0, tabs[0].tab_id())
    assert world.tabs.balance_of(world.token.address, BOB.address) == before + 600


def test_a_closed_tab_is_released_by_anyone_for_the_exit_fee(world: World) -> None:
    tab = a_tab(world, 20)
    funded(world, tab)
    closing = TabClosing(tab=tab.tab_id(), fee=0, valid_until=FAR)
    world.send(world.tabs.close(tab, closing, world.signed(ALICE, closing, world.tabs.address)))
    state = world.tabs.state_of(tab)
    assert state.status is TabStatus.CLOSING
    relayer = world.tabs.balance_of(world.token.address, world.relayer.address)
    held = world.token.balance_of(ALICE.address)
    world.warp(state.closes_at + 1)
    world.send(world.tabs.release(tab))
    assert world.token.balance_of(ALICE.address) == held + 50 * UNIT - 10
    assert world.tabs.balance_of(world.token.address, world.relayer.address) == relayer + 10
