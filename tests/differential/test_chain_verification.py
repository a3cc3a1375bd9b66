"""A bundle verified against a real escrow: a negotiated deal, opened, delivered and paid on Anvil."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import samples

from parley.chain.anvil import LocalAnvil
from parley.chain.deploy import connect, deploy_local, mint
from parley.chain.escrow import Call, Funding, FundingKind
from parley.chain.node import NodeClient
from parley.chain.reader import OnChainReader
from parley.chain.transactions import send_now
from parley.evidence.bundle import Bundle, DealSignatures, export_bundle
from parley.evidence.report import Outcome
from parley.evidence.verify import verify_bundle
from parley.terms.actions import Action, Delivery, Receipt, receive_authorization_digest
from parley.terms.domain import Domain
from parley.terms.signing import LocalSigner, account_signature
from parley.terms.values import Address, Hash32, keccak

FUTURE = 2**40 - 1


class Market:
    """Contracts, and a negotiated deal between Alice and Bob whose transactions a relayer sends."""

    def __init__(self, anvil: LocalAnvil) -> None:
        self.node: NodeClient = anvil.node()
        self.relayer: LocalSigner = anvil.signer(0)
        place = deploy_local(self.node, self.relayer)
        self.escrow, _, self.token = connect(self.node, place)
        self.address = Address(self.escrow.address)
        settlement = samples.lease_settlement(token=place.token, relay_fee="1000000")
        self.agreed = samples.agreement(
            domain=Domain.parse(samples.lease_domain_json(settlements=[settlement])), escrow=self.address
        )
        (self.deal,) = self.agreed.deals
        self.deal_id = self.deal.deal_id(samples.CHAIN_ID, self.address)
        self.transactions: list[Hash32] = []
        separator = self.token.domain_separator()
        assert separator is not None
        self.authorization = samples.signer("alice").sign_digest(
            receive_authorization_digest(
                bytes.fromhex(separator[2:]),
                self.deal.buyer,
                self.address,
                self.deal.buyer_lock + self.deal.relay_fee,
                0,
                self.deal.open_by + 1,
                self.deal_id,
            )
        )
        self.anvil = anvil

    def send(self, call: Call) -> None:
        mined = send_now(self.node, self.relayer, call)
        assert mined.ok
        self.transactions.append(Hash32(mined.transaction))

    def signed(self, name: str, what: Any) -> str:
        return account_signature(
            samples.signer(name).sign_digest(what.digest(samples.CHAIN_ID, self.address))
        )

    def open(self) -> None:
        lock = self.deal.buyer_lock + self.deal.relay_fee + self.deal.seller_bond
        mint(self.node, self.relayer, self.token.address, (self.deal.buyer, self.relayer.address), 2 * lock)
        # Bob's bond comes from his balance in the escrow, so that he needs no gas.
        self.send(self.token.approve(self.address, 2 * lock))
        self.send(self.escrow.deposit(self.token.address, self.deal.seller, self.deal.seller_bond))
        self.send(
            self.escrow.open(
                self.deal,
                "0x",
                self.signed("bob", self.deal),
                Funding(FundingKind.AUTHORIZATION, self.authorization),
                Funding(FundingKind.BALANCE),
            )
        )

    def deliver_and_pay(self, milestone: int) -> None:
        common: dict[str, Any] = {
            "deal_id": self.deal_id,
            "milestone": milestone,
            "fee": 0,
            "valid_until": FUTURE,
        }
        deliverable = Hash32.of(keccak(b"machine hours"))
        delivery: Action = Delivery(**common, delivery=1, deliverable=deliverable)
        receipt: Action = Receipt(**common, deliverable=deliverable)
        self.send(self.escrow.deliver(self.deal, delivery, self.signed("bob", delivery)))  # type: ignore[arg-type]
        self.send(self.escrow.settle(self.deal, receipt, self.signed("alice", receipt)))  # type: ignore[arg-type]

    def bundle(self) -> Bundle:
        signatures = DealSignatures(
            self.deal, "0x", self.signed("bob", self.deal), buyer_authorization=self.authorization
        )
        return export_bundle(
            self.agreed.domain,
            self.agreed.opening,
            self.agreed.conversation.transcript.messages,
            deals=[signatures],
            transactions=self.transactions,
        )


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    with LocalAnvil(genesis_time=samples.OPENED_AT) as anvil:
        yield Market(anvil)


def test_every_step_of_a_deal_verifies_against_the_chain(market: Market) -> None:
    def connected(escrow: Address) -> OnChainReader:
        return OnChainReader(market.node, escrow)

    def state() -> str:
        report = verify_bundle(market.bundle(), connected)
        assert report.ok, report.verdict
        outcomes = {check.name: check for check in report.checks}
        assert outcomes["authorisations"].outcome is Outcome.PASSED
        assert outcomes["history on chain"].outcome is Outcome.PASSED
        return outcomes["state on chain"].detail.split()[2].rstrip(",")

    assert state() == "Unopened"
    market.open()
    assert state() == "Open"
    market.deliver_and_pay(0)
    assert state() == "Open"
    market.deliver_and_pay(1)
    assert state() == "Closed"

    bundle = market.bundle()
    assert not verify_bundle(bundle).ok  # without a node an authorisation alone is no consent
    changed = bundle.chain.model_copy(update={"transactions": (Hash32("0x" + "01" * 32),)})
    report = verify_bundle(bundle.model_copy(update={"chain": changed}), connected)
    assert report.failure is not None
    assert report.failure.name == "transactions"
    market.anvil.stop()
    report = verify_bundle(bundle, connected)
    assert not report.ok
