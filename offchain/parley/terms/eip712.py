"""EIP-712 hashing compiled from type strings.

A `StructType` reads its literal type string once and keeps one small encoder for each field, so that
hashing a value is a walk over ready functions. Values are strictly checked against their Solidity type.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from parley.terms import schema
from parley.terms.errors import EncodingInvalid
from parley.terms.values import Address, keccak

Encoder = Callable[[Any], str]

_STRUCT = re.compile(r"([A-Z]\w*)\(([^()]*)\)")
_FIELD = re.compile(r"\w+(?:\[\])? \w+")
_UINT = re.compile(r"uint(\d+)")
_PAD_ADDRESS: Final = "0" * 24


class StructType:
    """One EIP-712 struct type, from its encoded type string (primary type first, then the referenced ones
    sorted).

    `hash_struct` takes a mapping keyed by the field names of the type; `hash_object` an object with the
    same fields as snake_case attributes (a Python keyword with a trailing underscore). Both raise
    `EncodingInvalid`.
    """

    __slots__ = (
        "_attributes",
        "_encoders",
        "_size",
        "_template",
        "fields",
        "name",
        "type_hash",
        "type_string",
        "types",
    )

    def __init__(self, type_string: str) -> None:
        structs = [(name, _fields(body)) for name, body in _STRUCT.findall(type_string)]
        rebuilt = "".join(
            f"{name}({','.join(f'{kind} {field}' for field, kind in fields)})" for name, fields in structs
        )
        well_formed = all(
            _FIELD.fullmatch(f"{kind} {field}") for _, fields in structs for field, kind in fields
        )
        if not structs or not well_formed or rebuilt != type_string:
            raise EncodingInvalid("not an EIP-712 type string", type=type_string)
        self.type_string = type_string
        self.name = structs[0][0]
        self.types: dict[str, tuple[tuple[str, str], ...]] = dict(structs)
        self.fields = structs[0][1]
        self.type_hash = keccak(type_string.encode())
        nested = {name: StructType(_with_referenced(name, self.types)) for name, _ in structs[1:]}
        self._encoders = tuple(_encoder(kind, nested) for _, kind in self.fields)
        self._attributes = attrgetter(*(attribute_name(field) for field, _ in self.fields))
        self._size = 32 * (len(self.fields) + 1)
        self._template = _template(self.type_hash, [kind for _, kind in self.fields])

    def hash_struct(self, value: Mapping[str, Any]) -> bytes:
        """`hashStruct` of a mapping keyed by the type's own field names; 32 bytes."""
        names = [field for field, _ in self.fields]
        if value.keys() != set(names):
            wrong = sorted(value.keys() ^ set(names))
            raise EncodingInvalid(
                "fields missing or unknown", type=self.name, field=wrong[0], problem="fields"
            )
        return self._hash([value[name] for name in names])

    def hash_object(self, value: object) -> bytes:
        """`hashStruct` of an object with snake_case attributes; 32 bytes."""
        found = self._attributes(value)
        return self._hash(found if len(self.fields) > 1 else (found,))

    def hash_model(self, value: object) -> bytes:
        """`hash_object` of a model that checked its fields when it was built: the fast way, for messages."""
        if self._template is None:
            return self.hash_object(value)
        found = self._attributes(value)
        # No digit is an x, so that only the prefixes of addresses and hashes go.
        data = bytes.fromhex((self._template % found).replace("0x", ""))
        if len(data) != self._size:
            return self.hash_object(value)  # it names the field that is wrong
        return keccak(data)

    def values_of(self, value: object) -> dict[str, Any]:
        """The mapping form, as wallets take it, of an object with snake_case attributes."""
        found: dict[str, Any] = {}
        for field, kind in self.fields:
            inner = getattr(value, attribute_name(field))
            if kind.endswith("[]") and kind[:-2] in self.types:
                struct = StructType(_with_referenced(kind[:-2], self.types))
                inner = [struct.values_of(item) for item in inner]
            elif isinstance(inner, IntEnum):
                inner = int(inner)
            found[field] = inner
        return found

    def _hash(self, values: Any) -> bytes:
        try:
            parts = [encode(value) for encode, value in zip(self._encoders, values, strict=True)]
            data = self.type_hash + bytes.fromhex("".join(parts))
        except (TypeError, ValueError, AttributeError) as error:
            raise self._explain(values, error) from None
        if len(data) != self._size:
            raise self._explain(values, ValueError("wrong length"))
        return keccak(data)

    def _explain(self, values: Any, error: Exception) -> EncodingInvalid:
        for (field, kind), encode, value in zip(self.fields, self._encoders, values, strict=True):
            try:
                if len(bytes.fromhex(encode(value))) == 32:
                    continue
                problem = f"not a {kind}"
            except (TypeError, ValueError, AttributeError) as reason:
                problem = str(reason) or f"not a {kind}"
            return EncodingInvalid(
                f"{self.name}.{field}: {problem}", type=self.name, field=field, problem=problem
            )
        return EncodingInvalid(f"{self.name}: {error}", type=self.name, field="", problem=str(error))


