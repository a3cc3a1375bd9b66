"""Trains the table of the learned strategy: `python -m bench.learning` rewrites learned.json.

A bandit for each kind of counterparty plays its arms on the problems of the set `train`, in Parley's own
engine, both seats in turn, seeded. Then the frozen table is compared with the default strategy on the
problems of the set `learned-check`; the gain is written beside it, whatever it is.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

from bench.bargains import ROLES, Bargain, bargains
from parley.negotiation.learning import Bandit
from parley.negotiation.simulation import Match, Seat
from parley.negotiation.space import Space
from parley.negotiation.strategies import DEFAULT, Strategy, make_strategy
from parley.negotiation.strategies.adaptive import Adaptive
from parley.negotiation.strategies.learned import ANYONE, ARMS

ROUNDS = 100
EPISODES = 36
CHECKED = 8
TRAIN, CHECK = "train", "learned-check"
KINDS = ("boulware", "linear", "conceder", "tit-for-tat", "micro", "trade-off")
TABLE = Path(__file__).parents[1] / "offchain" / "parley" / "negotiation" / "strategies" / "learned.json"


def reward(bargain: Bargain, mine: Strategy, kind: str, seat: int, seed: int) -> int:
    """Utility in ppm of the strategy in `seat`; its reservation without agreement."""
    role = ROLES[seat]
    seats = {
        each: Seat(
            mine if each == role else make_strategy(kind), Space(bargain.domain, bargain.profiles[each])
        )
        for each in ROLES
    }
    match = Match(bargain.domain, seats, seed)
    while match.live:
        match.turn()
    return match.result().utilities.get(role, bargain.profiles[role].reservation_ppm)


def trained() -> dict[str, Bandit]:
    problems = bargains(TRAIN, EPISODES, ROUNDS)
    found = {kind: Bandit(len(ARMS)) for kind in KINDS}
    for at, bargain in enumerate(problems):
        for kind, bandit in found.items():
            arm = bandit.choose()
            bandit.learn(arm, reward(bargain, Adaptive(ARMS[arm]), kind, at % 2, at))
        print(f"learning: {at + 1} of {len(problems)}", file=sys.stderr)
    return found


def checked(table: dict[str, int]) -> dict[str, float]:
    """Mean gain over the default strategy for each kind, on problems the bandit never saw."""
    problems = bargains(CHECK, CHECKED, ROUNDS)
    gains: dict[str, float] = {}
    for kind in KINDS:
        differences = [
            reward(bargain, Adaptive(ARMS[table[kind]]), kind, seat, at)
            - reward(bargain, make_strategy(DEFAULT), kind, seat, at)
            for at, bargain in enumerate(problems)
            for seat in (0, 1)
        ]
        gains[kind] = round(statistics.fmean(differences) / 1e6, 4)
    return gains


def main() -> None:
    bandits = trained()
    everything = Bandit(len(ARMS))
    for bandit in bandits.values():
        for arm in range(len(ARMS)):
            everything.pulls[arm] += bandit.pulls[arm]
            everything.sums[arm] += bandit.sums[arm]
    table = {kind: bandit.best() for kind, bandit in bandits.items()}
    gains = checked(table)
    entries: dict[str, Any] = {}
    for kind, bandit in {**bandits, ANYONE: everything}.items():
        entries[kind] = {
            "arm": bandit.best(),
            "pulls": bandit.pulls,
            "means_ppm": [bandit.mean(arm) for arm in range(len(ARMS))],
            **({"gain_over_default": gains[kind]} if kind in gains else {}),
        }
    document = {
        "trained": {"set": TRAIN, "episodes": EPISODES, "rounds": ROUNDS, "checked_on": CHECK},
        "counterparties": entries,
    }
    TABLE.write_text(json.dumps(document, indent=1) + "\n")
    print(json.dumps(gains))


if __name__ == "__main__":
    main()
