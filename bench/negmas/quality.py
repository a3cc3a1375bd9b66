"""How well a strategy bargains (T9): paired with NegMAS' Boulware in the same seat against the same opponent.

Every negotiation is played by NegMAS' own mechanism. In half of them the measured seat is taken by a strategy
of Parley over the bridge, in the other half by NegMAS' Boulware; problem, seat, opponent, rounds and seed are
the same, so that the difference of the two utilities is one observation.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.bargains import ROLES, Bargain, values
from bench.negmas.bridge import Answer, Peer
from parley.negotiation.analysis import Analysis
from parley.negotiation.space import Outcome, Space
from parley.negotiation.strategies import AcceptOffer, Propose, Strategy, View
from parley.negotiation.strategies.view import Made

BASELINE = "BoulwareTBNegotiator"
CALLER = "@"
RESAMPLES = 2_000


@dataclass(frozen=True, slots=True)
class Played:
    """One negotiation from the measured seat; utilities and distances as shares of 1."""

    label: str
    role: str
    opponent: str
    agreed: bool
    utility: float
    welfare: float
    pareto: float
    nash: float
    steps: int


@dataclass(frozen=True, slots=True)
class Pair:
    """The same negotiation with the measured strategy and with the baseline."""

    ours: Played
    baseline: Played

    @property
    def gain(self) -> float:
        return self.ours.utility - self.baseline.utility


class Seat:
    """Answers the bridge with a strategy's moves. Keeps nothing but the offers it saw."""

    def __init__(self, bargain: Bargain, space: Space, strategy: Strategy, seat: int, seed: int) -> None:
        self._columns = [values(issue) for issue in bargain.domain.issues]
        self._space = space
        self._strategy = strategy
        self._seat = seat
        self._seed = seed
        self._made = Made()

    def __call__(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        offer = asked["offer"]
        table: Outcome | None = None
        if offer is not None:
            table = tuple(column[at] for column, at in zip(self._columns, offer, strict=True))
            self._made.theirs.append(table)
        repeats, mine = 0, self._made.mine
        for before, after in zip(reversed(mine[:-1]), reversed(mine), strict=False):
            if before != after:
                break
            repeats += 1
        view = View(
            space=self._space,
            mine=tuple(mine),
            theirs=tuple(self._made.theirs),
            table=table,
            round=asked["step"],
            moves=2 * asked["step"] + self._seat,
            repeats=repeats,
            seed=self._seed,
            notes={},
            made=self._made,
        )
        move = self._strategy.decide(view)
        if isinstance(move, AcceptOffer):
            return {"accept": True}
        if isinstance(move, Propose):
            outcome = self._space.outcome(move.values)
            self._made.mine.append(outcome)
            return {
                "offer": [column.index(value) for column, value in zip(self._columns, outcome, strict=True)]
            }
        return {"end": True}


Make = Callable[[], Strategy]


def pairs(
    peer: Peer,
    bargains: Iterable[Bargain],
    opponents: Sequence[str],
    make: Make,
    rounds: int,
    baselines: dict[tuple[str, str, str, int], Played] | None = None,
) -> Iterator[Pair]:
    """Every problem, both seats, every opponent. `baselines` keeps what was played for another strategy."""
    known = {} if baselines is None else baselines
    for bargain in bargains:
        table = Table(peer, bargain, rounds)
        for seat, role in enumerate(ROLES):
            for opponent in opponents:
                key = (bargain.label, role, opponent, rounds)
                if key not in known:
                    known[key] = table.play(BASELINE, opponent, seat)
                yield Pair(table.play(make(), opponent, seat), known[key])


class Table:
    """One problem with all that is computed once for it."""

    def __init__(self, peer: Peer, bargain: Bargain, rounds: int) -> None:
        self._peer = peer
        self._bargain = bargain
        self._rounds = rounds
        self._analysis = Analysis(bargain.domain, bargain.profiles)
        self._scenario = bargain.scenario()
        self._spaces = [Space(bargain.domain, bargain.profiles[role]) for role in ROLES]

    def play(self, player: Strategy | str, opponent: str, seat: int) -> Played:
        """One negotiation: a strategy, or a negotiator of NegMAS by name, in `seat`."""
        bargain = self._bargain
        players = [opponent, opponent]
        seed = sum(bargain.label.encode()) * 31 + seat
        answers: dict[int, Answer] = {}
        if isinstance(player, str):
            players[seat] = player
        else:
            players[seat] = CALLER
            answers[seat] = Seat(bargain, self._spaces[seat], player, seat, seed)
        result = self._peer.match(self._scenario, players, self._rounds, seed, answers)
        return _played(bargain, self._analysis, ROLES[seat], opponent, result)


def _played(
    bargain: Bargain, analysis: Analysis, role: str, opponent: str, result: Mapping[str, Any]
) -> Played:
    agreement = result["agreement"]
    chosen = None
    if agreement is not None:
        chosen = {
            issue.name: values(issue)[at] for issue, at in zip(bargain.domain.issues, agreement, strict=True)
        }
    judged = analysis.assess(chosen)
    return Played(
        label=bargain.label,
        role=role,
        opponent=opponent,
        agreed=judged.agreed,
        utility=judged.utilities[role] / 1e6,
        welfare=judged.welfare / 1e6,
        pareto=judged.pareto_distance / 1e6,
        nash=(judged.nash_distance or 0) / 1e6,
        steps=result["steps"],
    )


def summary(found: Sequence[Pair], seed: int = 1) -> dict[str, Any]:
    """Means over pairs; distances over agreements. The interval is the 95 % bootstrap of problems, which
    are what varies: pairs of one problem are not independent.
    """
    ours = [pair.ours for pair in found]
    baseline = [pair.baseline for pair in found]
    return {
        "pairs": len(found),
        "gain": round(statistics.fmean(pair.gain for pair in found), 4),
        "interval": interval(found, seed),
        **{f"ours {key}": value for key, value in _means(ours).items()},
        **{f"baseline {key}": value for key, value in _means(baseline).items()},
    }


def _means(played: Sequence[Played]) -> dict[str, float]:
    agreed = [one for one in played if one.agreed]
    return {
        "utility": round(statistics.fmean(one.utility for one in played), 4),
        "agreement": round(len(agreed) / len(played), 4),
        "pareto": round(statistics.fmean([one.pareto for one in agreed] or [0.0]), 4),
        "nash": round(statistics.fmean([one.nash for one in agreed] or [0.0]), 4),
        "welfare": round(statistics.fmean(one.welfare for one in played), 4),
        "steps": round(statistics.fmean(one.steps for one in played), 1),
    }


def interval(found: Sequence[Pair], seed: int) -> tuple[float, float]:
    """95 % percentile bootstrap of the mean gain, drawing whole problems with replacement."""
    by_problem: dict[str, list[float]] = {}
    for pair in found:
        by_problem.setdefault(pair.ours.label, []).append(pair.gain)
    problems = [(sum(gains), len(gains)) for gains in by_problem.values()]
    draw = random.Random(seed)
    means = []
    for _ in range(RESAMPLES):
        chosen = draw.choices(problems, k=len(problems))
        means.append(sum(total for total, _ in chosen) / sum(count for _, count in chosen))
    means.sort()
    return round(means[RESAMPLES // 40], 4), round(means[-RESAMPLES // 40 - 1], 4)
