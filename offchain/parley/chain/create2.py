"""Where Parley's contracts stand: the same addresses on every chain (EIP-1014), for the same code.

They are created through the factory that is at one address on nearly every chain, with a fixed salt and no
constructor argument that gives anyone power; so whoever deploys them, they come out the same, and anyone may.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import rlp
from eth_abi.abi import encode

from parley.chain.artifacts import artifact
from parley.chain.node import NodeClient
from parley.terms.values import ZERO_ADDRESS, Address, keccak

FACTORY: Final = Address("0x4e59b44847b379578588920ca78fbf26c0b4956c")
"""The deterministic deployment proxy; its input is the salt and the creation code."""
SALT: Final = keccak(b"Parley 1")


@dataclass(frozen=True, slots=True)
class Placed:
    """A contract and where it comes to stand."""

    name: str
    address: Address
    creation: bytes

    @property
    def call(self) -> bytes:
        """The input for the factory."""
        return SALT + self.creation


def placed(name: str, *arguments: Any) -> Placed:
    """A shipped contract with these constructor arguments. Raises `ArtifactMissing`."""
    found = artifact(name)
    kinds = next(
        ([item["type"] for item in entry["inputs"]] for entry in found.abi if entry["type"] == "constructor"),
        [],
    )
    creation = found.bytecode + encode(kinds, list(arguments))
    digest = keccak(b"\xff" + bytes.fromhex(FACTORY[2:]) + SALT + keccak(creation))
    return Placed(name, Address("0x" + digest[12:].hex()), creation)


@cache
def plan() -> tuple[Placed, ...]:
    """Every contract, each after those it names."""
    escrow = placed("Escrow")
    return (
        placed("AgentRegistry"),
        escrow,
        placed("Tabs"),
        placed("Evidence", escrow.address),
        placed("PanelArbiter", escrow.address),
        placed("Lens", escrow.address),
    )


@cache
def local_token() -> Placed:
    """The payment token that anyone may mint: for local chains."""
    return placed("PaymentToken", ZERO_ADDRESS, 0)


def second_half(escrow: str) -> Address:
    """Where an escrow's constructor puts the other half of its code (its first creation: nonce 1,
    EIP-161).
    """
    digest = keccak(rlp.encode([bytes.fromhex(escrow[2:]), b"\x01"]))
    return Address("0x" + digest[12:].hex())


def is_escrow(node: NodeClient, address: str) -> bool:
    """Whether the code at an address, and at that of its second half, is that of this package's escrow."""
    return has_code_of(node, address, "Escrow") and has_code_of(node, second_half(address), "EscrowActions")


def has_code_of(node: NodeClient, address: str, name: str) -> bool:
    """Whether the runtime code at an address is that of a shipped contract, whatever its immutables are."""
    found = artifact(name)
    code, expected = bytearray(node.code(address)), bytearray(found.deployed_bytecode)
    if len(code) != len(expected):
        return False
    for start, length in found.immutables:
        code[start : start + length] = bytes(length)
        expected[start : start + length] = bytes(length)
    return code == expected
