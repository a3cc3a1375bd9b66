"""The documents of a table of hotels: domain, profiles and rules, out of the facts of the scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parley.negotiation.utility import PPM, Curve, Depending, Limit, Point, Profile, Table
from parley.policy.models import Bundle
from parley.terms.domain import Domain
from parley.terms.values import ZERO_ADDRESS, Address

DAY = 86_400
BUYER = "buyer"
LOT = 10
"""Rooms are split in lots of this many."""
LOW, HIGH, STEP = 100_000_000, 180_000_000, 1_000_000
"""The range of prices for a room and night, base units."""


@dataclass(frozen=True, slots=True)
class Hotel:
    """`list_price` and `floor` in base units for a room and night; `weights` ppm by kind of issue."""

    name: str
    list_price: int
    floor: int
    rooms: int
    weights: Mapping[str, int]

    @property
    def mark(self) -> str:
        """What its issues' names end in."""
        return self.name.replace("-", "_")

    def issue(self, kind: str) -> str:
        return f"{kind}_{self.mark}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What the buyer needs and will not go beyond; amounts in base units."""

    rooms: int
    nights: int
    arrival_in_days: int
    max_price: int
    latest_free_cancel_days: int
    weights: Mapping[str, int]


def table_domain(
    title: str, terms: Terms, hotels: tuple[Hotel, ...], splits: Mapping[str, tuple[int, ...]], token: Address
) -> dict[str, Any]:
    """The domain document of a table, settling in `token` with each hotel for its part of every split."""
    issues: list[dict[str, Any]] = [{"name": "rooms", "type": "choice", "values": list(splits)}]
    for hotel in hotels:
        issues += [
            {
                "name": hotel.issue("price"),
                "type": "amount",
                "min": str(LOW),
                "max": str(HIGH),
                "step": str(STEP),
            },
            {"name": hotel.issue("breakfast"), "type": "choice", "values": ["included", "separate"]},
            {"name": hotel.issue("free_cancel_days"), "type": "integer", "min": 0, "max": 45, "step": 1},
            {"name": hotel.issue("deposit"), "type": "integer", "min": 0, "max": 50, "step": 5},
        ]
    names = " and ".join(hotel.name for hotel in hotels)
    return {
        "schema": "parley/domain",
        "version": 1,
        "title": f"{title}: {names}",
        "issues": issues,
        "fixed": {
            "nights": str(terms.nights),
            "rooms": f"{terms.rooms} rooms in all; the issue rooms says how many at {names}",
            "price": "for a room and night",
        },
        "roles": [BUYER, *(hotel.name for hotel in hotels)],
        "protocol": "alternating-offers",
        "limits": {
            "max_rounds": 30,
            "deadline_seconds": 7_200,
            "min_concession_ppm": 0,
            "repeat_cap": 5,
            "max_queries": 2,
            "open_window_seconds": 900,
            "fallback": "abort",
        },
        "settlements": [
            _settlement(terms, hotel, {key: split[at] for key, split in splits.items()}, token)
            for at, hotel in enumerate(hotels)
        ],
        "data_class": "internal",
        "assumptions": [
            "amounts are base units of a dollar token with six decimals",
            f"arrival is {terms.arrival_in_days} days after the deals open",
        ],
    }


def _settlement(terms: Terms, hotel: Hotel, rooms: Mapping[str, int], token: Address) -> dict[str, Any]:
    arrival = {"add": [{"var": "open_by"}, terms.arrival_in_days * DAY]}
    deposit = {"floor_div": [{"mul": [{"var": "price"}, {"issue": hotel.issue("deposit")}]}, 100]}
    booked = {"case": "rooms", "of": dict(rooms)}
    return {
        "buyer": BUYER,
        "seller": hotel.name,
        "token": token,
        "arbiter": ZERO_ADDRESS,
        "relayer": ZERO_ADDRESS,
        "price": {"mul": [{"issue": hotel.issue("price")}, booked, terms.nights]},
        "seller_bond": {"bps": [{"var": "price"}, 500]},
        "arbiter_fee": "0",
        "relay_fee": "0",
        "cancel_by": {"sub": [arrival, {"mul": [{"issue": hotel.issue("free_cancel_days")}, DAY]}]},
        "review_window": DAY,
        "dispute_window": DAY,
        "ruling_window": 3 * DAY,
        "rejected_seller_bps": 0,
        "lapsed_seller_bps": 5_000,
        "walk_away_bps": 5_000,
        "payout": 0,
        "milestones": [
            {"amount": deposit, "deliver_by": {"add": [{"var": "open_by"}, 2 * DAY]}},
            {"amount": {"floor_div": [{"sub": [{"var": "price"}, deposit]}, 2]}, "deliver_by": arrival},
            {"amount": {"rest": True}, "deliver_by": {"add": [arrival, terms.nights * DAY]}},
        ],
    }


