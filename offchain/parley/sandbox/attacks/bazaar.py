"""Drawn negotiations for adversaries to be let loose on: a price, a delivery, a level of support."""

from __future__ import annotations

from typing import Any

from parley.negotiation.utility import Profile
from parley.sandbox.matches.case import Case, case_of
from parley.scenarios.draws import Draws
from parley.terms.domain import Domain

SUPPORT = ("none", "business", "round-the-clock")
CENT = 10_000
BUYER, SELLER = "buyer", "seller"


def bargain(seed: int, rounds: int = 40, label: str = "bazaar") -> Case:
    """A buyer and a seller whose prices overlap; weights, limits and reservations are drawn."""
    draws = Draws(seed, label)
    cost = draws.between(100, 400) * CENT
    value = cost + draws.between(80, 400) * CENT
    return priced(f"bargain {seed}", cost, value, draws, rounds)


def priced(name: str, cost: int, value: int, draws: Draws, rounds: int) -> Case:
    """The case of a seller that takes nothing below `cost` and a buyer that pays nothing above `value`."""
    domain = bazaar_domain(name, rounds)
    return case_of(name, domain, [buyer_profile(domain, value, draws), seller_profile(domain, cost, draws)])


def bazaar_domain(title: str, rounds: int) -> Domain:
    """Price 0.50 to 10.00 in steps of 0.05 (six decimals), 0 to 14 days, three levels of support."""
    limits = {
        "max_rounds": rounds,
        "deadline_seconds": 3_600,
        "min_concession_ppm": 0,
        "repeat_cap": 3,
        "max_queries": 2,
        "open_window_seconds": 600,
        "fallback": "abort",
    }
    return Domain.parse(
        {
            "schema": "parley/domain",
            "version": 1,
            "title": title,
            "issues": [
                {"name": "price", "type": "amount", "min": "500000", "max": "10000000", "step": "50000"},
                {"name": "days", "type": "integer", "min": 0, "max": 14, "step": 1},
                {"name": "support", "type": "choice", "values": list(SUPPORT)},
            ],
            "fixed": {},
            "roles": [BUYER, SELLER],
            "protocol": "alternating-offers",
            "limits": limits,
            "settlements": [],
            "data_class": "public",
            "assumptions": [],
        }
    )


def buyer_profile(domain: Domain, value: int, draws: Draws) -> Profile:
    """Cheap, soon and well supported; `value` is the most it pays, as a hard limit."""
    return _profile(domain, BUYER, draws, (500_000, 1_000_000), (value, 0), {"max": str(value)}, False)


def seller_profile(domain: Domain, cost: int, draws: Draws) -> Profile:
    """Dear, late and with little support; `cost` is the least it takes, as a hard limit."""
    return _profile(domain, SELLER, draws, (cost, 0), (10_000_000, 1_000_000), {"min": str(cost)}, True)


def _profile(
    domain: Domain,
    role: str,
    draws: Draws,
    low: tuple[int, int],
    high: tuple[int, int],
    limit: dict[str, str],
    late: bool,
) -> Profile:
    price = draws.between(450_000, 700_000)
    days = draws.between(100_000, 950_000 - price)
    first, last = (0, 1_000_000) if late else (1_000_000, 0)
    document: dict[str, Any] = {
        "schema": "parley/profile",
        "version": 2,
        "domain": domain.hash(),
        "role": role,
        "weights": {"price": price, "days": days, "support": 1_000_000 - price - days},
        "utilities": {
            "price": {"points": [{"at": str(at), "utility": utility} for at, utility in (low, high)]},
            "days": {"points": [{"at": "0", "utility": first}, {"at": "14", "utility": last}]},
            "support": {
                "values": dict(
                    zip(SUPPORT, (1_000_000, 500_000, 0) if late else (0, 500_000, 1_000_000), strict=True)
                )
            },
        },
        "reservation_ppm": draws.between(50_000, 250_000),
        "limits": [{"issue": "price", **limit}],
    }
    return Profile.parse(document)
