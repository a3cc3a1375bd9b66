"""The published JSON Schemas are current, accept what the models accept and refuse what they refuse."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from parley.errors import ParleyError
from parley.terms.documents import Document, Part
from parley.terms.errors import DocumentInvalid, ProfileInvalid, SchemaVersionUnknown
from parley.terms.migration import readable, register, upgraded
from parley.terms.profile import Profile

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "schemas"

_loader = importlib.machinery.SourceFileLoader("schemas_script", str(ROOT / "scripts" / "schemas"))
_spec = importlib.util.spec_from_loader("schemas_script", _loader)
assert _spec is not None
script = importlib.util.module_from_spec(_spec)
_loader.exec_module(script)

KINDS: dict[tuple[str, int], list[type[Document]]] = script.documents()


def validator(schema: str, version: int) -> Draft202012Validator:
    text = (FOLDER / script.file_of(schema, version)).read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


VALIDATORS = {named: validator(*named) for named in KINDS}


def inside(value: Any) -> Iterator[dict[str, Any]]:
    """All documents of a published schema in a JSON value."""
    if isinstance(value, dict):
        if (value.get("schema"), value.get("version")) in KINDS:
            yield value
        for inner in value.values():
            yield from inside(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from inside(inner)


def samples() -> dict[tuple[str, int], list[dict[str, Any]]]:
    """The documents in the vectors and the shipped scenarios that their models accept."""
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    paths = [
        *(ROOT / "tests" / "vectors").glob("*.json"),
        *(ROOT / "offchain" / "parley").rglob("data/**/*.json"),
    ]
    for path in sorted(paths):
        for document in inside(json.loads(path.read_text(encoding="utf-8"))):
            named = document["schema"], document["version"]
            if accepted(named, document):
                found.setdefault(named, []).append(document)
    return found


def accepted(named: tuple[str, int], document: dict[str, Any]) -> bool:
    for kind in KINDS[named]:
        try:
            kind.parse(document)
        except ParleyError:
            continue
        return True
    return False


SAMPLES = samples()


def test_the_published_schemas_are_current() -> None:
    assert script.main(["--check"]) == 0


def test_every_document_has_its_schema_and_each_is_one() -> None:
    for path in FOLDER.glob("*.json"):
        schema = json.loads(path.read_text(encoding="utf-8"))
        Draft202012Validator.check_schema(schema)
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    for schema, version in KINDS:
        for each in readable(schema, version):
            assert (FOLDER / script.file_of(schema, each)).is_file()


@pytest.mark.parametrize("named", sorted(SAMPLES), ids=str)
def test_a_schema_accepts_what_the_model_accepts(named: tuple[str, int]) -> None:
    for document in SAMPLES[named]:
        errors = [error.message for error in VALIDATORS[named].iter_errors(document)]
        assert errors == [], document


def mutated(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The document with one thing wrong."""
    yield "unknown field", {**document, "unheard_of": 1}
    for version in (0, 99, "1", True, 1.5, None):
        yield f"version {version!r}", {**document, "version": version}
    yield "schema", {**document, "schema": document["schema"] + "x"}
    for field in document:
        yield f"no {field}", {name: value for name, value in document.items() if name != field}
        for wrong in ([[None]], {"unheard_of": [None]}, 1.5, -1, "\x00 not a value", "0xAB"):
            yield f"{field} {wrong!r}", {**document, field: wrong}


@pytest.mark.parametrize("named", sorted(SAMPLES), ids=str)
def test_a_schema_refuses_what_has_the_wrong_shape(named: tuple[str, int]) -> None:
    """Whatever a schema refuses, the model refuses; and it refuses most of what is mutated."""
    document = SAMPLES[named][0]
    refused = 0
    for name, broken in mutated(document):
        if VALIDATORS[named].is_valid(broken):
            continue
        refused += 1
        assert not accepted(named, broken), name
        assert name
    always = 8 + sum(1 for field in document if field in _required(named))
    assert refused >= always


