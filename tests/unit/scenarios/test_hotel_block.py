"""Hotel blocks: all rooms or none, milestones out of terms, linked deals, never two promises at once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from parley.negotiation.simulation import Match, Seat
from parley.negotiation.space import Space
from parley.negotiation.strategies import AcceptOffer, Explanation, Propose, make_strategy
from parley.negotiation.utility import exact_utility
from parley.scenarios.blocks import BlocksResult, play_blocks
from parley.scenarios.hotel_block import HotelBlock, TablePlan, hotel_block
from parley.scenarios.hotel_documents import BUYER
from parley.scenarios.settling import deals_of
from parley.terms.deal import Deal, bundle_hash
from parley.terms.values import ZERO_HASH, Address

TOKEN = Address("0x" + "70" * 20)
USD = 10**6
DAY = 86_400
SCENARIO = hotel_block(TOKEN)
WHY = Explanation("scripted", "")


def table(name: str) -> TablePlan:
    return next(each for each in SCENARIO.tables if each.name == name)


def test_every_set_of_at_most_two_hotels_that_has_the_rooms_is_a_table() -> None:
    assert [each.name for each in SCENARIO.tables] == [
        "hotel-c",
        "hotel-a + hotel-b",
        "hotel-a + hotel-c",
        "hotel-b + hotel-c",
    ]
    rooms = {hotel.name: hotel.rooms for hotel in SCENARIO.hotels}
    for each in SCENARIO.tables:
        for split in each.splits.values():
            assert sum(split) == 120
            assert all(0 < n <= rooms[hotel.name] for n, hotel in zip(split, each.hotels, strict=True))
    assert table("hotel-a + hotel-b").splits == {"60+60": (60, 60), "70+50": (70, 50), "80+40": (80, 40)}


def values_for(plan: TablePlan, split: str, **changes: int | str) -> dict[str, int | str]:
    values: dict[str, int | str] = {"rooms": split}
    for hotel in plan.hotels:
        values |= {
            hotel.issue("price"): 130 * USD,
            hotel.issue("breakfast"): "included",
            hotel.issue("free_cancel_days"): 21,
            hotel.issue("deposit"): 20,
        }
    return {**values, **changes}


def agreed(plan: TablePlan, values: dict[str, int | str]) -> tuple[Deal, ...]:
    seats = {
        role: Seat(make_strategy("linear"), Space(plan.domain, plan.profiles[role]))
        for role in plan.domain.roles
    }
    match = Match(plan.domain, seats, 0)
    match.play(Propose(values, WHY))
    for _ in plan.hotels:
        match.play(AcceptOffer(WHY))
    return deals_of(match)


@pytest.mark.parametrize(
    ("deposit", "shares", "days"), [(20, [20, 40, 40], [2, 90, 93]), (0, [50, 50], [90, 93])]
)
def test_milestones_follow_from_the_terms(deposit: int, shares: list[int], days: list[int]) -> None:
    plan = table("hotel-c")
    (deal,) = agreed(plan, values_for(plan, "120", deposit_hotel_c=deposit))
    assert deal.price == 130 * USD * 120 * 3
    assert [part.amount * 100 // deal.price for part in deal.milestones] == shares
    assert [(part.deliver_by - deal.open_by) // DAY for part in deal.milestones] == days
    assert deal.cancel_by - deal.open_by == (90 - 21) * DAY
    assert deal.bundle == ZERO_HASH
    deal.validate_for_opening(deal.open_by)


def test_two_hotels_make_two_linked_deals() -> None:
    plan = table("hotel-a + hotel-b")
    deals = agreed(plan, values_for(plan, "80+40", price_hotel_b=125 * USD))
    assert [deal.price for deal in deals] == [130 * USD * 80 * 3, 125 * USD * 40 * 3]
    assert deals[0].bundle == deals[1].bundle == bundle_hash(deals) != ZERO_HASH
    assert deals[0].seller != deals[1].seller
    assert deals[0].buyer == deals[1].buyer
    for deal in deals:
        deal.model_copy(update={"bundle": ZERO_HASH}).validate_for_opening(deal.open_by)


def test_the_profile_of_a_pair_orders_as_the_buyers_worth() -> None:
    plan = table("hotel-a + hotel-b")
    profile = plan.profiles[BUYER]
    seen = []
    for split in plan.splits:
        for price_a, price_b, breakfast, deposit in [
            (100, 145, "included", 0),
            (145, 100, "separate", 50),
            (120, 130, "included", 5),
        ]:
            values = values_for(
                plan, split, price_hotel_a=price_a * USD, price_hotel_b=price_b * USD,
                breakfast_hotel_a=breakfast, deposit_hotel_b=deposit,
            )  # fmt: skip
            worth = SCENARIO.worth(plan, values)
            assert 0 <= worth <= 1
            seen.append((worth, Fraction(exact_utility(profile, plan.domain, values), 10**12)))
    for worth, utility in seen:
        # Both hotels at their largest would be 140 of 120 rooms: the scale of this table.
        assert abs(worth - utility * Fraction(140, 120)) < Fraction(1, 10_000)


def check(scenario: HotelBlock, played: BlocksResult) -> None:
    assert played.most_promised <= 120
    assert sum(result.agreed for result in played.results.values()) == (played.table is not None)
    assert all(not result.state.live for result in played.results.values())
    if played.table is None:
        return
    rooms = played.table.rooms(played.values)
    assert sum(rooms.values()) == 120
    assert len(played.deals) == len(rooms) <= 2
    for hotel, deal in zip(played.table.hotels, played.deals, strict=True):
        price = int(played.values[hotel.issue("price")])
        assert hotel.floor <= price <= 145 * USD
        assert int(played.values[hotel.issue("free_cancel_days")]) <= 21
        assert rooms[hotel.name] <= hotel.rooms
        assert deal.price == price * rooms[hotel.name] * 3
    for role, profile in played.table.profiles.items():
        assert profile.allows(played.values)
        assert played.results[played.table.name].utilities[role] >= 0


@pytest.mark.parametrize("buyer", ["trade-off", "linear", "boulware", "conceder", "tit-for-tat"])
def test_all_rooms_or_none_whatever_the_buyer_plays(buyer: str) -> None:
    played = play_blocks(SCENARIO, buyer=make_strategy(buyer))
    check(SCENARIO, played)


def test_the_scenario_ends_with_all_rooms_and_the_same_twice() -> None:
    played = play_blocks(SCENARIO)
    check(SCENARIO, played)
    assert played.table is not None
    assert played.promised > 4
    assert play_blocks(SCENARIO) == played


def test_where_no_hotel_has_all_rooms_two_are_bound_together() -> None:
    pairs = replace(SCENARIO, tables=tuple(each for each in SCENARIO.tables if len(each.hotels) == 2))
    played = play_blocks(pairs)
    check(pairs, played)
    assert len(played.deals) == 2
    assert played.deals[0].bundle == bundle_hash(played.deals)


def test_hotels_that_sell_nothing_leave_the_buyer_unbound() -> None:
    greedy = replace(
        SCENARIO,
        tables=tuple(
            replace(
                each,
                profiles={
                    role: profile
                    if role == BUYER
                    else profile.model_copy(update={"reservation_ppm": 1_000_000})
                    for role, profile in each.profiles.items()
                },
            )
            for each in SCENARIO.tables
        ),
    )
    played = play_blocks(greedy)
    check(greedy, played)
    assert played.table is None
    assert played.deals == ()
