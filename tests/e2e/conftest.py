"""Whole markets: real HTTP, a real chain, real processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from parley.negotiation.utility import Profile
from parley.sandbox.leases import simple_lease, simple_profile
from parley.sandbox.local import LocalMarket
from parley.terms.domain import Domain


@pytest.fixture(scope="module")
def market() -> Iterator[LocalMarket]:
    with LocalMarket() as found:
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
