"""Looking again at what was indexed: every log that the node has now, and no other, must be there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

from parley.chain.escrow import EscrowContract
from parley.chain.node import NodeClient
from parley.store import EventStore, schema
from parley.store.codec import decode

WINDOW: Final = 2_000


@dataclass(frozen=True, slots=True)
class Gap:
    """The first block at which the index and the node differ. `missing` logs are not in the index, `extra`
    ones are not on the node's chain.
    """

    number: int
    missing: int
    extra: int


class Auditor:
    """Compares window after window, from the deployment to the cursor and again."""

    def __init__(
        self, store: EventStore, node: NodeClient, escrow: EscrowContract, follower: str, start: int
    ) -> None:
        self._store = store
        self._node = node
        self._escrow = escrow
        self._follower = follower
        self._start = start
        self._next = start

    def step(self, cursor: int) -> Gap | None:
        """Look at the next window up to `cursor`; what is wrong there. Raises the node's errors."""
        first = self._next if self._start <= self._next <= cursor else self._start
        last = min(cursor, first + WINDOW - 1)
        self._next = last + 1
        return self.compare(first, last) if last >= first else None

    def compare(self, first: int, last: int) -> Gap | None:
        """What differs in blocks `first` to `last`."""
        known = self._escrow.interface.events
        seen = {
            (log.block_number, log.block_hash, log.index)
            for log in self._node.logs(self._escrow.address, first, last)
            if log.topics and log.topics[0] in known
        }
        held = self._held(first, last)
        wrong = seen ^ held
        if not wrong:
            return None
        return Gap(min(wrong)[0], len(seen - held), len(held - seen))

    def _held(self, first: int, last: int) -> set[tuple[int, str, int]]:
        table = schema.blocks
        query = sa.select(table.c.number, table.c.hash, table.c.logs).where(
            table.c.follower == self._follower, table.c.number >= first, table.c.number <= last
        )
        return {
            (int(number), str(block_hash), int(event["log_index"]))
            for number, block_hash, logs in self._store.query(query)
            for event in decode(logs)["events"]
        }
