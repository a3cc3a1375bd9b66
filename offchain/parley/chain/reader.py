"""What evidence asks of a chain, answered by a node (`parley.evidence.chain_reader.ChainReader`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from eth_abi.abi import encode

from parley.chain.create2 import is_escrow
from parley.chain.errors import ContractError, NodeAnswerInvalid
from parley.chain.escrow import EscrowContract
from parley.chain.node import NodeClient
from parley.chain.token import TokenContract
from parley.evidence.chain_reader import ChainEvent, DealOnChain
from parley.terms.values import Address, Hash32

_IS_VALID_SIGNATURE: Final = bytes.fromhex("1626ba7e")
"""Selector of ERC-1271 `isValidSignature(bytes32,bytes)`, and its answer for a valid one."""


class OnChainReader:
    """Reads one escrow. `start_block` is where its history begins: the deployment's block, or 0."""

    def __init__(self, node: NodeClient, escrow: str, *, start_block: int = 0) -> None:
        self._node = node
        self._escrow = EscrowContract(node, escrow)
        self._start = start_block

    def chain_id(self) -> int:
        return self._node.chain_id()

    def has_code(self, address: Address) -> bool:
        return bool(self._node.code(address))

    def is_escrow(self, address: Address) -> bool:
        return is_escrow(self._node, address)

    def deal_state(self, deal_id: Hash32) -> DealOnChain:
        state = self._escrow.state_of(deal_id)
        return DealOnChain(state.status.name.capitalize(), state.milestone, state.locked)

    def deal_history(self, deal_id: Hash32) -> tuple[ChainEvent, ...]:
        head = self._node.block_number()
        found: list[ChainEvent] = []
        for log in self._node.logs(self._escrow.address, self._start, head, (None, deal_id)):
            decoded = self._escrow.decode(log)
            if decoded is not None and decoded.arguments.get("dealId") == deal_id:
                arguments: Mapping[str, int | str] = decoded.arguments
                found.append(
                    ChainEvent(decoded.name, log.block_number, Hash32(log.transaction), dict(arguments))
                )
        return tuple(found)

    def transaction_succeeded(self, transaction: Hash32) -> bool | None:
        receipt = self._node.receipt(transaction)
        return None if receipt is None else receipt.ok

    def is_valid_signature(self, account: Address, digest: bytes, signature: bytes) -> bool:
        """ERC-1271; an answer that is no answer, and a revert, are no."""
        if not self._node.code(account):
            return False
        call = _IS_VALID_SIGNATURE + encode(["bytes32", "bytes"], [digest, signature])
        try:
            answer = self._node.call(account, call)
        except ContractError:
            return False
        return len(answer) >= 32 and answer[:32] == _IS_VALID_SIGNATURE.ljust(32, b"\0")

    def token_domain_separator(self, token: Address) -> bytes | None:
        try:
            separator = TokenContract(self._node, token).domain_separator()
        except NodeAnswerInvalid:
            return None
        return None if separator is None else bytes.fromhex(separator[2:])