def buyer_profile(
    terms: Terms, hotels: tuple[Hotel, ...], splits: Mapping[str, tuple[int, ...]], domain: Domain
) -> Profile:
    """A hotel counts by its share of the rooms: its issues weigh as much as its largest share, and their
    utilities are scaled down where the split gives it less.
    """
    most = [max(split[at] for split in splits.values()) for at in range(len(hotels))]
    weights = {"rooms": 0}
    utilities: dict[str, Any] = {}
    for at, hotel in enumerate(hotels):
        for kind, weight in terms.weights.items():
            name = hotel.issue(kind)
            weights[name] = weight * most[at] // sum(most)
            utilities[name] = Depending(
                case="rooms",
                of={key: _liking(terms, kind, split[at], most[at]) for key, split in splits.items()},
            )
    weights[hotels[0].issue("price")] += PPM - sum(weights.values())
    limits = [
        limit
        for hotel in hotels
        for limit in (
            Limit(issue=hotel.issue("price"), max=terms.max_price),
            Limit(issue=hotel.issue("free_cancel_days"), max=terms.latest_free_cancel_days),
        )
    ]
    return Profile(
        domain=domain.hash(),
        role=BUYER,
        weights=weights,
        utilities=utilities,
        reservation_ppm=0,
        limits=tuple(limits),
    )


def _liking(terms: Terms, kind: str, rooms: int, most: int) -> Curve | Table:
    full = PPM * rooms // most
    if kind == "price":
        return _curve((LOW, full), (terms.max_price, 0))
    if kind == "breakfast":
        return Table(values={"included": full, "separate": 0})
    return _curve((0, full), (45 if kind == "free_cancel_days" else 50, 0))


def seller_profile(hotel: Hotel, hotels: tuple[Hotel, ...], domain: Domain) -> Profile:
    """A hotel cares for its own issues only; its list price is best and its floor is hard."""
    weights = {"rooms": 0} | {other.issue(kind): 0 for other in hotels for kind in hotel.weights}
    weights |= {hotel.issue(kind): weight for kind, weight in hotel.weights.items()}
    return Profile(
        domain=domain.hash(),
        role=hotel.name,
        weights=weights,
        utilities={
            hotel.issue("price"): _curve((hotel.floor, 0), (hotel.list_price, PPM)),
            hotel.issue("breakfast"): Table(values={"included": 0, "separate": PPM}),
            hotel.issue("free_cancel_days"): _curve((0, 0), (45, PPM)),
            hotel.issue("deposit"): _curve((0, 0), (50, PPM)),
        },
        reservation_ppm=0,
        limits=(Limit(issue=hotel.issue("price"), min=hotel.floor),),
    )


def buyer_rules(terms: Terms, hotels: tuple[Hotel, ...]) -> list[dict[str, Any]]:
    """What the buyer never offers or accepts, rule by rule and hotel by hotel."""
    rules = []
    for hotel in hotels:
        rules += [
            _rule(
                f"price-{hotel.name}",
                f"values.{hotel.issue('price')} <= {terms.max_price}",
                "No room above 145.00 USD a night.",
            ),
            _rule(
                f"cancellation-{hotel.name}",
                f"values.{hotel.issue('free_cancel_days')} <= {terms.latest_free_cancel_days}",
                "Cancellation is free until 21 days before arrival or later.",
            ),
        ]
    return rules


def floor_rule(hotel: Hotel) -> dict[str, Any]:
    """What a hotel never sells below."""
    return _rule("floor", f"values.{hotel.issue('price')} >= {hotel.floor}", "No room below the floor.")


def _rule(name: str, expression: str, reason: str) -> dict[str, Any]:
    return {
        "id": name,
        "layer": "organisation",
        "severity": "refuse",
        "expression": expression,
        "reason": reason,
    }


def bundle(name: str, rules: list[dict[str, Any]]) -> Bundle:
    """A policy of these rules."""
    return Bundle.parse({"schema": "parley/policy", "version": 1, "name": name, "rules": rules})


def _curve(*points: tuple[int, int]) -> Curve:
    return Curve(points=tuple(Point(at=at, utility=utility) for at, utility in points))
