"""Pairs of agents that negotiate through a fleet until their deal is open, whatever is done to the fleet."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from members import AUDIENCE, GATEWAY

from parley.agents.channel import GatewayChannel
from parley.agents.client import GatewayClient
from parley.agents.errors import GatewayProblem, GatewayUnreachable, Overtaken
from parley.agents.journal import Journal
from parley.agents.session import NegotiationSession
from parley.agents.signin import KeyIdentity
from parley.agents.signing import DealSigning
from parley.agents.views import Receipt
from parley.agents.wallet import TokenName, Wallet
from parley.chain.deploy import LocalDeployment
from parley.sandbox.local import TOKEN_NAME, TOKEN_VERSION, UNIT, key_of
from parley.store import EventStore
from parley.terms.domain import Domain
from parley.terms.message import Message
from parley.terms.opening import Opening, Party
from parley.terms.signing import LocalSigner
from parley.terms.values import Address, Hash32, keccak


class Recording(GatewayChannel):
    """Remembers every message for which a receipt came back."""

    def __init__(self, client: GatewayClient, acknowledged: dict[str, Receipt]) -> None:
        super().__init__(client)
        self._acknowledged = acknowledged

    def open(self, domain: Domain, opening: Opening, message: Message) -> Receipt | None:
        return self._keep(super().open(domain, opening, message))

    def send(self, message: Message) -> Receipt | None:
        return self._keep(super().send(message))

    def _keep(self, receipt: Receipt | None) -> Receipt | None:
        assert receipt is not None
        known = self._acknowledged.setdefault(receipt.message, receipt)
        assert known == receipt, "a repeat got another receipt"
        return receipt


class Side:
    """One agent with a journal of its own."""

    def __init__(
        self, name: str, folder: Path, url: str, deployment: LocalDeployment, acknowledged: dict[str, Receipt]
    ) -> None:
        self.store = EventStore.open(f"sqlite:///{folder / name}.sqlite")
        self.wallet = Wallet(
            LocalSigner(key_of(name)),
            Journal(self.store),
            chain_id=deployment.chain_id,
            escrow=Address(deployment.escrow),
            clock=lambda: int(time.time()),
            tokens={Address(deployment.token): TokenName(TOKEN_NAME, TOKEN_VERSION)},
        )
        identity = KeyIdentity(LocalSigner(key_of(name)), deployment.chain_id, AUDIENCE)
        self.client = GatewayClient(url, identity, timeout=10)
        self.channel = Recording(self.client, acknowledged)
        self.signing = DealSigning(self.client, self.wallet, lambda report: None)

    def close(self) -> None:
        self.client.close()
        self.store.close()


class Pair:
    """A buyer and a seller in one negotiation; `advance` does the next thing and survives a dead gateway."""

    def __init__(
        self,
        number: int,
        agent: int,
        buyer: Side,
        seller: Side,
        domain: Domain,
        deployment: LocalDeployment,
        offers: int,
    ) -> None:
        self.number, self.agent, self.buyer, self.seller = number, agent, buyer, seller
        self.domain, self.offers = domain, offers
        self._deployment = deployment
        self._opening: Opening | None = None
        self.sessions: dict[str, NegotiationSession] = {}
        self.trouble: str | None = None  # why the last advance came to nothing
        self.done = False

    @property
    def opening(self) -> Opening:
        """Made when the pair begins, because its deadline counts from then."""
        if self._opening is None:
            self._opening = self._opened_now()
        return self._opening

    @property
    def id(self) -> Hash32:
        return self.opening.negotiation_id()

    @property
    def deal_id(self) -> Hash32 | None:
        """The deal's, once the buyer, who signs last, has signed."""
        signed = self.buyer.wallet.journal.signed_deal(self.id, 0)
        return None if signed is None else signed.deal_id

    def advance(self) -> bool:
        """Whether anything went on."""
        before, self.trouble = self._mark(), None
        try:
            self._advance()
        except (GatewayUnreachable, Overtaken) as error:
            self.trouble = error.code
        except GatewayProblem as problem:
            self.trouble = problem.problem
            if not problem.transient:
                raise
        return self._mark() != before

    def _mark(self) -> tuple[Any, ...]:
        return self.done, *(len(session.messages) for session in self.sessions.values())

    def _advance(self) -> None:
        if "buyer" not in self.sessions:
            self.sessions["buyer"] = NegotiationSession.start(
                self.domain, self.opening, self.buyer.wallet, self.buyer.channel
            )
        if "seller" not in self.sessions:
            self.sessions["seller"] = NegotiationSession.join(
                self.id, self.seller.wallet, self.seller.channel
            )
        buyer, seller = self.sessions["buyer"], self.sessions["seller"]
        for session in (buyer, seller):
            session.sync()
            if session.my_turn:
                self._speak(session)
        if not buyer.state.live and not seller.state.live:
            signed = self.seller.signing.attend(seller) and self.buyer.signing.attend(buyer)
            self.done = signed and self._open()

    def _speak(self, session: NegotiationSession) -> None:
        step = len(session.offers)
        if session.role == "buyer" and step >= self.offers:
            session.accept()
            return
        price = (2 * UNIT + step * 50_000) if session.role == "buyer" else (6 * UNIT - step * 50_000)
        session.offer({"price": price, "hours": 10 + 10 * (self.number % 9)})

    def _open(self) -> bool:
        return self.deal_id is not None and self.buyer.client.deal(self.deal_id).phase == "open"

    def _opened_now(self) -> Opening:
        buyer, seller, now = self.buyer.wallet.address, self.seller.wallet.address, int(time.time())
        return Opening(
            domain=self.domain.hash(),
            parties=(
                Party(role="buyer", address=buyer, epoch=0),
                Party(role="seller", address=seller, epoch=0),
            ),
            first="buyer",
            initiator=buyer,
            opened_at=now,
            deadline=now + self.domain.limits.deadline_seconds,
            chain_id=self._deployment.chain_id,
            escrow=Address(self._deployment.escrow),
            gateways=(LocalSigner(key_of(GATEWAY)).address,),
            reviewers=(),
            nonce=Hash32.of(keccak(b"pair %d" % self.number)),
        )

    def __str__(self) -> str:
        said = {role: len(session.messages) for role, session in self.sessions.items()}
        return f"pair {self.number} of agent {self.agent}: messages {said}, done {self.done}, {self.trouble}"
