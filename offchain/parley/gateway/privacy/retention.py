"""The retention orders of a gateway: signed by its operators, on record, folded into what is in force."""

from __future__ import annotations

from collections.abc import Callable, Collection

from parley.gateway.errors import NotAnOperator
from parley.gateway.governance.folded import Folded
from parley.policy.errors import RetentionInvalid
from parley.policy.retention import Retention, RetentionOrder
from parley.store.models import NewEvent, StoredEvent
from parley.store.service import EventStore
from parley.terms.statement import SignedStatement
from parley.terms.values import Address, Hash32

STREAM = "retention"
ORDER = "retention-order"
LONGEST_AGE = 300
"""Seconds after which a signed order is no longer taken: one that was held back must not act later."""


class RetentionDesk:
    """Thread-safe. Without a schedule nothing is ever erased."""

    def __init__(
        self, store: EventStore, *, chain_id: int, operators: Collection[Address], clock: Callable[[], int]
    ) -> None:
        self._chain_id = chain_id
        self._operators = frozenset(operators)
        self._clock = clock
        self.folded: Folded[Retention] = Folded(store, STREAM, Retention(), _after)

    def give(self, order: RetentionOrder, statement: SignedStatement) -> Hash32:
        """Takes an order into force; its hash. Raises `NotAnOperator`, the errors of the statement and
        `RetentionInvalid`. Blocks until durable.
        """
        author = statement.core.author
        if author not in self._operators:
            raise NotAnOperator("only an operator of this gateway orders what is kept", author=author)
        statement.verify(order, self._chain_id)
        age = self._clock() - order.issued_at
        if not -LONGEST_AGE <= age <= LONGEST_AGE:
            raise RetentionInvalid(
                "The order is not fresh", issued_at=order.issued_at, now=self._clock(), longest=LONGEST_AGE
            )

        def decide(state: Retention) -> NewEvent:
            state.after(order)
            return NewEvent(ORDER, {"order": order.as_json(), **statement.as_json(), "hash": order.hash()})

        self.folded.append(decide)
        return order.hash()


def _after(state: Retention, event: StoredEvent) -> Retention:
    return state.after(RetentionOrder.parse(event.data["order"]))
