"""The deal desk over `parley.settlement`: what the gateway's routes ask, answered by store, sender and
indexer.
"""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from parley.chain.batching import BatchSettings
from parley.chain.certainty import Certainty
from parley.chain.deploy import check_deployment
from parley.chain.errors import NodeRefused, NodesDisagree
from parley.chain.escrow import Opening, Status
from parley.chain.indexer import Indexer
from parley.chain.node import NodeClient
from parley.chain.relayer import Relayer
from parley.chain.sender import SenderSettings
from parley.chain.spending import GasBudget
from parley.chain.witnesses import Witnesses
from parley.errors import ParleyError
from parley.gateway.deals import DealDesk, Submitted
from parley.gateway.errors import SettlementUnavailable
from parley.gateway.keys import relayers
from parley.gateway.settings import GatewaySettings
from parley.gateway.standing import Standing
from parley.settlement.costs import Costs
from parley.settlement.models import SubmittedDeal
from parley.settlement.service import Settlement
from parley.settlement.worker import SettlementWorker
from parley.store import EventStore
from parley.telemetry.tracing import Tracing
from parley.terms import remainder
from parley.terms.actions import Action, Mandate, Split, SplitRevocation
from parley.terms.deal import Deal
from parley.terms.evidence_actions import EvidenceSubmission
from parley.terms.signing import Signer
from parley.terms.values import Address, Hash32

TIMES = 256
"""Deals in an answer under way whose block time was asked with other questions."""


class SettlementDesk:
    """Blocking, safe from any thread. The worker moves what was accepted, with or without requests."""

    def __init__(
        self,
        settings: GatewaySettings,
        node: NodeClient,
        settlement: Settlement,
        indexer: Indexer,
        standing: Standing,
        worker: SettlementWorker,
    ) -> None:
        self._settings = settings
        self._node = node
        self._settlement = settlement
        self._indexer = indexer
        self._standing = standing
        self._worker = worker
        self._times: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def check(self, deal: Deal) -> None:
        self._settlement.check(deal)

    def check_signature(self, deal: Deal, role: str, signature: str) -> None:
        self._settlement.check_signature(deal, role, signature)

    def submit(
        self, opening: Opening, negotiation: str | None = None, replaces: Deal | None = None
    ) -> Submitted:
        found = self._settlement.submit_opening(opening, negotiation=negotiation, replaces=replaces)
        self._note_time(found.deal_id)
        return self._as_submitted(found)

    def submit_linked(
        self, openings: Sequence[Opening], negotiation: str | None = None
    ) -> tuple[Submitted, ...]:
        found = self._settlement.submit_linked(openings, negotiation=negotiation)
        return tuple(self._as_submitted(item) for item in found)

    def standing(self, deal_id: str) -> remainder.Standing | None:
        chain = self._indexer.deal_view(deal_id)
        if chain.status not in (Status.OPEN, Status.REJECTED):
            return None
        return remainder.Standing(chain.milestone, chain.locked, chain.shift, chain.seller_lost_bps)

    def submitted(self, deal_id: str) -> Submitted | None:
        found = self._settlement.submitted(deal_id)
        return None if found is None else self._as_submitted(found)

    def of_negotiation(self, negotiation: str) -> list[Submitted]:
        return [self._as_submitted(found) for found in self._settlement.of_negotiation(negotiation)]

    def _as_submitted(self, found: SubmittedDeal) -> Submitted:
        events = self._indexer.deal_view(found.deal_id).events
        return Submitted(
            deal=found.deal,
            deal_id=Hash32(found.deal_id),
            negotiation=found.negotiation,
            buyer_signature=found.buyer_signature,
            seller_signature=found.seller_signature,
            buyer_authorization=found.buyer_authorization,
            seller_authorization=found.seller_authorization,
            transactions=tuple(dict.fromkeys(event.transaction for event in events)),
            agents=found.agents,
        )

    def shown(self, deal_id: str, agent: Address, now: int) -> tuple[dict[str, Any], tuple[str, ...]]:
        found = self._settlement.deal(deal_id)
        chain, chain_time = found.chain, self._noted_time(deal_id) or self._chain_time()
        unopened = chain.status.name == "UNOPENED"
        view = {
            **found.as_json(),
            "phase": found.status if unopened else chain.status.name.lower(),
            "deliveries": chain.deliveries,
            "locked": str(chain.locked),
            "shift": chain.shift,
            "seller_lost_bps": chain.seller_lost_bps,
            "timers": list(self._settlement.timers.wanted(deal_id)),
            "chain_time": chain_time,
        }
        return view, tuple(action.name for action in found.next_actions(agent, chain_time or now))

    def _chain_time(self) -> int:
        """The newest block's time, which is what the escrow goes by; 0 while the node does not answer."""
        try:
            return self._node.latest().timestamp
        except ParleyError:
            return 0

    def _note_time(self, deal_id: str) -> None:
        """What the chain's time was when it was asked about this deal, for the answer that follows."""
        seen = self._node.newest
        if seen is not None:
            self._times[deal_id] = seen
        while len(self._times) > TIMES:
            self._times.popitem(last=False)

    def _noted_time(self, deal_id: str) -> int:
        """That time, once, while it is fresh; else 0."""
        asked_at, timestamp = self._times.pop(deal_id, (0.0, 0))
        return timestamp if time.monotonic() - asked_at < 1 else 0

    def act(self, deal_id: str, action: Action, signature: str) -> None:
        self._settlement.act(deal_id, action, signature)
        self._note_time(deal_id)

    def split(self, deal_id: str, split: Split, buyer_signature: str, seller_signature: str) -> None:
        self._settlement.split(deal_id, split, buyer_signature, seller_signature)

    def revoke_split(self, deal_id: str, split: Split, revocation: SplitRevocation, signature: str) -> None:
        self._settlement.revoke_split(deal_id, split, revocation, signature)

    def exit(self, deal_id: str, name: str) -> None:
        self._settlement.exit(deal_id, name)

    def submit_evidence(self, deal_id: str, evidence: EvidenceSubmission, signature: str) -> None:
        self._settlement.submit_evidence(deal_id, evidence, signature)

    def call_exits(self, deal_id: str, party: Address, exits: Sequence[str]) -> tuple[str, ...]:
        return self._settlement.call_exits(deal_id, party, exits)

    def act_for_account(self, action: Action, signature: str, mandate: Mandate | None) -> dict[str, Any]:
        taken = self._settlement.act_for_account(action, signature, mandate)
        return {"account": taken.deal_id, "purpose": taken.purpose, "status": taken.status}

    def of_account(self, account: str) -> list[dict[str, Any]]:
        return [item.as_json() for item in self._settlement.of_account(account)]

    def reputation(self, agent: Address, now: int) -> dict[str, Any]:
        at = self._chain_time() or now  # the time of a block: anyone with a node can score at the same time
        return {**self._standing.of(agent, at), "at": at}

    def check_chain(self) -> dict[str, Any]:
        """Asks the node afresh. Raises the node's errors, and SettlementUnavailable when the worker is stuck;
        not ok, with the last block that counts, while nodes disagree.
        """
        self._node.check()
        block = self._node.block_number()
        agreed = self._indexer.trust.agreed()
        if agreed is not None:
            quarrel = NodesDisagree("The nodes disagree.")
            return {"ok": False, "code": quarrel.code, "next_action": quarrel.next_action, "agreed": agreed}
        if self._worker.last_error is not None:
            raise SettlementUnavailable(f"settlement waits: {self._worker.last_error.message}")
        if self._settings.work == "apart" and not self._worker.anyone():
            raise SettlementUnavailable(
                "no worker settles", next_action="Start parley worker; what is accepted waits until then."
            )
        cursor = self._indexer.cursor()
        return {"block": block, "indexed": -1 if cursor is None else cursor.number}

    def close(self) -> None:
        self._worker.stop()


