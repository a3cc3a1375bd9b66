"""Coalitions of three: by a mediator and by alternating offers, on the same drawn plans.

How the parties name candidates and rank them is told in `parley.sandbox.matches.mediated`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from parley.negotiation.analysis import Analysis
from parley.sandbox.matches.case import case_of
from parley.sandbox.matches.match import Played
from parley.sandbox.matches.mediated import mediated_case, play_mediated
from parley.sandbox.patterns.plans import drawn_campaign
from parley.sandbox.patterns.result import Pattern, mean, middle, share
from parley.scenarios.campaign import Campaign, play_campaign
from parley.terms.domain import IssueValue


def coalition(trials: int, seed: int) -> Pattern:
    """Consensus time in messages and simulated seconds, and how often there is none though one exists."""
    both = mediated_only = offers_only = 0
    quality: dict[str, list[int]] = {"mediator": [], "offers": []}
    messages: list[int] = []
    seconds: list[int] = []
    times: list[int] = []
    offered: list[int] = []
    unfit = possible = 0
    for at in range(trials):
        scenario = drawn_campaign(seed + at)
        analysis = Analysis(scenario.domain, scenario.profiles)
        possible += analysis.nash is not None
        began = time.perf_counter_ns()
        called = mediated(scenario, seed + at)
        agreed = called.result.agreed
        times.append((time.perf_counter_ns() - began) // 1_000)
        by_offers = play_campaign(scenario, seed + at)
        if agreed:
            values = called.result.values
            messages.append(len(called.result.messages))
            sent = [message.core.sent_at for message in called.result.messages]
            seconds.append(sent[-1] - sent[0])
            unfit += not all(profile.allows(values) for profile in scenario.profiles.values())
            _judge(quality["mediator"], analysis, values)
        if by_offers.result.agreed:
            offered.append(len(by_offers.result.messages))
            _judge(quality["offers"], analysis, by_offers.result.values)
        both += agreed and by_offers.result.agreed
        mediated_only += agreed and not by_offers.result.agreed
        offers_only += by_offers.result.agreed and not agreed
    return Pattern(
        "coalition of three",
        f"{trials} drawn campaigns: mediator's call with sealed rankings, and alternating offers beside it",
        "sealed rankings, only the settled candidate can be awarded, nobody is bound without accepting",
        unfit == 0,
        {
            "agreement_possible": possible,
            "exception_rate_mediator_ppm": share(possible - both - mediated_only, possible),
            "exception_rate_offers_ppm": share(possible - both - offers_only, possible),
            "nash_product_mediator_ppm": mean(quality["mediator"]),
            "nash_product_offers_ppm": mean(quality["offers"]),
            "consensus_messages_mediator": middle(messages),
            "consensus_messages_offers": middle(offered),
            "consensus_seconds_mediator": middle(seconds),
        },
        {"mediated_mean": mean(times)},
    )


def mediated(scenario: Campaign, seed: int) -> Played:
    """One mediated negotiation of the scenario, with real signatures."""
    case = case_of("campaign", scenario.domain, scenario.profiles.values())
    return play_mediated(mediated_case(case), seed=seed)


def _judge(into: list[int], analysis: Analysis, values: Mapping[str, IssueValue]) -> None:
    """Adds the share of the largest Nash product, where there is one."""
    found = analysis.assess(values).nash_share
    if found is not None:
        into.append(found)
