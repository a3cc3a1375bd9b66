"""A disk that fails under a running process: from a moment on, and until it ends, the kernel refuses its
writes or its syncs with a real errno.

Done with a seccomp filter, which a process may lay on itself and nobody can lift again. Files alone are hit:
sockets are written with `send`, and standard output and error stay usable. Linux on x86-64 and on ARM64.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import signal
import struct
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

SYSCALLS = {
    "x86_64": {"write": 1, "pwrite64": 18, "fsync": 74, "fdatasync": 75, "seccomp": 317},
    "aarch64": {"write": 64, "pwrite64": 68, "fsync": 82, "fdatasync": 83, "seccomp": 277},
}
WRITES, SYNCS = ("write", "pwrite64"), ("fsync", "fdatasync")
STANDARD = 2
"""The highest descriptor of standard input, output and error."""


@dataclass(frozen=True)
class Failure:
    """What fails, and how."""

    calls: tuple[str, ...]
    errno: int


FAILURES = {
    "bad sectors": Failure(WRITES + SYNCS, errno.EIO),
    "failing flushes": Failure(SYNCS, errno.EIO),  # what was written may be found again, or not
    "no space left": Failure(WRITES, errno.ENOSPC),
}
SIGNALS = {name: signal.SIGRTMIN + 1 + number for number, name in enumerate(FAILURES)}
"""The signal that makes a process which has `await_signals` behind it lay the filter on itself."""

# <linux/filter.h>, <linux/seccomp.h>, <linux/prctl.h>
_LOAD, _EQUAL, _GREATER, _RETURN = 0x20, 0x15, 0x25, 0x06
_NUMBER_AT, _FIRST_ARGUMENT_AT = 0, 16
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NO_NEW_PRIVILEGES, _SET_FILTER, _ALL_THREADS = 38, 1, 1


def await_signals() -> None:
    """From now on the process can be told by a signal that its disk fails."""
    for name, number in SIGNALS.items():
        failure = FAILURES[name]

        def told(_: int, __: FrameType | None, failure: Failure = failure) -> None:
            fail(failure)

        signal.signal(number, told)


def fails(process: int) -> bool:
    """Whether the filter is laid on a process. Raises OSError for one that has ended."""
    return "Seccomp:\t2" in Path(f"/proc/{process}/status").read_text()


def fail(failure: Failure) -> None:
    """The kernel refuses these calls of every thread of this process from now on. Raises OSError."""
    program = _program(failure)
    filters = ctypes.create_string_buffer(program, len(program))
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(filters))
    kernel = ctypes.CDLL(None, use_errno=True)
    if kernel.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if kernel.syscall(_calls()["seccomp"], _SET_FILTER, _ALL_THREADS, described) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")


def _calls() -> dict[str, int]:
    return SYSCALLS[platform.machine()]


def _program(failure: Failure) -> bytes:
    """The filter in the kernel's bytecode: which call is it, and for `write`, to which descriptor?"""
    refuse, numbers = _ERRNO | failure.errno, _calls()
    lines = [(_LOAD, 0, 0, _NUMBER_AT)]
    for call in failure.calls:
        if call == "write":
            lines += [
                (_EQUAL, 0, 4, numbers[call]),
                (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
                (_GREATER, 0, 1, STANDARD),
                (_RETURN, 0, 0, refuse),
                (_RETURN, 0, 0, _ALLOW),
            ]
        else:
            lines += [(_EQUAL, 0, 1, numbers[call]), (_RETURN, 0, 0, refuse)]
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *line) for line in lines)