def open_desk(
    settings: GatewaySettings, store: EventStore, signer: Signer, tracing: Tracing | None = None
) -> DealDesk:
    """A desk, its worker running unless others work. Raises NodeUnreachable, NodeWrongChain,
    ContractMissing: nothing started then.
    """
    node = NodeClient(settings.rpc_url or "", chain_id=settings.chain_id)
    node.check()
    escrow = check_deployment(node, settings.escrow)
    others = [NodeClient(url, chain_id=settings.chain_id, attempts=1) for url in settings.witnesses]
    indexer = Indexer(
        store,
        node,
        escrow,
        start_block=settings.start_block,
        confirmations=settings.confirmations,
        witnesses=Witnesses(node, others, settings.witness_quorum),
        certainty=Certainty.of(settings.confirmations_by_value),
    )

    def nudge() -> None:
        with contextlib.suppress(NodeRefused):
            node.request("evm_mine")

    sender = Relayer(
        store,
        node,
        relayers(settings) or (signer,),
        escrow.address,
        SenderSettings(confirmations=settings.confirmations, max_fee=settings.max_fee_per_gas),
        budget=GasBudget(settings.gas_per_deal, settings.gas_per_day),
        batches=BatchSettings(settings.batch_items, settings.batch_gas, settings.batch_seconds),
        nudge=nudge if settings.local_chain else None,
    )
    settlement = Settlement(store, sender, indexer, escrow, evidence=settings.evidence)
    costs = Costs(store, node, tracing)
    worker = SettlementWorker(settlement, store, beside=(costs.tick,))
    if settings.work == "inside":
        worker.start()
    return SettlementDesk(settings, node, settlement, indexer, Standing(store, indexer), worker)
