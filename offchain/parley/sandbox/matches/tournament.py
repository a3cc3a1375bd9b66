"""Every strategy against every other, in every role, on every domain: resumable, and the same for a seed.

In a domain of more than two roles a strategy plays one role against the other strategy in all the rest.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from parley.negotiation.strategies import Strategy, strategy_hash
from parley.sandbox.errors import FolderUnusable, WorkersLost
from parley.sandbox.matches.case import Case
from parley.sandbox.matches.match import Played, play
from parley.terms.canonical import document_hash

SCHEMA, VERSION = "parley/tournament-match", 1
CHUNK = 4
"""Matches that a worker is handed at once."""


@dataclass(frozen=True)
class Entry:
    """A strategy under the name it was entered by."""

    label: str
    strategy: Strategy


@dataclass(frozen=True)
class Pairing:
    """One match to play: `entry` in `role` against `other` in every other role."""

    case: Case
    role: str
    entry: Entry
    other: Entry
    rounds: int
    seed: int

    @property
    def key(self) -> str:
        """Names the match by all that decides its outcome."""
        return document_hash(
            {
                "domain": self.case.domain.hash(),
                "profiles": [self.case.profiles[role].hash() for role in self.case.domain.roles],
                "role": self.role,
                "entry": strategy_hash(self.entry.strategy),
                "other": strategy_hash(self.other.strategy),
                "rounds": self.rounds,
                "seed": self.seed,
            }
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a tournament keeps of a match; ppm, None where it does not exist. `own` is the utility of
    `entry` in `role`, `others` the mean of the other roles.
    """

    key: str
    case: str
    role: str
    entry: str
    other: str
    rounds: int
    seed: int
    agreed: bool
    ended: str
    played: int
    own: int
    others: int
    welfare: int
    pareto_distance: int
    nash_distance: int | None
    nash_share: int | None

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def pairings(
    cases: Sequence[Case], entries: Sequence[Entry], rounds: Sequence[int], seeds: Sequence[int]
) -> Iterator[Pairing]:
    """All matches, in a fixed order. Of two roles the first is enough: every ordered pair occurs."""
    for case in cases:
        roles = case.domain.roles if len(case.domain.roles) > 2 else case.domain.roles[:1]
        for limit in rounds:
            limited = case.with_rounds(limit)
            for role, entry, other, seed in product(roles, entries, entries, seeds):
                yield Pairing(limited, role, entry, other, limit, seed)


def outcomes_of(pairing: Pairing) -> list[Outcome]:
    """Plays the match; one outcome for `entry`, and in a domain of two roles one for `other` as well."""
    roles = pairing.case.domain.roles
    strategies = [
        pairing.entry.strategy if role == pairing.role else pairing.other.strategy for role in roles
    ]
    played = play(pairing.case, strategies, pairing.seed)
    found = [_outcome(pairing, played, pairing.role, pairing.entry, pairing.other)]
    if len(roles) == 2:
        other_role = next(role for role in roles if role != pairing.role)
        found.append(_outcome(pairing, played, other_role, pairing.other, pairing.entry))
    return found


def _outcome(pairing: Pairing, played: Played, role: str, entry: Entry, other: Entry) -> Outcome:
    quality = played.assessment
    rest = [utility for each, utility in quality.utilities.items() if each != role]
    return Outcome(
        key=pairing.key,
        case=pairing.case.name,
        role=role,
        entry=entry.label,
        other=other.label,
        rounds=pairing.rounds,
        seed=pairing.seed,
        agreed=quality.agreed,
        ended=played.ended,
        played=played.rounds,
        own=quality.utilities[role],
        others=sum(rest) // len(rest),
        welfare=quality.welfare,
        pareto_distance=quality.pareto_distance,
        nash_distance=quality.nash_distance,
        nash_share=quality.nash_share,
    )


class Ledger:
    """The outcomes of a tournament in a folder, one JSON line each, so that it can be gone on with.

    A last line that was torn by a crash is dropped, and its match played again.
    """

    NAME = "matches.jsonl"

    def __init__(self, folder: Path) -> None:
        """Raises `FolderUnusable` when it cannot be made or holds lines of something else."""
        self._path = folder / self.NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise FolderUnusable("The folder cannot be used", path=str(folder), reason=str(error)) from None
        whole, _, torn = text.rpartition("\n")
        self.outcomes: list[Outcome] = []
        for line in whole.splitlines():
            self.outcomes.append(_read(line, folder))
        if torn:
            self._write(whole + "\n" if whole else "", "w")
        self.known = {outcome.key for outcome in self.outcomes}

    def add(self, found: Sequence[Outcome]) -> None:
        """Appends the outcomes of one match in one write."""
        lines = [json.dumps({"schema": SCHEMA, "version": VERSION, **each.as_json()}) for each in found]
        self._write("\n".join(lines) + "\n", "a")
        self.outcomes += found
        self.known |= {each.key for each in found}

    def _write(self, text: str, mode: str) -> None:
        try:
            with self._path.open(mode, encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise FolderUnusable(
                "The results cannot be written", path=str(self._path), reason=error.strerror
            ) from None


def _read(line: str, folder: Path) -> Outcome:
    try:
        entry = json.loads(line)
        if entry.pop("schema") != SCHEMA or entry.pop("version") != VERSION:
            raise ValueError("another schema")
        return Outcome(**entry)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FolderUnusable(
            "The folder holds results that are not of this version", path=str(folder), reason=str(error)[:200]
        ) from None


def run(
    matches: Sequence[Pairing],
    ledger: Ledger | None = None,
    progress: Callable[[int, int], None] | None = None,
    jobs: int = 1,
) -> list[Outcome]:
    """Plays what the ledger does not hold yet; the outcomes of exactly these matches, in their order.

    `progress` hears how many of all matches are done. With `jobs` above 1 so many processes play; a match
    depends on nothing but itself, and the ledger is written in order, so that the result is the same.
    """
    held: dict[str, list[Outcome]] = {}
    for outcome in ledger.outcomes if ledger else ():
        held.setdefault(outcome.key, []).append(outcome)
    missing = [pairing for pairing in matches if pairing.key not in held]
    found: list[Outcome] = []
    with _playing(missing, jobs) as played:
        for at, pairing in enumerate(matches):
            outcomes = held.get(pairing.key)
            if outcomes is None:
                try:
                    outcomes = next(played)
                except BrokenProcessPool:
                    raise WorkersLost("A process of the tournament was lost", jobs=jobs, played=at) from None
                if ledger is not None:
                    ledger.add(outcomes)
            found += outcomes
            if progress is not None:
                progress(at + 1, len(matches))
    return found


@contextmanager
def _playing(matches: Sequence[Pairing], jobs: int) -> Iterator[Iterator[list[Outcome]]]:
    """The outcomes of the matches in their order, as they are played here or by other processes."""
    if jobs <= 1 or len(matches) <= 1:
        yield map(outcomes_of, matches)
        return
    # Started anew, not forked: whatever threads there are here, a worker knows the matches and nothing else.
    workers = ProcessPoolExecutor(
        min(jobs, len(matches)), get_context("spawn"), initializer=_hold, initargs=(tuple(matches),)
    )
    try:
        yield workers.map(_play_held, range(len(matches)), chunksize=CHUNK)
    finally:
        workers.shutdown(cancel_futures=True)


_HELD: list[Pairing] = []
"""In a worker: all matches of the tournament, so that their cases are sent and prepared once."""


def _hold(matches: tuple[Pairing, ...]) -> None:
    _HELD[:] = matches


def _play_held(at: int) -> list[Outcome]:
    return outcomes_of(_HELD[at])
