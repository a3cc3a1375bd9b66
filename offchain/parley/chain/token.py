"""An ERC-20 token, with the EIP-2612 and EIP-3009 parts where it has them. Amounts are base units."""

from __future__ import annotations

from typing import Any

from parley.chain.abi import interface
from parley.chain.errors import ContractError, NodeAnswerInvalid
from parley.chain.escrow import Call
from parley.chain.node import NodeClient


class TokenContract:
    """The token at `address`. `mint` exists only on the local payment token."""

    def __init__(self, node: NodeClient, address: str) -> None:
        self.node = node
        self.address = address.lower()
        self.interface = interface("PaymentToken")

    def _view(self, function: str, *arguments: object) -> Any:
        entry = self.interface.function(function)
        return entry.answer(self.node.call(self.address, entry.call(*arguments)))[0]

    def _call(self, function: str, *arguments: object) -> Call:
        return Call(self.address, self.interface.function(function).call(*arguments), function)

    def balance_of(self, account: str) -> int:
        return int(self._view("balanceOf", account))

    def allowance(self, owner: str, spender: str) -> int:
        return int(self._view("allowance", owner, spender))

    def decimals(self) -> int:
        return int(self._view("decimals"))

    def symbol(self) -> str:
        return str(self._view("symbol"))

    def total_supply(self) -> int:
        return int(self._view("totalSupply"))

    def domain_separator(self) -> str | None:
        """The EIP-712 domain separator; None for a token without permits or authorisations."""
        try:
            return str(self._view("DOMAIN_SEPARATOR"))
        except (ContractError, NodeAnswerInvalid):
            return None

    def authorization_used(self, authorizer: str, nonce: str) -> bool:
        """Whether an EIP-3009 nonce was used or cancelled."""
        return bool(self._view("authorizationState", authorizer, bytes.fromhex(nonce[2:])))

    def approve(self, spender: str, amount: int) -> Call:
        return self._call("approve", spender, amount)

    def transfer(self, to: str, amount: int) -> Call:
        return self._call("transfer", to, amount)

    def mint(self, to: str, amount: int) -> Call:
        """Local chains only: anyone may mint the local payment token."""
        return self._call("mint", to, amount)
