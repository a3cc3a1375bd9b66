"""Several nodes of one chain: which of them is believed where they disagree.

What more than half of the nodes that answer say of a block is believed. Where no side has more than half, or
fewer than `quorum` nodes agree, nobody is: the indexer stops at the last block that was agreed on, says so,
and goes on when they agree again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parley.chain.errors import ChainError, NodesDisagree
from parley.chain.node import NodeClient


@dataclass(frozen=True, slots=True)
class Testimony:
    """What each node said of one block: its hash, or None where it had no such block or did not answer."""

    number: int
    said: tuple[tuple[NodeClient, str | None], ...]

    def believed(self, quorum: int) -> NodeClient | None:
        """The first node of the side that has more than half of the answers and at least `quorum`."""
        answers = [said for _, said in self.said if said is not None]
        for node, said in self.said:
            count = answers.count(said) if said is not None else 0
            if 2 * count > len(answers) and count >= quorum:
                return node
        return None

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "said": [{"node": node.rpc_url.split("@")[-1], "hash": said} for node, said in self.said],
        }


class Witnesses:
    """The first node is followed as long as it is believed."""

    def __init__(self, primary: NodeClient, others: Sequence[NodeClient] = (), quorum: int = 1) -> None:
        self.nodes = (primary, *others)
        self.quorum = quorum
        self.disagreement: Testimony | None = None

    @property
    def alone(self) -> bool:
        return len(self.nodes) == 1

    def judge(self, number: int) -> NodeClient:
        """The node to believe about the chain up to block `number`. Raises `NodesDisagree`."""
        heard = Testimony(number, tuple((node, _said(node, number)) for node in self.nodes))
        told = {said for _, said in heard.said if said is not None}
        believed = heard.believed(self.quorum)
        self.disagreement = heard if len(told) > 1 else None
        if believed is None:
            raise NodesDisagree(
                "No side of the nodes can be believed.", quorum=self.quorum, **heard.as_json()
            )
        return believed


def _said(node: NodeClient, number: int) -> str | None:
    try:
        found = node.block(number)
    except ChainError:
        return None
    return None if found is None else found.hash
