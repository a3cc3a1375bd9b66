"""Merkle proofs of the published vectors hold in Solidity, with OpenZeppelin's MerkleProof on Anvil."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from on_anvil import rpc

from parley.chain.anvil import LocalAnvil
from parley.terms.values import keccak

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CHECKER = "0x" + "c4" * 20
KINDS = ["bytes32[]", "bytes32", "uint32", "bytes32"]
SELECTOR = keccak(f"check({','.join(KINDS)})".encode())[:4]


def _compiled() -> str:
    """Runtime code of ProofChecker, 0x hex."""
    (compiler,) = (ROOT / ".tools" / "bin").glob("solc-v*")
    request = {
        "language": "Solidity",
        "sources": {"ProofChecker.sol": {"content": (HERE / "ProofChecker.sol").read_text()}},
        "settings": {
            "remappings": ["@openzeppelin/=node_modules/@openzeppelin/"],
            "outputSelection": {"*": {"ProofChecker": ["evm.deployedBytecode.object"]}},
        },
    }
    path = os.pathsep.join((str(compiler.parent), str(ROOT / ".venv" / "bin"), os.environ.get("PATH", "")))
    done = subprocess.run(
        [str(compiler), "--standard-json", "--base-path", str(ROOT / "contracts")],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": path},
    )
    answer = json.loads(done.stdout)
    errors = [error for error in answer.get("errors", ()) if error["severity"] == "error"]
    assert not errors, errors
    return "0x" + str(
        answer["contracts"]["ProofChecker.sol"]["ProofChecker"]["evm"]["deployedBytecode"]["object"]
    )


@pytest.fixture(scope="module")
def node() -> Iterator[str]:
    with LocalAnvil() as anvil:
        rpc(anvil.rpc_url, [("anvil_setCode", [CHECKER, _compiled()])])
        yield anvil.rpc_url


def _check(node: str, proofs: list[tuple[list[str], str, int, str]]) -> list[bool]:
    calls: list[tuple[str, list[Any]]] = []
    for siblings, root, sequence, message in proofs:
        values = [[_raw(item) for item in siblings], _raw(root), sequence, _raw(message)]
        data = "0x" + (SELECTOR + encode(KINDS, values)).hex()
        calls.append(("eth_call", [{"to": CHECKER, "data": data}, "latest"]))
    return [int(answer["result"], 16) == 1 for answer in rpc(node, calls)]


def _raw(value: str) -> bytes:
    return bytes.fromhex(value[2:])


def test_proofs_hold_in_solidity(node: str) -> None:
    cases = json.loads((ROOT / "tests" / "vectors" / "merkle.json").read_text())["cases"]
    right, wrong = [], []
    for case in cases:
        root, hashes = case["expected"]["root"], case["input"]["hashes"]
        for at, siblings in enumerate(case["expected"]["proofs"]):
            right.append((siblings, root, at, hashes[at]))
            wrong.append((siblings, root, at + 1_000, hashes[at]))
            wrong.append((siblings, root, at, "0x" + keccak(_raw(hashes[at])).hex()))
    assert len(right) > 50
    assert all(_check(node, right))
    assert not any(_check(node, wrong))
