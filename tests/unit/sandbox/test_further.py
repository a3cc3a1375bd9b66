"""The commands that are printed are commands that can be run."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from parley.sandbox.demo.further import further, program
from parley.sandbox.demo.result import Result


def test_the_program_is_this_installation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for folder in (Path(sys.executable).parent, Path(sys.executable).parents[1], tmp_path):
        monkeypatch.chdir(folder)
        found = subprocess.run(f"{program()} --version", shell=True, capture_output=True, text=True)
        assert found.stdout.startswith("parley "), found.stderr


def test_without_the_script_the_interpreter_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare = tmp_path / "a b" / "python"
    bare.parent.mkdir()
    bare.symlink_to(sys.executable)
    monkeypatch.setattr(sys, "executable", str(bare))
    assert shlex.split(program()) == [str(bare), "-m", "parley.cli"]


def test_nothing_kept_says_how_to_keep(finished: Result) -> None:
    assert further(finished, "parley")[-1] == "  parley demo --seed 12 --keep FOLDER"


def test_paths_are_one_word_each(finished: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parley.sandbox.demo.further.find_anvil", lambda: tmp_path / "tools" / "anvil")
    kept = finished.kept = tmp_path / "it's kept"
    finished.tampered = kept / "bundles" / "1.tampered.json"
    words = [shlex.split(line, comments=True) for line in further(finished, "parley")[1:]]
    assert ["parley", "verify", str(finished.tampered)] in words
    assert ["less", str(kept / "result.json")] in words
    anvil = [str(tmp_path / "tools" / "anvil"), "--silent", "--load-state", str(kept / "chain.json"), "&"]
    assert anvil in words
    node = "http://127.0.0.1:8545"
    escrow, seller = finished.contracts["escrow"], finished.accounts["lambdalabs"]
    assert ["parley", "reputation", seller, "--rpc", node, "--escrow", escrow] in words
    monkeypatch.chdir(tmp_path)
    assert shlex.split(further(finished, "parley")[-1]) == ["less", "it's kept/result.json"]
