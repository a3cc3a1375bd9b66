"""A gateway as a process of its own, on a free loopback port, without a chain.

Settings come from PARLEY_* variables, as for `parley serve`. The first line on stdout is the URL.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import uvicorn

from parley.errors import ParleyError
from parley.gateway.app import create_app
from parley.gateway.settings import GatewaySettings
from parley.terms.signing import LocalSigner
from parley.terms.values import keccak

KEY = keccak(b"bench gateway")
ESCROW = "0x" + "e5" * 20


class GatewayDied(ParleyError):
    """The measured gateway did not come up."""

    code = "bench.gateway-died"
    next_action = "run `python -m bench.gateway_process` with the same variables and read what it says"


@dataclass(frozen=True)
class GatewayProcess:
    """Where a running gateway is, and what its process has used so far."""

    url: str
    address: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Processor time of all its threads."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextlib.contextmanager
def running(folder: Path, policy: Path) -> Iterator[GatewayProcess]:
    """Starts a gateway that keeps its data in `folder`; ends it with the block. Raises `GatewayDied`."""
    environment = {
        **os.environ,
        "PARLEY_DATABASE": f"sqlite:///{folder / 'gateway.sqlite'}",
        "PARLEY_ESCROW": ESCROW,
        "PARLEY_KEY": KEY.hex(),
        "PARLEY_POLICY": str(policy),
    }
    with (folder / "gateway.log").open("w+") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "bench.gateway_process"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            url = (child.stdout.readline() if child.stdout else "").strip()
            if not url:
                child.wait(timeout=10)
                log.seek(0)
                raise GatewayDied("The gateway did not start.", said=log.read()[-800:])
            yield GatewayProcess(url, LocalSigner(KEY).address, psutil.Process(child.pid))
        finally:
            child.kill()
            child.wait()


def main() -> None:
    # With the protocol named, asyncio sets TCP_NODELAY; without it an answer waits 40 ms for a delayed ACK.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = GatewaySettings(audience=url)  # the rest is in the environment
    options = uvicorn.Config(create_app(settings), log_level="warning", access_log=False, ws="none")
    # The parent holds the other end: when it is gone, however it went, so is this process.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    print(url, flush=True)
    asyncio.run(uvicorn.Server(options).serve(sockets=[listening]))


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
