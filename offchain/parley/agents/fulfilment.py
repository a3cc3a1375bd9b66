"""The life of an open deal from one side: deliver, look at what was delivered, receipt or reject, dispute."""

from __future__ import annotations

from collections.abc import Callable

from parley.agents.client import GatewayClient
from parley.agents.conduct import Conduct, Deliverable, Report
from parley.agents.errors import GatewayProblem, GatewayUnreachable
from parley.agents.views import DealView
from parley.agents.wallet import Wallet
from parley.errors import ParleyError
from parley.terms.actions import Action, Delivery, Dispute, Receipt, Rejection
from parley.terms.values import ZERO_HASH, Hash32, keccak


class Fulfilment:
    """Does the next thing for each deal this agent signed, by signed actions that the gateway relays for
    it.
    """

    def __init__(
        self,
        client: GatewayClient,
        wallet: Wallet,
        conduct: Conduct | None,
        watch: Callable[[Report], None],
    ) -> None:
        self._client = client
        self._wallet = wallet
        self._conduct = conduct or Conduct()
        self._watch = watch
        self._done: set[tuple[str, str, int, int]] = set()
        self._closed: set[str] = set()
        self._phase: dict[str, tuple[str, int, int]] = {}

    def attend(self, deal_id: str) -> None:
        """Looks at a deal and acts on it. Deals that this key did not sign are left alone."""
        if deal_id in self._closed or deal_id not in self._wallet.journal.deals():
            return
        try:
            view = self._client.deal(deal_id)
            self._note(view)
            if view.final:
                self._closed.add(deal_id)
                return
            self._next(view)
        except GatewayUnreachable:
            raise
        except GatewayProblem as problem:
            if problem.http_status != 404:  # 404: not submitted yet
                self._trouble(problem, deal_id)
        except ParleyError as error:
            self._trouble(error, deal_id)

    @property
    def busy(self) -> bool:
        return any(deal_id not in self._closed for deal_id in self._wallet.journal.deals())

    @property
    def closed(self) -> frozenset[str]:
        """Deals that are over, on the chain's word."""
        return frozenset(self._closed)

    def _note(self, view: DealView) -> None:
        phase = (view.status, view.milestone, view.deliveries)
        if self._phase.get(view.deal_id) != phase:
            self._phase[view.deal_id] = phase
            details = {"status": view.status, "milestone": view.milestone, "money": dict(view.money)}
            self._watch(Report("deal", negotiation=view.negotiation, deal=view.deal_id, details=details))

    def _next(self, view: DealView) -> None:
        """The next step of this agent, once for each state of the deal: the chain needs a moment to show
        it.
        """
        step = (view.deal_id, view.phase, view.milestone, view.deliveries)
        if step in self._done:
            return
        match view.role, view.phase:
            case "seller", "open":
                deliverable = self._conduct.deliver(view)
                if deliverable is not None:
                    self.deliver(view, deliverable)
            case "seller", "rejected" if self._conduct.dispute and "dispute" in view.actions:
                self.dispute(view, "delivered as agreed")
            case "buyer", "delivered":
                if self._conduct.inspect(view):
                    self.receipt(view)
                else:
                    self.reject(view, "not what was agreed")
        self._done.add(step)

    def _valid_until(self, view: DealView) -> int:
        return max(self._wallet.clock(), view.chain_time) + self._conduct.validity

    def deliver(self, view: DealView, deliverable: Deliverable) -> DealView:
        """Signs and hands over a delivery of the current milestone."""
        action = Delivery(
            deal_id=Hash32(view.deal_id),
            milestone=view.milestone,
            delivery=view.deliveries + 1,
            deliverable=deliverable.hash,
            fee=0,
            valid_until=self._valid_until(view),
        )
        return self._send(view, "delivery", action)

    def receipt(self, view: DealView) -> DealView:
        """Signs for exactly what was delivered: the milestone is paid."""
        action = Receipt(
            deal_id=Hash32(view.deal_id),
            milestone=view.milestone,
            deliverable=Hash32(view.deliverable or ZERO_HASH),
            fee=0,
            valid_until=self._valid_until(view),
        )
        return self._send(view, "receipt", action)

    def reject(self, view: DealView, reason: str) -> DealView:
        """Refuses the last delivery; the hash of `reason` goes to the escrow."""
        action = Rejection(
            deal_id=Hash32(view.deal_id),
            milestone=view.milestone,
            delivery=view.deliveries,
            reason=Hash32.of(keccak(reason.encode())),
            fee=0,
            valid_until=self._valid_until(view),
        )
        return self._send(view, "rejection", action)

    def dispute(self, view: DealView, evidence: str) -> DealView:
        """Takes a rejection to the arbiter; the hash of `evidence` goes to the escrow."""
        action = Dispute(
            deal_id=Hash32(view.deal_id),
            party=self._wallet.address,
            milestone=view.milestone,
            evidence=Hash32.of(keccak(evidence.encode())),
            fee=0,
            valid_until=self._valid_until(view),
        )
        return self._send(view, "dispute", action)

    def _send(self, view: DealView, route: str, action: Action) -> DealView:
        body = {"action": action.as_json(), "signature": self._wallet.sign_action(action)}
        after = self._client.deal_action(view.deal_id, route, body)
        self._watch(Report(route, negotiation=view.negotiation, deal=view.deal_id, details=action.as_json()))
        return after

    def _trouble(self, error: ParleyError, deal_id: str) -> None:
        self._watch(Report("trouble", deal=deal_id, details={"code": error.code, "message": str(error)}))
