"""All six patterns, one report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from parley.negotiation.strategies import DEFAULT
from parley.sandbox.patterns.coalition import coalition
from parley.sandbox.patterns.concession import concession
from parley.sandbox.patterns.constraints import constraints
from parley.sandbox.patterns.people import people
from parley.sandbox.patterns.result import Pattern
from parley.sandbox.patterns.sealed import sealed
from parley.sandbox.patterns.tradespace import tradespace

SCHEMA, VERSION = "parley/patterns", 1


def patterns(
    trials: int, seed: int, strategy: str = DEFAULT, progress: Callable[[str], None] | None = None
) -> list[Pattern]:
    """Each pattern over `trials` seeded negotiations; `strategy` is put to the test in the trade space."""
    runs: list[tuple[str, Callable[[], Pattern]]] = [
        ("concession bargaining", lambda: concession(trials, seed)),
        ("constraint satisfaction", lambda: constraints(trials, seed)),
        ("multi-issue trade space", lambda: tradespace(trials, seed, strategy)),
        ("sealed-bid auction", lambda: sealed(trials, seed)),
        ("coalition of three", lambda: coalition(trials, seed)),
        ("human-in-the-loop acceptance", lambda: people(trials, seed)),
    ]
    found = []
    for name, run in runs:
        if progress is not None:
            progress(name)
        found.append(run())
    return found


def report(found: list[Pattern], trials: int, seed: int) -> Mapping[str, Any]:
    """The whole as JSON; without `measured_us` it is a function of trials and seed."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "trials": trials,
        "seed": seed,
        "guardrails_held": all(pattern.held for pattern in found),
        "patterns": [pattern.as_json() for pattern in found],
    }
