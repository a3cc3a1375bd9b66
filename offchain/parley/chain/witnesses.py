"""Several nodes of one chain: which of them is believed where they disagree.

What more than half of the nodes that answer say of a block is believed. Where no side has more than half, or
fewer than `quorum` nodes agree, nobody is: the indexer goes as far as they agree, says so, and goes on when
they agree again. A node that does not have the block yet is asked about the newest one that it has, since it
may be on another side already.
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

    @property
    def contradictory(self) -> bool:
        return len({said for _, said in self.said if said is not None}) > 1

    def believed(self, quorum: int) -> NodeClient | None:
        """The first node of the side that has more than half of the answers and at least `quorum`."""
        answers = [said for _, said in self.said if said is not None]
        for node, said in self.said:
            count = answers.count(said) if said is not None else 0
            if 2 * count > len(answers) and count >= quorum:
                return node
        return None

    def beside(self, node: NodeClient) -> tuple[NodeClient, ...]:
        """The nodes that said the same as this one."""
        same = dict(self.said)[node]
        return tuple(other for other, said in self.said if said == same)

    def of(self, nodes: Sequence[NodeClient]) -> Testimony:
        """What these said, and nothing of the others."""
        return Testimony(
            self.number, tuple((node, said if node in nodes else None) for node, said in self.said)
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "said": [{"node": name_of(node), "hash": said} for node, said in self.said],
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
        heard = self._hear(number)
        self.disagreement = heard if heard.contradictory else None
        heads = [_head(node) for node, said in heard.said if said is None]
        behind = [head for head in heads if head is not None and head < number]
        if not behind:
            return self._decided(heard)
        earlier = self._hear(min(behind))
        if earlier.contradictory:
            self.disagreement = earlier
        node = self._decided(earlier)
        above = heard.of(earlier.beside(node))
        if all(said is None for _, said in above.said):
            return node  # those who have the block are not on the side that is believed
        return self._decided(above)

    def highest(self, low: int, high: int) -> tuple[int, NodeClient] | None:
        """The highest block between two heights that a side is believed about, and a node of that side; None
        where already the lowest is disputed.
        """
        found: tuple[int, NodeClient] | None = None
        first = True
        while low <= high:
            middle = low if first else (low + high) // 2
            first = False
            believed = self._hear(middle).believed(self.quorum)
            if believed is None:
                high = middle - 1
            else:
                found, low = (middle, believed), middle + 1
        return found

    def stands(self, number: int, block_hash: str) -> bool:
        """Whether a side that is believed says that this block is on the chain."""
        heard = self._hear(number)
        believed = heard.believed(self.quorum)
        return believed is not None and dict(heard.said)[believed] == block_hash

    def _hear(self, number: int) -> Testimony:
        return Testimony(number, tuple((node, _said(node, number)) for node in self.nodes))

    def _decided(self, heard: Testimony) -> NodeClient:
        believed = heard.believed(self.quorum)
        if believed is None:
            raise NodesDisagree(
                "No side of the nodes can be believed.", quorum=self.quorum, **heard.as_json()
            )
        return believed


def name_of(node: NodeClient) -> str:
    """The node's URL without user and password."""
    return node.rpc_url.split("@")[-1]


def _said(node: NodeClient, number: int) -> str | None:
    try:
        found = node.block(number)
    except ChainError:
        return None
    return None if found is None else found.hash


def _head(node: NodeClient) -> int | None:
    try:
        return node.block_number()
    except ChainError:
        return None
