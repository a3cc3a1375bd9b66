"""Numbered calls, a sender for them, and which of them are on the chain."""

from __future__ import annotations

from typing import Any

from fake_chain import FakeChain

from parley.chain.escrow import Call
from parley.chain.node import NodeClient
from parley.chain.sender import Sender, SenderSettings
from parley.store import EventStore
from parley.terms.signing import LocalSigner

SIGNER = LocalSigner(b"\7" * 32)
TO = "0x" + "70" * 20


def call(number: int) -> Call:
    return Call(TO, number.to_bytes(4, "big"), "do")


def make(store: EventStore, node: NodeClient, **options: Any) -> Sender:
    return Sender(store, node, SIGNER, SenderSettings(**options))


def done_on(chain: FakeChain) -> list[int]:
    """The numbers of the calls on the canonical chain, in order."""
    return [
        int(transaction.data, 16)
        for block in chain.blocks
        for transaction in block.transactions
        if transaction.to == TO
    ]
