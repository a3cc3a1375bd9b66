"""Matches by sealed bids: the rule's award, who trades, and how good it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley.negotiation.protocols.scoring import Bid, decide, pricing_of
from parley.negotiation.utility import Profile
from parley.sandbox.attacks.bidding import CENT, PENALTIES, call_domain
from parley.sandbox.errors import CaseInvalid
from parley.sandbox.leases import simple_lease, simple_profile
from parley.sandbox.matches.auctions import play_auction
from parley.sandbox.matches.case import Case, case_of
from parley.sandbox.matches.protocols import play_under
from parley.sandbox.matches.quotes import auction_case
from parley.terms.domain import Domain
from parley.terms.values import ZERO_ADDRESS

BIDDERS = ("a", "b", "c")


def profile(domain: Domain, role: str, reservation: int, business: int) -> Profile:
    buys = role == "buyer"
    top = str(1_000 * CENT)
    ends = [{"at": "0", "utility": 1_000_000 * buys}, {"at": top, "utility": 1_000_000 * (not buys)}]
    support = {"none": 1_000_000 * (not buys), "business": business, "round-the-clock": 1_000_000 * buys}
    return Profile.parse(
        {
            "schema": "parley/profile",
            "version": 1,
            "domain": domain.hash(),
            "role": role,
            "weights": {"price": 800_000, "support": 200_000},
            "utilities": {"price": {"points": ends}, "support": {"values": support}},
            "reservation_ppm": reservation,
        }
    )


def call(rule: str = "second-price", reserve: int | None = None, **reservations: int) -> Case:
    domain = call_domain(BIDDERS, rule, reserve)
    least = {"buyer": 300_000, "a": 400_000, "b": 500_000, "c": 900_000, **reservations}
    business = {"buyer": 600_000, "a": 500_000, "b": 900_000, "c": 100_000}
    profiles = [profile(domain, role, least[role], business[role]) for role in domain.roles]
    return case_of("quotes", domain, profiles)


@pytest.mark.parametrize("rule", ["second-price", "first-price"])
def test_the_award_is_the_rule_s_and_only_two_trade(rule: str) -> None:
    case = call(rule)
    played = play_under("sealed-bid", case, [], 3)
    found = played.as_json()
    assert json.loads(json.dumps(found)) == found
    assert found["engine"] == "in memory, signed"
    reveals = [entry for entry in found["transcript"] if entry["performative"] == "reveal"]
    assert [entry["role"] for entry in reveals] == list(BIDDERS)
    assert case.domain.auction is not None
    bids = [
        Bid(entry["role"], at, int(entry["values"]["price"]), PENALTIES[entry["values"]["support"]])
        for at, entry in enumerate(reveals)
    ]
    expected = decide(pricing_of(case.domain, case.domain.auction), bids)
    assert expected is not None
    assert found["result"]["trading"] == ["buyer", expected.winner.role]
    assert found["result"]["values"]["price"] == str(expected.price)
    utilities = {party["role"]: party["utility_ppm"] for party in found["parties"]}
    for party in found["parties"]:
        traded = party["role"] in found["result"]["trading"]
        assert traded or party["utility_ppm"] == party["reservation_ppm"]
        assert party["utility_ppm"] >= party["reservation_ppm"]
    assert found["quality"]["welfare_ppm"] == sum(utilities.values())
    assert (found["quality"]["nash_share_ppm"] > 0) == (rule == "second-price"), (
        "the own price leaves nothing"
    )
    assert play_under("sealed-bid", case, ["award", *["honest-bid"] * 3], 3).as_json() == found


def test_what_was_possible_counts_one_trade_only() -> None:
    case = call()
    spots = case.analysis.front.spots
    least = case.analysis.reservations
    trading = [
        [
            role
            for role, gain, kept in zip(case.domain.roles[1:], spot.gains[1:], least[1:], strict=True)
            if gain != kept
        ]
        for spot in spots
    ]
    assert all(len(roles) <= 1 for roles in trading)
    assert {role for roles in trading for role in roles} >= {"a", "b"}
    nash = case.analysis.nash
    assert nash is not None
    assert case.analysis.nash_share_ppm(nash.gains) == 1_000_000


def test_shading_pays_under_the_first_price_only_and_rounds_take_it_back() -> None:
    shaded = ["honest-bid:shade_ppm=200000"] * 3

    def utilities(rule: str, *conduct: str) -> dict[str, int]:
        return dict(play_under("sealed-bid", call(rule), list(conduct), 3).assessment.utilities)

    honest, bent = (utilities("first-price", "award", *each) for each in (["honest-bid"] * 3, shaded))
    assert bent["a"] > honest["a"]
    again = play_under("sealed-bid", call("first-price"), ["award:rounds=2", *shaded], 3)
    assert again.rounds == 2
    assert again.assessment.utilities["buyer"] > bent["buyer"]
    alone = utilities("second-price", "award", shaded[0], "honest-bid", "honest-bid")
    assert alone["a"] == utilities("second-price", "award", *["honest-bid"] * 3)["a"]


@pytest.mark.parametrize(
    ("case", "ended", "by"),
    [
        (call(buyer=990_000), "withdrawn", "buyer"),
        (call(reserve=10 * CENT), "no_bids", "c"),
        (call(a=1_000_000, b=1_000_000, c=1_000_000, reserve=10 * CENT), "no_bids", "c"),
    ],
)
def test_it_ends_without_an_award_that_anyone_would_regret(case: Case, ended: str, by: str) -> None:
    found = play_under("sealed-bid", case, [], 1).as_json()
    assert found["result"]["agreed"] is False
    assert (found["result"]["ended"], found["result"]["by"]) == (ended, by)
    assert found["result"]["trading"] == []
    assert all(party["utility_ppm"] == party["reservation_ppm"] for party in found["parties"])


def test_an_ordinary_domain_is_put_out_to_tender() -> None:
    domain = simple_lease(ZERO_ADDRESS)
    case = case_of("lease", domain, [simple_profile(domain, role, 300_000) for role in domain.roles])
    quotes = auction_case(case)
    auction = quotes.domain.auction
    assert auction is not None
    assert (auction.requester, auction.side, auction.price) == ("buyer", "buy", "price")
    assert quotes.domain.settlements[0].seller == "winner"
    found = play_under("sealed-bid", case, [], 1)
    # The only bidder is paid as much as the requester would give: this is what the second price is with one.
    assert found.assessment.utilities == {"buyer": 300_000, "seller": 700_000}
    assert found.assessment.pareto_distance == 0
    assert auction_case(quotes) is quotes
    with pytest.raises(CaseInvalid):
        play_auction(case)
    plain: dict[str, Any] = domain.as_json()
    plain["issues"] = [issue for issue in plain["issues"] if issue["type"] != "amount"]
    plain["settlements"] = []
    priceless = Domain.parse(plain)
    weights = {issue.name: 1_000_000 // len(priceless.issues) for issue in priceless.issues}
    bare = {
        **simple_profile(domain, "buyer", 0).as_json(),
        "domain": priceless.hash(),
        "weights": weights,
        "utilities": {issue.name: {"points": [{"at": "0", "utility": 0}]} for issue in priceless.issues},
    }
    both = [Profile.parse({**bare, "role": role}) for role in priceless.roles]
    with pytest.raises(CaseInvalid):
        auction_case(case_of("priceless", priceless, both))
