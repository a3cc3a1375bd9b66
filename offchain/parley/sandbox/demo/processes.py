"""Child processes that never outlive the demonstration, whatever happens to it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from parley.chain import watchdog
from parley.sandbox.demo.errors import ProcessEnded

_PATIENCE = 8.0


class Processes:
    """Starts programs under the watchdog: they end with this process, also when it is killed.

    Standard output and error of each go to `logs/NAME.log`.
    """

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, arguments: Sequence[str], secrets: Mapping[str, str]) -> None:
        """Runs `python ARGUMENTS` with `secrets` in its environment, where other users do not see them."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
        environment.update(secrets)
        command = [sys.executable, "-I", "-S", str(watchdog.__file__), sys.executable, *arguments]
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(  # noqa: S603 - this interpreter and our own modules
                command,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )

    def log(self, name: str) -> Path:
        return self._logs / f"{name}.log"

    def exit_status(self, name: str) -> int | None:
        """None while it runs."""
        return self._running[name].poll()

    def check(self, name: str) -> None:
        """Raises ProcessEnded when it does not run any more."""
        status = self.exit_status(name)
        if status is not None:
            raise ProcessEnded(f"The process {name} ended by itself.", status=status, output=self.tail(name))

    def tail(self, name: str, lines: int = 12) -> str:
        """The last lines that a process printed."""
        with contextlib.suppress(OSError):
            return "\n".join(self.log(name).read_text(errors="replace").splitlines()[-lines:])
        return ""

    def release(self, name: str) -> None:
        """Asks one to end, without waiting for it."""
        pipe = self._running[name].stdin
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()

    def stop(self) -> None:
        """Ends all of them: asked first, killed after a few seconds."""
        for name in self._running:
            self.release(name)
        running, self._running = self._running, {}
        for process in running.values():
            try:
                process.wait(timeout=_PATIENCE)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
