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

from parley.negotiation.utility import PPM, Profile
from parley.policy.models import Bundle
from parley.scenarios.documents import shipped
from parley.scenarios.hotel_documents import (
    BUYER,
    LOT,
    LOW,
    Hotel,
    Terms,
    bundle,
    buyer_profile,
    buyer_rules,
    floor_rule,
    seller_profile,
    table_domain,
)
from parley.terms.domain import Domain, IssueValue
from parley.terms.values import ZERO_ADDRESS, Address


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
    domain = Domain.parse(table_domain(title, terms, hotels, splits, token))
    profiles = {BUYER: buyer_profile(terms, hotels, splits, domain)}
    policies = {BUYER: bundle("Travel aggregator", buyer_rules(terms, hotels))}
    for hotel in hotels:
        profiles[hotel.name] = seller_profile(hotel, hotels, domain)
        policies[hotel.name] = bundle(hotel.name, [floor_rule(hotel)])
    return TablePlan(hotels, splits, domain, profiles, policies)
