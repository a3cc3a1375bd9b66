"""Contracts deployed on Anvil, a relayer, two parties with money and an arbiter; deals and actions signed by
them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from parley.chain.anvil import LocalAnvil, local_signer
from parley.chain.deploy import LocalDeployment, deploy_local, mint
from parley.chain.escrow import EscrowContract
from parley.chain.node import NodeClient
from parley.chain.token import TokenContract
from parley.chain.transactions import send_now
from parley.chain.witnesses import Witnesses
from parley.settlement import Settlement
from parley.store import EventStore
from parley.terms.deal import Deal, Milestone
from parley.terms.signing import LocalSigner, account_signature
from parley.terms.values import ZERO_ADDRESS, ZERO_HASH, Address, Hash32, keccak

T = TypeVar("T")
MONEY = 10**12


def until(look: Callable[[], T | bool | None], seconds: float = 45) -> T | bool:
    """Ask until the answer is true; fails when it never is."""
    end = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.005)


@dataclass(frozen=True)
class Signed:
    deal: Deal
    deal_id: Hash32
    buyer: str
    seller: str


@dataclass
class Market:
    """`rpc_url` may be that of a proxy in between; `anvil` is the chain itself."""

    anvil: LocalAnvil
    deployment: LocalDeployment
    relayer: LocalSigner = field(default_factory=lambda: local_signer(1))
    buyer: LocalSigner = field(default_factory=lambda: local_signer(2))
    seller: LocalSigner = field(default_factory=lambda: local_signer(3))
    arbiter: LocalSigner = field(default_factory=lambda: local_signer(4))

    @classmethod
    def deploy(cls, anvil: LocalAnvil) -> Market:
        node = anvil.node()
        relayer, buyer, seller, _ = (anvil.signer(index) for index in (1, 2, 3, 4))
        deployment = deploy_local(node, relayer)
        mint(node, relayer, deployment.token, [buyer.address, seller.address], 10**11)
        token = TokenContract(node, deployment.token)
        for party in (buyer, seller):
            send_now(node, party, token.approve(deployment.escrow, MONEY))
        anvil.mine(5)  # so that a reorganisation in a test reaches the deals and not the money
        return cls(anvil, deployment)

    @property
    def node(self) -> NodeClient:
        return self.anvil.node()

    @property
    def escrow(self) -> EscrowContract:
        return EscrowContract(self.node, self.deployment.escrow)

    @property
    def token(self) -> TokenContract:
        return TokenContract(self.node, self.deployment.token)

    def settlement(
        self,
        store: EventStore,
        *,
        rpc_url: str | None = None,
        confirmations: int = 0,
        timeout: float = 10,
        witnesses: Sequence[str] = (),
    ) -> Settlement:
        """The relayer's settlement on a store."""
        node = NodeClient(rpc_url or self.anvil.rpc_url, chain_id=self.deployment.chain_id, timeout=timeout)
        others = [NodeClient(url, chain_id=self.deployment.chain_id, timeout=timeout) for url in witnesses]
        return Settlement.connect(
            store,
            node,
            self.deployment.escrow,
            self.relayer,
            start_block=self.deployment.block,
            confirmations=confirmations,
            witnesses=Witnesses(node, others),
        )

    def now(self) -> int:
        return self.node.latest().timestamp

    def deal(self, nonce: int = 1, **changes: Any) -> Signed:
        now = self.now()
        values: dict[str, Any] = {
            "buyer": self.buyer.address,
            "seller": self.seller.address,
            "arbiter": self.arbiter.address,
            "relayer": ZERO_ADDRESS,
            "token": Address(self.deployment.token),
            "price": 1_000,
            "seller_bond": 101,
            "arbiter_fee": 11,
            "relay_fee": 3,
            "open_by": now + 3_600,
            "cancel_by": now + 400,
            "review_window": 100,
            "dispute_window": 100,
            "ruling_window": 100,
            "rejected_seller_bps": 1_234,
            "lapsed_seller_bps": 4_321,
            "walk_away_bps": 5_000,
            "payout": 0,
            "milestones": (
                Milestone(amount=333, deliver_by=now + 5_000),
                Milestone(amount=667, deliver_by=now + 10_000),
            ),
            "terms_hash": text_hash("terms"),
            "transcript_root": text_hash("root"),
            "transcript_length": 4,
            "bundle": ZERO_HASH,
            "amends": ZERO_HASH,
            "amends_milestone": 0,
            "amends_locked": 0,
            "buyer_epoch": 0,
            "seller_epoch": 0,
            "nonce": nonce,
        }
        deal = Deal(**{**values, **changes})
        deal_id = deal.deal_id(self.deployment.chain_id, Address(self.deployment.escrow))
        digest = bytes.fromhex(deal_id[2:])
        return Signed(
            deal,
            deal_id,
            account_signature(self.buyer.sign_digest(digest)),
            account_signature(self.seller.sign_digest(digest)),
        )

    def sign(self, action: Any, signer: LocalSigner) -> str:
        digest = action.digest(self.deployment.chain_id, Address(self.deployment.escrow))
        return account_signature(signer.sign_digest(digest))

    def openings(self, deal_id: str) -> int:
        """How often the deal was opened on the chain."""
        escrow = self.escrow
        logs = self.node.logs(escrow.address, 0, self.node.block_number(), (None, deal_id))
        return sum(found is not None and found.name == "Opened" for found in map(escrow.decode, logs))

    def holdings(self) -> dict[str, int]:
        """Tokens and internal balances of everyone, by role; their sum never changes."""
        token, escrow = self.token, self.escrow
        people = {
            "relayer": self.relayer,
            "buyer": self.buyer,
            "seller": self.seller,
            "arbiter": self.arbiter,
        }
        held = {
            role: token.balance_of(signer.address)
            + escrow.account_of(self.deployment.token, signer.address).balance
            for role, signer in people.items()
        }
        internal = sum(
            escrow.account_of(self.deployment.token, signer.address).balance for signer in people.values()
        )
        held["locked"] = token.balance_of(self.deployment.escrow) - internal
        return held


def text_hash(text: str) -> Hash32:
    return Hash32.of(keccak(text.encode()))


def run(settlement: Settlement, deal_id: str, status: str) -> None:
    """Tick until the deal has the status."""

    def look() -> bool:
        settlement.tick()
        return settlement.deal(deal_id).status == status

    until(look)
