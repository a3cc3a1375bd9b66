"""A whole market on this machine for experiments and tests: Anvil, the contracts, a gateway, funded agents.

Everything is thrown away at the end. The keys are derived from names and worth nothing elsewhere.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvicorn
from pydantic import SecretStr

from parley.agents.agent import Agent
from parley.agents.wallet import TokenName
from parley.chain.anvil import LocalAnvil
from parley.chain.deploy import LocalDeployment, deploy_local, mint
from parley.chain.escrow import EscrowContract
from parley.chain.node import NodeClient
from parley.chain.token import TokenContract
from parley.gateway.serve import gateway_server, listen
from parley.gateway.settings import GatewaySettings
from parley.gateway.startup import open_gateway
from parley.sandbox.leases import simple_lease
from parley.terms.domain import Domain
from parley.terms.signing import LocalSigner
from parley.terms.values import Address, keccak

UNIT = 10**6
"""Base units of one unit of the local payment token."""
MINTER, GATEWAY = 0, 1
TOKEN_NAME, TOKEN_VERSION = "Parley Dollar", "1"


def key_of(name: str) -> bytes:
    """The private key of a local agent: known to everyone who knows the name."""
    return keccak(f"parley local market: {name}".encode())


class LocalMarket:
    """`with LocalMarket() as market:` gives a chain, a gateway at `market.url`, and `market.agent(name)`."""

    def __init__(
        self, *, policy: Path | None = None, anvil: LocalAnvil | None = None, traces: str = "off"
    ) -> None:
        self._policy = policy
        self._traces = traces
        self._anvil = anvil or LocalAnvil()
        self._ending = contextlib.ExitStack()
        self._agents: dict[str, Agent] = {}

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opening:
            self.folder = Path(opening.enter_context(tempfile.TemporaryDirectory(prefix="parley-market-")))
            self.chain = opening.enter_context(self._anvil)
            self.node: NodeClient = self.chain.node()
            self._minter = self.chain.signer(MINTER)
            self.deployment: LocalDeployment = deploy_local(self.node, self._minter)
            self.token = TokenContract(self.node, self.deployment.token)
            self.escrow = EscrowContract(self.node, self.deployment.escrow)
            self.url = self._serve(opening)
            self._ending = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for agent in self._agents.values():
            agent.close()
        self._ending.close()

    def settings(self, **changes: Any) -> GatewaySettings:
        """Settings of a gateway on this market's chain."""
        options: dict[str, Any] = {
            "database": f"sqlite:///{self.folder / 'gateway.sqlite'}",
            "chain_id": self.deployment.chain_id,
            "rpc_url": self.chain.rpc_url,
            "escrow": self.deployment.escrow,
            "registry": self.deployment.registry,
            "evidence": self.deployment.evidence,
            "start_block": self.deployment.block,
            "local_chain": True,
            "policy": self._policy,
            "traces": self._traces,
            "key": SecretStr(self.gateway_key.hex()),
        }
        return GatewaySettings(**{**options, **changes})

    @property
    def gateway_key(self) -> bytes:
        return key_of("gateway")

    def _serve(self, opening: contextlib.ExitStack) -> str:
        self.chain.fund(LocalSigner(self.gateway_key).address, 1_000 * 10**18)
        listener = listen("127.0.0.1", 0)
        opening.callback(listener.close)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        gateway = open_gateway(self.settings(audience=url))
        opening.callback(gateway.close)
        server = gateway_server(gateway)
        thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listener]}, name="parley-market-gateway", daemon=True
        )
        thread.start()
        opening.callback(_stop, server, thread)
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        return url

    # ------------------------------------------------------------------- people

    def signer(self, name: str) -> LocalSigner:
        """The key of the local agent `name`."""
        return LocalSigner(key_of(name))

    def agent(self, name: str, *, money: int = 0, **options: Any) -> Agent:
        """The agent of this name with `money` whole units of the local token; `options` as for `Agent`."""
        if name not in self._agents:
            signer = self.signer(name)
            if money:
                self.fund(signer.address, money * UNIT)
            options.setdefault("tokens", self.tokens)
            self._agents[name] = Agent(self.url, signer, self.folder / f"{name}.sqlite", **options)
        return self._agents[name]

    @property
    def tokens(self) -> dict[str, TokenName]:
        """The local token's EIP-712 name, which agents need to authorise payments."""
        return {self.deployment.token: TokenName(TOKEN_NAME, TOKEN_VERSION)}

    def lease(self, **changes: Any) -> Domain:
        """A small lease to bargain over, settled in the local token; see `simple_lease`."""
        return simple_lease(self.deployment.token, **changes)

    def fund(self, address: str, amount: int) -> None:
        """Mints `amount` base units of the local token."""
        mint(self.node, self._minter, self.deployment.token, [address], amount)

    def balance(self, address: str) -> int:
        """Base units of the local token that an account holds outside the escrow."""
        return self.token.balance_of(Address(address))

    def travel(self, seconds: int) -> None:
        """Moves the chain's clock forward."""
        self.chain.travel(seconds)

    def until(self, condition: Callable[[], bool], seconds: float = 30.0) -> None:
        """Waits for something that happens on its own; raises TimeoutError."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.02)


def _stop(server: uvicorn.Server, thread: threading.Thread) -> None:
    server.should_exit = True
    thread.join(15)
