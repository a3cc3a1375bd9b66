"""A local chain with the contracts and three parties, for benchmarks that settle deals."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parley.chain.anvil import LocalAnvil
from parley.chain.deploy import connect, deploy_local, mint
from parley.chain.escrow import Call, EscrowContract, Funding, FundingKind, Opening
from parley.chain.models import Receipt as Mined
from parley.chain.node import NodeClient
from parley.chain.token import TokenContract
from parley.chain.transactions import send_now
from parley.errors import ParleyError
from parley.terms.actions import Action, Receipt, receive_authorization_digest
from parley.terms.deal import Deal, Milestone
from parley.terms.signing import LocalSigner, Signer, account_signature
from parley.terms.values import ZERO_ADDRESS, ZERO_HASH, Address, Hash32, keccak

UNIT = 10**6
DAY = 86_400
START = 2_000_000_000
"""The chain's first second. Keys, times and order are fixed, so that every run costs the same gas."""


class TransactionReverted(ParleyError):
    """A measured transaction reverted: its gas says nothing."""

    code = "bench.transaction-reverted"
    next_action = "look the transaction up on the chain; the benchmark or a contract changed"


@dataclass
class BenchMarket:
    """Contracts, a buyer and a seller, and a relayer that pays for all gas."""

    node: NodeClient
    escrow: EscrowContract
    token: TokenContract
    chain_id: int
    buyer: LocalSigner
    seller: LocalSigner
    relayer: LocalSigner
    deals: int = 0

    @property
    def verifier(self) -> Address:
        return Address(self.escrow.address)

    def deal(self, **changes: Any) -> Deal:
        """100 tokens in one milestone, with neither arbiter nor bond, and hashes and nonce as wide as real
        ones.
        """
        self.deals += 1
        fields: dict[str, Any] = {
            "buyer": self.buyer.address,
            "seller": self.seller.address,
            "arbiter": ZERO_ADDRESS,
            "relayer": ZERO_ADDRESS,
            "token": Address(self.token.address),
            "price": 100 * UNIT,
            "seller_bond": 0,
            "arbiter_fee": 0,
            "relay_fee": 0,
            "open_by": START + 7_200,
            "cancel_by": 0,
            "review_window": DAY,
            "dispute_window": DAY,
            "ruling_window": 3 * DAY,
            "rejected_seller_bps": 2_500,
            "lapsed_seller_bps": 5_000,
            "walk_away_bps": 2_500,
            "payout": 0,
            "milestones": (Milestone(amount=100 * UNIT, deliver_by=START + 7 * DAY),),
            "terms_hash": Hash32.of(keccak(b"terms")),
            "transcript_root": Hash32.of(keccak(b"transcript")),
            "transcript_length": 9,
            "bundle": ZERO_HASH,
            "amends": ZERO_HASH,
            "amends_milestone": 0,
            "amends_locked": 0,
            "buyer_epoch": 0,
            "seller_epoch": 0,
            "nonce": int.from_bytes(keccak(b"deal %d" % self.deals), "big"),
        }
        return Deal(**{**fields, **changes})

    def consent(self, signer: Signer, signed: Deal | Action) -> str:
        return account_signature(signer.sign_digest(signed.digest(self.chain_id, self.verifier)))

    def authorization(self, deal: Deal) -> Funding:
        """The buyer's EIP-3009 authorisation for a deal: its consent and its money."""
        digest = receive_authorization_digest(
            bytes.fromhex(str(self.token.domain_separator())[2:]),
            deal.buyer,
            self.verifier,
            deal.buyer_lock + deal.relay_fee,
            0,
            deal.open_by + 1,
            deal.deal_id(self.chain_id, self.verifier),
        )
        return Funding(FundingKind.AUTHORIZATION, self.buyer.sign_digest(digest))

    def send(self, call: Call, sender: LocalSigner | None = None) -> Mined:
        mined = send_now(self.node, sender or self.relayer, call)
        if not mined.ok:
            raise TransactionReverted(
                "A measured transaction reverted.", function=call.function, transaction=mined.transaction
            )
        return mined

    def open(self, deal: Deal, funding: Funding | None = None) -> Mined:
        """Opens a deal from an allowance, or as `funding` says, with no signature that is not needed."""
        return self.send(
            self.escrow.open(
                deal,
                "0x" if funding else self.consent(self.buyer, deal),
                self.consent(self.seller, deal),
                funding or Funding(),
                Funding(),
            )
        )

    def item(self, deal: Deal, sides: tuple[Signer, Signer], funding: Funding) -> Opening:
        """An item of a batch, signed by both sides."""
        buyer, seller = sides
        return Opening(deal, self.consent(buyer, deal), self.consent(seller, deal), funding)

    def pairs(self, count: int, name: str) -> list[tuple[LocalSigner, LocalSigner]]:
        """Buyers and sellers in their steady state: tokens, an unlimited allowance and internal balances."""
        found = []
        for index in range(count):
            buyer, seller = (
                LocalSigner(keccak(b"%s %s %d" % (name.encode(), side, index)))
                for side in (b"buyer", b"seller")
            )
            mint(
                self.node,
                self.relayer,
                self.token.address,
                (buyer.address, self.relayer.address),
                100_000 * UNIT,
            )
            self.node.request("anvil_setBalance", [buyer.address, hex(10**18)])
            self.send(self.token.approve(self.escrow.address, 2**256 - 1), buyer)
            for side in (buyer, seller):
                self.send(self.escrow.deposit(self.token.address, side.address, 20_000 * UNIT))
            found.append((buyer, seller))
        return found

    def settle(self, deal: Deal) -> Mined:
        """Settles a deal on the buyer's signed receipt."""
        receipt = Receipt(
            deal_id=deal.deal_id(self.chain_id, self.verifier),
            milestone=0,
            deliverable=Hash32.of(keccak(b"goods")),
            fee=0,
            valid_until=deal.open_by,
        )
        return self.send(self.escrow.settle(deal, receipt, self.consent(self.buyer, receipt)))


@contextlib.contextmanager
def bench_market() -> Iterator[BenchMarket]:
    """A fresh chain; it ends with the block. Raises the errors of `parley.chain`."""
    with LocalAnvil(genesis_time=START) as chain:
        node = chain.node()
        relayer, buyer, seller = (chain.signer(index) for index in range(3))
        deployment = deploy_local(node, relayer)
        escrow, _, token = connect(node, deployment)
        mint(node, relayer, deployment.token, (buyer.address, seller.address, relayer.address), 10_000 * UNIT)
        yield BenchMarket(node, escrow, token, deployment.chain_id, buyer, seller, relayer)
