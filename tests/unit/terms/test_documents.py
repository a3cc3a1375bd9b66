"""What every document refuses, tried on one of each kind."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
import samples

from parley.terms.actions import ACTIONS, parse_action
from parley.terms.deal import Deal
from parley.terms.documents import Document
from parley.terms.domain import Domain
from parley.terms.errors import DocumentInvalid, JsonInvalid
from parley.terms.opening import Opening
from parley.terms.payloads import PAYLOADS, Context, Fault, Offer, Payload, SignedCore, parse_payload
from parley.terms.performative import Performative
from parley.terms.terms import Terms, terms_of
from parley.terms.values import Hash32

HASH = "0x" + "0a" * 32
SALT = "0x" + "0b" * 16
FIELDS: dict[str, Any] = {
    "values": {"rate": "1200000", "hours": 100},
    "expires_at": 5,
    "assumptions": ["a"],
    "dependencies": [HASH],
    "context": {"rationale": "r", "confidence_ppm": 1_000_000, "provenance": "p", "data_at": 0},
    "final": False,
    "offer": HASH,
    "reason": "r",
    "question": "q",
    "answer": "a",
    "in_reply_to": HASH,
    "terms": HASH,
    "kind": "equivocation",
    "commitment": HASH,
    "bond": HASH,
    "negotiation": HASH,
    "party": "0x" + "0c" * 20,
    "round": 0,
    "winner": "hotel",
    "candidates": [{"rate": "1200000", "hours": 100}],
}


def _fault() -> Fault:
    rng = Random(3)
    core = samples.random_core(rng)
    other = core.model_copy(update={"sent_at": core.sent_at ^ 1})
    signer = samples.signer("alice")
    first, second = (
        SignedCore(core=each, signature=signer.sign_digest(each.digest(1))) for each in (core, other)
    )
    return Fault(kind="equivocation", first=first, second=second, salt=samples.salt(1))


def _payload_json(kind: type[Payload]) -> dict[str, Any]:
    if kind is Fault:
        return _fault().as_json()
    wanted = {name: FIELDS[name] for name in kind.model_fields if name in FIELDS}
    return {"schema": kind.model_fields["schema_"].default, "version": 1, "salt": SALT, **wanted}


def _documents() -> dict[str, tuple[type[Document], dict[str, Any]]]:
    agreed = samples.agreement()
    rng = Random(5)
    found: dict[str, tuple[type[Document], dict[str, Any]]] = {
        "domain": (Domain, agreed.domain.as_json()),
        "opening": (
            Opening,
            {**agreed.opening.as_json(), "amends": HASH, "mediator": "0x" + "0d" * 20, "draw": True},
        ),
        "deal": (Deal, agreed.deals[0].as_json()),
        "terms": (Terms, terms_of(agreed.domain, Hash32(HASH), agreed.offer).as_json()),
    }
    for kind in PAYLOADS.values():
        found[kind.__name__] = (kind, _payload_json(kind))
    for schema, action in ACTIONS.items():
        found[schema] = (action, samples.random_action(schema, rng).as_json())
    return found


DOCUMENTS = _documents()
OPTIONAL = {
    ("Offer", "context"), ("Inform", "in_reply_to"), ("opening", "amends"), ("Escalate", "terms"),
    ("opening", "mediator"), ("opening", "draw"), ("Commit", "bond"), ("Reveal", "values"),
    ("Award", "context"), ("Award", "winner"),
}  # fmt: skip
EACH = pytest.mark.parametrize("name", sorted(DOCUMENTS))


@EACH
def test_a_document_comes_back_from_its_bytes(name: str) -> None:
    kind, value = DOCUMENTS[name]
    document = kind.parse(value)
    assert document.as_json() == value
    again = kind.parse(document.canonical())
    assert again == document
    assert again.hash() == document.hash()
    assert kind.parse(json.dumps(value, indent=2)).canonical() == document.canonical()


@EACH
def test_no_field_may_be_missing_or_unknown(name: str) -> None:
    kind, value = DOCUMENTS[name]
    for field in value:
        less = {key: inner for key, inner in value.items() if key != field}
        if (name, field) in OPTIONAL:
            assert kind.parse(less).hash() == kind.parse({**less, field: None}).hash()
        else:
            with pytest.raises(DocumentInvalid):
                kind.parse(less)
            with pytest.raises(DocumentInvalid):
                kind.parse({**value, field: None})
    for extra in ("extra", "schema_", "struct", "model_config"):
        with pytest.raises(DocumentInvalid):
            kind.parse({**value, extra: value.get("schema")})


@EACH
def test_schema_and_version_are_exact(name: str) -> None:
    kind, value = DOCUMENTS[name]
    for wrong in (
        {"schema": "parley/other"},
        {"schema": 1},
        {"version": 2},
        {"version": "1"},
        {"version": True},
    ):
        with pytest.raises(DocumentInvalid):
            kind.parse({**value, **wrong})


@EACH
def test_every_value_has_one_type(name: str) -> None:
    kind, value = DOCUMENTS[name]
    for field, right in value.items():
        for wrong in _misfits(right):
            with pytest.raises(DocumentInvalid):
                kind.parse({**value, field: wrong})


def _misfits(right: Any) -> list[Any]:
    if isinstance(right, bool):
        return [0, 1, "true"]
    if isinstance(right, int):
        return [str(right), float(right), True, -1, 2**53]
    if isinstance(right, str) and right.startswith("0x"):
        return [right.upper(), right[2:], right[:-1], right + "00", 1, "0X" + right[2:]]
    if isinstance(right, str) and right.isdecimal():
        return [int(right), "0" + right, "-" + right, right + ".0", "+" + right, " " + right, str(2**256)]
    if isinstance(right, str):
        return [1, ["x"]]
    return [1, "x"]


def test_a_document_is_frozen() -> None:
    deal = samples.agreement().deals[0]
    with pytest.raises(ValueError, match="frozen"):
        deal.price = 1  # type: ignore[misc]


def test_a_copy_forgets_what_was_computed() -> None:
    deal = samples.agreement().deals[0]
    before = (deal.hash(), deal.struct_hash())
    changed = deal.model_copy(update={"price": deal.price + 1})
    assert changed.hash() != before[0]
    assert changed.struct_hash() != before[1]
    assert changed.model_copy(update={"price": deal.price}) == deal
    with pytest.raises(ValueError, match="integer"):
        deal.model_copy(update={"price": "1"})


def test_errors_name_the_field_and_hide_the_input() -> None:
    value = samples.agreement().deals[0].as_json()
    with pytest.raises(DocumentInvalid) as caught:
        Deal.parse({**value, "buyer": "secret-looking-input"})
    assert caught.value.values["field"] == "buyer"
    assert "secret-looking-input" not in str(caught.value)


def test_what_is_no_object_is_refused() -> None:
    for raw in ("[]", "1", "null", '"x"', "true"):
        with pytest.raises(DocumentInvalid):
            Deal.parse(raw)


def test_a_domain_nested_too_deep_is_refused() -> None:
    expression: Any = 1
    for _ in range(20):
        expression = {"add": [expression]}
    domain = samples.lease_domain_json(settlements=[samples.lease_settlement(price=expression)])
    with pytest.raises(JsonInvalid):
        Domain.parse(domain)


def test_payloads_go_with_their_performative() -> None:
    for performative, kind in PAYLOADS.items():
        assert isinstance(parse_payload(performative.wire, _payload_json(kind)), kind)
        other = next(each for each in PAYLOADS.values() if each is not kind)
        with pytest.raises(DocumentInvalid):
            parse_payload(performative, _payload_json(other))
    for name in ("", "shout", "OPEN", 0, None):
        with pytest.raises(DocumentInvalid):
            parse_payload(name, _payload_json(Offer))  # type: ignore[arg-type]
    with pytest.raises(DocumentInvalid):
        parse_payload(Performative.OPEN, "[]")


def test_a_fault_is_a_proof() -> None:
    value = _fault().as_json()
    for change in ({"sequence": 77_777}, {"sender": "0x" + "01" * 20}, {"negotiation": HASH}):
        second = {**value["second"], "core": {**value["second"]["core"], **change}}
        with pytest.raises(DocumentInvalid):
            Fault.parse({**value, "second": second})
    with pytest.raises(DocumentInvalid):
        Fault.parse({**value, "second": value["first"]})


def test_an_action_is_found_by_its_schema() -> None:
    rng = Random(1)
    for schema, kind in ACTIONS.items():
        assert isinstance(parse_action(samples.random_action(schema, rng).canonical()), kind)
    for wrong in ("{}", "[]", '{"schema":"parley/deal","version":1}', '{"schema":["x"]}'):
        with pytest.raises(DocumentInvalid):
            parse_action(wrong)


def test_context_may_say_nothing() -> None:
    assert Context.parse({}).as_json() == {}
    with pytest.raises(DocumentInvalid):
        Context.parse({"confidence_ppm": 1_000_001})
