"""Runs one program and ends it when standard input closes, that is when the process that started it is gone,
however.

Started as a script of its own (`python -I -S watchdog.py PROGRAM ARGUMENT...`), with nothing but the standard
library.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys

_GRACE = 3.0


def _die_with_parent() -> None:
    """On Linux the program also ends when this watchdog is killed."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, ImportError, AttributeError):
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _end(child: int, woken: int) -> None:
    for number, patience in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)
        select.select([woken], [], [], patience)
        found, _ = os.waitpid(child, os.WNOHANG)
        if found:
            return


def main(arguments: list[str]) -> int:
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _die_with_parent()
        if os.getppid() != parent:
            os._exit(1)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        try:
            os.execv(arguments[0], arguments)  # noqa: S606 - the program was chosen by our caller
        except OSError as error:
            os.write(2, f"{arguments[0]}: {error.strerror}\n".encode())
            os._exit(127)
    while True:
        ready, _, _ = select.select([0, woken], [], [])
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status) & 0xFF
        if woken in ready:
            numbers = os.read(woken, 64)
            if set(numbers) - {signal.SIGCHLD}:
                _end(child, woken)
                return 0
        if 0 in ready and not os.read(0, 1):
            _end(child, woken)
            return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
