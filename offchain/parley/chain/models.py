"""What a node says, checked and typed. Hashes and addresses are lower-case hex; amounts are wei or base
units.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from parley.terms.values import keccak

BlockTag = int | Literal["latest", "pending", "safe", "finalized", "earliest"]


@dataclass(frozen=True, slots=True)
class Block:
    """A block's header. `timestamp` is unix seconds, `base_fee` wei a gas."""

    number: int
    hash: str
    parent_hash: str
    timestamp: int
    base_fee: int
    bloom: bytes = field(default=b"", repr=False)

    def may_hold(self, address: str) -> bool:
        """Whether the header's bloom filter admits logs of a contract; True when the header has none."""
        if len(self.bloom) != 256:
            return True
        digest = keccak(bytes.fromhex(address[2:]))
        for start in (0, 2, 4):
            bit = int.from_bytes(digest[start : start + 2], "big") & 2047
            if not self.bloom[255 - bit // 8] >> (bit % 8) & 1:
                return False
        return True


@dataclass(frozen=True, slots=True)
class Log:
    """An event as a contract wrote it."""

    address: str
    topics: tuple[str, ...]
    data: bytes
    block_number: int
    block_hash: str
    transaction: str
    index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome of a mined transaction. `ok` is false when it reverted."""

    transaction: str
    block_number: int
    block_hash: str
    ok: bool
    gas_used: int
    gas_price: int
    sender: str
    contract: str | None
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction as the node has it; `block_number` is None while it waits."""

    hash: str
    sender: str
    to: str | None
    nonce: int
    data: bytes
    block_number: int | None
    block_hash: str | None


@dataclass(frozen=True, slots=True)
class Fees:
    """Wei a gas of an EIP-1559 transaction."""

    max_fee: int
    priority_fee: int
