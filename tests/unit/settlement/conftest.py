"""A settlement on a chain in memory whose escrow opens, takes deliveries and pays; no network."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "chain"))

from fake_escrow import FakeEscrow, Market

from parley.chain.node import NodeClient
from parley.settlement import Settlement
from parley.store import EventStore
from parley.terms.signing import LocalSigner


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
def chain() -> FakeEscrow:
    return FakeEscrow()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[EventStore]:
    with EventStore.open(f"sqlite:///{tmp_path}/store.sqlite", clock=clock) as opened:
        yield opened


@pytest.fixture
def settlement(store: EventStore, chain: FakeEscrow) -> Settlement:
    return connect(store, chain)


def connect(store: EventStore, chain: FakeEscrow) -> Settlement:
    node = NodeClient("http://fake", chain_id=31_337, transport=chain, attempts=1)
    return Settlement.connect(store, node, FakeEscrow.ESCROW, LocalSigner(b"\7" * 32))


@pytest.fixture
def again(store: EventStore, chain: FakeEscrow) -> object:
    """Makes another settlement on the same store and chain, as after a restart."""
    return lambda: connect(store, chain)


@pytest.fixture
def market(chain: FakeEscrow) -> Market:
    return Market(chain)
