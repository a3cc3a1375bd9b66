"""The base of every document: frozen, strict, hashed over its canonical bytes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from parley.terms.canonical import MAX_BYTES, MAX_DEPTH, check_profile, dump_canonical, loads_unique
from parley.terms.errors import DocumentInvalid
from parley.terms.migration import check_readable, upgraded
from parley.terms.values import WIRE, Hash32, keccak

# Keys of what a frozen document has computed about itself, beside its fields in `__dict__`.
_CANONICAL = " canonical"
_HASH = " hash"


class Part(BaseModel):
    """A piece of a document without schema and version of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    max_bytes: ClassVar[int] = MAX_BYTES
    max_depth: ClassVar[int] = MAX_DEPTH
    self_contained: ClassVar[bool] = False
    """Whether the schema alone keeps every value inside the JSON profile: no free keys or foreign objects."""

    def as_json(self) -> dict[str, Any]:
        """The JSON form: amounts as decimal strings, absent optional fields left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields changed and validated again; nothing computed from the old fields stays."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        if update is not None:
            fields.update(update)
        aliases = {name: field.alias or name for name, field in type(self).model_fields.items()}
        return type(self).model_validate({aliases.get(name, name): value for name, value in fields.items()})

    @classmethod
    def unchecked(cls, **fields: Any) -> Self:
        """The model of values that this process made itself in their final types, without checking them.

        Every field without a default has to be there, under its own name. Never for anything that arrived.
        """
        made = cls.__new__(cls)
        defaults, names = _shape(cls)
        object.__setattr__(made, "__dict__", {**defaults, **fields})
        _set_names(made, names)
        _set_extra(made, None)
        _set_private(made, None)
        return made

    @classmethod
    def parse(cls, raw: bytes | str | Mapping[str, Any]) -> Self:
        """The model of received JSON, strictly validated.

        Raises `DocumentInvalid`, or its subclasses `JsonInvalid` and `DocumentTooLarge` for bytes outside
        the profile.
        """
        value = raw if isinstance(raw, Mapping) else loads_unique(raw, cls.max_bytes)
        if not cls.self_contained:
            check_profile(dict(value) if isinstance(value, Mapping) else value, cls.max_depth)
        return cls.from_json(value)

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """The model of a JSON value that is already inside the profile. Raises `DocumentInvalid`."""
        try:
            return cls.model_validate(value, context=WIRE)
        except ValidationError as error:
            raise invalid_document(cls.__name__, error) from None


class Document(Part):
    """A document of its own: carries `schema` and `version`, both required in received JSON."""

    version: Literal[1] = 1

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """As for a part. Raises `SchemaVersionUnknown` for a version without a path to this one."""
        if isinstance(value, Mapping) and type(version := value.get("version")) is int:
            schema, current = cls.model_fields["schema_"].default, cls.model_fields["version"].default
            if version != current and value.get("schema") == schema:
                check_readable(schema, version, current)
        return super().from_json(value)

    def remember_canonical(self, value: Mapping[str, Any]) -> None:
        """Keeps the canonical bytes of the JSON value that this model was just parsed from.

        Strict validation changes nothing, so they are the model's, but for optional fields written as null.
        """
        raw = dump_canonical(value)
        if b"null" not in raw:
            self.__dict__[_CANONICAL] = _trimmed(raw)

    @property
    def remembers(self) -> bool:
        """Whether the canonical bytes are at hand."""
        return _CANONICAL in self.__dict__

    def canonical(self) -> bytes:
        """RFC 8785 bytes of the JSON form."""
        found: bytes | None = self.__dict__.get(_CANONICAL)
        if found is None:
            found = self.__dict__[_CANONICAL] = _trimmed(dump_canonical(self.as_json()))
        return found

    def hash(self) -> Hash32:
        """Document hash: keccak-256 of the canonical bytes."""
        found: Hash32 | None = self.__dict__.get(_HASH)
        if found is None:
            found = self.__dict__[_HASH] = Hash32.of(keccak(self.canonical()))
        return found

    @model_validator(mode="before")
    @classmethod
    def _names_its_schema(cls, value: Any, info: ValidationInfo) -> Any:
        if info.context is WIRE and isinstance(value, dict):
            if "schema" not in value or "version" not in value:
                raise ValueError("schema and version are required")
            if type(value["version"]) is not int:  # 1.0 and true are equal to 1
                raise ValueError("version must be an integer")
        return value


def _trimmed(raw: bytes) -> bytes:
    """The same bytes in no more memory than they need: a writer of JSON leaves room behind them, thousands of
    bytes for each document that is kept.
    """
    return memoryview(raw).tobytes()


# What a model keeps beside its fields, set without looking the names up each time.
_set_names, _set_extra, _set_private = (
    vars(BaseModel)[name].__set__
    for name in ("__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)


@cache
def _shape(kind: type[BaseModel]) -> tuple[dict[str, Any], set[str]]:
    """The values of fields that need none, and the names of all."""
    fields = kind.model_fields
    return {name: field.default for name, field in fields.items() if not field.is_required()}, set(fields)


class Versioned(Document):
    """A document with a history: an older version is read through its migration inside other documents
    too.
    """

    @model_validator(mode="wrap")
    @classmethod
    def _read_older(cls, value: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        current = cls.model_fields["version"].default
        if info.context is not WIRE or not isinstance(value, Mapping):
            return handler(value)
        if type(version := value.get("version")) is not int or version == current:
            return handler(value)
        model = handler(upgraded(value, cls.model_fields["schema_"].default, current))
        model.__dict__[_CANONICAL] = _trimmed(dump_canonical(value))
        return model


def invalid_document(name: str, error: ValidationError) -> DocumentInvalid:
    """The typed error of the first thing pydantic found wrong."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])[:200]
    return DocumentInvalid(
        f"{name} is invalid at {field or 'the top'}: {first['msg']}",
        document=name,
        field=field,
        problem=first["msg"],
        kind=first["type"],
        problems=error.error_count(),
    )
