"""The kill switch of a gateway: orders signed by its operators, effective on the next message in every
process.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from parley.gateway.errors import NotAnOperator, Stopped
from parley.gateway.governance.folded import Folded
from parley.policy.controls import ControlOrder, Controls
from parley.policy.errors import ControlInvalid
from parley.store.models import NewEvent, StoredEvent
from parley.store.service import EventStore
from parley.terms.statement import SignedStatement
from parley.terms.values import Address, Hash32

STREAM = "controls"
ORDER = "control-order"
LONGEST_AGE = 300
"""Seconds after which a signed order is no longer taken: one that was held back must not act later."""


class ControlRoom:
    """Orders and what they stop. The gateway's own key may stop by a threshold, and nothing else."""

    def __init__(
        self,
        store: EventStore,
        *,
        chain_id: int,
        operators: Collection[Address],
        gateway: Address,
        clock: Callable[[], int],
    ) -> None:
        self._chain_id = chain_id
        self._operators = frozenset(operators)
        self._gateway = gateway
        self._clock = clock
        self._store = store
        self.folded: Folded[Controls] = Folded(store, STREAM, Controls.none(), _after)

    def give(self, order: ControlOrder, statement: SignedStatement) -> Hash32:
        """Takes an order into force; its hash. Giving the same order again changes nothing.

        Raises `NotAnOperator`, the errors of the statement, and `ControlInvalid`. Blocks until durable.
        """
        author = statement.core.author
        own = author == self._gateway and order.cause == "threshold" and order.action == "stop"
        if author not in self._operators and not own:
            raise NotAnOperator("only an operator of this gateway gives orders", author=author)
        statement.verify(order, self._chain_id)
        if any(event.data["order"] == order.as_json() for event in self._store.read_all(STREAM)):
            return order.hash()
        age = self._clock() - order.issued_at
        if not -LONGEST_AGE <= age <= LONGEST_AGE:
            raise ControlInvalid(
                "The order is not fresh", issued_at=order.issued_at, now=self._clock(), longest=LONGEST_AGE
            )

        def decide(state: Controls) -> NewEvent:
            state.after(order)
            return NewEvent(ORDER, {"order": order.as_json(), **statement.as_json(), "hash": order.hash()})

        self.folded.append(decide)
        return order.hash()

    def require_running(self, agents: Iterable[str], tokens: Iterable[str]) -> None:
        """Raises `Stopped` with the order that covers them, as far as this process knows."""
        found = self.folded.current()[0].stopping(agents, tokens)
        if found is None:
            return
        order_hash, order = found
        raise Stopped(
            f"stopped by the operator: {order.reason}",
            order=order_hash,
            scope=order.scope,
            subjects=list(order.subjects),
            reason=order.reason,
            issued_at=order.issued_at,
        )


def _after(state: Controls, event: StoredEvent) -> Controls:
    return state.after(ControlOrder.parse(event.data["order"]))
