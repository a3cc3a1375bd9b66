"""The six patterns: metrics that follow from a seed, and guardrails that the report would say are broken."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from parley.negotiation.analysis import Analysis
from parley.sandbox.patterns import constraints, people
from parley.sandbox.patterns.coalition import coalition, mediated
from parley.sandbox.patterns.concession import concession
from parley.sandbox.patterns.plans import drawn_campaign
from parley.sandbox.patterns.result import middle, share
from parley.sandbox.patterns.run import report
from parley.sandbox.patterns.sealed import sealed
from parley.sandbox.patterns.tradespace import tradespace
from parley.scenarios.campaign import Campaign, CampaignResult, play_campaign
from parley.terms.message import Performative


def test_concession_saves_and_keeps_every_rule() -> None:
    found = concession(2, 1)
    assert found.held
    assert int(found.metrics["savings_against_list_ppm"] or 0) > 0
    assert found.metrics["sla_adherence_ppm"] == 1_000_000
    assert int(found.metrics["deals"] or 0) >= 2
    assert concession(2, 1).metrics == found.metrics


def test_feasible_plans_are_found_and_counted_against_what_exists() -> None:
    found = constraints.constraints(2, 1)
    assert found.held
    assert found.metrics["plans_possible"] == 2
    assert 0 <= int(found.metrics["feasible_plan_rate_ppm"] or 0) <= 1_000_000
    assert found.measured["cycle_mean"] > 0


def test_a_plan_that_breaks_a_rule_would_be_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def unruly(scenario: Campaign, seed: int) -> CampaignResult:
        played = play_campaign(scenario, seed)
        values = {**played.result.values, "display_share": 50}
        return replace(played, result=replace(played.result, values=values))

    assert constraints.constraints(1, 1).metrics["plans_that_break_a_rule"] == 0
    monkeypatch.setattr(constraints, "play_campaign", unruly)
    found = constraints.constraints(1, 1)
    assert not found.held
    assert found.metrics["plans_that_break_a_rule"] == 1


def test_the_trade_space_reports_the_nash_product_with_an_interval() -> None:
    found = tradespace(2, 1, "trade-off")
    assert found.held
    low, mid, high = (
        int(found.metrics[name] or 0)
        for name in ("nash_product_low_ppm", "nash_product_of_maximum_ppm", "nash_product_high_ppm")
    )
    assert 0 < low <= mid <= high <= 1_000_000
    assert found.metrics["matches"] == 16


def test_sealed_bids_return_more_honest_than_under_attack() -> None:
    found = sealed(20, 1)
    assert found.held
    figures = {name: int(value or 0) for name, value in found.metrics.items()}
    assert figures["cheapest_offer"] <= figures["return_honest"] <= figures["return_under_collusion"]
    assert figures["abuse_rate_guarded_ppm"] < figures["abuse_rate_unguarded_ppm"]


def test_a_mediator_settles_what_the_rankings_give() -> None:
    scenario = drawn_campaign(3)
    played = mediated(scenario, 3)
    assert played.result.agreed
    performed = [message.core.performative for message in played.result.messages]
    assert performed.count(Performative.ACCEPT) == 3
    assert performed.count(Performative.COMMIT) == performed.count(Performative.REVEAL) == 3
    values = played.result.values
    assert all(profile.allows(values) for profile in scenario.profiles.values())
    analysis = Analysis(scenario.domain, scenario.profiles)
    assert min(analysis.surplus(analysis.spot(values).gains)) >= 0
    if int(values["total_spend"]) > 80_000_000_000:
        assert performed.index(Performative.APPROVE) < performed.index(Performative.AWARD)
    found = coalition(1, 3)
    assert found.held
    assert found.metrics["exception_rate_mediator_ppm"] == 0


def test_nothing_over_the_threshold_passes_without_approval() -> None:
    found = people.people(40, 1)
    assert found.held
    figures = {name: int(value or 0) for name, value in found.metrics.items()}
    assert figures["accepted_without_approval"] == 0
    assert figures["asked"] + figures["straight_through"] == 40
    assert figures["approved_in_time_ppm"] + figures["too_late_ppm"] in (999_999, 1_000_000)
    assert 20 <= figures["approval_seconds_median"] <= figures["approval_seconds_90"] <= 60 * 180


def test_a_gate_that_lets_through_would_be_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    domain = people._gated(7_200)
    open_gate = domain.model_copy(update={"approval": 0})
    monkeypatch.setattr(people, "_gated", lambda deadline: open_gate)
    found = people.people(12, 1)
    assert not found.held
    assert int(found.metrics["accepted_without_approval"] or 0) > 0


def test_the_report_is_json() -> None:
    found = [people.people(5, 1), sealed(5, 1)]
    document = report(found, 5, 1)
    assert json.loads(json.dumps(document)) == document
    assert document["guardrails_held"] is True


def test_shares_and_middles() -> None:
    assert (share(1, 3), share(1, 0)) == (333_333, 0)
    assert (middle([]), middle([5]), middle([3, 1, 2]), middle([1, 2, 3, 4], 90)) == (0, 5, 2, 4)
