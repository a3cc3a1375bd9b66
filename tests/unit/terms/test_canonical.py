from __future__ import annotations

import pytest

from parley.terms.canonical import MAX_BYTES, canonical_bytes, document_hash, parse_json
from parley.terms.errors import DocumentTooLarge, JsonInvalid
from parley.terms.values import Hash32, keccak


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1,"\\u0061":1}',
        '[{"b":{"a":1,"a":2}}]',
        "1.0",
        "1e3",
        "-0",
        "9007199254740992",
        "-9007199254740992",
        "1" * 5_000,
        "NaN",
        "Infinity",
        "01",
        "+1",
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '"\t"',
        "\ufeff1",
        '{"é":1}',
        "{'a':1}",
        "[1,]",
        "[1] x",
        "",
        "[" * 17 + "]" * 17,
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"a":1.5,"a":1}',
    ],
)
def test_text_outside_the_profile_is_refused(text: str) -> None:
    with pytest.raises(JsonInvalid):
        parse_json(text)
    with pytest.raises(JsonInvalid):
        parse_json(text.encode())


@pytest.mark.parametrize("raw", [b"\xff", b'"\xed\xa0\x80"', b"{}\x00", "{}".encode("utf-16")])
def test_bytes_that_are_not_utf8_are_refused(raw: bytes) -> None:
    with pytest.raises(JsonInvalid):
        parse_json(raw)


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        2**53,
        -(2**53),
        {"é": 1},
        {1: 1},
        {None: 1},
        b"x",
        {1, 2},
        object(),
        "\ud800",
        [float("inf")],
    ],
)
def test_values_outside_the_profile_are_refused(value: object) -> None:
    with pytest.raises(JsonInvalid):
        canonical_bytes(value)


def test_what_is_allowed_comes_back() -> None:
    value = {"b": [1, -5, 2**53 - 1, True, None, "é\u2028\x7f\x00"], "a": {}, "A": []}
    raw = canonical_bytes(value)
    assert raw == '{"A":[],"a":{},"b":[1,-5,9007199254740991,true,null,"é\u2028\x7f\\u0000"]}'.encode()
    assert parse_json(raw) == value
    assert document_hash(value) == Hash32.of(keccak(raw))


def test_order_and_white_space_do_not_matter() -> None:
    assert canonical_bytes(parse_json(' {"b" :1,\n"a": [ ] } ')) == b'{"a":[],"b":1}'


def test_a_boolean_is_no_integer() -> None:
    assert canonical_bytes([True, 1, False, 0]) == b"[true,1,false,0]"


def test_size_is_bounded_before_anything_is_parsed() -> None:
    with pytest.raises(DocumentTooLarge) as caught:
        parse_json(b" " * (MAX_BYTES + 1))
    assert caught.value.values == {"size": MAX_BYTES + 1, "limit": MAX_BYTES}


def test_sixteen_levels_are_allowed() -> None:
    assert parse_json("[" * 16 + "]" * 16) is not None
