"""The encoder against the example of EIP-712 itself and against wrong values."""

from __future__ import annotations

from typing import Any

import pytest

from parley.terms.eip712 import StructType, domain_separator, typed_data, typed_digest
from parley.terms.errors import EncodingInvalid
from parley.terms.values import Address

MAIL = StructType("Mail(Person from,Person to,string contents)Person(string name,address wallet)")
COW = {"name": "Cow", "wallet": "0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826"}
BOB = {"name": "Bob", "wallet": "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}


def test_the_example_of_the_standard() -> None:
    contract = Address("0xcccccccccccccccccccccccccccccccccccccccc")
    struct = MAIL.hash_struct({"from": COW, "to": BOB, "contents": "Hello, Bob!"})
    assert struct.hex() == "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e"
    separator = domain_separator("Ether Mail", "1", 1, contract)
    assert separator.hex() == "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"
    digest = typed_digest(separator, struct)
    assert digest.hex() == "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"
    data = typed_data(
        MAIL, {"from": COW, "to": BOB, "contents": "x"}, name="n", chain_id=1, verifying_contract=contract
    )
    assert list(data["types"]) == ["EIP712Domain", "Mail", "Person"]
    assert data["primaryType"] == "Mail"


THING = StructType(
    "Thing(uint8 small,uint256 big,address who,bytes32 hash,bool flag,string text,uint8[] list)"
)
GOOD: dict[str, Any] = {
    "small": 255,
    "big": 2**256 - 1,
    "who": "0x" + "11" * 20,
    "hash": "0x" + "22" * 32,
    "flag": True,
    "text": "é",
    "list": [1, 2],
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("small", 256),
        ("small", -1),
        ("small", True),
        ("small", "1"),
        ("small", 1.0),
        ("small", None),
        ("big", 2**256),
        ("who", "0x" + "11" * 19),
        ("who", "11" * 21),
        ("who", "0x" + "1g" * 20),
        ("who", b"\x11" * 42),
        ("who", "0x" + " " * 2 + "11" * 19),
        ("hash", "0x" + "22" * 31),
        ("hash", "0x" + "\u0661" * 64),
        ("flag", 1),
        ("text", b"x"),
        ("text", "\ud800"),
        ("list", "12"),
        ("list", [256]),
        ("list", None),
    ],
)
def test_a_value_that_does_not_fit_is_named(field: str, value: object) -> None:
    assert len(THING.hash_struct(GOOD)) == 32
    with pytest.raises(EncodingInvalid) as caught:
        THING.hash_struct({**GOOD, field: value})
    assert caught.value.values["field"] == field


def test_fields_are_complete() -> None:
    with pytest.raises(EncodingInvalid):
        THING.hash_struct({key: value for key, value in GOOD.items() if key != "flag"})
    with pytest.raises(EncodingInvalid):
        THING.hash_struct({**GOOD, "more": 1})


def test_unknown_types_are_refused() -> None:
    with pytest.raises(EncodingInvalid):
        StructType("Thing(float32 x)")


def test_objects_and_mappings_hash_alike() -> None:
    class Thing:
        small, big, who, hash, flag, text, list = GOOD.values()

    assert THING.hash_object(Thing()) == THING.hash_struct(GOOD)
