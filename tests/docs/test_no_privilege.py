"""No key over the escrow: nothing stored could name an owner, and no code can be exchanged."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from parley.chain.artifacts import artifact

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
SOLC = ROOT / ".tools" / "bin" / "solc-v0.8.37"
OPEN_TO_ALL = {
    "open",
    "openLinked",
    "openBatch",
    "openAndSettle",
    "openAndSettleBatch",
    "settleBatch",
    "patchBatch",
    "amend",
    "cancel",
    "advanceEpoch",
    "deliver",
    "settle",
    "settleBySilence",
    "reject",
    "closeRejected",
    "dispute",
    "rule",
    "lapse",
    "refund",
    "split",
    "revokeSplit",
    "deposit",
    "depositWithAuthorization",
    "depositWithPermit",
    "withdraw",
    "revokeMandate",
    "useMandate",  # by the escrow itself, inside a call that needs it
}


HALVES = ("Escrow", "EscrowActions")
OUTPUT = ["storageLayout", "ir", "evm.methodIdentifiers"]


@cache
def compiled(name: str) -> dict[str, Any]:
    """Storage layout and intermediate code of a half of the escrow, as the compiler makes them."""
    folder = "src/interfaces" if name.startswith("I") else "src"
    found: dict[str, Any] = compilation()[f"{folder}/{name}.sol"][name]
    return found


@cache
def compilation() -> dict[str, Any]:
    request = {
        "language": "Solidity",
        "sources": {"src/Escrow.sol": {"urls": [str(CONTRACTS / "src" / "Escrow.sol")]}},
        "settings": {
            "remappings": ["solady/=node_modules/solady/src/"],
            "viaIR": True,
            "evmVersion": "prague",
            "outputSelection": {"*": dict.fromkeys((*HALVES, "IEscrow"), OUTPUT)},
        },
    }
    done = subprocess.run(
        [SOLC, "--standard-json", "--base-path", str(CONTRACTS), "--allow-paths", str(CONTRACTS)],
        input=json.dumps(request),
        cwd=CONTRACTS,
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(done.stdout)
    serious = [error for error in answer.get("errors", []) if error["severity"] == "error"]
    assert not serious, serious[0]["formattedMessage"]
    found: dict[str, Any] = answer["contracts"]
    return found


def layout(name: str) -> list[tuple[str, str, int, str]]:
    storage = compiled(name)["storageLayout"]["storage"]
    return [(item["label"], item["slot"], item["offset"], item["type"]) for item in storage]


def test_both_halves_see_the_same_storage() -> None:
    assert layout("Escrow") == layout("EscrowActions")


def test_every_function_is_in_one_half_or_the_other() -> None:
    def selectors(name: str) -> set[str]:
        return set(compiled(name)["evm"]["methodIdentifiers"].values())

    assert selectors("Escrow") | selectors("EscrowActions") == selectors("IEscrow")
    assert not selectors("Escrow") & selectors("EscrowActions"), "the other half would never see them"


def test_storage_holds_nothing_but_books_about_parties() -> None:
    variables = compiled("Escrow")["storageLayout"]["storage"]
    assert variables
    for variable in variables:
        if variable["label"] == "_era":  # the newest epoch that anyone began: a number of everybody's
            assert variable["type"] == "t_uint64"
            continue
        assert variable["type"].startswith("t_mapping"), f"{variable['label']} is no mapping: whose is it?"


@pytest.mark.parametrize("name", HALVES)
def test_nothing_is_decided_when_it_is_deployed(name: str) -> None:
    for item in artifact(name).abi:
        assert item["type"] != "receive"
        assert item["type"] != "constructor" or item["inputs"] == [], item
        assert item["type"] != "fallback" or (name == "Escrow" and item["stateMutability"] == "nonpayable")


def test_every_function_that_changes_state_is_one_of_the_deal_or_of_ones_own_account() -> None:
    functions = [item for item in artifact("Escrow").abi if item["type"] == "function"]
    changing = {item["name"] for item in functions if item["stateMutability"] not in ("view", "pure")}
    assert changing == OPEN_TO_ALL


def test_callers_are_compared_with_parties_only() -> None:
    names = ("src/Escrow.sol", "src/EscrowActions.sol", "src/escrow/*.sol")
    sources = [path for name in names for path in CONTRACTS.glob(name)]
    compared = {
        found
        for source in sources
        for found in re.findall(
            r"msg\.sender [!=]= ([\w.]+)|([\w.]+)(?:\(deal\))? [!=]= msg\.sender", source.read_text()
        )
    }
    assert {left or right for left, right in compared} <= {
        "Clean.buyer",
        "Clean.seller",
        "Clean.arbiter",
        "Clean.relayer",
        "signer",
        "party",
    }


def test_no_code_is_borrowed_but_the_other_half_and_none_is_removed() -> None:
    own, other = (compiled(name)["ir"] for name in HALVES)
    assert "staticcall(" in own, "the intermediate code is not what it was taken for"
    assert len(re.findall(r"\bdelegatecall\(", own)) == 3
    assert "delegatecall(" not in other
    for forbidden in ("callcode(", "selfdestruct("):
        assert forbidden not in own + other
    batches = (CONTRACTS / "src" / "escrow" / "Batches.sol").read_text()
    assert re.findall(r"delegatecall\(ITEM_GAS, ([\w()]+),", batches) == ["address()"], (
        "an item is its own function"
    )
    source = (CONTRACTS / "src" / "Escrow.sol").read_text()
    assert "EscrowActions private immutable _actions;" in source
    assert re.findall(r"\b_actions = (.*);", source) == ["new EscrowActions()"]
    assert re.findall(r"delegatecall\(gas\(\), (\w+),", source) == ["half", "rules"]
    assert re.findall(r"\b(?:half|rules)\b [:=]*= *(.*);", source) == ["address(_actions)"] * 2
