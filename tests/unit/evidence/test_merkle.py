from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multiproof.standard import StandardMerkleTree

from parley.evidence.errors import ProofImpossible
from parley.evidence.merkle import TranscriptTree, proof, transcript_root, verify_proof
from parley.terms.values import Hash32, keccak

HASHES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40).map(
    lambda items: [Hash32.of(item) for item in items]
)


@given(HASHES)
def test_root_and_proofs_are_those_of_the_standard_tree(hashes: list[Hash32]) -> None:
    leaves = [[at, bytes.fromhex(item[2:])] for at, item in enumerate(hashes)]
    theirs = StandardMerkleTree.of(leaves, ["uint32", "bytes32"])
    tree = TranscriptTree(hashes)
    assert len(tree) == len(hashes)
    assert tree.root == theirs.root == transcript_root(hashes)
    for at in range(len(hashes)):
        assert list(tree.proof(at)) == theirs.get_proof(at)


@given(HASHES, st.data())
def test_a_proof_is_for_one_message_at_one_place(hashes: list[Hash32], data: st.DataObject) -> None:
    root = transcript_root(hashes)
    at = data.draw(st.integers(0, len(hashes) - 1))
    siblings = proof(hashes, at)
    assert verify_proof(root, at, hashes[at], siblings)
    assert not verify_proof(root, at + len(hashes), hashes[at], siblings)
    assert not verify_proof(root, at, Hash32.of(keccak(bytes.fromhex(hashes[at][2:]))), siblings)
    assert not verify_proof(root, at, hashes[at], (*siblings, root))
    if siblings:
        assert not verify_proof(root, at, hashes[at], siblings[1:])
        other = data.draw(st.integers(0, len(hashes) - 1).filter(lambda other: other != at))
        assert not verify_proof(root, other, hashes[at], siblings)


def test_one_message_is_its_own_root() -> None:
    only = Hash32("0x" + "01" * 32)
    assert transcript_root([only]) == Hash32.of(keccak(keccak(bytes(32) + b"\x01" * 32)))
    assert proof([only], 0) == ()


def test_what_cannot_be_proved() -> None:
    with pytest.raises(ProofImpossible):
        transcript_root([])
    tree = TranscriptTree([Hash32.of(Random(1).randbytes(32)) for _ in range(3)])
    for sequence in (-1, 3, 100):
        with pytest.raises(ProofImpossible):
            tree.proof(sequence)
