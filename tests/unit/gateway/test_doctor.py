"""The doctor names what is wrong and what to do, and changes nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from parley.chain.artifacts import artifact
from parley.chain.create2 import plan, second_half
from parley.chain.models import Block
from parley.gateway import doctor
from parley.gateway.doctor import Finding, examine
from parley.gateway.settings import GatewaySettings
from parley.store.service import EventStore

KEY = "0x" + "11" * 32
ESCROW = plan()[1].address


class Node:
    """A node that answers as it is told."""

    def __init__(self, code: dict[str, bytes], balance: int, timestamp: int) -> None:
        self._code, self._balance, self._timestamp = code, balance, timestamp

    def check(self) -> int:
        return 7

    def block_number(self) -> int:
        return 7

    def code(self, address: str) -> bytes:
        return self._code.get(address, b"")

    def balance(self, address: str) -> int:
        return self._balance

    def latest(self) -> Block:
        return Block(7, "0x" + "0" * 64, "0x" + "0" * 64, self._timestamp, 1)


@pytest.fixture
def look(tmp_path: Path, monkeypatch: Any) -> Any:
    """Findings by name, for these settings and this chain."""
    standing = {
        ESCROW: artifact("Escrow").deployed_bytecode,
        second_half(ESCROW): artifact("EscrowActions").deployed_bytecode,
    }

    def run(
        code: dict[str, bytes] | None = None, balance: int = 10**18, timestamp: int = 1_000, **changes: Any
    ) -> dict[str, Finding]:
        node = Node(standing if code is None else code, balance, timestamp)
        monkeypatch.setattr(doctor, "NodeClient", lambda *_, **__: node)
        options: dict[str, Any] = {
            "database": f"sqlite:///{tmp_path}/g.sqlite",
            "escrow": ESCROW,
            "key": KEY,
            "rpc_url": "http://127.0.0.1:1",
        }
        found = examine(GatewaySettings(**{**options, **changes}), lambda: 1_000)
        return {finding.check: finding for finding in found}

    return run


def test_all_is_well(look: Any, tmp_path: Path) -> None:
    EventStore.open(f"sqlite:///{tmp_path}/g.sqlite").close()
    found = look()
    assert [name for name, finding in found.items() if finding.grade == "fail"] == []
    assert found["escrow"].detail == f"this version's escrow at {ESCROW}"
    assert found["database"].detail.startswith("schema ")
    assert found["clock"].detail == "the newest block is 0 s old"


def test_nothing_is_made_by_looking(look: Any, tmp_path: Path) -> None:
    assert look()["database"].grade == "ok"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("check", "changes", "says"),
    [
        ("key", {"key": "0x12"}, "not 32 bytes"),
        ("key", {"key": None}, "has no key"),
        ("policy", {"policy": Path("/no/such/bundle.json")}, "cannot be read"),
        ("database", {"database": "sqlite:////no/such/folder/g.sqlite"}, "folder"),
        ("escrow", {"code": {}}, "no contract at"),
        ("escrow", {"code": {ESCROW: b"\x60"}}, "not this version's escrow"),
        ("gas", {"balance": 0}, "0.0000 of"),
    ],
)
def test_what_fails_says_what_to_do(look: Any, check: str, changes: dict[str, Any], says: str) -> None:
    finding = look(**changes)[check]
    assert finding.grade == "fail"
    assert says in finding.detail
    assert finding.advice


def test_a_clock_behind_the_chain_is_noticed(look: Any) -> None:
    assert look(timestamp=1_031)["clock"].grade == "warn"
    assert look(timestamp=1_030)["clock"].grade == "ok"


def test_schemas_of_other_versions(look: Any, tmp_path: Path) -> None:
    path = tmp_path / "g.sqlite"
    EventStore.open(f"sqlite:///{path}").close()
    for version, grade in (("0001", "warn"), ("9999", "fail")):
        with sqlite3.connect(path) as other:
            other.execute("UPDATE alembic_version SET version_num = ?", (version,))
        assert look()["database"].grade == grade
    path.write_bytes(b"this is no database" * 100)
    assert look()["database"].grade == "fail"


def test_without_a_node_nothing_of_the_chain_is_looked_at(look: Any) -> None:
    found = look(rpc_url=None)
    assert (found["node"].grade, "escrow" in found) == ("skip", False)
