"""The engine's speed and memory (T8, a part of T14), beside NegMAS in the same run."""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.bargains import Bargain
from bench.negmas.bridge import Peer
from bench.talks import POLICY
from parley.negotiation.simulation import Match, Seat
from parley.negotiation.space import Space
from parley.negotiation.strategies import make_strategy
from parley.negotiation.strategies.view import Filter, remembering
from parley.negotiation.utility import PPM, Profile
from parley.policy.facts import Counterparty, facts_of
from parley.policy.models import Bundle
from parley.policy.service import PolicyEngine
from parley.terms.domain import Domain, IssueValue
from parley.terms.values import Address

ROUNDS = 100
ISSUES = 3
VALUES = 10
NOW = 1_700_000_000
RULES = 20
PEER = "BoulwareTBNegotiator"


def thousand() -> Bargain:
    """1 000 outcomes, opposed interests, and reservations that leave no agreement: every round is played."""
    domain = Domain.parse(
        {
            "schema": "parley/domain",
            "version": 1,
            "title": "A thousand outcomes",
            "issues": [
                {"name": f"i{at}", "type": "choice", "values": [f"v{n}" for n in range(VALUES)]}
                for at in range(ISSUES)
            ],
            "fixed": {},
            "roles": ["buyer", "seller"],
            "protocol": "alternating-offers",
            "limits": {
                "max_rounds": ROUNDS,
                "deadline_seconds": 86_400,
                "min_concession_ppm": 0,
                "repeat_cap": ROUNDS,
                "max_queries": 0,
                "open_window_seconds": 600,
                "fallback": "abort",
            },
            "settlements": [],
            "data_class": "public",
            "assumptions": [],
        }
    )
    rising = [at * PPM // (VALUES - 1) for at in range(VALUES)]
    profiles = {
        "buyer": _profile(domain, "buyer", (500_000, 300_000, 200_000), rising),
        "seller": _profile(domain, "seller", (200_000, 300_000, 500_000), rising[::-1]),
    }
    return Bargain("thousand", domain, profiles)


def _profile(domain: Domain, role: str, weights: tuple[int, ...], table: list[int]) -> Profile:
    return Profile.parse(
        {
            "schema": "parley/profile",
            "version": 1,
            "domain": domain.hash(),
            "role": role,
            "weights": {f"i{at}": weight for at, weight in enumerate(weights)},
            "utilities": {
                f"i{at}": {"values": {f"v{n}": ppm for n, ppm in enumerate(table)}} for at in range(ISSUES)
            },
            "reservation_ppm": 800_000,
        }
    )


def policy(domain: Domain, role: str) -> Filter:
    """The engine with 20 rules as a filter of the negotiation's outcomes; all other facts are fixed."""
    rules: list[Mapping[str, Any]] = [
        {**rule, "expression": f"price <= {at} && values.i0 != 'v{VALUES + at}' && role != 'nobody'"}
        for at, rule in enumerate(POLICY["rules"])
    ]
    engine = PolicyEngine(Bundle.parse({**POLICY, "rules": rules}))
    other = Counterparty(address=Address("0x" + "22" * 20))

    def admits(values: Mapping[str, IssueValue]) -> bool:
        facts = facts_of(domain, values, role=role, counterparty=other, now=NOW)
        return engine.admits(facts, moment="outgoing")

    return remembering(admits)


class Engine:
    """Matches on the domain of a thousand outcomes, spaces and policies made once."""

    def __init__(self, strategy: str) -> None:
        self.bargain = thousand()
        self._seats = {
            role: Seat(
                make_strategy(strategy),
                Space(self.bargain.domain, profile),
                policy(self.bargain.domain, role),
            )
            for role, profile in self.bargain.profiles.items()
        }
        self._seed = 0

    def match(self) -> Match:
        self._seed += 1
        return Match(self.bargain.domain, self._seats, self._seed)

    def rounds(self, seconds: float, *, hashed: bool = False) -> float:
        """Complete rounds for a second of processor time; `hashed` with all messages made, hashed, chained
        and stepped through the machine as well.
        """
        rounds, spent = 0, 0.0
        while spent < seconds:
            match = self.match()
            began = time.process_time()
            while match.live:
                match.turn()
            if hashed:
                match.state.hash()
            spent += time.process_time() - began
            rounds += match.moves // 2
        return rounds / spent


@dataclass(frozen=True)
class Rates:
    """Rounds a second, one figure for each stretch of the run: of the engine, of the engine with all its
    messages hashed, and of NegMAS, measured in turns.
    """

    ours: list[float]
    hashed: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> float:
        return _ratio(self.ours, self.theirs)

    @property
    def hashed_ratio(self) -> float:
        return _ratio(self.hashed, self.theirs)


def rates(peer: Peer, strategy: str, stretches: int, seconds: float) -> Rates:
    """The engine's rounds and those of NegMAS, in turns."""
    engine = Engine(strategy)
    scenario = engine.bargain.scenario()
    engine.rounds(seconds / 4)
    found = Rates([], [], [])
    for _ in range(stretches):
        gc.collect()
        found.ours.append(engine.rounds(seconds))
        found.hashed.append(engine.rounds(seconds, hashed=True))
        measured = peer.rate(scenario, [PEER, PEER], ROUNDS, seconds)
        found.theirs.append(measured["rounds"] / measured["seconds"])
    return found


def _ratio(ours: list[float], theirs: list[float]) -> float:
    return round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 2)


def memory(strategy: str, live: int) -> tuple[float, float]:
    """Bytes in thousands for each of `live` negotiations stopped in the middle: the state of the machine
    alone, and with the log of messages and explanations.
    """
    engine = Engine(strategy)
    warm = engine.match()
    while warm.live:
        warm.turn()
    states: list[float] = []
    logs: list[float] = []
    for keep_log in (False, True):
        held: list[Any] = []
        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(live):
            match = engine.match()
            for _ in range(ROUNDS):
                match.turn()
            held.append(match if keep_log else (match.machine, match.state))
            del match
        gc.collect()
        (logs if keep_log else states).append((tracemalloc.get_traced_memory()[0] - before) / live / 1_000)
        tracemalloc.stop()
        held.clear()
    return round(states[0], 1), round(logs[0], 1)
