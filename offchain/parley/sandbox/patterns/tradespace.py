"""Multi-issue trade space: how much of what was possible an agreement reaches."""

from __future__ import annotations

from parley.negotiation.strategies import make_strategy
from parley.sandbox.attacks.bazaar import BUYER, bargain
from parley.sandbox.matches.match import play
from parley.sandbox.matches.standings import estimate
from parley.sandbox.patterns.result import Pattern, mean, share

POOL = ("boulware", "linear", "conceder", "tit-for-tat")


def tradespace(trials: int, seed: int, strategy: str) -> Pattern:
    """Drawn bargains over three issues, `strategy` against a pool, in both roles."""
    shares: list[int] = []
    by_case: list[int] = []
    pareto: list[int] = []
    agreed = below = matches = 0
    for at in range(trials):
        case = bargain(seed + at)
        own: list[int] = []
        for other in POOL:
            for first in (True, False):
                names = (strategy, other) if first else (other, strategy)
                played = play(case, [make_strategy(name) for name in names], seed + at)
                quality = played.assessment
                matches += 1
                agreed += quality.agreed
                if quality.nash_share is not None:
                    own.append(quality.nash_share)
                if quality.agreed:
                    pareto.append(quality.pareto_distance)
                    below += any(
                        quality.utilities[role] < case.profiles[role].reservation_ppm
                        for role in case.domain.roles
                    )
        shares += own
        by_case.append(mean(own))
    interval = estimate(by_case)
    return Pattern(
        "multi-issue trade space",
        f"{strategy} against {', '.join(POOL)}, both roles, {trials} drawn bargains of three issues",
        f"nobody, {BUYER} or seller, agrees below its reservation",
        below == 0,
        {
            "matches": matches,
            "agreement_ppm": share(agreed, matches),
            "nash_product_of_maximum_ppm": mean(shares),
            "nash_product_low_ppm": None if interval is None else interval.low,
            "nash_product_high_ppm": None if interval is None else interval.high,
            "pareto_distance_ppm": mean(pareto),
        },
    )
