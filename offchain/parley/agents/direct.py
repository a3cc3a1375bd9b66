"""Settling without a gateway: the agent's own node, its own store, and a gas account apart from the guarded
key.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from parley.agents.errors import AgentError
from parley.agents.wallet import Wallet
from parley.chain.deploy import check_deployment
from parley.chain.indexer import Indexer
from parley.chain.node import NodeClient
from parley.chain.relayer import Relayer
from parley.settlement.models import DealView, SubmittedDeal
from parley.settlement.service import Settlement
from parley.settlement.worker import SettlementWorker
from parley.store import EventStore
from parley.terms.actions import Action
from parley.terms.deal import Deal
from parley.terms.signing import Signer


class NotSettledInTime(AgentError):
    code = "agent.not-settled-in-time"
    status = 504
    retryable = True
    next_action = "Wait again: what was submitted is in the store, and the chain has the last word."


class DirectSettlement:
    """Opens deals and relays actions from `gas`, an account that pays for transactions and can do nothing
    else.

    A thread sends and follows until `close`. The agent's own key stays behind its wallet: whatever the
    escrow acts on carries a signature the wallet made.
    """

    def __init__(
        self,
        store: EventStore,
        node: NodeClient,
        escrow: str,
        gas: Signer,
        *,
        start_block: int = 0,
        nudge: Callable[[], None] | None = None,
    ) -> None:
        contract = check_deployment(node, escrow)
        sender = Relayer(store, node, (gas,), contract.address, nudge=nudge)
        indexer = Indexer(store, node, contract, start_block=start_block)
        self._settlement = Settlement(store, sender, indexer, contract)
        self._worker = SettlementWorker(self._settlement, store).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops sending and following; what was submitted is in the store, for the next time."""
        self._worker.stop()

    def submit(
        self,
        deal: Deal,
        buyer_signature: str,
        seller_signature: str,
        buyer_authorization: str | None = None,
        seller_authorization: str | None = None,
        negotiation: str | None = None,
    ) -> SubmittedDeal:
        """Opens the deal, or takes it over when somebody did already. Raises what settlement refuses."""
        return self._settlement.submit(
            deal,
            buyer_signature,
            seller_signature,
            buyer_authorization,
            seller_authorization,
            negotiation=negotiation,
        )

    def act(self, wallet: Wallet, deal_id: str, action: Action) -> None:
        """Signs an action behind the guard and relays it."""
        self._settlement.act(deal_id, action, wallet.sign_action(action))

    def view(self, deal_id: str) -> DealView:
        """The deal on the word of this agent's own node."""
        return self._settlement.deal(deal_id)

    def wait_for(self, deal_id: str, *statuses: str, seconds: float = 30.0) -> DealView:
        """The deal as soon as its status is one of `statuses`. Raises NotSettledInTime."""
        end = time.monotonic() + seconds
        while True:
            view = self.view(deal_id)
            if view.status in statuses:
                return view
            if time.monotonic() > end:
                raise NotSettledInTime("the deal is not there yet", status=view.status)
            time.sleep(0.02)
