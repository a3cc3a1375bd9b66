"""A gateway as a process of its own, on a free loopback port, without a chain.

Settings come from PARLEY_* variables, as for `parley serve`. The first line on stdout is the URL.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from parley.errors import ParleyError
from parley.gateway.serve import listen, serve_on
from parley.gateway.settings import GatewaySettings
from parley.gateway.startup import open_gateway
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
        """Processor time of all its threads, to the nanosecond where the system counts so."""
        if sys.platform == "linux":
            return time.clock_gettime(~self.process.pid << 3 | 2)  # what clock_getcpuclockid(3) gives
        times = self.process.cpu_times()
        return float(times.user + times.system)


@contextlib.contextmanager
def running(
    folder: Path, policy: Path, module: str = "bench.gateway_process", **settings: str
) -> Iterator[GatewayProcess]:
    """Starts a gateway (or another `module` in its place) that keeps its data in `folder`; ends it with the
    block. `settings` are further variables without their prefix. Raises `GatewayDied`.
    """
    environment = {
        **os.environ,
        "PARLEY_DATABASE": f"sqlite:///{folder / (module + '.sqlite')}",
        "PARLEY_ESCROW": ESCROW,
        "PARLEY_KEY": KEY.hex(),
        "PARLEY_POLICY": str(policy),
        **{f"PARLEY_{name.upper()}": value for name, value in settings.items()},
    }
    with (folder / f"{module}.log").open("w+") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", module],
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
    listening = listen("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    gateway = open_gateway(GatewaySettings(audience=url))  # the rest is in the environment
    # The parent holds the other end: when it is gone, however it went, so is this process.
    threading.Thread(target=end_with_parent, daemon=True).start()
    print(url, flush=True)
    serve_on(listening, gateway)


def end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
