"""What the command line answers to nonsense: a readable message with what to do, and never a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from parley import __version__

ADDRESS = "0x" + "11" * 20
CLOSED = "http://127.0.0.1:1"
"""Nothing listens there; the refusal comes from this machine."""

DEEP = "[" * 100_000


def test_the_version(parley: Any) -> None:
    found = parley("--version")
    assert (found.status, found.out) == (0, f"parley {__version__}\n")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("frobnicate",),
        ("--frobnicate",),
        ("verify",),
        ("verify", "a", "b"),
        ("demo", "--seed", "x"),
        ("demo", "--seed", "-1"),
        ("demo", "--keep"),
        ("agent",),
        ("agent", "run"),
        ("keys",),
        ("keys", "new"),
        ("reputation", ADDRESS),
        ("reputation", ADDRESS, "--rpc", CLOSED, "--escrow", ADDRESS, "--at", "-1"),
    ],
)
def test_wrong_usage_ends_with_status_2(parley: Any, arguments: tuple[str, ...]) -> None:
    found = parley(*arguments)
    assert found.status == 2
    assert "Usage:" in found.said or "requires an argument" in found.said
    assert "Traceback" not in found.said


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("verify", "{tmp}/missing.json"), "cli.file-unusable"),
        (("verify", "{tmp}"), "cli.file-unusable"),
        (("verify", "{tmp}/text", "--rpc", "nonsense"), "cli.url-invalid"),
        (("verify", "{tmp}/text", "--rpc", "foo://x"), "cli.url-invalid"),
        (("verify", "{tmp}/text", "--rpc", "http://"), "cli.url-invalid"),
        (("verify", "{tmp}/text", "--rpc", "http://x:99999"), "cli.url-invalid"),
        (("verify", "{tmp}/text", "--rpc", "http://[::"), "cli.url-invalid"),
        (("verify", "{tmp}/text", "--rpc", CLOSED), "chain.node-unreachable"),
        (("deploy", "--rpc", CLOSED), "chain.node-unreachable"),
        (("deploy", "--rpc", "localhost:8545"), "cli.url-invalid"),
        (("reputation", "abc", "--rpc", CLOSED, "--escrow", ADDRESS), "terms.value-malformed"),
        (("reputation", ADDRESS, "--rpc", CLOSED, "--escrow", "0x12"), "terms.value-malformed"),
        (
            ("reputation", ADDRESS, "--rpc", CLOSED, "--escrow", ADDRESS, "--token", "x"),
            "terms.value-malformed",
        ),
        (("reputation", ADDRESS, "--rpc", CLOSED, "--escrow", ADDRESS), "chain.node-unreachable"),
        (("agent", "run", "{tmp}/text"), "cli.agent-key-missing"),
        (("serve",), "gateway.settings-invalid"),
        (("keys", "new", "{tmp}/new"), "cli.passphrase-missing"),
        (("keys", "address", "{tmp}/text"), "cli.passphrase-missing"),
    ],
)
def test_bad_input_is_a_typed_error_with_the_next_action(
    parley: Any, tmp_path: Path, arguments: tuple[str, ...], code: str
) -> None:
    (tmp_path / "text").write_text("not JSON")
    found = parley(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert found.status == 1
    assert found.out == ""
    assert f"[{code}]" in found.err
    assert "\n  next: " in found.err
    assert "Traceback" not in found.err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("option", "field"),
    [(("--rpc", "nonsense"), "cli.url-invalid"), ((), "cli.file-unusable")],
)
def test_with_json_an_error_is_json_on_standard_output(
    parley: Any, tmp_path: Path, option: tuple[str, ...], field: str
) -> None:
    path = tmp_path / "there.json"
    if option:
        path.write_text("{}")
    found = parley("verify", path, *option, "--json")
    problem = json.loads(found.out)
    assert found.status == 1
    assert problem["code"] == field
    assert problem["next_action"]
    assert found.err == ""


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"not JSON", b"[1,2", b"{}", b"null", DEEP.encode(), b"\x00" * 4_096]
)
def test_a_file_that_is_no_bundle_is_not_verified(parley: Any, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    found = parley("verify", path)
    assert found.status == 1
    assert "NOT VERIFIED: documents" in found.out
    assert "Traceback" not in found.said
    as_json = parley("verify", path, "--json")
    assert as_json.status == 1
    assert json.loads(as_json.out)["ok"] is False


def test_a_file_that_never_ends_is_not_read_to_the_end(parley: Any) -> None:
    found = parley("verify", "/dev/zero")
    assert found.status == 1
    assert "[cli.file-too-large]" in found.err


@pytest.mark.parametrize("content", ["{", "{}", '{"schema": "parley/agent", "version": 1, "extra": 1}'])
def test_a_bad_agent_configuration_is_named(
    parley: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    config = tmp_path / "agent.json"
    config.write_text(content)
    monkeypatch.setenv("PARLEY_KEY", "0x" + "11" * 32)
    found = parley("agent", "run", config)
    assert found.status == 1
    assert "[terms." in found.err
    assert "11" * 32 not in found.said


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"PARLEY_ESCROW": "zzz"}, "PARLEY_ESCROW"),
        ({"PARLEY_ESCROW": ADDRESS}, "PARLEY_KEY"),
        ({"PARLEY_ESCROW": ADDRESS, "PARLEY_KEY": "zz"}, "PARLEY_KEY"),
        ({"PARLEY_ESCROW": ADDRESS, "PARLEY_KEY": "11" * 32, "PARLEY_PORT": "abc"}, "PARLEY_PORT"),
        (
            {"PARLEY_ESCROW": ADDRESS, "PARLEY_KEYSTORE": "/nowhere", "PARLEY_KEYSTORE_PASSPHRASE": "p"},
            "PARLEY_KEYSTORE",
        ),
        (
            {"PARLEY_ESCROW": ADDRESS, "PARLEY_KEY": "11" * 32, "PARLEY_POLICY": "/nowhere"},
            "PARLEY_POLICY",
        ),
    ],
)
def test_serve_names_the_setting_that_is_wrong(
    parley: Any, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], named: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found = parley("serve")
    assert found.status == 1
    assert f"setting: {named}\n" in found.err
    assert "11" * 32 not in found.said


def test_the_demonstration_without_a_terminal_says_so_at_once(parley: Any) -> None:
    found = parley("demo")
    assert found.status == 2
    assert "[demo.terminal-missing]" in found.err
    assert "--approve" in found.err


def test_the_demonstration_never_writes_into_a_folder_that_exists(parley: Any, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    found = parley("demo", "--approve", "--keep", tmp_path)
    assert found.status == 1
    assert "[demo.folder-unusable]" in found.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    as_json = parley("demo", "--json", "--keep", tmp_path)
    assert json.loads(as_json.out)["code"] == "demo.folder-unusable"


def test_the_demonstration_without_anvil_says_what_is_missing(
    parley: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from parley.chain import anvil
    from parley.chain.errors import AnvilMissing

    def missing() -> Path:
        raise AnvilMissing("Anvil is not installed.", looked_in=[])

    monkeypatch.setattr(anvil, "find_anvil", missing)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = parley("demo", "--approve")
    assert found.status == 1
    assert f"[{AnvilMissing.code}]" in found.err
    assert list(tmp_path.iterdir()) == []


HEAVY = {"web3", "fastapi", "uvicorn", "sqlalchemy", "ortools", "eth_account", "httpx"}


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("parley.cli.app", HEAVY),
        ("parley.evidence.verify", HEAVY),
        ("parley.agents.process", {"web3", "fastapi", "uvicorn", "ortools", "eth_account"}),
    ],
)
def test_what_starts_often_imports_little(module: str, forbidden: set[str]) -> None:
    script = f"import sys, {module}; print(*sorted(sys.modules))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert forbidden & set(found.stdout.split()) == set()
