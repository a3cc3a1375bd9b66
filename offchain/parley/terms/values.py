"""Hex values, amounts and integers: one accepted form each (docs/spec.md section 1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import CoreSchema, core_schema
from sha3 import keccak_256

from parley.terms.errors import ValueMalformed

MAX_SAFE_INTEGER: Final = 2**53 - 1
UINT128_MAX: Final = 2**128 - 1
UINT256_MAX: Final = 2**256 - 1

WIRE: Final = {"form": "wire"}
"""Validation context of received JSON: amounts must be decimal strings, documents must name schema and
version.
"""


def keccak(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it; 32 bytes."""
    digest: bytes = keccak_256(data).digest()
    return digest


class HexValue(str):
    """Lower-case `0x` hex of a fixed length. Building one checks it and raises `ValueMalformed`."""

    __slots__ = ()
    digits: ClassVar[int] = 0

    def __new__(cls, value: str) -> Self:
        if not isinstance(value, str) or not re.fullmatch(rf"0x[0-9a-f]{{{cls.digits}}}", value):
            raise ValueMalformed(
                f"not 0x and {cls.digits} lower-case hex digits", kind=cls.__name__, value=str(value)[:80]
            )
        return super().__new__(cls, value)

    @classmethod
    def of(cls, data: bytes) -> Self:
        """The value of these bytes; `ValueMalformed` when their number is wrong."""
        if 2 * len(data) != cls.digits:
            raise ValueMalformed(
                f"not {cls.digits // 2} bytes", kind=cls.__name__, value=f"{len(data)} bytes"
            )
        return super().__new__(cls, "0x" + data.hex())

    @property
    def raw(self) -> bytes:
        """The bytes behind the hex."""
        return bytes.fromhex(self[2:])

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.str_schema(pattern=rf"^0x[0-9a-f]{{{cls.digits}}}$", strict=True)


class Address(HexValue):
    """An account, 20 bytes."""

    __slots__ = ()
    digits = 40


class Hash32(HexValue):
    """A keccak-256 hash or another 32-byte value."""

    __slots__ = ()
    digits = 64


class Salt(HexValue):
    """128 random bits that keep a payload's hash from being guessed."""

    __slots__ = ()
    digits = 32


class Signature(HexValue):
    """65 bytes `r ‖ s ‖ v`, v 27 or 28, low s (the last two are checked on recovery)."""

    __slots__ = ()
    digits = 130


ZERO_ADDRESS: Final = Address("0x" + "00" * 20)
ZERO_HASH: Final = Hash32("0x" + "00" * 32)

_DECIMAL = re.compile(r"0|[1-9][0-9]*", re.ASCII)


def parse_amount(text: Any, limit: int = UINT128_MAX) -> int:
    """The integer of a decimal string without sign or leading zero, at most `limit`.

    Raises `ValueMalformed`.
    """
    if not isinstance(text, str) or len(text) > 78 or not _DECIMAL.fullmatch(text):
        raise ValueMalformed(
            "not a decimal string without sign or leading zero", kind="amount", value=str(text)[:80]
        )
    value = int(text)
    if value > limit:
        raise ValueMalformed("amount out of range", kind="amount", value=text, limit=str(limit))
    return value


def _amount_validator(limit: int) -> Callable[[Any, ValidationInfo], int]:
    def validate(value: Any, info: ValidationInfo) -> int:
        if info.context is WIRE:
            return parse_amount(value, limit)
        if type(value) is not int or not 0 <= value <= limit:
            raise ValueMalformed(
                "not an integer in range", kind="amount", value=str(value)[:80], limit=str(limit)
            )
        return value

    return validate


def _amount_schema(limit: int) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "string",
            "pattern": "^(0|[1-9][0-9]*)$",
            "maxLength": len(str(limit)),
            "description": f"0 to {limit}",
        }
    )


_AS_STRING = PlainSerializer(str, return_type=str, when_used="json")

Amount = Annotated[
    int, PlainValidator(_amount_validator(UINT128_MAX)), _AS_STRING, _amount_schema(UINT128_MAX)
]
"""Token base units, uint128: `int` in Python, decimal string in JSON."""

Uint256 = Annotated[
    int, PlainValidator(_amount_validator(UINT256_MAX)), _AS_STRING, _amount_schema(UINT256_MAX)
]
"""uint256: `int` in Python, decimal string in JSON."""

Uint104 = Annotated[
    int, PlainValidator(_amount_validator(2**104 - 1)), _AS_STRING, _amount_schema(2**104 - 1)
]
"""uint104: `int` in Python, decimal string in JSON."""

Uint72 = Annotated[int, PlainValidator(_amount_validator(2**72 - 1)), _AS_STRING, _amount_schema(2**72 - 1)]
"""uint72: `int` in Python, decimal string in JSON."""

Count = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
"""A JSON integer: counts, seconds, unix times, ppm."""

Uint8 = Annotated[int, Field(ge=0, le=2**8 - 1)]
Uint16 = Annotated[int, Field(ge=0, le=2**16 - 1)]
Uint32 = Annotated[int, Field(ge=0, le=2**32 - 1)]
Uint40 = Annotated[int, Field(ge=0, le=2**40 - 1)]

ChainId = Annotated[int, Field(ge=1, le=MAX_SAFE_INTEGER)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""Name of an issue."""


def new_salt(random_bytes: Callable[[int], bytes]) -> Salt:
    """A fresh salt; `random_bytes` is the source of randomness, such as `secrets.token_bytes`."""
    return Salt.of(random_bytes(16))
