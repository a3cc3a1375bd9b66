"""Whole markets: real HTTP, a real chain, real processes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parley.negotiation.utility import Profile
from parley.sandbox.leases import simple_lease, simple_profile
from parley.sandbox.local import LocalMarket
from parley.terms.domain import Domain

sys.path.insert(0, str(Path(__file__).parent))  # for what several files share


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the market's gateway writes its spans."""
    return tmp_path_factory.mktemp("traces") / "gateway.jsonl"


@pytest.fixture(scope="module")
def market(traces: Path) -> Iterator[LocalMarket]:
    with LocalMarket(traces=f"file:{traces}") as found:
        yield found


@pytest.fixture
def domain(market: LocalMarket) -> Domain:
    return simple_lease(market.deployment.token)


@pytest.fixture
def make_profile() -> Callable[[Domain, str], Profile]:
    return simple_profile


@pytest.fixture
def make_lease() -> Callable[..., Domain]:
    return simple_lease
