"""A throwaway chain on this machine: Anvil on a free loopback port, for demonstrations, tests and the sandbox
only.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from parley.chain.errors import AnvilFailed, AnvilMissing, NodeRefused
from parley.chain.node import NodeClient
from parley.terms.signing import LocalSigner
from parley.terms.values import keccak

CHAIN_ID: Final = 31_337
ETHER: Final = 10**18
_LISTENING: Final = re.compile(r"Listening on (127\.0\.0\.1:\d+)")


def find_anvil() -> Path:
    """The anvil program: `PARLEY_ANVIL`, `.tools/bin`, npm's package or PATH. Raises `AnvilMissing`."""
    named = os.environ.get("PARLEY_ANVIL")
    places = [Path(named)] if named else []
    for root in (Path.cwd(), *Path.cwd().parents, *Path(__file__).resolve().parents):
        places.append(root / ".tools" / "bin" / "anvil")
        if (root / "contracts" / "node_modules").is_dir():
            places += sorted((root / "contracts" / "node_modules" / "@foundry-rs").glob("anvil-*/bin/anvil"))
    on_path = shutil.which("anvil")
    if on_path:
        places.append(Path(on_path))
    for place in places:
        if place.is_file() and os.access(place, os.X_OK):
            return place
    raise AnvilMissing("Anvil is not installed.", looked_in=[str(place) for place in places[:6]])


def local_signer(index: int) -> LocalSigner:
    """A key that everyone knows: worth nothing outside local chains."""
    return LocalSigner(keccak(b"Parley local account %d" % index))


class LocalAnvil:
    """Starts Anvil; ends it on `stop`, at the end of the `with`, or when this process dies, however it dies.

    `automine` False keeps transactions waiting until `mine`. `genesis_time` is unix seconds. `port` 0 takes a
    free one. `state` is a file that the chain is read from at the start, if it is there, and written to at
    the end.
    """

    def __init__(
        self,
        *,
        automine: bool = True,
        block_time: int | None = None,
        genesis_time: int | None = None,
        chain_id: int = CHAIN_ID,
        port: int = 0,
        state: Path | None = None,
        start_seconds: float = 30,
    ) -> None:
        self._arguments = ["--host", "127.0.0.1", "--port", str(port), "--hardfork", "prague"]
        self._arguments += ["--chain-id", str(chain_id), "--accounts", "1", "--order", "fifo"]
        if not automine:
            self._arguments.append("--no-mining")
        if block_time is not None:
            self._arguments += ["--block-time", str(block_time)]
        if genesis_time is not None:
            self._arguments += ["--timestamp", str(genesis_time)]
        if state is not None:
            self._arguments += ["--state", str(state)]
        self._chain_id = chain_id
        self._start_seconds = start_seconds
        self._process: subprocess.Popen[str] | None = None
        self.rpc_url = ""

    # -------------------------------------------------------------- life cycle

    def start(self) -> Self:
        """Start and wait until it listens. Raises `AnvilMissing`, `AnvilFailed`."""
        watchdog = Path(__file__).with_name("watchdog.py")
        command = [sys.executable, "-I", "-S", str(watchdog), str(find_anvil()), *self._arguments]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and the program found above
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(
            target=_drain, args=(self._process.stdout, lines), name="parley-anvil-output", daemon=True
        ).start()
        said: list[str] = []
        try:
            while True:
                line = lines.get(timeout=self._start_seconds)
                match = _LISTENING.search(line)
                if match is not None:
                    self.rpc_url = f"http://{match[1]}"
                    return self
                if not line:
                    raise AnvilFailed("Anvil did not start.", output="".join(said[-8:])[-800:])
                said.append(line)
        except queue.Empty:
            self.stop()
            raise AnvilFailed("Anvil did not start in time.", seconds=self._start_seconds) from None
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End it and wait until it is gone. Doing it twice is harmless."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self.stop()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ------------------------------------------------------------------ control

    def node(self, **options: Any) -> NodeClient:
        """A client of this chain."""
        return NodeClient(self.rpc_url, chain_id=self._chain_id, **options)

    def signer(self, index: int, *, ether: int = 100) -> LocalSigner:
        """A local account with that much of the chain's currency."""
        signer = local_signer(index)
        self.fund(signer.address, ether * ETHER)
        return signer

    def request(self, method: str, *params: Any) -> Any:
        """One of Anvil's own methods."""
        return self.node().request(method, list(params))

    def fund(self, address: str, wei: int) -> None:
        """Set the balance of an account."""
        self.request("anvil_setBalance", address, hex(wei))

    def mine(self, blocks: int = 1) -> None:
        """Mine blocks now."""
        self.request("anvil_mine", hex(blocks))

    def automine(self, on: bool) -> None:
        """Whether each transaction is mined at once."""
        self.request("evm_setAutomine", on)

    def reorg(self, depth: int) -> None:
        """Replace the newest `depth` blocks by empty ones; their transactions are gone."""
        self.request("anvil_reorg", depth, [])

    def travel(self, seconds: int) -> None:
        """Move the chain's clock forward and mine a block there."""
        self.request("evm_increaseTime", hex(seconds))
        self.mine()

    def travel_to(self, timestamp: int) -> None:
        """Mine a block with this unix time."""
        self.request("evm_setNextBlockTimestamp", hex(timestamp))
        self.mine()

    def nudge(self) -> None:
        """Mine what waits: Anvil's automining now and then stalls under load, and one block clears it."""
        with contextlib.suppress(NodeRefused):
            self.request("evm_mine")


def _drain(stream: IO[str] | None, lines: queue.SimpleQueue[str]) -> None:
    """Read all output, so that Anvil never blocks on it; an empty line marks the end."""
    if stream is not None:
        with stream:
            for line in stream:
                lines.put(line)
                if lines.qsize() > 200:
                    with contextlib.suppress(queue.Empty):
                        lines.get_nowait()
    lines.put("")
