"""What the nodes agree on, kept in the store: every process shows the same, also one that asks no node.

The stream `nodes:<chain id>:<escrow>` has an event when nodes begin to disagree, when what is believed of
them changes, and when they agree again. While no side is believed nothing above the last block that they
agree on is sure, also where it was applied before they disagreed.
"""

from __future__ import annotations

from typing import Any, Final

from parley.chain.node import NodeClient
from parley.chain.witnesses import Witnesses, name_of
from parley.store import ANY, EventStore, NewEvent

ALARMS: Final = "relayer"
"""The stream of what an operator has to know."""
DISAGREEMENT: Final = "indexer.disagreement"
AGREEMENT: Final = "indexer.agreement"


class Trust:
    """Of one indexer. Without witnesses nothing is ever in doubt."""

    def __init__(self, store: EventStore, name: str, witnesses: Witnesses) -> None:
        self._store = store
        self._witnesses = witnesses
        self.stream = f"nodes:{name}"

    def believe(self, node: NodeClient, number: int) -> None:
        """Notes that a side was believed about block `number`: that of all nodes, or of more than half."""
        quarrel = self._witnesses.disagreement
        if quarrel is not None:
            self._note(DISAGREEMENT, {**quarrel.as_json(), "believed": name_of(node), "agreed": None})
        elif self._last()[0] == DISAGREEMENT:
            self._note(AGREEMENT, {"number": number, "believed": name_of(node)})

    def doubt(self, agreed: int) -> None:
        """Notes that no side is believed above block `agreed`; -1 for none at all."""
        quarrel = self._witnesses.disagreement
        if quarrel is not None:
            self._note(DISAGREEMENT, {**quarrel.as_json(), "believed": None, "agreed": agreed})

    def agreed(self) -> int | None:
        """The last block that counts while the nodes disagree and no side is believed; None otherwise."""
        if self._witnesses.alone:
            return None
        kind, data = self._last()
        return data["agreed"] if kind == DISAGREEMENT else None

    def _last(self) -> tuple[str, dict[str, Any]]:
        length = self._store.length(self.stream)
        if not length:
            return "", {}
        event = self._store.read(self.stream, length - 2, 1)[0]
        return event.kind, dict(event.data)

    def _note(self, kind: str, data: dict[str, Any]) -> None:
        """Once, however long it lasts: an operator wants to know what changed."""
        before, known = self._last()
        if before == kind and all(known.get(key) == data.get(key) for key in ("believed", "agreed")):
            return
        event = NewEvent(kind, data)
        self._store.append(self.stream, ANY, [event], beside=((ALARMS, [event]),))
