"""The friendly face: an agent that opens talks, speaks in them, signs what was agreed and sees it through."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from parley.agents.channel import GatewayChannel
from parley.agents.client import GatewayClient, readiness
from parley.agents.conduct import Deliverable, Report
from parley.agents.errors import AgentError, GatewayProblem
from parley.agents.fulfilment import Fulfilment
from parley.agents.gatekeeper import Guard
from parley.agents.journal import Journal
from parley.agents.knowledge import Knowledge, StaticKnowledge
from parley.agents.letterbox import Letterbox, derived_key
from parley.agents.seals import SealedMoves
from parley.agents.session import NegotiationSession
from parley.agents.signing import DealSigning
from parley.agents.views import DealView
from parley.agents.wallet import TokenName, Wallet
from parley.negotiation.status import Status
from parley.store import EventStore
from parley.telemetry.tracing import Tracing
from parley.terms.amendment import amendment_opening
from parley.terms.domain import Domain
from parley.terms.opening import Opening, Party
from parley.terms.remainder import Standing
from parley.terms.signing import Signer
from parley.terms.values import Address, Hash32

POLL = 0.05
CARD_SECONDS = 31_536_000
"""How long a key card is good for; a new one is published once half of it is over."""


class WaitedTooLong(AgentError):
    code = "agent.waited-too-long"
    retryable = True
    status = 504
    next_action = "Wait again, or leave: nothing was lost."


class NothingToSign(AgentError):
    code = "agent.nothing-to-sign"
    status = 409
    next_action = "Read the talk's status: only an agreement with settlements gives a deal to sign."


class Talk(NegotiationSession):
    """A negotiation with verbs for its end too: wait for the other side, sign, follow the deal."""

    agent: Agent

    @property
    def sealed(self) -> SealedMoves:
        """Bids, rankings, lots and awards, on the state that the other side has now."""
        self.sync()
        return SealedMoves(self)

    def wait(self, seconds: float = 30.0) -> Talk:
        """Until it is this agent's turn, or over. Raises WaitedTooLong."""
        self.agent.until(lambda: self.sync() is not None and (self.my_turn or not self.state.live), seconds)
        return self

    def wait_for_end(self, seconds: float = 30.0) -> Talk:
        """Until it is over, agreed or not. Raises WaitedTooLong."""
        self.agent.until(lambda: self.sync() is not None and not self.state.live, seconds)
        return self

    def sign(self, seconds: float = 30.0) -> list[Hash32]:
        """Signs this agent's side of what is agreed, once it is; a buyer waits for the seller, who signs
        first. The deal ids. Raises NothingToSign when it ended without an agreement, and WaitedTooLong.
        """
        self.wait_for_end(seconds)
        if self.state.status is Status.ACCEPTED:
            self.agent.until(lambda: self.agent.signing.attend(self), seconds)
        signed = [deal_id for deal_id in self._signed() if deal_id is not None]
        if not signed:
            raise NothingToSign("nothing was signed", negotiation=self.id, status=self.status)
        return signed

    def _signed(self) -> list[Hash32 | None]:
        journal = self.wallet.journal
        held = (journal.signed_deal(self.id, index) for index in range(len(self.domain.settlements)))
        return [None if signed is None else signed.deal_id for signed in held]


