"""The stage: a throwaway chain with the contracts, money for everyone, a gateway in a process of its own."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import httpx

from parley.chain.anvil import ETHER, LocalAnvil
from parley.chain.deploy import LocalDeployment, connect, deploy_local, mint
from parley.chain.node import NodeClient
from parley.sandbox.demo.cast import DEPLOYER, GATEWAY, Player, player
from parley.sandbox.demo.errors import ProcessSlow
from parley.sandbox.demo.folder import Folder
from parley.sandbox.demo.processes import Processes

_READY_SECONDS = 60.0
_POLL = 0.05


class Stage:
    """Everything that runs besides the agents. Use as a context manager: nothing is left when it ends.

    `purses` gives base units of the token by player. `say` tells of each step, `shield` is called before
    anything is taken down. With `keep_chain` the chain's state is left in the folder.
    """

    def __init__(
        self,
        seed: int,
        folder: Folder,
        purses: Mapping[Player, int],
        *,
        say: Callable[[str], None],
        shield: Callable[[], None],
        keep_chain: bool,
    ) -> None:
        self.folder = folder
        self.gateway = player(seed, GATEWAY)
        self._deployer = player(seed, DEPLOYER)
        self._purses = purses
        self._say = say
        self._shield = shield
        self._exits = contextlib.ExitStack()
        self.anvil = LocalAnvil(state=folder.chain if keep_chain else None)
        self.processes = Processes(folder.logs)
        self.url = ""

    def __enter__(self) -> Self:
        try:
            self._exits.enter_context(self.anvil)
            self._exits.enter_context(self.processes)
            self.node: NodeClient = self.anvil.node()
            self._deploy()
            self._say(f"Escrow {self.deployment.escrow} on chain {self.deployment.chain_id}")
            self._start_gateway()
            self._fill_purses()
            self.wait(GATEWAY, self._ready, "answers under its address")
            self._say(f"Gateway {self.url}, a process of its own")
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        self._shield()
        self._exits.close()

    def _deploy(self) -> None:
        for account in (self._deployer, self.gateway):
            self.anvil.fund(account.address, 100 * ETHER)
        self.deployment: LocalDeployment = deploy_local(self.node, self._deployer.signer)
        self.escrow, self.registry, self.token = connect(self.node, self.deployment)

    def _fill_purses(self) -> None:
        signer = self._deployer.signer
        for owner, amount in self._purses.items():
            if amount:
                mint(self.node, signer, self.deployment.token, [owner.address], amount)

    def _start_gateway(self) -> None:
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {
            "PARLEY_DATABASE": f"sqlite:///{self.folder.root / 'gateway.sqlite'}",
            "PARLEY_PORT": str(port),
            "PARLEY_LOCAL_CHAIN": "1",
            "PARLEY_RPC_URL": self.anvil.rpc_url,
            "PARLEY_CHAIN_ID": str(self.deployment.chain_id),
            "PARLEY_ESCROW": self.deployment.escrow,
            "PARLEY_REGISTRY": self.deployment.registry,
            "PARLEY_START_BLOCK": str(self.deployment.block),
            "PARLEY_KEY": "0x" + self.gateway.key.hex(),
        }
        self.processes.start(GATEWAY, ["-m", "parley.cli", "serve"], settings)

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/ready", timeout=2).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def wait(self, name: str, done: Callable[[], bool], what: str, seconds: float = _READY_SECONDS) -> None:
        """Waits until `done()` holds while the process `name` lives. Raises ProcessEnded or ProcessSlow."""
        end = time.monotonic() + seconds
        while not done():
            self.processes.check(name)
            if time.monotonic() > end:
                raise ProcessSlow(
                    f"The {name} took too long until it {what}.",
                    seconds=seconds,
                    output=self.processes.tail(name),
                )
            time.sleep(_POLL)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
