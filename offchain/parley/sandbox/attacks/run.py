"""Every adversary, one report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from parley.negotiation.strategies import DEFAULT
from parley.sandbox.attacks.bargaining import injecting, probing, stalling
from parley.sandbox.attacks.bidding import (
    CENT,
    colluding,
    late_revealing,
    several_names,
    sybil_bidding,
)
from parley.sandbox.attacks.protocol import equivocating, flooding
from parley.sandbox.attacks.report import Attack

SCHEMA, VERSION = "parley/adversaries", 1
BOND = 300 * CENT


def adversaries(trials: int, seed: int, victim: str = DEFAULT) -> list[Attack]:
    """All attacks, `trials` seeded negotiations each; `victim` is the buyer's strategy where there is one."""
    return [
        stalling(trials, seed, victim),
        flooding(max(1, trials // 4), seed),
        equivocating(max(1, trials // 4), seed),
        probing(trials, seed, victim),
        injecting(trials, seed, victim),
        *auctions(trials, seed),
    ]


def auctions(trials: int, seed: int) -> list[Attack]:
    """The attacks on sealed bids, each with and without its guardrail."""
    return [
        colluding(trials, seed, "second-price", reserve=False),
        colluding(trials, seed, "second-price", reserve=True),
        colluding(trials, seed, "first-price", reserve=True),
        late_revealing(trials, seed, "first-price", 0),
        late_revealing(trials, seed, "first-price", BOND),
        late_revealing(trials, seed, "second-price", 0),
        several_names(trials, seed),
        sybil_bidding(trials, seed, "second-price", 0),
        sybil_bidding(trials, seed, "second-price", BOND),
    ]


def report(attacks: list[Attack], trials: int, seed: int) -> Mapping[str, Any]:
    """The whole as JSON."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "trials": trials,
        "seed": seed,
        "holds": all(attack.holds for attack in attacks),
        "attacks": [attack.as_json() for attack in attacks],
    }
