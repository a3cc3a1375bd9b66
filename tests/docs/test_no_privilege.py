"""No key over the escrow: nothing stored could name an owner, and no code can be exchanged."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

from parley.chain.artifacts import artifact

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
SOLC = ROOT / ".tools" / "bin" / "solc-v0.8.37"
OPEN_TO_ALL = {
    "open",
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
    "withdraw",
}


@cache
def compiled() -> dict[str, Any]:
    """The escrow's storage layout and intermediate code, as the compiler makes them of this tree."""
    request = {
        "language": "Solidity",
        "sources": {"src/Escrow.sol": {"urls": [str(CONTRACTS / "src" / "Escrow.sol")]}},
        "settings": {
            "remappings": ["solady/=node_modules/solady/src/"],
            "viaIR": True,
            "evmVersion": "prague",
            "outputSelection": {"*": {"Escrow": ["storageLayout", "ir"]}},
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
    found: dict[str, Any] = answer["contracts"]["src/Escrow.sol"]["Escrow"]
    return found


def test_storage_holds_nothing_but_books_about_parties() -> None:
    variables = compiled()["storageLayout"]["storage"]
    assert variables
    for variable in variables:
        assert variable["type"].startswith("t_mapping"), f"{variable['label']} is no mapping: whose is it?"


def test_nothing_is_decided_when_it_is_deployed() -> None:
    for item in artifact("Escrow").abi:
        assert item["type"] not in ("constructor", "fallback", "receive"), item


def test_every_function_that_changes_state_is_one_of_the_deal_or_of_ones_own_account() -> None:
    functions = [item for item in artifact("Escrow").abi if item["type"] == "function"]
    changing = {item["name"] for item in functions if item["stateMutability"] not in ("view", "pure")}
    assert changing == OPEN_TO_ALL


def test_callers_are_compared_with_parties_only() -> None:
    sources = [*CONTRACTS.glob("src/Escrow.sol"), *CONTRACTS.glob("src/escrow/*.sol")]
    compared = {
        found
        for source in sources
        for found in re.findall(r"msg\.sender [!=]= ([\w.]+)|([\w.]+) [!=]= msg\.sender", source.read_text())
    }
    assert {left or right for left, right in compared} <= {
        "deal.buyer",
        "deal.seller",
        "deal.relayer",
        "signer",
    }


def test_code_is_neither_borrowed_nor_removed() -> None:
    assert "staticcall(" in compiled()["ir"], "the intermediate code is not what it was taken for"
    for forbidden in ("delegatecall(", "callcode(", "selfdestruct("):
        assert forbidden not in compiled()["ir"]
