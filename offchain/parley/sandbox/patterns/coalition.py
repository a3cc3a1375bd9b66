"""Coalitions of three: by a mediator and by alternating offers, on the same drawn plans.

The parties name candidates from what they would concede anyway: for each level between the best and the
reservation the outcome worth that much which is closest to what each other party asked for first. They rank
what they could live with; the mediator's rule settles.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from parley.errors import ParleyError
from parley.negotiation.analysis import Analysis
from parley.negotiation.opponent import Nearness
from parley.negotiation.search import Search
from parley.negotiation.space import Outcome, Space
from parley.negotiation.status import Status
from parley.sandbox.patterns.plans import drawn_campaign
from parley.sandbox.patterns.result import Pattern, mean, middle, share
from parley.sandbox.table import SignedTable
from parley.scenarios.campaign import ROLES, Campaign, play_campaign
from parley.terms.domain import Domain, IssueValue

LEVELS = 8
CANDIDATES = 64
STEP_SECONDS = 5
"""How long a party takes for a message, in simulated seconds."""


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
        table, agreed = mediated(scenario, seed + at)
        times.append((time.perf_counter_ns() - began) // 1_000)
        by_offers = play_campaign(scenario, seed + at)
        if agreed:
            messages.append(len(table.messages))
            seconds.append(table.now - table.opening.opened_at)
            unfit += _unfit(scenario, table)
            _judge(quality["mediator"], analysis, _settled(table))
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


def mediated(scenario: Campaign, seed: int) -> tuple[SignedTable, bool]:
    """One mediated negotiation with real signatures; whether all three accepted. An approval that the domain
    wants is given by its reviewer.
    """
    domain = _mediated_domain(scenario.domain)
    spaces = {
        role: Space(domain, profile.model_copy(update={"domain": domain.hash()}))
        for role, profile in scenario.profiles.items()
    }
    table = SignedTable(domain, seed, "coalition")
    candidates = _candidates(spaces)
    named = spaces[ROLES[0]].mapping
    table.now += STEP_SECONDS
    table.call(tuple(named(outcome) for outcome in candidates))
    for role in ROLES:
        table.now += STEP_SECONDS
        table.seal(role, ranking=_ranking(spaces[role], candidates))
    for role in ROLES:
        table.now += STEP_SECONDS
        table.unseal(role)
    try:
        return table, _closed(table)
    except ParleyError:
        return table, False


def _closed(table: SignedTable) -> bool:
    """Award and acceptances; False where the rankings share nothing."""
    table.now += STEP_SECONDS
    if not table.state.live or table.award() is None:
        return False
    for role in ROLES:
        table.now += STEP_SECONDS
        table.accept(role)
    return table.state.status is Status.ACCEPTED


def _mediated_domain(domain: Domain) -> Domain:
    document = domain.as_json()
    document.pop("escalation", None)
    document["protocol"] = "mediated"
    document["limits"] = {**document["limits"], "fallback": "abort", "max_rounds": 3}
    document["mediation"] = {
        "max_candidates": CANDIDATES,
        "commit_seconds": 600,
        "reveal_seconds": 600,
        "award_seconds": 600,
    }
    return Domain.parse(document)


def _candidates(spaces: Mapping[str, Space]) -> list[Outcome]:
    """What the parties name, in the order of roles and levels, each outcome once."""
    firsts = {role: _best(space) for role, space in spaces.items()}
    found: dict[Outcome, None] = {}
    for role, space in spaces.items():
        others = [firsts[other] for other in spaces if other != role]
        for level in range(LEVELS):
            target = space.best_gain - (space.best_gain - space.reservation) * level // (LEVELS - 1)
            for other in others:
                search = Search(space, lambda outcome: True, Nearness(space.names, other))
                found.update(dict.fromkeys(candidate.outcome for candidate in search.at_least(target)[:1]))
    return list(found)[:CANDIDATES]


def _best(space: Space) -> Outcome:
    search = Search(space, lambda outcome: True, lambda axis: [0] * len(axis.values))
    return search.at_least(space.best_gain)[0].outcome


def _ranking(space: Space, candidates: list[Outcome]) -> tuple[int, ...]:
    """Positions of what it could live with, best first."""
    able = [at for at, outcome in enumerate(candidates) if space.agreeable(outcome)]
    return tuple(sorted(able, key=lambda at: (-space.gain(candidates[at]), at)))


def _judge(into: list[int], analysis: Analysis, values: Mapping[str, IssueValue]) -> None:
    """Adds the share of the largest Nash product, where there is one."""
    found = analysis.assess(values).nash_share
    if found is not None:
        into.append(found)


def _settled(table: SignedTable) -> Mapping[str, IssueValue]:
    standing = table.state.offer
    return {} if standing is None else table.domain.decode_values(standing.offer.values)


def _unfit(scenario: Campaign, table: SignedTable) -> bool:
    """Whether the agreed outcome breaks a party's hard rules."""
    values = _settled(table)
    return not all(profile.allows(values) for profile in scenario.profiles.values())
