"""Whole markets: real HTTP, a real chain, real processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from parley.negotiation.utility import Profile
from parley.sandbox.local import LocalMarket
from parley.terms.domain import Domain


def lease(token: str, **changes: Any) -> Domain:
    """Price 1 to 9 units in cents, and hours; paid at delivery within a day."""
    body: dict[str, Any] = {
        "schema": "parley/domain",
        "version": 1,
        "title": "Lease",
        "issues": [
            {"name": "price", "type": "amount", "min": "1000000", "max": "9000000", "step": "10000"},
            {"name": "hours", "type": "integer", "min": 10, "max": 100, "step": 10},
        ],
        "fixed": {},
        "roles": ["buyer", "seller"],
        "protocol": "alternating-offers",
        "limits": {
            "max_rounds": 20,
            "deadline_seconds": 3_600,
            "min_concession_ppm": 0,
            "repeat_cap": 3,
            "max_queries": 2,
            "open_window_seconds": 600,
            "fallback": "abort",
        },
        "settlements": [
            {
                "buyer": "buyer",
                "seller": "seller",
                "token": token,
                "arbiter": "0x" + "00" * 20,
                "relayer": "0x" + "00" * 20,
                "price": {"issue": "price"},
                "seller_bond": "500000",
                "arbiter_fee": "0",
                "relay_fee": "0",
                "cancel_by": 0,
                "review_window": 3_600,
                "dispute_window": 3_600,
                "ruling_window": 3_600,
                "rejected_seller_bps": 0,
                "lapsed_seller_bps": 5_000,
                "walk_away_bps": 5_000,
                "payout": 0,
                "milestones": [
                    {"amount": {"rest": True}, "deliver_by": {"add": [{"var": "open_by"}, 86_400]}}
                ],
            }
        ],
        "data_class": "internal",
        "assumptions": [],
    }
    return Domain.parse({**body, **changes})


def profile(domain: Domain, role: str) -> Profile:
    """The buyer wants it cheap and long, the seller dear and short."""
    rising = role == "seller"
    ends = (0, 1_000_000) if rising else (1_000_000, 0)
    price = [{"at": "1000000", "utility": ends[0]}, {"at": "9000000", "utility": ends[1]}]
    hours = [{"at": "10", "utility": ends[1]}, {"at": "100", "utility": ends[0]}]
    return Profile.parse(
        {
            "schema": "parley/profile",
            "version": 1,
            "domain": domain.hash(),
            "role": role,
            "weights": {"price": 800_000, "hours": 200_000},
            "utilities": {"price": {"points": price}, "hours": {"points": hours}},
            "reservation_ppm": 300_000,
            "limits": [],
            "constraints": [],
        }
    )


@pytest.fixture(scope="module")
def market() -> Iterator[LocalMarket]:
    with LocalMarket() as found:
        yield found


@pytest.fixture
def domain(market: LocalMarket) -> Domain:
    return lease(market.deployment.token)


@pytest.fixture
def make_profile() -> Callable[[Domain, str], Profile]:
    return profile


@pytest.fixture
def make_lease() -> Callable[..., Domain]:
    return lease
