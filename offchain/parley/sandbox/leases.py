"""A small lease to experiment with: a price, hours, one payment at delivery."""

from __future__ import annotations

from typing import Any

from parley.negotiation.utility import Profile
from parley.terms.domain import Domain
from parley.terms.values import ZERO_ADDRESS


def simple_lease(token: str, *, arbiter: str = ZERO_ADDRESS, **changes: Any) -> Domain:
    """Price 1 to 9 units (six decimals) in cents and 10 to 100 hours, between `buyer` and `seller`.

    The seller's bond is half a unit, delivery is due a day after the opening, every window is an hour.
    `changes` replace fields of the document.
    """
    limits = {
        "max_rounds": 20,
        "deadline_seconds": 3_600,
        "min_concession_ppm": 0,
        "repeat_cap": 3,
        "max_queries": 2,
        "open_window_seconds": 600,
        "fallback": "abort",
    }
    document: dict[str, Any] = {
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
        "limits": limits,
        "settlements": [simple_settlement(token, arbiter)],
        "data_class": "internal",
        "assumptions": [],
    }
    return Domain.parse({**document, **changes})


def simple_settlement(token: str, arbiter: str = ZERO_ADDRESS) -> dict[str, Any]:
    """The issue `price` paid by `buyer` to `seller` in one milestone, due a day after the opening."""
    return {
        "buyer": "buyer",
        "seller": "seller",
        "token": token,
        "arbiter": arbiter,
        "relayer": ZERO_ADDRESS,
        "price": {"issue": "price"},
        "seller_bond": "500000",
        "arbiter_fee": "0" if arbiter == ZERO_ADDRESS else "100000",
        "relay_fee": "0",
        "cancel_by": 0,
        "review_window": 3_600,
        "dispute_window": 3_600,
        "ruling_window": 3_600,
        "rejected_seller_bps": 0,
        "lapsed_seller_bps": 5_000,
        "walk_away_bps": 5_000,
        "payout": 0,
        "milestones": [{"amount": {"rest": True}, "deliver_by": {"add": [{"var": "open_by"}, 86_400]}}],
    }


def simple_profile(domain: Domain, role: str, reservation_ppm: int = 300_000) -> Profile:
    """Preferences over a simple lease: the buyer wants it cheap and long, the seller dear and short."""
    low, high = (0, 1_000_000) if role == "seller" else (1_000_000, 0)
    price = [{"at": "1000000", "utility": low}, {"at": "9000000", "utility": high}]
    hours = [{"at": "10", "utility": high}, {"at": "100", "utility": low}]
    return Profile.parse(
        {
            "schema": "parley/profile",
            "version": 1,
            "domain": domain.hash(),
            "role": role,
            "weights": {"price": 800_000, "hours": 200_000},
            "utilities": {"price": {"points": price}, "hours": {"points": hours}},
            "reservation_ppm": reservation_ppm,
            "limits": [],
            "constraints": [],
        }
    )
