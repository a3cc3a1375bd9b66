"""Calls, answers and events of a contract, from its ABI. Addresses and fixed bytes are lower-case hex
outside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError

from parley.chain.artifacts import artifact
from parley.chain.errors import NodeAnswerInvalid
from parley.chain.models import Log
from parley.terms.values import keccak


def _type(entry: Mapping[str, Any]) -> str:
    kind = str(entry["type"])
    if kind.startswith("tuple"):
        return f"({','.join(_type(part) for part in entry['components'])}){kind[5:]}"
    return kind


def _plain(value: Any) -> Any:
    """Bytes as hex, addresses in lower case, tuples kept."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, str):
        return value.lower() if len(value) == 42 and value.startswith("0x") else value
    if isinstance(value, (tuple, list)):
        return tuple(_plain(item) for item in value)
    return value


_LOWER = re.compile(r"0x[0-9a-f]{40}")
_UNSIGNED = re.compile(r"\(?((?:uint\d+)(?:,uint\d+)*)\)?")


@lru_cache(maxsize=256)
def _widths(outputs: tuple[str, ...]) -> tuple[int, ...] | None:
    """Bits of each number, where a function answers one number or one tuple of numbers."""
    match = _UNSIGNED.fullmatch(outputs[0]) if len(outputs) == 1 else None
    return None if match is None else tuple(int(kind[4:]) for kind in match[1].split(","))


def _numbers(outputs: tuple[str, ...], data: bytes) -> tuple[Any, ...] | None:
    """What most views answer, without the general decoder; None for whatever else, or odd, there is."""
    widths = _widths(outputs)
    if widths is None or len(data) != 32 * len(widths):
        return None
    words = [int.from_bytes(data[place : place + 32], "big") for place in range(0, len(data), 32)]
    if any(word >> bits for word, bits in zip(words, widths, strict=True)):
        return None
    return (tuple(words),) if outputs[0].startswith("(") else tuple(words)


def _words(inputs: tuple[str, ...], arguments: tuple[Any, ...]) -> bytes | None:
    """What most views are asked with, addresses and hashes, without the general encoder; None for whatever
    else there is.
    """
    if len(inputs) != len(arguments):
        return None
    body = bytearray()
    for kind, value in zip(inputs, arguments, strict=True):
        if kind == "address" and isinstance(value, str) and _LOWER.fullmatch(value):
            body += bytes(12) + bytes.fromhex(value[2:])
        elif kind == "bytes32" and isinstance(value, bytes) and len(value) == 32:
            body += value
        else:
            return None
    return bytes(body)


@dataclass(frozen=True, slots=True)
class Function:
    """One function of a contract."""

    name: str
    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def call(self, *arguments: Any) -> bytes:
        """Calldata."""
        body = _words(self.inputs, arguments)
        return self.selector + (encode(list(self.inputs), list(arguments)) if body is None else body)

    def answer(self, data: bytes) -> tuple[Any, ...]:
        """Decoded return values. Raises `NodeAnswerInvalid`."""
        numbers = _numbers(self.outputs, data)
        if numbers is not None:
            return numbers
        try:
            return tuple(_plain(value) for value in decode(list(self.outputs), data))
        except (DecodingError, OverflowError, UnicodeDecodeError):
            raise NodeAnswerInvalid(
                "The answer of a contract call does not decode.",
                function=self.name,
                data="0x" + data[:256].hex(),
            ) from None


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a contract."""

    name: str
    topic: str
    names: tuple[str, ...]
    types: tuple[str, ...]
    indexed: tuple[bool, ...]

    def arguments(self, topics: Sequence[str], data: bytes) -> dict[str, Any]:
        """Arguments by name. Raises `NodeAnswerInvalid`."""
        try:
            body = [kind for kind, mark in zip(self.types, self.indexed, strict=True) if not mark]
            marked = [kind for kind, mark in zip(self.types, self.indexed, strict=True) if mark]
            if len(topics) != len(marked) + 1:
                raise ValueError("topics")
            plain = iter(decode(body, data))
            keys = iter(
                decode([kind], bytes.fromhex(topic[2:]))[0]
                for kind, topic in zip(marked, topics[1:], strict=True)
            )
            return {
                name: _plain(next(keys) if mark else next(plain))
                for name, mark in zip(self.names, self.indexed, strict=True)
            }
        except (DecodingError, ValueError, OverflowError):
            raise NodeAnswerInvalid("An event does not decode.", event=self.name) from None


@dataclass(frozen=True, slots=True)
class Decoded:
    """An event of a log."""

    name: str
    arguments: Mapping[str, Any]


class Interface:
    """The functions and events of one ABI. An overloaded function is named by its signature."""

    def __init__(self, abi: Sequence[Mapping[str, Any]]) -> None:
        self.functions: dict[str, Function] = {}
        self.events: dict[str, Event] = {}
        for entry in abi:
            if entry["type"] == "function":
                inputs = tuple(_type(item) for item in entry["inputs"])
                outputs = tuple(_type(item) for item in entry["outputs"])
                signature = f"{entry['name']}({','.join(inputs)})"
                function = Function(entry["name"], keccak(signature.encode())[:4], inputs, outputs)
                self.functions[signature] = function
                self.functions.setdefault(entry["name"], function)
            elif entry["type"] == "event":
                inputs = tuple(_type(item) for item in entry["inputs"])
                topic = "0x" + keccak(f"{entry['name']}({','.join(inputs)})".encode()).hex()
                names = tuple(str(item["name"]) for item in entry["inputs"])
                marks = tuple(bool(item["indexed"]) for item in entry["inputs"])
                self.events[topic] = Event(entry["name"], topic, names, inputs, marks)

    def function(self, name: str) -> Function:
        return self.functions[name]

    def decode(self, log: Log) -> Decoded | None:
        """The event of a log; None when it is none of this ABI. Raises `NodeAnswerInvalid` when it does not
        decode.
        """
        event = self.events.get(log.topics[0]) if log.topics else None
        if event is None:
            return None
        return Decoded(event.name, event.arguments(log.topics, log.data))


@lru_cache(maxsize=16)
def interface(name: str) -> Interface:
    """The interface of a shipped artifact."""
    return Interface(artifact(name).abi)
