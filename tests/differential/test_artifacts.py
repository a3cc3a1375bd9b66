"""The shipped artifacts are what the pinned compiler, without forge, makes of the sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import solcx
from eth_utils import keccak

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
ARTIFACTS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((ROOT / "offchain/parley/chain/artifacts").glob("*.json"))
}


VERIFICATION = json.loads((ROOT / "offchain/parley/chain/verification.json").read_text())


@pytest.fixture(scope="module")
def compiled() -> dict[str, dict[str, dict[str, Any]]]:
    """Every contract by source and name, from what block explorers are given."""
    version = next(iter(ARTIFACTS.values()))["compiler"]["version"].partition("+")[0]
    output = solcx.compile_standard(VERIFICATION, solc_binary=ROOT / ".tools" / "bin" / f"solc-v{version}")
    contracts: dict[str, dict[str, dict[str, Any]]] = output["contracts"]
    return contracts


@pytest.mark.parametrize("name", ARTIFACTS)
def test_what_explorers_are_given_is_what_it_was_made_from(name: str) -> None:
    artifact = ARTIFACTS[name]
    for source, expected in artifact["sources"].items():
        content = VERIFICATION["sources"][source]["content"]
        assert "0x" + keccak(content.encode()).hex() == expected, source
    made_with = {key: value for key, value in artifact["compiler"].items() if key != "version"}
    settings = VERIFICATION["settings"]
    assert {key: settings[key] for key in made_with} == made_with
    assert name in settings["outputSelection"][artifact["sourceName"]]
    needed = {source for other in ARTIFACTS.values() for source in other["sources"]}
    assert VERIFICATION["sources"].keys() == needed


def test_every_contract_has_its_artifact_and_no_other() -> None:
    shipped = {artifact["sourceName"] for artifact in ARTIFACTS.values()}
    assert all((CONTRACTS / source).is_file() for source in shipped)
    top = {str(path.relative_to(CONTRACTS)) for path in (CONTRACTS / "src").glob("*.sol")}
    assert top <= shipped


@pytest.mark.parametrize("name", ARTIFACTS)
def test_sources_are_those_it_was_made_from(name: str) -> None:
    for source, expected in ARTIFACTS[name]["sources"].items():
        assert "0x" + keccak((CONTRACTS / source).read_bytes()).hex() == expected, source


@pytest.mark.deep  # half a minute: .ci/run compares what scripts/setup has compiled with what is committed
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", ARTIFACTS)
def test_compiling_again_gives_the_same(name: str, compiled: dict[str, dict[str, dict[str, Any]]]) -> None:
    shipped = ARTIFACTS[name]
    fresh = compiled[shipped["sourceName"]][name]
    abi = fresh["abi"]
    if name == "Escrow":  # hands on what its other half does; the file has the ABI of both
        abi = abi + compiled["src/interfaces/IEscrow.sol"]["IEscrow"]["abi"]
    assert {json.dumps(entry, sort_keys=True) for entry in abi} == {
        json.dumps(entry, sort_keys=True) for entry in shipped["abi"]
    }
    assert "0x" + fresh["evm"]["bytecode"]["object"] == shipped["bytecode"]
    assert "0x" + fresh["evm"]["deployedBytecode"]["object"] == shipped["deployedBytecode"]
