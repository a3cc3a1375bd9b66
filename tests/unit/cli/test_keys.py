"""Keystore files: private, never overwritten, never half written, opened by the right passphrase only."""

from __future__ import annotations

import errno
import functools
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

PASSPHRASE = "PARLEY_KEYSTORE_PASSPHRASE"


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same format with fewer rounds: these tests are about files."""
    from eth_keyfile import keyfile

    cheap = functools.partial(keyfile.create_keyfile_json, iterations=2)
    monkeypatch.setattr(keyfile, "create_keyfile_json", cheap)


def test_a_new_keystore_is_private_and_opens_again(
    parley: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "agent.json"
    monkeypatch.setenv(PASSPHRASE, "correct horse")
    made = parley("keys", "new", path)
    assert made.status == 0, made.err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = json.loads(path.read_text())
    assert content["version"] == 3
    assert content["crypto"]["kdf"] == "scrypt"
    assert parley("keys", "address", path).out == made.out
    monkeypatch.setenv(PASSPHRASE, "battery staple")
    other = parley("keys", "address", path)
    assert other.status == 1
    assert "[terms.key-unusable]" in other.err
    assert "battery" not in other.said


def test_a_keystore_is_never_overwritten(
    parley: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "agent.json"
    path.write_text("the old key")
    monkeypatch.setenv(PASSPHRASE, "p")
    found = parley("keys", "new", path)
    assert found.status == 1
    assert "[cli.keystore-exists]" in found.err
    assert path.read_text() == "the old key"
    dangling = tmp_path / "link"
    dangling.symlink_to(tmp_path / "elsewhere")
    assert "[cli.keystore-exists]" in parley("keys", "new", dangling).err
    assert not (tmp_path / "elsewhere").exists()


def test_a_full_disk_leaves_no_half_keystore(
    parley: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv(PASSPHRASE, "p")
    monkeypatch.setattr(os, "fsync", full)
    found = parley("keys", "new", tmp_path / "agent.json")
    assert found.status == 1
    assert "[cli.keystore-unwritable]" in found.err
    assert "No space left" in found.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(parley: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE, "p")
    found = parley("keys", "new", tmp_path / "nowhere" / "agent.json")
    assert found.status == 1
    assert "[cli.keystore-unwritable]" in found.err
