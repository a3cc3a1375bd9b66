"""What a source is: a document whose hash is its version, so that every fact names the contract it came
under.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from parley.terms.documents import Document, Part
from parley.terms.lists import Many, ShortText
from parley.terms.values import Name

Kind = Literal["catalogue", "inventory", "price", "record"]
FieldType = Literal["text", "integer", "amount", "boolean", "time"]

CONTRACTS: Final[Mapping[Kind, Mapping[str, FieldType]]] = {
    "catalogue": {"sku": "text", "title": "text"},
    "inventory": {"sku": "text", "available": "integer"},
    "price": {"sku": "text", "price": "amount"},
    "record": {},
}
"""Fields that every source of a kind has, by type; a source may have more. `record` is anything else, such as
what a planning system exports.
"""


class SourceField(Part):
    """A typed field: `source` is its column, or its key in each object. `amount` takes decimal text or a
    number and gives base units, with `decimals` places, exactly; `time` unix seconds or ISO 8601 with an
    offset.
    """

    name: Name
    source: ShortText
    type: FieldType
    decimals: Annotated[int, Field(ge=0, le=30)] = 0
    optional: bool = False


class CsvLocation(Part):
    """A CSV file (RFC 4180, UTF-8) with a header; `path` from the working directory."""

    type: Literal["csv"]
    path: Annotated[ShortText, Field(min_length=1)]


class HttpLocation(Part):
    """A JSON answer to a GET. `rows` are the keys that lead to its list of objects; `token_from` names an
    environment variable with a bearer token; `local` allows http and addresses that are not public.
    """

    type: Literal["http"]
    url: Annotated[str, Field(min_length=1, max_length=400)]
    rows: Many[ShortText] = ()
    token_from: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")] | None = None
    local: bool = False


class SourceLimits(Part):
    """What is taken from a source at most (bytes, rows), and how long is waited for all of it, in seconds."""

    max_size: Annotated[int, Field(ge=1, le=64 << 20)] = 4 << 20
    max_rows: Annotated[int, Field(ge=1, le=1_000_000)] = 50_000
    timeout_seconds: Annotated[int, Field(ge=1, le=120)] = 10


class SourceSpec(Document):
    """One source. `observed` names the time field that says when a row was true; without it a row is as old
    as the file, or as the answer. Rows older than `max_age_seconds` are stale. `refresh_seconds` is how long
    what was read is used again.
    """

    schema_: Literal["parley/source"] = Field(default="parley/source", alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")]
    kind: Kind
    location: Annotated[CsvLocation | HttpLocation, Field(discriminator="type")]
    key: Name
    fields: Annotated[Many[SourceField], Field(min_length=1, max_length=64)]
    observed: Name | None = None
    max_age_seconds: Annotated[int, Field(ge=1, le=315_360_000)]
    refresh_seconds: Annotated[int, Field(ge=0, le=86_400)] = 60
    limits: SourceLimits = SourceLimits()

    @model_validator(mode="after")
    def _keeps_its_contract(self) -> Self:
        types = {field.name: field.type for field in self.fields}
        if len(types) != len(self.fields):
            raise ValueError("field names must be distinct")
        for name, kind in CONTRACTS[self.kind].items():
            if types.get(name) != kind:
                raise ValueError(f"a source of kind {self.kind} has a field {name} of type {kind}")
        needed = {field.name for field in self.fields if not field.optional}
        if types.get(self.key) not in ("text", "integer") or self.key not in needed:
            raise ValueError("the key is a text or integer field that no row leaves out")
        if self.observed is not None and types.get(self.observed) != "time":
            raise ValueError("observed names a field of type time")
        return self