def attribute_name(field: str) -> str:
    """`snake_case` attribute of a camelCase field; `from` becomes `from_`."""
    snake = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: "_" + match.group(1).lower(), field)
    return snake + "_" if snake == "from" else snake


def _template(type_hash: bytes, kinds: list[str]) -> str | None:
    """Format string of the hex of all words, or None where a field is not a word of its own."""
    parts = [type_hash.hex()]
    for kind in kinds:
        if kind == "address":
            parts.append(_PAD_ADDRESS + "%s")
        elif kind == "bytes32":
            parts.append("%s")
        elif _UINT.fullmatch(kind) or kind == "bool":
            parts.append("%064x")
        else:
            return None
    return "".join(parts)


def _fields(body: str) -> tuple[tuple[str, str], ...]:
    pairs = (part.partition(" ") for part in body.split(",") if part)
    return tuple((field, kind) for kind, _, field in pairs)


def _with_referenced(name: str, types: Mapping[str, tuple[tuple[str, str], ...]]) -> str:
    """EIP-712 `encodeType`: the struct, then what it refers to, sorted."""
    found: set[str] = set()
    open_ = [name]
    while open_:
        current = open_.pop()
        found.add(current)
        kinds = {kind.removesuffix("[]") for _, kind in types[current]}
        open_ += sorted(kind for kind in kinds if kind in types and kind not in found)
    order = (name, *sorted(found - {name}))
    return "".join(f"{key}({','.join(f'{kind} {field}' for field, kind in types[key])})" for key in order)


def _encoder(kind: str, nested: Mapping[str, StructType]) -> Encoder:
    if kind.endswith("[]"):
        return _array(_encoder(kind[:-2], nested))
    if kind == "address":
        return _address
    if kind == "bool":
        return _boolean
    if kind == "string":
        return _string
    if kind == "bytes32":
        return _bytes32
    if match := _UINT.fullmatch(kind):
        return _uint(1 << int(match.group(1)))
    if kind in nested:
        return _struct(nested[kind])
    raise EncodingInvalid("type is not supported", type=kind)


def _uint(limit: int) -> Encoder:
    def encode(value: Any) -> str:
        if not 0 <= value < limit or (type(value) is not int and not isinstance(value, IntEnum)):
            raise ValueError(f"not an integer from 0 to {limit - 1}")
        return "%064x" % value  # noqa: UP031 - twice as fast as format

    return encode


def _address(value: Any) -> str:
    if len(value) != 42 or value[:2] != "0x":
        raise ValueError("not an address")
    return _PAD_ADDRESS + str(value[2:])


def _bytes32(value: Any) -> str:
    if len(value) != 66 or value[:2] != "0x":
        raise ValueError("not 32 bytes as 0x hex")
    return str(value[2:])


def _boolean(value: Any) -> str:
    if value is True:
        return "0" * 63 + "1"
    if value is False:
        return "0" * 64
    raise ValueError("not a boolean")


def _string(value: Any) -> str:
    return keccak(value.encode()).hex()


