"""A deployed market on a throwaway Anvil. Everything waits on conditions, never on time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from market import Market

from parley.chain.anvil import LocalAnvil


@pytest.fixture
def anvil() -> Iterator[LocalAnvil]:
    with LocalAnvil() as started:
        yield started


@pytest.fixture
def market(anvil: LocalAnvil) -> Market:
    return Market.deploy(anvil)
