"""Properties of canonical bytes, hashing, encoding and expressions that hold for any input."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from random import Random
from typing import Any

import orjson
import pytest
import rfc8785
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from parley.terms.actions import ACTIONS, parse_action
from parley.terms.canonical import canonical_bytes, parse_json
from parley.terms.deal import Deal
from parley.terms.errors import DocumentInvalid, EvaluationFailed, JsonInvalid
from parley.terms.expressions import check_shape, evaluate
from parley.terms.message import Message, Performative, build_message, verify_message
from parley.terms.payloads import Offer
from parley.terms.signing import recover
from parley.terms.values import MAX_SAFE_INTEGER, Hash32, keccak

sys.path.insert(0, str(Path(__file__).parents[1] / "vectors"))
import samples

pytestmark = pytest.mark.timeout(900)  # ten thousand examples take their time

TEXT = st.text(st.characters(exclude_categories=("Cs",)))
SCALARS = st.none() | st.booleans() | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER) | TEXT
KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_canonical_bytes_are_those_of_rfc_8785(value: Any) -> None:
    raw = canonical_bytes(value)
    assert raw == rfc8785.dumps(value)
    assert parse_json(raw) == value
    assert canonical_bytes(parse_json(raw)) == raw


@given(VALUES, st.booleans(), st.sampled_from([None, 0, 3]))
def test_however_it_is_written_it_is_the_same(value: Any, escaped: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=indent)
    assert canonical_bytes(parse_json(text)) == canonical_bytes(value)
    assert canonical_bytes(parse_json(text.encode())) == canonical_bytes(value)


@given(st.dictionaries(KEYS, SCALARS, min_size=1, max_size=5), st.data())
def test_a_duplicate_key_is_always_found(value: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(value)))
    pairs = [*value.items(), (key, data.draw(SCALARS))]
    order = data.draw(st.permutations(pairs))
    colon = data.draw(st.sampled_from([":", ": ", " :", "\n:", "\t: "]))
    text = "{" + ", ".join(f"{json.dumps(name)}{colon}{json.dumps(inner)}" for name, inner in order) + "}"
    nested = data.draw(st.sampled_from(["%s", "[%s]", '{"x":[1,%s]}', '{"x": [1, %s]}', '{"x" :%s}']))
    with pytest.raises(JsonInvalid):
        parse_json(nested % text)


@given(VALUES, st.floats(), st.data())
def test_a_float_is_always_found(value: Any, number: float, data: st.DataObject) -> None:
    text = json.dumps([value, {"a": [number]}])
    with pytest.raises(JsonInvalid):
        parse_json(text)
    with pytest.raises(JsonInvalid):
        canonical_bytes([value, number])


@given(st.binary(max_size=60))
def test_any_bytes_give_a_value_or_a_typed_error(raw: bytes) -> None:
    for parse in (parse_json, Deal.parse, Message.parse):
        with contextlib.suppress(DocumentInvalid):
            parse(raw)


@given(st.text(max_size=60))
def test_any_text_gives_a_value_or_a_typed_error(text: str) -> None:
    try:
        value = parse_json(text)
    except JsonInvalid:
        return
    assert orjson.loads(canonical_bytes(value)) == value


@given(st.randoms(use_true_random=False))
def test_a_deal_is_encoded_as_the_abi_encodes_it(rng: Random) -> None:
    deal = samples.random_deal(rng)
    kinds = ["bytes32"] + [kind if kind != "Milestone[]" else "bytes32" for _, kind in deal.struct.fields]
    values = list(deal.as_abi())
    at = [field for field, _ in deal.struct.fields].index("milestones")
    type_hash = keccak(b"Milestone(uint128 amount,uint40 deliverBy)")
    values[at] = keccak(
        b"".join(keccak(encode(["bytes32", "uint128", "uint40"], [type_hash, *pair])) for pair in values[at])
    )
    assert deal.struct_hash() == Hash32.of(keccak(encode(kinds, [deal.struct.type_hash, *values])))
    assert Deal.from_abi(deal.as_abi()) == deal
    assert Deal.parse(deal.canonical()) == deal


@given(st.randoms(use_true_random=False), st.sampled_from(sorted(ACTIONS)))
def test_an_action_is_encoded_as_the_abi_encodes_it(rng: Random, schema: str) -> None:
    action = samples.random_action(schema, rng)
    kinds = ["bytes32"] + [kind for _, kind in action.struct.fields]
    values = [
        bytes.fromhex(value[2:]) if kind == "bytes32" else value
        for (_, kind), value in zip(
            action.struct.fields,
            (
                getattr(action, name)
                for name in type(action).model_fields
                if name not in ("version", "schema_")
            ),
            strict=True,
        )
    ]
    assert action.struct_hash() == Hash32.of(keccak(encode(kinds, [action.struct.type_hash, *values])))
    assert parse_action(action.canonical()) == action


@given(st.binary(min_size=32, max_size=32), st.sampled_from(["alice", "bob", "mallory"]))
def test_every_signature_recovers_to_its_signer(digest: bytes, name: str) -> None:
    signer = samples.signer(name)
    assert recover(digest, signer.sign_digest(digest)) == signer.address


@given(st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True), TEXT, st.integers(0, MAX_SAFE_INTEGER))
def test_an_offer_is_hashed_alike_before_and_after_its_journey(name: str, text: str, number: int) -> None:
    offer = Offer(
        values={name: text, "n1": number},
        expires_at=number,
        assumptions=(text,),
        dependencies=(),
        final=True,
        salt=samples.salt(1),
    )
    again = Offer.parse(json.dumps(offer.as_json()))
    assert again.hash() == offer.hash() == Hash32.of(keccak(rfc8785.dumps(offer.as_json())))
    message = build_message(
        samples.signer("alice"), 1, again.hash(), 1, again.hash(), Performative.PROPOSE, offer, 1
    )
    wire = message.wire()
    wire["payload"]["context"] = None
    for text in (json.dumps(wire, indent=1), json.dumps(wire)):
        received = Message.parse(text)
        assert received.payload == offer
        assert received.payload.canonical() == offer.canonical()
        assert verify_message(received, 1) == message.message_hash(1)


LEAF = (
    st.integers(0, 10**6)
    | st.integers(0, 2**256 - 1).map(str)
    | st.just({"issue": "n"})
    | st.just({"var": "price"})
)
EXPRESSIONS = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.builds(
            lambda operator, items: {operator: items},
            st.sampled_from(["add", "sub", "mul", "max", "min"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
        st.builds(
            lambda operator, first, second: {operator: [first, second]},
            st.sampled_from(["floor_div", "ceil_div", "bps"]),
            inner,
            inner,
        ),
    ),
    max_leaves=8,
)


def _by_hand(expression: Any, variables: dict[str, int]) -> int:
    """The same by other means: exact fractions and the standard library's floor and ceiling."""
    from fractions import Fraction
    from functools import reduce
    from math import ceil, floor
    from operator import add, mul, sub

    if not isinstance(expression, dict):
        return int(expression)
    ((operator, operand),) = expression.items()
    if operator in ("issue", "var"):
        return variables[operand]
    items = [_by_hand(item, variables) for item in operand]
    if operator in ("max", "min"):
        return sorted(items)[-1 if operator == "max" else 0]
    if operator == "bps":
        return floor(Fraction(items[0] * items[1], 10_000))
    if operator in ("floor_div", "ceil_div"):
        return (floor if operator == "floor_div" else ceil)(Fraction(*items))
    return reduce({"add": add, "sub": sub, "mul": mul}[operator], items)


@given(EXPRESSIONS, st.integers(0, 10**9), st.integers(0, 2**128 - 1))
def test_expressions_are_exact(expression: Any, number: int, price: int) -> None:
    check_shape(expression)
    try:
        expected: int | None = _by_hand(expression, {"n": number, "price": price})
    except ZeroDivisionError:
        expected = None
    try:
        result: int | None = evaluate(expression, {"n": number}, {"price": price})
    except EvaluationFailed:
        result = None
    assert result == expected


@given(VALUES)
def test_any_value_is_an_expression_or_a_typed_error(value: Any) -> None:
    with contextlib.suppress(DocumentInvalid, EvaluationFailed):
        check_shape(value)
        assert isinstance(evaluate(value, {}, {}), int)