def _struct(struct: StructType) -> Encoder:
    def encode(value: Any) -> str:
        hashed = struct.hash_struct(value) if isinstance(value, Mapping) else struct.hash_object(value)
        return hashed.hex()

    return encode


def _array(item: Encoder) -> Encoder:
    def encode(value: Any) -> str:
        if not isinstance(value, list | tuple):
            raise ValueError("not a list")
        words = [item(element) for element in value]
        data = bytes.fromhex("".join(words))
        if len(data) != 32 * len(words):
            raise ValueError("malformed element")
        return keccak(data).hex()

    return encode


_WITH_CONTRACT: Final = StructType(schema.DOMAIN_WITH_CONTRACT)
_WITHOUT_CONTRACT: Final = StructType(schema.DOMAIN_WITHOUT_CONTRACT)
_WITHOUT_VERSION: Final = StructType(schema.DOMAIN_WITHOUT_VERSION)


@lru_cache(maxsize=256)
def domain_separator(
    name: str, version: str, chain_id: int, verifying_contract: Address | None = None
) -> bytes:
    """EIP-712 domain separator, 32 bytes; the contract is left out of the domain type when it is None."""
    value: dict[str, Any] = {"name": name, "version": version, "chainId": chain_id}
    if verifying_contract is None:
        return _WITHOUT_CONTRACT.hash_struct(value)
    return _WITH_CONTRACT.hash_struct({**value, "verifyingContract": verifying_contract})


@lru_cache(maxsize=256)
def escrow_domain(chain_id: int, escrow: Address) -> bytes:
    """Domain separator of deals and of every escrow action."""
    return domain_separator(schema.ESCROW_NAME, schema.DOMAIN_VERSION, chain_id, escrow)


@lru_cache(maxsize=256)
def message_domain(chain_id: int) -> bytes:
    """Domain separator of negotiation messages, receipts and approvals."""
    return domain_separator(schema.MESSAGE_NAME, schema.DOMAIN_VERSION, chain_id)


@lru_cache(maxsize=256)
def gateway_domain(chain_id: int) -> bytes:
    """Domain separator of sign-in challenges."""
    return domain_separator(schema.GATEWAY_NAME, schema.DOMAIN_VERSION, chain_id)


@lru_cache(maxsize=256)
def registry_domain(chain_id: int, registry: Address) -> bytes:
    """Domain separator of the wallet proofs of ERC-8004."""
    return domain_separator(schema.REGISTRY_NAME, schema.DOMAIN_VERSION, chain_id, registry)


@lru_cache(maxsize=256)
def permit2_domain(chain_id: int, permit2: Address) -> bytes:
    """Domain separator of Permit2, which states no version."""
    return _WITHOUT_VERSION.hash_struct(
        {"name": schema.PERMIT2_NAME, "chainId": chain_id, "verifyingContract": permit2}
    )


def typed_digest(separator: bytes, struct_hash: bytes) -> bytes:
    """What is signed: keccak256(0x1901 ‖ domain separator ‖ struct hash), 32 bytes."""
    return keccak(b"\x19\x01" + separator + struct_hash)


def typed_data(
    struct: StructType,
    message: Mapping[str, Any],
    *,
    name: str,
    chain_id: int,
    verifying_contract: Address | None = None,
    version: str | None = schema.DOMAIN_VERSION,
) -> dict[str, Any]:
    """The `eth_signTypedData_v4` form of a value, for wallets and other libraries. `version` None leaves the
    version out of the domain's type; it then has a contract.
    """
    domain: dict[str, Any] = {"name": name, "version": version, "chainId": chain_id}
    kind = _WITHOUT_CONTRACT
    if verifying_contract is not None:
        domain["verifyingContract"] = verifying_contract
        kind = _WITH_CONTRACT
    if version is None:
        del domain["version"]
        kind = _WITHOUT_VERSION
    types = {**kind.types, **struct.types}
    return {
        "types": {key: [{"name": n, "type": t} for n, t in fields] for key, fields in types.items()},
        "primaryType": struct.name,
        "domain": domain,
        "message": dict(message),
    }
