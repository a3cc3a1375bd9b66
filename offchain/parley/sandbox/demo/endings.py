"""Two further deals with other ends: a seller that stays silent, and a delivery that goes to the arbiter."""

from __future__ import annotations

import json
from dataclasses import dataclass

from parley.agents.agent import Agent
from parley.agents.client import GatewayClient
from parley.agents.signin import KeyIdentity
from parley.agents.views import DealView
from parley.agents.wallet import TokenName
from parley.sandbox.demo.cast import Player
from parley.sandbox.demo.stage import Stage
from parley.sandbox.local import TOKEN_NAME, TOKEN_VERSION
from parley.scenarios.compute_lease import ComputeLease
from parley.terms.actions import Ruling
from parley.terms.domain import IssueValue
from parley.terms.signing import account_signature
from parley.terms.values import Hash32, keccak

SELLER_BPS = 3_000
VALUES: dict[str, IssueValue] = {
    "gpu": "A100-80GB",
    "usd_per_gpu_hour": 2_000_000,
    "gpu_hours": 100,
    "start_day": 1,
    "support": "community",
    "payment": "on_delivery",
}
_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Ending:
    """A deal that went another way; `due` base units should have come to the seller, bond included."""

    buyer: Player
    seller: Player
    deal_id: str
    due: int


class Endings:
    """Negotiates a small lease twice with the agents' own toolkit, and sees each through to its end."""

    def __init__(self, stage: Stage, lease: ComputeLease, arbiter: Player) -> None:
        self._stage = stage
        self._lease = lease
        self._arbiter = arbiter
        # Terms of the seller that lists the GPU at issue; the players here are nobody's employees.
        seller = next(seller for seller in lease.sellers if str(VALUES["gpu"]) in seller.gpus)
        self._domain = lease.domain(seller)

    def agent(self, player: Player) -> Agent:
        """An agent of this player without policy or budget."""
        tokens: dict[str, TokenName] = {self._stage.deployment.token: TokenName(TOKEN_NAME, TOKEN_VERSION)}
        database = self._stage.folder.agents / f"{player.slug}.sqlite"
        return Agent(self._stage.url, player.signer, database, tokens=tokens)

    def silence(self, buyer: Player, seller: Player) -> Ending:
        """Opened, never delivered: after the deadline anyone refunds the buyer, with the seller's bond."""
        with self.agent(buyer) as buying, self.agent(seller) as selling:
            deal_id = self._agree(buying, selling)
            view = buying.wait_for(deal_id, "open", seconds=_WAIT)
            deadline = int(view.deal["milestones"][0]["deliver_by"])
            self._stage.anvil.travel_to(deadline + 1)
            buying.client.deal_action(deal_id, "exits", {"exit": "default"})
            buying.wait_for(deal_id, "closed", seconds=_WAIT)
            return Ending(buyer, seller, deal_id, due=0)

    def dispute(self, buyer: Player, seller: Player) -> Ending:
        """Delivered, rejected, disputed by the seller, ruled by the arbiter that both had named."""
        with self.agent(buyer) as buying, self.agent(seller) as selling:
            deal_id = self._agree(buying, selling)
            selling.deliver(deal_id, {"note": "half of the machines"})
            buying.reject_delivery(deal_id, "only half of the machines were there")
            selling.dispute(deal_id, "the other half was offered a day later")
            buying.wait_for(deal_id, "disputed", seconds=_WAIT)
            self._rule(buying, deal_id)
            view = buying.wait_for(deal_id, "closed", seconds=_WAIT)
            return Ending(buyer, seller, deal_id, due=_ruled(view))

    def _agree(self, buying: Agent, selling: Agent) -> str:
        talk = buying.open(self._domain, selling.address)
        talk.offer(VALUES)
        other = selling.next_talk().wait()
        other.accept()
        other.sign()
        talk.wait()
        return talk.sign()[0]

    def _rule(self, buying: Agent, deal_id: str) -> None:
        signer, chain = self._arbiter.signer, self._stage.deployment
        view = buying.deal(deal_id)
        rationale = json.dumps({"deal": deal_id, "finding": "three tenths of the hours were usable"})
        ruling = Ruling(
            deal_id=Hash32(deal_id),
            milestone=view.milestone,
            seller_bps=SELLER_BPS,
            rationale=Hash32.of(keccak(rationale.encode())),
            fee=0,
            valid_until=view.chain_time + 3_600,
        )
        digest = ruling.digest(chain.chain_id, buying.wallet.escrow)
        body = {"action": ruling.as_json(), "signature": account_signature(signer.sign_digest(digest))}
        with GatewayClient(self._stage.url, KeyIdentity(signer, chain.chain_id)) as client:
            client.deal_action(deal_id, "ruling", body)


def _ruled(view: DealView) -> int:
    """What the ruling leaves the seller: its share of the price, and its bond less its part of the arbiter's
    fee, which goes with the share it did not get.
    """
    price, bond, fee = (int(view.deal[name]) for name in ("price", "seller_bond", "arbiter_fee"))
    return price * SELLER_BPS // 10_000 + bond - fee * (10_000 - SELLER_BPS) // 10_000
