"""Negotiation: the engine's speed (T8) and memory, and how well the default strategy bargains (T9)."""

from __future__ import annotations

import statistics
from typing import Any

from bench.bargains import ROLES, bargains
from bench.model import Bench, Result, Target
from bench.negmas import engine
from bench.negmas.bridge import NEGMAS, Peer
from bench.negmas.quality import BASELINE, Pair, Played, pairs, summary
from parley.negotiation.strategies import DEFAULT, make_strategy

T8 = Target("T8", "rounds a second of the engine, against NegMAS in the same run", "ratio", 5, at_least=True)
T9 = Target(
    "T9", f"utility of {DEFAULT} over NegMAS' Boulware, paired, at 100 rounds", "utility", 0.05, at_least=True
)
T9B = Target("T9b", f"share of agreements of {DEFAULT} at 100 rounds", "share", 0.92, at_least=True)
T9C = Target("T9c", f"distance of {DEFAULT}'s agreements to the Pareto front at 100 rounds", "utility", 0.015)
T14B = Target("T14b", "memory of the engine for a live negotiation of 50 rounds", "kB", 50)

OPPONENTS = (
    "BoulwareTBNegotiator",
    "LinearTBNegotiator",
    "ConcederTBNegotiator",
    "NaiveTitForTatNegotiator",
    "NiceTitForTatNegotiator",
    "MiCRONegotiator",
    "HybridNegotiator",
)
UNSEEN = "unseen-4"
PROBLEMS = {20: 24, 100: 24, 1_000: 2}
"""How many problems of the unseen set are played at each number of rounds."""
SLOW, LONG = "NiceTitForTatNegotiator", 1_000
"""An opponent that needs minutes for one negotiation of so many rounds, and is left out there."""
SHORT = {20: 3, 100: 3}


def speed(peer: Peer, stretches: int, seconds: float) -> list[Result]:
    plain = engine.rates(peer, "boulware", stretches, seconds)
    default = engine.rates(peer, DEFAULT, max(1, stretches // 3), seconds)
    state, logged = engine.memory("boulware", 20)
    return [
        T8.measured(
            plain.ratio,
            how="Boulware against Boulware over 1 000 outcomes, 100 rounds, no agreement possible. A round "
            "is both parties' turn: each gets its view, checks the offer on the table and the one it is "
            f"about to make against a policy of {engine.RULES} rules (verdicts are kept by outcome), decides "
            "with its reasons as data, and its move is judged by the rules of turns, repeats, loops and "
            "rounds and appended to the log in memory. Hashes are for what leaves the process: hashed is "
            "the same with every message made out of the log, with the hash of its payload and its EIP-712 "
            "digest chained to the one before, and stepped through the state machine. Nothing is signed. "
            f"{NEGMAS}'s {engine.PEER} against itself on the same domain: no policy, no hashes. Processor "
            "time, in turns in the same run; the median of the ratios.",
            parts={
                "ours, rounds a second": round(statistics.median(plain.ours)),
                "NegMAS, rounds a second": round(statistics.median(plain.theirs)),
                "ours hashed, rounds a second": round(statistics.median(plain.hashed)),
                "ours hashed, ratio": plain.hashed_ratio,
                f"ours with {DEFAULT}, rounds a second": round(statistics.median(default.ours)),
                f"ours with {DEFAULT}, ratio": default.ratio,
                f"ours with {DEFAULT} hashed, ratio": default.hashed_ratio,
            },
        ),
        T14B.measured(
            state,
            how="Allocated bytes (tracemalloc) of 20 negotiations after 50 rounds of 100, divided by 20: "
            "state and compiled rules; domain, profiles and policy are shared.",
            parts={"with the log of all messages and explanations in memory, kB": logged},
        ),
    ]


def quality(peer: Peer, problems: dict[int, int]) -> list[Result]:
    baselines: dict[tuple[str, str, str, int], Played] = {}
    found: dict[int, list[Pair]] = {}
    for rounds, count in problems.items():
        others = [name for name in OPPONENTS if name != SLOW or rounds < LONG]
        unseen = bargains(UNSEEN, count, rounds)
        played = pairs(peer, unseen, others, lambda: make_strategy(DEFAULT), rounds, baselines)
        found[rounds] = list(played)
    main = summary(found[100])
    parts: dict[str, Any] = {}
    for rounds, some in found.items():
        parts[f"{rounds} rounds"] = summary(some)
        for role in ROLES:
            parts[f"{rounds} rounds, {role}"] = summary([pair for pair in some if pair.ours.role == role])
    for opponent in OPPONENTS:
        parts[f"100 rounds, against {opponent}"] = summary(
            [pair for pair in found[100] if pair.ours.opponent == opponent]
        )
    how = (
        f"{problems[100]} machine-made problems never used for tuning (docs/negotiation-quality.md), both "
        f"seats, {len(OPPONENTS)} opponents of {NEGMAS}, in NegMAS' own mechanism; each negotiation is also "
        f"played with {BASELINE} in our seat."
    )
    return [
        T9.measured(
            main["gain"],
            how=f"{how} Mean difference of the two utilities; without agreement the reservation counts. The "
            "interval is the 95 % bootstrap over problems.",
            parts={key: _flat(value) for key, value in parts.items()},
        ),
        T9B.measured(main["ours agreement"], how=how, parts={BASELINE: main["baseline agreement"]}),
        T9C.measured(main["ours pareto"], how=how, parts={BASELINE: main["baseline pareto"]}),
    ]


def _flat(value: dict[str, Any]) -> str:
    low, high = value["interval"]
    ours = " ".join(
        f"{key} {value[f'ours {key}']} ({value[f'baseline {key}']})"
        for key in ("utility", "agreement", "pareto", "nash", "welfare")
    )
    return (
        f"{value['gain']:+.4f} [{low:+.4f}, {high:+.4f}] of {value['pairs']} pairs; ours (baseline): {ours}"
    )


def run() -> list[Result]:
    with Peer() as peer:
        return [*speed(peer, 9, 0.4), *quality(peer, PROBLEMS)]


def short() -> list[Result]:
    with Peer() as peer:
        return [*speed(peer, 3, 0.1), *quality(peer, SHORT)]


BENCH = Bench(
    "negotiation", "speed of the engine, and what its default strategy gains (T8, T9, T14)", run, short
)
