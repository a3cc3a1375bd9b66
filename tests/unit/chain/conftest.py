"""A chain in memory, a client of it, and a store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from fake_chain import FakeChain

from parley.chain.escrow import EscrowContract
from parley.chain.node import NodeClient
from parley.store import EventStore


class Clock:
    """Unix seconds that stand still until the test moves them."""

    def __init__(self) -> None:
        self.now = 1_700_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def chain() -> FakeChain:
    return FakeChain()


@pytest.fixture
def node(chain: FakeChain) -> NodeClient:
    return NodeClient("http://fake", chain_id=31_337, transport=chain)


@pytest.fixture
def escrow(node: NodeClient) -> EscrowContract:
    return EscrowContract(node, FakeChain.ESCROW)


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[EventStore]:
    with EventStore.open(f"sqlite:///{tmp_path}/store.sqlite", clock=clock) as opened:
        yield opened
