"""Fixtures for tests of contracts on a local chain: agents with money, contracts, signed deals, a clock.

Run them with `ape test`. Ape starts an Anvil of its own and takes the chain back to where it was after every
test, so nothing here cleans up. `market` is what a test usually wants:

    def test_a_deal(market):
        deal = market.deal(price=5_000_000)
        market.open(deal)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from parley.terms import actions
from parley.terms.deal import Deal, Milestone
from parley.terms.eip712 import typed_digest
from parley.terms.signing import LocalSigner, account_signature
from parley.terms.values import ZERO_ADDRESS, ZERO_HASH, Address, Hash32, keccak

UNIT: Final = 10**6
"""Base units of one payment token."""
FUNDS: Final = 1_000 * UNIT
"""What every agent begins with."""
HOUR: Final = 3_600
DAY: Final = 24 * HOUR

ALLOWANCE: Final = (0, b"")
"""IEscrow.Funding: taken from the ERC-20 allowance."""

CALLER: Final = b""
"""The empty signature: the caller of the transaction is the signer."""


@dataclass(frozen=True)
class Agent:
    """An account that sends transactions through Ape and signs typed data with the same key."""

    account: Any
    signer: LocalSigner

    @property
    def address(self) -> Address:
        return self.signer.address

    def sign(self, digest: bytes) -> bytes:
        """65 bytes r ‖ s ‖ v, as EIP-3009 and ERC-8004 want them."""
        return self.signer.sign_digest(digest).raw

    def consent(self, digest: bytes) -> bytes:
        """The same with the kind byte in front, as the escrow wants it."""
        return bytes.fromhex(account_signature(self.signer.sign_digest(digest))[2:])


@dataclass
class Market:
    """The contracts on one chain and the agents that meet there."""

    chain: Any
    escrow: Any
    registry: Any
    token: Any
    buyer: Agent
    seller: Agent
    arbiter: Agent
    relayer: Agent
    stranger: Agent
    deals_made: int = field(default=0)

    # ---- time ----

    @property
    def now(self) -> int:
        """Unix seconds of the latest block."""
        return int(self.chain.blocks.head.timestamp)

    def wait(self, seconds: int) -> None:
        """Moves time on: the next block comes `seconds` later."""
        self.chain.mine(timestamp=self.now + seconds)

    def wait_until(self, moment: int) -> None:
        """The next transaction is mined at exactly `moment`."""
        self.chain.provider.set_timestamp(moment)

    # ---- deals ----

    def deal(self, **changes: Any) -> Deal:
        """A deal over 100 tokens, one milestone due in a day, with an arbiter. Any field can be changed; a
        changed `price` changes the milestone with it.
        """
        self.deals_made += 1
        price = changes.get("price", 100 * UNIT)
        fields: dict[str, Any] = {
            "buyer": self.buyer.address,
            "seller": self.seller.address,
            "arbiter": self.arbiter.address,
            "relayer": ZERO_ADDRESS,
            "token": Address(self.token.address.lower()),
            "price": price,
            "seller_bond": 10 * UNIT,
            "arbiter_fee": 2 * UNIT,
            "relay_fee": 0,
            "open_by": self.now + 10 * 60,
            "cancel_by": 0,
            "review_window": 6 * HOUR,
            "dispute_window": 6 * HOUR,
            "ruling_window": 2 * DAY,
            "rejected_seller_bps": 2_500,
            "lapsed_seller_bps": 5_000,
            "walk_away_bps": 4_000,
            "payout": 0,
            "milestones": (Milestone(amount=price, deliver_by=self.now + DAY),),
            "terms_hash": hash_of("the agreed terms"),
            "transcript_root": hash_of("the transcript"),
            "transcript_length": 7,
            "bundle": ZERO_HASH,
            "amends": ZERO_HASH,
            "amends_milestone": 0,
            "amends_locked": 0,
            "buyer_epoch": 0,
            "seller_epoch": 0,
            "nonce": self.deals_made,
        }
        if changes.get("arbiter") == ZERO_ADDRESS:
            fields["arbiter_fee"] = 0
        return Deal(**{**fields, **changes})

    def id_of(self, deal: Deal) -> Hash32:
        return deal.deal_id(self.chain.chain_id, Address(self.escrow.address.lower()))

    def consent(self, agent: Agent, signed: Deal | actions.Action) -> bytes:
        """The agent's signature over a deal or an action, in the form the escrow takes."""
        return agent.consent(self.digest(signed))

    def digest(self, signed: Deal | actions.Action) -> bytes:
        return signed.digest(self.chain.chain_id, Address(self.escrow.address.lower()))

    def authorization(self, agent: Agent, deal: Deal, value: int) -> tuple[int, bytes]:
        """Funding by EIP-3009: one signature which both agrees to the deal and pays for it, with no gas and
        no approval.
        """
        digest = actions.receive_authorization_digest(
            bytes(self.token.DOMAIN_SEPARATOR()),
            agent.address,
            Address(self.escrow.address.lower()),
            value,
            0,
            deal.open_by + 1,
            self.id_of(deal),
        )
        return (2, agent.sign(digest))

    def approve(self, agent: Agent, amount: int) -> None:
        self.token.approve(self.escrow, amount, sender=agent.account)

    def open(self, deal: Deal, sender: Agent | None = None) -> Any:
        """Opens a deal from allowances on both signatures. The relayer submits it unless told otherwise."""
        self.approve(self.buyer, deal.buyer_lock + deal.relay_fee)
        self.approve(self.seller, deal.seller_bond)
        return self.escrow.open(
            deal.as_abi(),
            self.consent(self.buyer, deal),
            self.consent(self.seller, deal),
            ALLOWANCE,
            ALLOWANCE,
            sender=(sender or self.relayer).account,
        )

    def deliver(
        self, deal: Deal, what: str = "the deliverable", milestone: int = 0, delivery: int = 1
    ) -> bytes:
        """The seller delivers by its own call. Gives the hash of what was delivered."""
        deliverable = bytes.fromhex(hash_of(what)[2:])
        self.escrow.deliver(
            deal.as_abi(), milestone, delivery, deliverable, 0, 0, CALLER, sender=self.seller.account
        )
        return deliverable

    def reject(self, deal: Deal, milestone: int = 0, delivery: int = 1) -> Any:
        """The buyer rejects a delivery by its own call."""
        return self.escrow.reject(
            deal.as_abi(), milestone, delivery, b"\x11" * 32, 0, 0, CALLER, sender=self.buyer.account
        )

    def dispute(self, deal: Deal, by: Agent | None = None, milestone: int = 0) -> Any:
        """A party (the seller unless told otherwise) takes the rejection to the arbiter."""
        party = by or self.seller
        return self.escrow.dispute(
            deal.as_abi(), party.address, milestone, b"\x22" * 32, 0, 0, CALLER, sender=party.account
        )

    # ---- looking ----

    def state(self, deal: Deal) -> Any:
        return self.escrow.stateOf(bytes.fromhex(self.id_of(deal)[2:]))

    def status(self, deal: Deal) -> int:
        return int(self.state(deal).status)

    def account(self, agent: Agent) -> Any:
        """Internal balance and counters of an agent in the payment token."""
        return self.escrow.accountOf(self.token, agent.account)

    def record(self, agent: Agent) -> Any:
        return self.escrow.recordOf(self.token, agent.account)

    def money(self, agent: Agent) -> int:
        """All an agent owns: in its wallet and in its internal balance."""
        return int(self.token.balanceOf(agent.account)) + int(self.account(agent).balance)

    def held(self) -> int:
        """What the escrow holds, base units."""
        return int(self.token.balanceOf(self.escrow))

    def agents(self) -> tuple[Agent, ...]:
        return (self.buyer, self.seller, self.arbiter, self.relayer, self.stranger)

    def check_money(self, *open_deals: Deal) -> None:
        """No unit was made or lost, and the escrow holds exactly what it owes."""
        balances = sum(int(self.account(agent).balance) for agent in self.agents())
        locked = sum(int(self.state(deal).locked) for deal in open_deals)
        assert self.held() == balances + locked
        assert sum(self.money(agent) for agent in self.agents()) + locked == len(self.agents()) * FUNDS


