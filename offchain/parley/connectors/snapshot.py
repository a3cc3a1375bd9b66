"""What was read from a source: typed rows, where they come from, and how old they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parley.connectors.errors import DataStale, RowUnknown
from parley.connectors.spec import SourceSpec
from parley.terms.payloads import Context
from parley.terms.values import Hash32

Value = str | int | bool
Row = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where data come from: the source and the hash of its description, the place, the SHA-256 of the bytes
    read, and when they were read and said to be from; unix seconds.
    """

    source: str
    version: Hash32
    place: str
    content: str
    fetched_at: int
    dated_at: int

    @property
    def text(self) -> str:
        """In one line, for an offer's context: the other side learns no path and no address."""
        return f"{self.source}@{self.version[:10]} sha256:{self.content[:16]}"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All rows of one reading, by key."""

    spec: SourceSpec
    rows: Mapping[str, Row]
    provenance: Provenance

    def row(self, key: str) -> Row:
        """Raises `RowUnknown`."""
        found = self.rows.get(key)
        if found is None:
            raise RowUnknown("The source has no such row", source=self.spec.id, key=key[:100])
        return found

    def observed_at(self, key: str) -> int | None:
        """When this row was true, unix seconds; None where the source leaves it open."""
        if self.spec.observed is None:
            return self.provenance.dated_at
        found = self.row(key).get(self.spec.observed)
        return found if isinstance(found, int) else None

    def age(self, key: str, now: int) -> int | None:
        """Seconds; None for data of no date, or dated in the future."""
        observed = self.observed_at(key)
        return None if observed is None or observed > now else now - observed

    def fresh(self, key: str, now: int) -> Row:
        """The row, if it is as fresh as the contract demands. Raises `RowUnknown` and `DataStale`."""
        row, age, limit = self.row(key), self.age(key, now), self.spec.max_age_seconds
        if age is None or age > limit:
            raise DataStale(
                "The data are stale", source=self.spec.id, key=key[:100], age=age, max_age_seconds=limit
            )
        return row

    def context(self, key: str, rationale: str | None = None) -> Context:
        """What an offer that rests on this row says of its data."""
        return Context(rationale=rationale, provenance=self.provenance.text, data_at=self.observed_at(key))
