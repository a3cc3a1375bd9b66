"""Learned concession: for each kind of counterparty the schedule that earned most in training.

A bandit (`parley.negotiation.learning`) tried the arms against each kind of counterparty on machine-made
problems, seeded; the winners are frozen in `learned.json`, with how often each arm was tried and what it
earned. Nothing is learned in use. A counterparty that the table does not know gets the arm that earned most
over all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, ClassVar

from pydantic import Field

from parley.negotiation.strategies.adaptive import Adaptive, AdaptiveParams
from parley.terms.documents import Part

ARMS: tuple[AdaptiveParams, ...] = (
    AdaptiveParams(),
    AdaptiveParams(waiting_milli=50, giving_milli=200),
    AdaptiveParams(waiting_milli=100, giving_milli=1_000),
    AdaptiveParams(waiting_milli=300, giving_milli=300),
    AdaptiveParams(waiting_milli=500, giving_milli=500, patience_ppm=300_000),
    AdaptiveParams(waiting_milli=1_000, giving_milli=1_000, patience_ppm=0),
)
"""The ways of conceding that training chose from. Their places are in the table: never reorder them."""
ANYONE = "*"


class LearnedParams(Part):
    """`counterparty` is the kind the table is asked for, by whatever name the owner trained it under."""

    counterparty: Annotated[str, Field(min_length=1, max_length=64)] = ANYONE


class Learned(Adaptive):
    name: ClassVar[str] = "learned"

    def __init__(self, params: LearnedParams | None = None) -> None:
        own = params or LearnedParams()
        table = learned_table()
        self.arm: int = table.get(own.counterparty, table[ANYONE])
        super().__init__(ARMS[self.arm])
        self.params = own


@cache
def learned_table() -> Mapping[str, int]:
    """The arm for each kind of counterparty; `*` for all others."""
    raw: dict[str, Any] = json.loads(files(__package__).joinpath("learned.json").read_bytes())
    return {kind: int(entry["arm"]) for kind, entry in raw["counterparties"].items()}
