"""Whatever ends the demonstration, nothing of it is left."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from demonstration import DEMO, alive, environment


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str, Path]]:
    """A demonstration in its own session, and in any case gone afterwards."""
    mark, temporary = uuid.uuid4().hex, tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen(
        [*DEMO, "--approve"],
        env={**environment(mark, temporary), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process, mark, temporary
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def read_until(process: subprocess.Popen[str], marker: str) -> None:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if marker in line:
            return
    pytest.fail("it ended too early:\n" + "".join(said))


@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("marker", "number"),
    [
        ("A chain, the contracts", signal.SIGINT),
        ("Five agents start", signal.SIGTERM),
        ("agreed: ", signal.SIGKILL),
    ],
)
def test_a_signal_at_any_moment_leaves_nothing(
    running: tuple[subprocess.Popen[str], str, Path], marker: str, number: signal.Signals
) -> None:
    process, mark, temporary = running
    read_until(process, marker)
    if marker == "A chain, the contracts":
        assert until(lambda: len(alive(mark)) > 1, 30), "the chain was to be started"
    else:
        assert len(alive(mark)) > 4
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    # After SIGKILL nobody is left to tell the others, and a process may be just starting at any other signal:
    # each notices by itself that the demonstration is gone.
    assert until(lambda: not alive(mark), 20), alive(mark)
    if number is signal.SIGKILL:
        return
    assert process.returncode == 128 + number
    assert f"interrupted by {number.name}" in said
    assert "Traceback" not in said
    assert list(temporary.iterdir()) == []


@pytest.mark.timeout(180)
def test_a_person_at_a_terminal_is_asked_and_may_break_off(tmp_path: Path) -> None:
    mark, temporary = uuid.uuid4().hex, tmp_path / "temporary"
    temporary.mkdir()
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, DEMO, {**environment(mark, temporary), "NO_COLOR": "1"})
    try:
        shown = screen_until(terminal, "[y/n]")
        for part in (
            "crusoe (US), 0x",
            " USD, to be locked in escrow",
            "approval-over-4000: ",
            "% of the budget",
        ):
            assert part in shown
        os.write(terminal, b"\x03")
        shown = screen_until(terminal, None)
        _, status = os.waitpid(child, 0)
    finally:
        for process in alive(mark):
            os.kill(process, signal.SIGKILL)
        os.close(terminal)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGINT
    assert "interrupted by SIGINT" in shown
    assert "Traceback" not in shown
    assert list(temporary.iterdir()) == []


def screen_until(terminal: int, marker: str | None) -> str:
    """What a terminal shows until `marker`, or until the program is gone."""
    shown = ""
    while marker is None or marker not in shown:
        try:
            more = os.read(terminal, 4_096)
        except OSError:
            more = b""
        if not more:
            assert marker is None, shown
            break
        shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", more.decode(errors="replace"))
    return shown


def test_a_disk_that_is_full_is_a_typed_error(tmp_path: Path) -> None:
    """No file may grow over 16 KiB: what the operating system says then is what a full disk says."""
    mark, temporary = uuid.uuid4().hex, tmp_path / "temporary"
    temporary.mkdir()
    limited = ["bash", "-c", 'ulimit -f 16; exec "$0" "$@"', *DEMO, "--json"]
    run = subprocess.run(
        limited,
        env=environment(mark, temporary),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert json.loads(run.stdout)["next_action"]
    assert alive(mark) == []
    assert list(temporary.iterdir()) == []


def until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
