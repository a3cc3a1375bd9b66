"""Gateways and workers as processes that start quickly: forked from one that has imported the command.

Importing is three quarters of what a start costs the processor. What is forked has its own memory, files and
threads, reads its settings from its own environment, and goes through `parley.cli` from the start.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

sys.path.insert(0, str(Path(__file__).parent))

import failing_disk

_SIGNAL_AT_PARENTS_DEATH = 1  # <linux/prctl.h>


class Nursery:
    """The process that forks. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def bear(self, command: str, environment: dict[str, str], log: Path, skew: int = 0) -> Born:
        """`parley COMMAND` in a process of its own, whose clock is `skew` seconds off."""
        order = {"command": command, "environment": environment, "log": str(log), "skew": skew}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            pid = self._process.stdout.readline()
            assert pid, "the command cannot be imported"
            return Born(int(pid))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()


class Born:
    """A process that another one forked, held by a descriptor: its number may be somebody else's later."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._descriptor: int | None = os.pidfd_open(pid)
        except ProcessLookupError:
            self._descriptor = None

    @property
    def alive(self) -> bool:
        return not self.wait(0)

    def signal(self, number: int) -> None:
        """Nothing happens to one that is gone."""
        if self._descriptor is not None:
            try:
                signal.pidfd_send_signal(self._descriptor, number)
            except ProcessLookupError:
                return

    def wait(self, seconds: float | None = None) -> bool:
        """Until it has ended; whether it has."""
        if self._descriptor is None:
            return True
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        if not poll.poll(None if seconds is None else seconds * 1_000):
            return False
        os.close(self._descriptor)
        self._descriptor = None
        return True


def _serve() -> dict[str, Any]:
    """Forks for every line that comes in, and returns in what was forked, with the order."""
    signal.signal(signal.SIGCHLD, _forget)
    for line in sys.stdin:
        assert threading.active_count() == 1, "a thread would be missing in what is forked"
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return dict(json.loads(line))
        os.write(1, b"%d\n" % child)
    os._exit(0)


def _forget(_: int, __: FrameType | None) -> None:
    """Nobody may take what has ended for alive, which its number tells others who share its leases."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(order: dict[str, Any]) -> None:
    ctypes.CDLL(None).prctl(_SIGNAL_AT_PARENTS_DEATH, signal.SIGKILL)  # nothing stays when a test is killed
    os.environ.clear()
    os.environ.update(order["environment"])
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for new, standard in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(new, standard)
    os.closerange(3, max(nothing, log) + 1)
    real, skew = time.time, order["skew"]
    if skew:
        time.time = lambda: real() + skew
    failing_disk.await_signals()
    sys.argv = ["parley", order["command"]]


if __name__ == "__main__":
    import psycopg  # noqa: F401
    import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401

    import parley.chain.transport
    import parley.cli.app
    import parley.gateway.serve
    import parley.gateway.working  # noqa: F401
    from parley.cli import main

    gc.freeze()  # what is forked need not look at it, and so not copy it
    _become(_serve())
    main()
