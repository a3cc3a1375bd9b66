from __future__ import annotations

import pytest

from parley.terms.errors import ValueMalformed
from parley.terms.values import UINT128_MAX, Address, Hash32, Salt, Signature, keccak, new_salt, parse_amount


def test_keccak_is_the_one_of_ethereum() -> None:
    assert keccak(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@pytest.mark.parametrize("kind", [Address, Hash32, Salt, Signature])
def test_hex_has_one_form(kind: type[Address]) -> None:
    right = "0x" + "ab" * (kind.digits // 2)
    assert kind(right) == right
    assert kind.of(kind(right).raw) == right
    wrong = [
        right.upper(),
        right[2:],
        right[:-1],
        right + "0",
        right[:-1] + "g",
        right + "\n",
        " " + right[1:],
        "",
    ]
    wrong += ["0X" + right[2:], "0x" + "AB" * (kind.digits // 2), "0x" + "\u0661" * kind.digits]
    for text in wrong:
        with pytest.raises(ValueMalformed):
            kind(text)
    with pytest.raises(ValueMalformed):
        kind.of(b"\0")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "00",
        "01",
        "+1",
        "-1",
        "1.0",
        "1e3",
        " 1",
        "1 ",
        "1\n",
        "0x1",
        "\u0661",
        "1_000",
        str(UINT128_MAX + 1),
        "9" * 100,
    ],
)
def test_amounts_have_one_form(text: str) -> None:
    with pytest.raises(ValueMalformed):
        parse_amount(text)


@pytest.mark.parametrize("value", [1, True, None, 1.0, b"1", ["1"]])
def test_amounts_are_strings(value: object) -> None:
    with pytest.raises(ValueMalformed):
        parse_amount(value)


def test_amounts_at_their_ends() -> None:
    assert parse_amount("0") == 0
    assert parse_amount(str(UINT128_MAX)) == UINT128_MAX


def test_salts_take_their_randomness_from_outside() -> None:
    assert new_salt(lambda size: bytes(range(size))) == "0x000102030405060708090a0b0c0d0e0f"
