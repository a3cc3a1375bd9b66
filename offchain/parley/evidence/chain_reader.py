"""What verification asks of a node. `parley.chain` implements it, so that evidence knows no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from parley.terms.values import Address, Hash32


@dataclass(frozen=True, slots=True)
class DealOnChain:
    """The escrow's word for a deal: `status` by the name in IEscrow.Status, `locked` in base units."""

    status: str
    milestone: int
    locked: int


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """One event of the escrow about a deal, arguments by their Solidity names; enums as integers."""

    name: str
    block: int
    transaction: Hash32
    arguments: Mapping[str, int | str]


class ChainReader(Protocol):
    """Read access to one escrow on one chain."""

    def chain_id(self) -> int:
        """The node's chain id."""
        ...

    def has_code(self, address: Address) -> bool:
        """Whether a contract stands at the address."""
        ...

    def is_escrow(self, address: Address) -> bool:
        """Whether the code there is the escrow's, as this package ships it: otherwise its answers mean
        nothing.
        """
        ...

    def deal_state(self, deal_id: Hash32) -> DealOnChain:
        """The escrow's state of the deal; status `Unopened` when there is none."""
        ...

    def deal_history(self, deal_id: Hash32) -> Sequence[ChainEvent]:
        """Every event of the deal, oldest first."""
        ...

    def transaction_succeeded(self, transaction: Hash32) -> bool | None:
        """Whether the transaction was executed without reverting; None when the node does not know it."""
        ...

    def is_valid_signature(self, account: Address, digest: bytes, signature: bytes) -> bool:
        """What ERC-1271 `isValidSignature` of a contract account answers; False for an account without
        code.
        """
        ...

    def token_domain_separator(self, token: Address) -> bytes | None:
        """The token's EIP-712 domain separator, or None when it has none."""
        ...
