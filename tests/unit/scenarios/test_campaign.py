"""The campaign: three parties, constraints over several issues, a person for high spend, two linked deals."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parley.negotiation.analysis import Analysis
from parley.negotiation.simulation import Match, Seat
from parley.negotiation.space import Space
from parley.negotiation.strategies import make_strategy
from parley.policy.errors import NoAdmissibleOffer
from parley.policy.facts import Counterparty, facts_of
from parley.policy.models import Bundle
from parley.policy.service import PolicyEngine
from parley.policy.solver import Situation, best_offer
from parley.scenarios.campaign import APPROVAL_OVER, ROLES, Campaign, campaign, play_campaign
from parley.scenarios.gate import Gate, says_no
from parley.terms.deal import Deal, bundle_hash
from parley.terms.message import Performative
from parley.terms.payloads import Offer
from parley.terms.values import ZERO_ADDRESS, ZERO_HASH, Address

TOKEN = Address("0x" + "70" * 20)
USD = 10**6
WEEK = 604_800
SCENARIO = campaign(TOKEN)
GOOD: dict[str, int | str] = {
    "total_spend": 80_000 * USD,
    "search_share": 60,
    "social_share": 30,
    "display_share": 10,
    "start_week": 7,
    "weeks": 10,
}


def check_deals(deals: tuple[Deal, ...], values: dict[str, int | str]) -> None:
    spend, weeks, start = int(values["total_spend"]), int(values["weeks"]), int(values["start_week"])
    channel, capacity = deals
    assert channel.price == spend * 15 // 100
    assert capacity.price == spend * 85 // 100
    assert channel.price + capacity.price == spend
    assert channel.bundle == capacity.bundle == bundle_hash(deals) != ZERO_HASH
    for deal in deals:
        amounts = [part.amount for part in deal.milestones]
        assert len(amounts) == min(weeks, 8)
        assert sum(amounts) == deal.price
        assert len(set(amounts[:-1])) <= 1
        assert 0 <= amounts[-1] - amounts[0] < 8
        due = [part.deliver_by - deal.open_by for part in deal.milestones]
        assert due[:-1] == [(start - 1 + week) * WEEK for week in range(1, len(due))]
        assert due[-1] == (start - 1 + weeks) * WEEK
        plain = deal.model_copy(update={"bundle": ZERO_HASH})
        plain.validate_for_opening(deal.open_by)


def test_three_parties_agree_on_joint_terms_and_two_linked_deals() -> None:
    played = play_campaign(SCENARIO)
    assert played.result.agreed
    assert not played.escalated
    values = dict(played.result.values)
    assert sum(int(values[f"{kind}_share"]) for kind in ("search", "social", "display")) == 100
    assert int(values["display_share"]) <= 20
    assert int(values["start_week"]) >= 7 or int(values["start_week"]) + int(values["weeks"]) <= 5
    assert int(values["total_spend"]) <= 20_000 * USD * int(values["weeks"])
    for role, profile in SCENARIO.profiles.items():
        assert profile.allows(values)
        assert played.result.utilities[role] >= profile.reservation_ppm
    check_deals(played.deals, values)
    assert int(values["total_spend"]) > APPROVAL_OVER
    assert any(asked.values == values and asked.approved for asked in played.asked)
    performed = [message.core.performative for message in played.result.messages]
    assert performed[-3:] == [Performative.APPROVE, Performative.ACCEPT, Performative.ACCEPT]
    analysis = Analysis(SCENARIO.domain, SCENARIO.profiles)
    share = analysis.assess(values).nash_share
    assert share is not None
    assert share > 500_000
    assert play_campaign(SCENARIO) == played


@pytest.mark.parametrize("weeks", range(2, 11))
def test_equal_milestones_one_a_week_at_most_eight(weeks: int) -> None:
    values = {**GOOD, "total_spend": 60_000 * USD, "weeks": weeks}
    seats = {
        role: Seat(make_strategy("linear"), Space(SCENARIO.domain, SCENARIO.profiles[role])) for role in ROLES
    }
    match = Match(SCENARIO.domain, seats, 0)
    from parley.negotiation.strategies import AcceptOffer, Explanation, Propose
    from parley.scenarios.settling import deals_of

    why = Explanation("scripted", "")
    match.play(Propose(values, why))
    assert deals_of(match) == ()
    match.play(AcceptOffer(why))
    match.play(AcceptOffer(why))
    check_deals(deals_of(match), values)


def test_what_a_person_refuses_is_never_offered_or_accepted() -> None:
    played = play_campaign(SCENARIO, person=says_no)
    assert played.asked
    assert not any(asked.approved for asked in played.asked)
    budget = played.result.messages[0].core.sender
    for message in played.result.messages:
        if message.core.sender == budget and isinstance(message.payload, Offer):
            assert int(str(message.payload.values["total_spend"])) <= APPROVAL_OVER
    if played.result.agreed:
        assert int(played.result.values["total_spend"]) <= APPROVAL_OVER
    assert Performative.APPROVE not in {message.core.performative for message in played.result.messages}


def test_a_deadlock_goes_to_the_budget_owner() -> None:
    greedy = {
        role: profile.model_copy(update={"reservation_ppm": 900_000})
        for role, profile in SCENARIO.profiles.items()
    }
    played = play_campaign(replace(SCENARIO, profiles=greedy))
    assert not played.result.agreed
    assert played.deals == ()
    assert played.escalated
    assert played.result.messages[-1].core.performative is Performative.ESCALATE


@pytest.mark.parametrize(
    ("role", "changes", "rule"),
    [
        ("budget", {"total_spend": 135_000 * USD}, "spend-cap"),
        ("budget", {"search_share": 70, "social_share": 20}, "channel-cap"),
        ("channel", {"display_share": 30, "social_share": 10}, "brand-safety"),
        ("channel", {"search_share": 10, "social_share": 80}, "search-floor"),
        ("capacity", {"total_spend": 130_000 * USD, "weeks": 6}, "weekly-work"),
        ("capacity", {"start_week": 4, "weeks": 3}, "blocked-weeks"),
        ("capacity", {"start_week": 8, "weeks": 10}, "ends-by-week-16"),
        ("channel", {"social_share": 20}, "shares-sum-to-100"),
    ],
)
def test_each_rule_is_named_when_it_is_broken(role: str, changes: dict[str, int], rule: str) -> None:
    engine = PolicyEngine(SCENARIO.policies[role])

    def decided(values: dict[str, int | str]) -> list[str]:
        facts = facts_of(
            SCENARIO.domain, values, role=role, counterparty=Counterparty(address=ZERO_ADDRESS), now=0
        )
        return [finding.rule for finding in engine.evaluate(facts, moment="outgoing").findings]

    assert decided(GOOD) == []
    assert rule in decided({**GOOD, **changes})


def test_over_the_threshold_only_the_budget_asks_and_a_refusal_is_remembered() -> None:
    seats = {
        role: Seat(make_strategy("linear"), Space(SCENARIO.domain, SCENARIO.profiles[role])) for role in ROLES
    }
    match = Match(SCENARIO.domain, seats, 0)
    gate = Gate(SCENARIO.policies["budget"], match, "budget", Counterparty(address=ZERO_ADDRESS), says_no)
    dear = {**GOOD, "total_spend": 90_000 * USD}
    assert gate.admits(dear)
    assert not gate.admits({**GOOD, "total_spend": 135_000 * USD})
    other = Gate(SCENARIO.policies["channel"], match, "channel", Counterparty(address=ZERO_ADDRESS))
    assert other.admits(dear)


def _wanting(*expressions: tuple[str, str]) -> Campaign:
    """The campaign with further rules of the budget's owner."""
    document = SCENARIO.policies["budget"].as_json()
    pattern = document["rules"][0]
    document["rules"] += [
        {**pattern, "id": name, "expression": expression} for name, expression in expressions
    ]
    return replace(SCENARIO, policies={**SCENARIO.policies, "budget": Bundle.parse(document)})


def test_a_campaign_that_cannot_be_is_explained_by_the_rules_in_conflict() -> None:
    early, long = ("early", "values.start_week <= 4"), ("long", "values.weeks >= 5")
    late = ("late", "values.start_week >= 7")

    def conflict(scenario: Campaign) -> set[str]:
        situation = Situation(
            PolicyEngine(scenario.policies["budget"]),
            "budget",
            Counterparty(address=Address("0x" + "22" * 20)),
            1_700_000_000,
        )
        with pytest.raises(NoAdmissibleOffer) as caught:
            best_offer(scenario.domain, scenario.profiles["budget"], situation=situation)
        return {each["id"] for each in caught.value.values["conflict"]}

    impossible = _wanting(early, long)
    assert conflict(impossible) == {"early", "long", "blocked-weeks"}, "no more than what contradicts itself"
    assert conflict(_wanting(early, late)) == {"early", "late"}
    played = play_campaign(impossible)
    assert not played.result.agreed
    assert played.deals == ()
    assert played.result.ending.held, "a deadlock goes to a person"
    assert played.result.messages[-1].core.performative is Performative.ESCALATE
    role, why = played.result.record[-1]
    assert (role, why.text) == ("budget", "policy and constraints leave no offer")
