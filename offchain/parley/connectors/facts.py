"""Facts for policies out of sources. What is stale, missing or unreadable gives no fact, and a rule that
needs it then refuses.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated

from pydantic import Field

from parley.connectors.errors import ConnectorError
from parley.connectors.snapshot import Provenance
from parley.connectors.source import Source
from parley.terms.documents import Part
from parley.terms.payloads import Context
from parley.terms.values import Name

log = logging.getLogger("parley.connectors")


class SourcedFact(Part):
    """`limits.NAME` of a policy is the integer or amount `field` of row `key` in `source`;
    `limits.NAME_age` its age in seconds.
    """

    name: Annotated[Name, Field(max_length=60)]
    source: Annotated[str, Field(min_length=1, max_length=64)]
    key: Annotated[str, Field(min_length=1, max_length=1_000)]
    field: Name


class SourcedFacts:
    """The facts that are fresh now."""

    def __init__(self, sources: Mapping[str, Source], wanted: Iterable[SourcedFact]) -> None:
        self._sources = sources
        self._wanted: Sequence[SourcedFact] = tuple(wanted)

    def limits(self, now: int) -> dict[str, int]:
        """By name, with their ages. Never raises: what cannot be had is absent."""
        found: dict[str, int] = {}
        for fact, value, age, _ in self._fresh(now):
            found[fact.name], found[f"{fact.name}_age"] = value, age
        return found

    def context(self, now: int, rationale: str) -> Context:
        """What an offer says of the data it rests on: the sources of all facts that are fresh, and the date
        of the oldest; none of both where there is no such fact.
        """
        fresh = list(self._fresh(now))
        if not fresh:
            return Context(rationale=rationale)
        named = sorted({provenance.text for _, _, _, provenance in fresh})
        return Context(
            rationale=rationale, provenance="; ".join(named), data_at=now - max(age for _, _, age, _ in fresh)
        )

    def _fresh(self, now: int) -> Iterator[tuple[SourcedFact, int, int, Provenance]]:
        """Each fact that can be had, with its value, its age and where it comes from."""
        for fact in self._wanted:
            try:
                snapshot = self._sources[fact.source].snapshot()
                value = snapshot.fresh(fact.key, now).get(fact.field)
                age = snapshot.age(fact.key, now)
            except (ConnectorError, KeyError) as error:
                log.warning("no fact %s: %s", fact.name, error)
                continue
            if isinstance(value, bool) or not isinstance(value, int) or age is None:
                log.warning("no fact %s: %s of %s is no number", fact.name, fact.field, fact.source)
                continue
            yield fact, value, age, snapshot.provenance
