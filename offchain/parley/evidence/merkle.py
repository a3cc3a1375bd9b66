"""Merkle tree of a transcript: OpenZeppelin's `StandardMerkleTree` over `(uint32 sequence, bytes32
messageHash)`.

Leaves are hashed twice and sorted; an inner node hashes its two children in sorted order. The tree lies in
one list of 2n - 1 nodes with the root first, as in that library, so that roots and proofs are the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from parley.evidence.errors import ProofImpossible
from parley.terms.values import Hash32, keccak


class TranscriptTree:
    """The tree over the message hashes of sequence 0 to n - 1. Raises `ProofImpossible` for no message at
    all.
    """

    __slots__ = ("_nodes", "_places")

    def __init__(self, hashes: Sequence[Hash32]) -> None:
        if not hashes:
            raise ProofImpossible("a transcript without messages has no root", length=0)
        leaves = [_leaf(sequence, message) for sequence, message in enumerate(hashes)]
        order = sorted(range(len(leaves)), key=leaves.__getitem__)
        size = 2 * len(leaves) - 1
        nodes = [b""] * size
        places = [0] * len(leaves)
        for rank, sequence in enumerate(order):
            nodes[size - 1 - rank] = leaves[sequence]
            places[sequence] = size - 1 - rank
        for at in range(len(leaves) - 2, -1, -1):
            nodes[at] = _parent(nodes[2 * at + 1], nodes[2 * at + 2])
        self._nodes = nodes
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    @property
    def root(self) -> Hash32:
        """The transcript root."""
        return Hash32.of(self._nodes[0])

    def proof(self, sequence: int) -> tuple[Hash32, ...]:
        """Siblings from the leaf of `sequence` up to the root. Raises `ProofImpossible`."""
        if not 0 <= sequence < len(self._places):
            raise ProofImpossible("no such message", sequence=sequence, length=len(self._places))
        siblings: list[Hash32] = []
        at = self._places[sequence]
        while at:
            siblings.append(Hash32.of(self._nodes[at + 1 if at % 2 else at - 1]))
            at = (at - 1) // 2
        return tuple(siblings)


def transcript_root(hashes: Sequence[Hash32]) -> Hash32:
    """Root over the message hashes of sequence 0 to n - 1. Raises `ProofImpossible` for no message at all."""
    return TranscriptTree(hashes).root


def proof(hashes: Sequence[Hash32], sequence: int) -> tuple[Hash32, ...]:
    """Siblings of one message; for many proofs keep a `TranscriptTree`. Raises `ProofImpossible`."""
    return TranscriptTree(hashes).proof(sequence)


def verify_proof(root: Hash32, sequence: int, message: Hash32, siblings: Sequence[Hash32]) -> bool:
    """Whether `message` stands at `sequence` in the transcript with this root."""
    node = _leaf(sequence, message)
    for sibling in siblings:
        node = _parent(node, bytes.fromhex(sibling[2:]))
    return "0x" + node.hex() == root


def _leaf(sequence: int, message: Hash32) -> bytes:
    return keccak(keccak(sequence.to_bytes(32, "big") + bytes.fromhex(message[2:])))


def _parent(left: bytes, right: bytes) -> bytes:
    return keccak(left + right if left < right else right + left)