class Agent:
    """A key, its journal and a gateway. Close it, or use it as a context manager.

    With `sealed` it publishes a key card, seals what it offers, asks and answers to the other parties, and
    reads what they seal to it; they need cards too.
    """

    def __init__(
        self,
        url: str,
        signer: Signer,
        database: str | Path,
        *,
        guard: Guard | None = None,
        knowledge: Knowledge | None = None,
        tokens: Mapping[str, TokenName] | None = None,
        audience: str | None = None,
        clock: Callable[[], int] = lambda: int(time.time()),
        watch: Callable[[Report], None] | None = None,
        tracing: Tracing | None = None,
        sealed: bool = False,
    ) -> None:
        located = database if isinstance(database, str) and "://" in database else f"sqlite:///{database}"
        self._store = EventStore.open(str(located), clock=clock)
        try:
            reader = readiness(url)
            self.gateway = Address(reader.gateway)
            self.wallet = Wallet(
                signer,
                Journal(self._store),
                chain_id=reader.chain_id,
                escrow=Address(reader.escrow),
                clock=clock,
                guard=guard,
                knowledge=knowledge or StaticKnowledge(standings=self.standing),
                tokens={Address(token): name for token, name in (tokens or {}).items()},
                audience=audience,
            )
            self.client = GatewayClient(url, self.wallet, tracing=tracing)
            self.letterbox = self._letterbox(signer) if sealed else None
        except BaseException:
            self._store.close()
            raise
        self.channel = GatewayChannel(self.client)
        self._watch = watch or (lambda report: None)
        self.signing = DealSigning(self.client, self.wallet, self._watch)

    def _letterbox(self, signer: Signer) -> Letterbox:
        found = Letterbox(
            signer.address,
            (derived_key(signer),),
            self.client.card,
            chain_id=self.wallet.chain_id,
            clock=self.wallet.clock,
        )
        card = found.card(signer, CARD_SECONDS)
        try:
            current = self.client.card(signer.address).card
        except GatewayProblem:
            current = None
        if (
            current is None
            or current.key != card.card.key
            or 2 * (current.expires_at - card.card.issued_at) < CARD_SECONDS
        ):
            self.client.publish_card(card)
        return found

    @property
    def address(self) -> Address:
        return self.wallet.address

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.client.close()
        self.client.tracing.close()
        self._store.close()

    # -------------------------------------------------------------------- talks

    def open(
        self,
        domain: Domain,
        counterparty: str,
        *,
        role: str | None = None,
        reviewers: Sequence[str] = (),
    ) -> Talk:
        """Opens a negotiation between two parties and speaks first. `role` is this agent's, by default the
        domain's first.
        """
        mine = role or domain.roles[0]
        others = {name: counterparty for name in domain.roles if name != mine}
        return self.open_with(domain, others, reviewers=reviewers)

    def open_with(
        self,
        domain: Domain,
        others: Mapping[str, str],
        *,
        reviewers: Sequence[str] = (),
        mediator: str | None = None,
        draw: bool = False,
    ) -> Talk:
        """Opens a negotiation in the role that `others` leaves, with the accounts of all other roles. It
        speaks first, unless the first proposer is drawn.
        """
        (mine,) = (name for name in domain.roles if name not in others)
        addresses = {mine: self.address, **{name: Address(other) for name, other in others.items()}}
        now = self.wallet.clock()
        opening = Opening(
            domain=domain.hash(),
            parties=tuple(Party(role=name, address=addresses[name], epoch=0) for name in domain.roles),
            first=mine,
            initiator=self.address,
            opened_at=now,
            deadline=now + domain.limits.deadline_seconds,
            chain_id=self.wallet.chain_id,
            escrow=self.wallet.escrow,
            gateways=(self.gateway,),
            reviewers=tuple(Address(reviewer) for reviewer in reviewers),
            mediator=None if mediator is None else Address(mediator),
            draw=draw or None,
            nonce=Hash32.of(secrets.token_bytes(32)),
        )
        talk = Talk.start(domain, opening, self.wallet, self.channel, letterbox=self.letterbox)
        talk.agent = self
        return talk

    def join(self, negotiation: str) -> Talk:
        """Takes part in a negotiation that someone else opened with this agent."""
        talk = Talk.join(negotiation, self.wallet, self.channel, letterbox=self.letterbox)
        talk.agent = self
        return talk

    def next_talk(self, seconds: float = 30.0) -> Talk:
        """The newest negotiation with this agent, as soon as there is one. Raises WaitedTooLong."""
        found: list[str] = []

        def there_is() -> bool:
            found[:] = [summary.id for summary in self.client.negotiations(limit=1).items]
            return bool(found)

        self.until(there_is, seconds)
        return self.join(found[0])

    def amend(self, deal_id: str, domain: Domain | None = None) -> Talk:
        """Opens a negotiation over an amendment of a live deal, in the same roles; by default over the same
        domain. What is agreed and signed takes the deal's place.
        """
        held = self.client.deal(deal_id)
        known, opening = self.client.documents(held.negotiation or "")
        about = domain or known
        mine = opening.party_of_address(self.address)
        if mine is None:
            raise NothingToSign("this agent is no party of the deal's negotiation", deal_id=deal_id)
        now = self.wallet.clock()
        amending = amendment_opening(
            opening,
            Hash32(deal_id),
            domain=about.hash(),
            first=mine.role,
            initiator=self.address,
            opened_at=now,
            deadline=now + about.limits.deadline_seconds,
            nonce=Hash32.of(secrets.token_bytes(32)),
        )
        talk = Talk.start(about, amending, self.wallet, self.channel, letterbox=self.letterbox)
        talk.agent = self
        return talk

    def standing(self, deal_id: Hash32) -> Standing | None:
        """How a live deal stands, as the gateway's indexer knows it; None for one that is not live or not
        known to it. An answer that is wrong makes an amendment void at the escrow; who counts on bonds of
        bidders reads the chain (`parley.agents.bonds.on_chain`).
        """
        try:
            view = self.client.deal(deal_id)
        except GatewayProblem as problem:
            if problem.http_status == 404:
                return None
            raise
        if view.phase not in ("open", "rejected"):
            return None
        return Standing(view.milestone, int(view.locked), view.shift, view.seller_lost_bps)

    # -------------------------------------------------------------------- deals

    def deal(self, deal_id: str) -> DealView:
        return self.client.deal(deal_id)

    def wait_for(self, deal_id: str, *phases: str, seconds: float = 30.0) -> DealView:
        """The deal as soon as it is in one of `phases` on the chain's word. Raises WaitedTooLong."""
        self.until(lambda: self.client.deal(deal_id).phase in phases, seconds)
        return self.client.deal(deal_id)

    def deliver(self, deal_id: str, document: Mapping[str, Any]) -> DealView:
        """Hands over the current milestone: the hash of `document` goes to the escrow."""
        return self._fulfilment().deliver(self.wait_for(deal_id, "open", "rejected"), Deliverable(document))

    def accept_delivery(self, deal_id: str) -> DealView:
        """Signs the receipt for what was delivered, which pays the seller."""
        return self._fulfilment().receipt(self.wait_for(deal_id, "delivered"))

    def reject_delivery(self, deal_id: str, reason: str) -> DealView:
        """Refuses what was delivered; no timer pays from here."""
        return self._fulfilment().reject(self.wait_for(deal_id, "delivered"), reason)

    def dispute(self, deal_id: str, evidence: str) -> DealView:
        """Takes a rejection to the arbiter; the hash of `evidence` goes to the escrow."""
        return self._fulfilment().dispute(self.wait_for(deal_id, "rejected"), evidence)

    def _fulfilment(self) -> Fulfilment:
        return Fulfilment(self.client, self.wallet, None, self._watch)

    def until(self, condition: Callable[[], bool], seconds: float) -> None:
        """Asks again and again until `condition` holds. Raises WaitedTooLong."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise WaitedTooLong("it did not happen in time", seconds=int(seconds))
            time.sleep(POLL)
