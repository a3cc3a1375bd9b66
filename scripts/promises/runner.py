"""Runs named tests in a copy of the tree, unbroken and broken."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from collect import is_forge
from copies import environment_of
from page import Break

_TESTS_FAILED = (
    1  # pytest's exit status when tests ran and some failed; 2 and above mean that they did not run
)


@dataclass(frozen=True)
class Verdict:
    name: str
    proven: bool
    why: str
    seconds: float


@dataclass(frozen=True)
class _Run:
    status: int | None  # None: stopped after the time limit
    output: str


def baseline(copy: Path, tests: list[str], timeout: float) -> str | None:
    """None when every test passes in the unbroken copy, else the end of what the failing run said."""
    groups = [[test] for test in tests if is_forge(test)]
    python = [test for test in tests if not is_forge(test)]
    if python:
        groups.append(python)
    for group in groups:
        run = _run(copy, group, timeout)
        if not _passed(run, group):
            return f"{' '.join(group)}\n{_tail(run)}"
    return None


def try_break(copy: Path, one: Break, timeout: float) -> Verdict:
    """Applies the break, runs its test, and puts the file back. Proven means: the test ran, and failed."""
    began = monotonic()
    path = copy / one.file
    original = path.read_text(encoding="utf-8")
    path.write_text(original.replace(one.old, one.new), encoding="utf-8")
    try:
        run = _run(copy, [one.test], timeout)
    finally:
        path.write_text(original, encoding="utf-8")
    proven, why = _judge(run, one.test)
    return Verdict(one.name, proven, why, monotonic() - began)


def _judge(run: _Run, test: str) -> tuple[bool, str]:
    if run.status is None:
        return False, "the test did not end in time"
    if _passed(run, [test]):
        return False, "the test still passes"
    if is_forge(test):
        ran = "[FAIL" in run.output and "Compiler run failed" not in run.output
    else:
        ran = run.status == _TESTS_FAILED and "errors during collection" not in run.output
    return (True, "fails, as it must") if ran else (False, f"the test did not run: {_tail(run, 3)}")


def _passed(run: _Run, tests: list[str]) -> bool:
    if is_forge(tests[0]):
        return run.status == 0 and "[PASS]" in run.output
    return run.status == 0


def _run(copy: Path, tests: list[str], timeout: float) -> _Run:
    if is_forge(tests[0]):
        file, _, name = tests[0].partition("::")
        command = [
            "forge",
            "test",
            "--match-path",
            file.removeprefix("contracts/"),
            "--match-test",
            rf"^{name}\(",
        ]
        where = copy / "contracts"
    else:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-x",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            *tests,
        ]
        where = copy
    return _bounded(command, where, environment_of(copy), timeout)


def _bounded(command: list[str], where: Path, environment: dict[str, str], timeout: float) -> _Run:
    """Runs in a session of its own, so that a test that hangs is stopped with everything it started."""
    process = subprocess.Popen(
        command,
        cwd=where,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return _Run(None, output)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return _Run(process.returncode, output)


def _tail(run: _Run, lines: int = 25) -> str:
    return "\n".join(run.output.strip().splitlines()[-lines:])
