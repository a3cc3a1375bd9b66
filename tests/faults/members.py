"""Members of a fleet: a gateway or a worker that can be killed and started again."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import time
from pathlib import Path

from nursery import Born, Nursery

from parley.chain.deploy import LocalDeployment
from parley.sandbox.local import key_of

GATEWAY = "gateway under fire"
AUDIENCE = "http://market.test"  # one name for all processes of the gateway
PATIENCE = 300.0
"""Seconds in which nothing at all happens before a campaign is given up; waiting ends by conditions."""
STARTED = ("serving on", "working for")
"""What a member logs once it does its work."""


class Member:
    """A gateway or a worker as a process that can be killed and started again on the same port and database.
    `work` as PARLEY_WORK; `rpc_url` may be that of a proxy in front of the chain.
    """

    def __init__(
        self,
        nursery: Nursery,
        folder: Path,
        database: str,
        rpc_url: str,
        deployment: LocalDeployment,
        *,
        command: str = "serve",
        work: str = "inside",
    ) -> None:
        self._nursery = nursery
        self._port = _free_port()
        self.command = command
        self.name = f"{command}-{self._port}"
        self.url = f"http://127.0.0.1:{self._port}"
        self.log = folder / f"{self.name}.log"
        self.kills = 0
        self.patient = False  # whether it is started again where it refuses to start
        self._process: Born | None = None
        self._logged = 0  # the length of its log when it was last started
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")},
            "PARLEY_DATABASE": database,
            "PARLEY_AUDIENCE": AUDIENCE,
            "PARLEY_PORT": str(self._port),
            "PARLEY_KEY": key_of(GATEWAY).hex(),
            "PARLEY_RPC_URL": rpc_url,
            "PARLEY_WORK": work,
            "PARLEY_CHAIN_ID": str(deployment.chain_id),
            "PARLEY_ESCROW": deployment.escrow,
            "PARLEY_START_BLOCK": str(deployment.block),
            "PARLEY_LOCAL_CHAIN": "true",
        }

    @property
    def process(self) -> Born:
        assert self._process is not None
        return self._process

    def start(self, skew: int = 0) -> None:
        """Starts it, with a clock that is `skew` seconds off, and waits until it serves. A patient one is
        started again where it refuses, which it does while its database or its node is away.
        """
        end = time.monotonic() + PATIENCE
        self._launch(skew)
        while self.command == "serve" and not self._serves():
            assert time.monotonic() < end, self.log.read_text()
            if not self.process.alive:
                assert self.patient, self.log.read_text()
                self._launch(skew)
            time.sleep(0.05)

    def revive(self) -> None:
        """Starts a worker again that refused to start, as `start` does with a gateway. Fails for a process
        that ended by itself after it had started.
        """
        if not self.process.alive:
            with self.log.open("rb") as log:
                log.seek(self._logged)
                said = log.read().decode()
            assert self.patient, f"{self.name} refused to start\n{said}"
            assert not any(word in said for word in STARTED), f"{self.name} ended by itself\n{said}"
            self._launch(0)

    def _serves(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)
        with contextlib.suppress(OSError, http.client.HTTPException), contextlib.closing(connection):
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        return False

    def _launch(self, skew: int) -> None:
        self._logged = self.log.stat().st_size if self.log.exists() else 0
        self._process = self._nursery.bear(self.command, self._environment, self.log, skew)

    def kill(self) -> None:
        self.process.signal(signal.SIGKILL)
        self.process.wait()
        self.kills += 1

    def stop(self) -> None:
        if self._process is not None and self._process.alive:
            self._process.signal(signal.SIGTERM)
            if not self._process.wait(PATIENCE):
                self._process.signal(signal.SIGKILL)
                self._process.wait()
                raise AssertionError(f"{self.name} does not stop\n{self.log.read_text()}")


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
