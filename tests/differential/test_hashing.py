"""Parley, eth-account and ethers hash the same 1 000 deals and messages, and every action, alike."""

from __future__ import annotations

from random import Random
from typing import Any

import samples
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from third import ask, typed

from parley.evidence.merkle import TranscriptTree
from parley.terms import schema
from parley.terms.actions import ACTIONS
from parley.terms.eip712 import typed_data
from parley.terms.values import Address, Hash32


def _by_eth_account(data: dict[str, Any]) -> str:
    signable = encode_typed_data(full_message=data)
    return "0x" + keccak(b"\x19" + signable.version + signable.header + signable.body).hex()


def _escrow(rng: Random) -> Address:
    return Address.of(rng.randbytes(20))


def test_deals_are_hashed_alike_by_three() -> None:
    rng = Random(1)
    deals = [deal for _, deal in samples.edge_deals()]
    deals += [samples.random_deal(rng) for _ in range(500 - len(deals))]
    places = [(rng.choice((1, 137, 31_337, 2**53 - 1)), _escrow(rng)) for _ in deals]
    data = [deal.typed_data(*place) for deal, place in zip(deals, places, strict=True)]
    theirs = ask(typed=[typed(item) for item in data])["typed"]
    for deal, place, item, other in zip(deals, places, data, theirs, strict=True):
        assert other["type"] == schema.DEAL
        assert deal.struct_hash() == other["struct"]
        assert deal.deal_id(*place) == other["digest"] == _by_eth_account(item)


def test_messages_are_hashed_and_signed_alike_by_three() -> None:
    rng = Random(2)
    cores = [samples.random_core(rng) for _ in range(500)]
    chains = [rng.choice((1, 10, 31_337, 2**53 - 1)) for _ in cores]
    data = [
        typed_data(core.struct, core.struct.values_of(core), name=schema.MESSAGE_NAME, chain_id=chain)
        for core, chain in zip(cores, chains, strict=True)
    ]
    signer, key = samples.signer("alice"), samples.private_key("alice")
    digests = [core.digest(chain) for core, chain in zip(cores, chains, strict=True)]
    signatures = [signer.sign_digest(digest) for digest in digests[:50]]
    theirs = ask(
        typed=[typed(item) for item in data],
        signed=[
            {"digest": Hash32.of(digest), "signature": signature, "key": key}
            for digest, signature in zip(digests, signatures, strict=False)
        ],
    )
    for digest, item, other in zip(digests, data, theirs["typed"], strict=True):
        assert Hash32.of(digest) == other["digest"] == _by_eth_account(item)
    for signature, other in zip(signatures, theirs["signed"], strict=True):
        assert other == {"address": signer.address, "signature": signature}


def test_actions_are_hashed_alike_by_three() -> None:
    rng = Random(3)
    actions = [samples.random_action(name, rng) for name in ACTIONS for _ in range(10)]
    places = [(rng.choice((1, 31_337)), _escrow(rng)) for _ in actions]
    data = [action.typed_data(*place) for action, place in zip(actions, places, strict=True)]
    theirs = ask(typed=[typed(item) for item in data])["typed"]
    for action, place, item, other in zip(actions, places, data, theirs, strict=True):
        assert other["type"] == action.struct.type_string
        assert Hash32.of(action.digest(*place)) == other["digest"] == _by_eth_account(item)


def test_trees_are_those_of_openzeppelin() -> None:
    rng = Random(4)
    lists = [[Hash32.of(rng.randbytes(32)) for _ in range(size)] for size in (*range(1, 20), 64, 100)]
    for hashes, other in zip(lists, ask(tree=lists)["tree"], strict=True):
        tree = TranscriptTree(hashes)
        assert tree.root == other["root"]
        assert [list(tree.proof(at)) for at in range(len(hashes))] == other["proofs"]
