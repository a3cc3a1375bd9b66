"""Constraint satisfaction: how often a feasible plan is found where there is one, and how long it takes."""

from __future__ import annotations

import time

from parley.negotiation.analysis import Analysis
from parley.sandbox.patterns.plans import drawn_campaign
from parley.sandbox.patterns.result import Pattern, mean, middle, share
from parley.scenarios.campaign import play_campaign


def constraints(trials: int, seed: int) -> Pattern:
    """Drawn campaigns by alternating offers, each party under its own policy. Whether a plan exists that
    keeps all rules and reservations is known exactly from the front.
    """
    possible = found = broken = impossible_agreed = 0
    rounds: list[int] = []
    times: list[int] = []
    for at in range(trials):
        scenario = drawn_campaign(seed + at)
        exists = Analysis(scenario.domain, scenario.profiles).nash is not None
        began = time.perf_counter_ns()
        played = play_campaign(scenario, seed + at)
        times.append((time.perf_counter_ns() - began) // 1_000)
        possible += exists
        if played.result.agreed:
            found += exists
            impossible_agreed += not exists
            values = played.result.values
            fine = all(profile.allows(values) for profile in scenario.profiles.values())
            broken += not fine or len(played.deals) != 2
            rounds.append(played.result.state.round)
    return Pattern(
        "constraint satisfaction",
        f"{trials} drawn campaigns of three parties, alternating offers over what the constraints leave",
        "no plan breaks a rule of any party; a rule that objects is named",
        broken == 0 and impossible_agreed == 0,
        {
            "plans_possible": possible,
            "feasible_plan_rate_ppm": share(found, possible),
            "plans_that_break_a_rule": broken,
            "cycle_rounds_median": middle(rounds),
            "cycle_rounds_90": middle(rounds, 90),
        },
        {"cycle_mean": mean(times)},
    )
