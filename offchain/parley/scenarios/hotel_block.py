"""Hotel room blocks: 120 rooms from at most two hotels, all of them or none.

Every hotel or pair of hotels that has the rooms is a table of its own. What a pair and the buyer accept are
joint terms, of which one deal with each hotel follows; two deals are linked and open together or not at all.
How the rooms are split is one of the issues, since a price means more where there are more rooms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Any

from parley.negotiation.utility import PPM, Curve, Depending, Limit, Point, Profile, Table
from parley.policy.models import Bundle
from parley.scenarios.documents import shipped
from parley.terms.domain import Domain, IssueValue
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


@dataclass(frozen=True, slots=True)
class TablePlan:
    """One table: the hotels at it and the documents of everyone. `splits` gives for each value of the issue
    `rooms` how many rooms each hotel has.
    """

    hotels: tuple[Hotel, ...]
    splits: Mapping[str, tuple[int, ...]]
    domain: Domain
    profiles: Mapping[str, Profile]
    policies: Mapping[str, Bundle]

    @property
    def name(self) -> str:
        return " + ".join(hotel.name for hotel in self.hotels)

    def rooms(self, values: Mapping[str, IssueValue]) -> dict[str, int]:
        """Rooms by hotel of agreed or offered values."""
        split = self.splits[str(values["rooms"])]
        return {hotel.name: rooms for hotel, rooms in zip(self.hotels, split, strict=True)}


@dataclass(frozen=True, slots=True)
class HotelBlock:
    """The scenario: hotels, the buyer's terms, and a table for each set of hotels that has the rooms."""

    hotels: tuple[Hotel, ...]
    terms: Terms
    tables: tuple[TablePlan, ...]

    def worth(self, table: TablePlan, values: Mapping[str, IssueValue]) -> Fraction:
        """What values are worth to the buyer, 0 to 1, comparable between tables: the profile for two hotels
        is scaled, since they cannot both have their largest share.
        """
        total = Fraction(0)
        for hotel, rooms in zip(table.hotels, table.splits[str(values["rooms"])], strict=True):
            liked = {
                "price": Fraction(
                    self.terms.max_price - int(values[hotel.issue("price")]), self.terms.max_price - LOW
                ),
                "breakfast": Fraction(int(values[hotel.issue("breakfast")] == "included")),
                "free_cancel_days": Fraction(45 - int(values[hotel.issue("free_cancel_days")]), 45),
                "deposit": Fraction(50 - int(values[hotel.issue("deposit")]), 50),
            }
            total += sum(liked[kind] * weight for kind, weight in self.terms.weights.items()) * Fraction(
                rooms, self.terms.rooms * PPM
            )
        return total


def hotel_block(token: Address = ZERO_ADDRESS) -> HotelBlock:
    """The scenario, settling in `token` (six decimals)."""
    document = shipped("hotel_block", "hotels.json")
    hotels = tuple(
        Hotel(each["name"], int(each["list"]), int(each["floor"]), each["rooms"], each["weights"])
        for each in document["hotels"]
    )
    terms = Terms(
        document["rooms"],
        document["nights"],
        document["arrival_in_days"],
        int(document["max_price"]),
        document["latest_free_cancel_days"],
        document["buyer_weights"],
    )
    sets = [*((hotel,) for hotel in hotels), *combinations(hotels, 2)]
    tables = [_table(document["title"], terms, chosen, token) for chosen in sets if _splits(terms, chosen)]
    return HotelBlock(hotels, terms, tuple(tables))


def _splits(terms: Terms, hotels: tuple[Hotel, ...]) -> dict[str, tuple[int, ...]]:
    """The ways to have all rooms from exactly these hotels."""
    if len(hotels) == 1:
        return {str(terms.rooms): (terms.rooms,)} if hotels[0].rooms >= terms.rooms else {}
    first, second = hotels
    return {
        f"{rooms}+{terms.rooms - rooms}": (rooms, terms.rooms - rooms)
        for rooms in range(LOT, terms.rooms, LOT)
        if rooms <= first.rooms and terms.rooms - rooms <= second.rooms
    }


def _table(title: str, terms: Terms, hotels: tuple[Hotel, ...], token: Address) -> TablePlan:
    splits = _splits(terms, hotels)
    domain = Domain.parse(_domain(title, terms, hotels, splits, token))
    profiles = {BUYER: _buyer(terms, hotels, splits, domain)}
    policies = {BUYER: _bundle("Travel aggregator", _buyer_rules(terms, hotels))}
    for hotel in hotels:
        profiles[hotel.name] = _seller(hotel, hotels, domain)
        policies[hotel.name] = _bundle(hotel.name, [_floor_rule(hotel)])
    return TablePlan(hotels, splits, domain, profiles, policies)


def _domain(
    title: str, terms: Terms, hotels: tuple[Hotel, ...], splits: Mapping[str, tuple[int, ...]], token: Address
) -> dict[str, Any]:
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


def _buyer(
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


def _seller(hotel: Hotel, hotels: tuple[Hotel, ...], domain: Domain) -> Profile:
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


def _buyer_rules(terms: Terms, hotels: tuple[Hotel, ...]) -> list[dict[str, Any]]:
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


def _floor_rule(hotel: Hotel) -> dict[str, Any]:
    return _rule("floor", f"values.{hotel.issue('price')} >= {hotel.floor}", "No room below the floor.")


def _rule(name: str, expression: str, reason: str) -> dict[str, Any]:
    return {
        "id": name,
        "layer": "organisation",
        "severity": "refuse",
        "expression": expression,
        "reason": reason,
    }


def _bundle(name: str, rules: list[dict[str, Any]]) -> Bundle:
    return Bundle.parse({"schema": "parley/policy", "version": 1, "name": name, "rules": rules})


def _curve(*points: tuple[int, int]) -> Curve:
    return Curve(points=tuple(Point(at=at, utility=utility) for at, utility in points))