def _required(named: tuple[str, int]) -> list[str]:
    schema = VALIDATORS[named].schema
    return list(
        schema.get(
            "required", min((part["required"] for part in schema.get("anyOf", [])), default=[], key=len)
        )
    )


def test_no_document_that_travels_holds_a_profile() -> None:
    """Only the owner's own documents, its profile and its agent's settings, say what it wants."""
    for schema, version in KINDS:
        text = (FOLDER / script.file_of(schema, version)).read_text(encoding="utf-8")
        private = "reservation_ppm" in text or '"utilities"' in text
        assert not private or schema in ("parley/profile", "parley/agent"), schema


def first_version() -> dict[str, Any]:
    return {
        "schema": "parley/profile",
        "version": 1,
        "domain": "0x" + "11" * 32,
        "role": "buyer",
        "weights": {"price": 1_000_000},
        "utilities": {"price": {"points": [{"at": "0", "utility": 1}]}},
        "reservation_ppm": 0,
        "limits": [{"issue": "price", "max": "5"}],
    }


def test_an_old_version_is_read_and_keeps_its_hash() -> None:
    old = first_version()
    assert validator("parley/profile", 1).is_valid(old)
    assert not VALIDATORS["parley/profile", 2].is_valid(old)
    read = Profile.parse(json.dumps(old))
    assert read.version == 2
    assert read.canonical() == json.dumps(old, sort_keys=True, separators=(",", ":")).encode()
    newer = Profile.parse({**old, "version": 2})
    assert newer == read
    assert newer.hash() != read.hash()
    assert Profile.parse(read.canonical()).hash() == read.hash()
    assert read.model_copy(update={"reservation_ppm": 5}).as_json()["version"] == 2


class Holder(Part):
    """A document with a profile inside."""

    inner: Profile


def test_an_old_version_is_read_inside_other_documents_too() -> None:
    read = Holder.parse({"inner": first_version()}).inner
    assert (read.version, read.hash()) == (2, Profile.parse(first_version()).hash())
    assert Holder(inner=read).inner is read
    with pytest.raises(SchemaVersionUnknown):
        Holder.parse({"inner": {**first_version(), "version": 3}})
    with pytest.raises(ProfileInvalid):
        Holder.parse({"inner": {**first_version(), "discount_ppm": 1}})
    for wrong in (None, [], {**first_version(), "version": "1"}, {**first_version(), "version": True}):
        with pytest.raises(DocumentInvalid):
            Holder.parse({"inner": wrong})


@pytest.mark.parametrize(
    "changes",
    [{"bonuses": []}, {"discount_ppm": 5}, {"limits": [{"issue": "price", "max": "5", "id": "a"}]}],
)
def test_an_old_version_has_none_of_the_new_fields(changes: dict[str, Any]) -> None:
    with pytest.raises(ProfileInvalid):
        Profile.parse({**first_version(), **changes})
    assert not validator("parley/profile", 1).is_valid({**first_version(), **changes})


@pytest.mark.parametrize("named", sorted(SAMPLES), ids=str)
def test_an_unknown_version_is_refused_by_name(named: tuple[str, int]) -> None:
    schema, version = named
    for unknown in (0, version + 1, -1):
        with pytest.raises(SchemaVersionUnknown) as caught:
            KINDS[named][0].parse({**SAMPLES[named][0], "version": unknown})
        assert caught.value.values["document"] == schema
        assert caught.value.values["version"] == unknown
        assert caught.value.values["readable"] == list(readable(schema, version))


def test_steps_are_taken_one_after_the_other() -> None:
    name = "test/three-versions"
    register(name, 1)(lambda value: {**value, "b": value["a"]})
    register(name, 2)(lambda value: {"c": value["b"]})
    assert readable(name, 3) == (1, 2, 3)
    assert upgraded({"version": 1, "a": 5}, name, 3) == {"version": 3, "c": 5}
    with pytest.raises(ValueError, match="its step already"):
        register(name, 2)(lambda value: value)
    with pytest.raises(DocumentInvalid):
        upgraded({"version": 4}, name, 3)
