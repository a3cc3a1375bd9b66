"""No key over the contracts beside the escrow either: nothing stored could name an owner, nothing is decided
at deployment but which escrow is meant, and callers are compared with those whom the call concerns only.
"""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "contracts" / "src"
CONCERNED = {
    "Tabs": {"tab.buyer", "tab.seller", "buyer"},
    "Evidence": set(),
    "PanelArbiter": {"votes[i].member"},
    "Lens": set(),
}
SHARED = {"signer"}
ITSELF = "address(this)"


def shipped(name: str) -> dict[str, Any]:
    path = resources.files("parley.chain") / "artifacts" / f"{name}.json"
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.parametrize("name", CONCERNED)
def test_storage_holds_nothing_but_books(name: str) -> None:
    for variable in shipped(name)["storageLayout"]:
        assert variable["type"].startswith("mapping("), f"{variable['label']} is no mapping: whose is it?"


@pytest.mark.parametrize("name", CONCERNED)
def test_nothing_is_decided_when_it_is_deployed_but_the_escrow(name: str) -> None:
    for item in shipped(name)["abi"]:
        assert item["type"] not in ("fallback", "receive"), item
        if item["type"] == "constructor":
            assert [(part["name"], part["type"]) for part in item["inputs"]] == [("escrow_", "address")]
        assert item.get("stateMutability") != "payable", "none of them takes ether"


@pytest.mark.parametrize("name", CONCERNED)
def test_callers_are_compared_with_those_concerned_only(name: str) -> None:
    found = shipped(name)
    sources = [source for source in found["sources"] if source.startswith("src/")]
    assert f"src/{name}.sol" in sources
    text = "\n".join((ROOT / "contracts" / source).read_text() for source in sources)
    compared = {
        left or right
        for left, right in re.findall(
            r"msg\.sender [!=]= ([\w.\[\]]+(?:\(this\))?)|([\w.\[\]]+) [!=]= msg\.sender", text
        )
    }
    assert compared <= CONCERNED[name] | SHARED | {ITSELF}, compared
    assert "delegatecall" not in text
    assert "selfdestruct" not in text


def test_every_contract_is_looked_at() -> None:
    elsewhere = {"Escrow", "EscrowActions", "AgentRegistry", "PaymentToken"}
    assert {path.stem for path in SOURCES.glob("*.sol")} == set(CONCERNED) | elsewhere