def hash_of(text: str) -> Hash32:
    return Hash32.of(keccak(text.encode()))


@pytest.fixture(scope="session")
def agents(accounts: Any) -> tuple[Agent, ...]:
    """Five agents whose keys are Ape's test accounts; the deployer is another one."""
    return tuple(
        Agent(account=account, signer=LocalSigner(bytes.fromhex(account.private_key.removeprefix("0x"))))
        for account in (accounts[index] for index in range(1, 6))
    )


@pytest.fixture(scope="session")
def market(project: Any, chain: Any, accounts: Any, agents: tuple[Agent, ...]) -> Market:
    """The contracts, freshly deployed, and agents that have the payment token."""
    deployer = accounts[0]
    token = deployer.deploy(project.PaymentToken, deployer, 0)
    for agent in agents:
        token.mint(agent.account, FUNDS, sender=deployer)
    escrow = project.IEscrow.at(deployer.deploy(project.Escrow).address)
    return Market(chain, escrow, deployer.deploy(project.AgentRegistry), token, *agents)


@pytest.fixture
def opened(market: Market) -> Callable[..., Deal]:
    """Makes a deal, opens it and gives it back."""

    def make(**changes: Any) -> Deal:
        deal = market.deal(**changes)
        market.open(deal)
        return deal

    return make


@pytest.fixture
def wallet_proof(market: Market) -> Callable[..., bytes]:
    """Signs the ERC-8004 proof by which an account agrees to act for an agent."""

    def sign(agent_id: int, wallet: Agent, owner: Agent, deadline: int) -> bytes:
        struct = actions.AGENT_WALLET_SET.hash_struct(
            {"agentId": agent_id, "newWallet": wallet.address, "owner": owner.address, "deadline": deadline}
        )
        return wallet.sign(typed_digest(bytes(market.registry.domainSeparator()), struct))

    return sign
