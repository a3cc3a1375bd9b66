"""The agent registry: ERC-721 identity with the ERC-8004 surface. The first agent's id is 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parley.chain.abi import Decoded, interface
from parley.chain.escrow import Call
from parley.chain.models import Log
from parley.chain.node import NodeClient


class RegistryContract:
    """The registry at `address`."""

    def __init__(self, node: NodeClient, address: str) -> None:
        self.node = node
        self.address = address.lower()
        self.interface = interface("AgentRegistry")

    def _view(self, function: str, *arguments: object) -> Any:
        entry = self.interface.function(function)
        return entry.answer(self.node.call(self.address, entry.call(*arguments)))[0]

    def _call(self, function: str, *arguments: object) -> Call:
        return Call(self.address, self.interface.function(function).call(*arguments), function)

    def register(self, agent_uri: str) -> Call:
        """Register the sender as the owner of a new agent."""
        return self._call("register(string)", agent_uri)

    def set_agent_uri(self, agent_id: int, agent_uri: str) -> Call:
        return self._call("setAgentURI", agent_id, agent_uri)

    def set_metadata(self, agent_id: int, key: str, value: bytes) -> Call:
        return self._call("setMetadata", agent_id, key, value)

    def set_agent_wallet(self, agent_id: int, wallet: str, deadline: int, signature: str) -> Call:
        """Bind a wallet on its own EIP-712 proof; `deadline` unix seconds."""
        return self._call("setAgentWallet", agent_id, wallet, deadline, bytes.fromhex(signature[2:]))

    def set_capabilities(self, agent_id: int, tags: Sequence[str]) -> Call:
        return self._call("setCapabilities", agent_id, list(tags))

    def owner_of(self, agent_id: int) -> str:
        return str(self._view("ownerOf", agent_id))

    def token_uri(self, agent_id: int) -> str:
        return str(self._view("tokenURI", agent_id))

    def metadata(self, agent_id: int, key: str) -> bytes:
        return bytes.fromhex(str(self._view("getMetadata", agent_id, key))[2:])

    def agent_wallet(self, agent_id: int) -> str:
        return str(self._view("getAgentWallet", agent_id))

    def is_authorized_or_owner(self, account: str, agent_id: int) -> bool:
        """Whether the account may act for the agent: its owner, or approved by it."""
        return bool(self._view("isAuthorizedOrOwner", account, agent_id))

    def agent_count(self) -> int:
        return int(self._view("agentCount"))

    def domain_separator(self) -> str:
        return str(self._view("domainSeparator"))

    def decode(self, log: Log) -> Decoded | None:
        """The event of a log of this contract."""
        return self.interface.decode(log)
