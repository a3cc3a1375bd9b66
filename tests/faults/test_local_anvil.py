"""The throwaway chain never outlives whoever started it, and says plainly what is wrong."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from market import until

from parley.chain.anvil import LocalAnvil, find_anvil
from parley.chain.errors import AnvilFailed, AnvilMissing, NodeUnreachable

STARTER = """
import sys
from parley.chain.anvil import LocalAnvil
anvil = LocalAnvil().start()
print(anvil._process.pid, anvil.rpc_url, flush=True)
sys.stdin.read()
"""


def members(session: int) -> list[int]:
    """Processes of a session that are alive."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def started() -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-c", STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    session = int(process.stdout.readline().split()[0])
    assert len(members(session)) == 2
    return process, session


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_dies_with_its_starter(number: int) -> None:
    process, session = started()
    with process:
        os.kill(process.pid, number)
    until(lambda: members(session) == [], 10)


def test_it_dies_with_its_watchdog() -> None:
    process, session = started()
    with process:
        os.kill(session, signal.SIGKILL)
        until(lambda: members(session) == [], 10)
        process.kill()


def test_stopping_leaves_nothing_and_may_be_repeated() -> None:
    anvil = LocalAnvil().start()
    assert anvil._process is not None
    session = anvil._process.pid
    node = anvil.node(attempts=1)
    assert node.block_number() == 0
    anvil.stop()
    anvil.stop()
    assert members(session) == []
    assert not anvil.running
    with pytest.raises(NodeUnreachable):
        node.block_number()


def test_it_outlives_the_thread_that_started_it() -> None:
    anvil = LocalAnvil()
    thread = threading.Thread(target=anvil.start)
    thread.start()
    thread.join()
    try:
        assert anvil.node().block_number() == 0
    finally:
        anvil.stop()


def test_two_take_different_ports() -> None:
    with LocalAnvil() as one, LocalAnvil() as two:
        assert one.rpc_url != two.rpc_url


def test_a_port_that_is_taken_is_said() -> None:
    with LocalAnvil() as one:
        port = int(one.rpc_url.rsplit(":", 1)[1])
        with pytest.raises(AnvilFailed) as caught:
            LocalAnvil(port=port).start()
        assert "in use" in caught.value.values["output"]
        assert one.node().block_number() == 0


def test_a_missing_program_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PARLEY_ANVIL", str(tmp_path / "anvil"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(AnvilMissing) as caught:
        find_anvil()
    assert "scripts/setup" in caught.value.next_action
