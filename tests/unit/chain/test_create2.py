"""Addresses follow from the code alone; and code is recognised whatever its immutables are."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley.chain.artifacts import artifact
from parley.chain.create2 import FACTORY, SALT, has_code_of, is_escrow, plan, second_half
from parley.chain.deployments import Deployment, Deployments, load, record
from parley.chain.errors import DeploymentsInvalid, DeploymentUnknown
from parley.terms.errors import DocumentInvalid
from parley.terms.values import Address, keccak


class CodeAt:
    """A node that has code at some addresses."""

    def __init__(self, **code: bytes) -> None:
        self._code = code

    def code(self, address: str) -> bytes:
        return self._code.get(address, b"")


def filled(name: str, byte: int) -> bytes:
    """Runtime code as a constructor leaves it."""
    found = artifact(name)
    code = bytearray(found.deployed_bytecode)
    for start, length in found.immutables:
        code[start : start + length] = bytes([byte]) * length
    return bytes(code)


def test_addresses_are_those_of_eip_1014() -> None:
    # The fifth example of EIP-1014, by the same formula.
    deployer, salt = "00000000000000000000000000000000deadbeef", 0xCAFEBABE.to_bytes(32, "big")
    digest = keccak(b"\xff" + bytes.fromhex(deployer) + salt + keccak(bytes.fromhex("deadbeef")))
    assert digest[12:].hex() == "60f3f640a8508fc6a86d45df051962668e1e8ac7"
    for contract in plan():
        again = keccak(b"\xff" + bytes.fromhex(FACTORY[2:]) + SALT + keccak(contract.creation))
        assert contract.address == "0x" + again[12:].hex()
        assert contract.call[:32] == SALT
    assert len({contract.address for contract in plan()}) == len(plan())


def test_each_contract_comes_after_those_it_names() -> None:
    seen: set[str] = set()
    known = {contract.address[2:]: contract.name for contract in plan()}
    for contract in plan():
        bytecode = artifact(contract.name).bytecode
        named = {known[tail] for tail in known if tail in contract.creation[len(bytecode) :].hex()}
        assert named <= seen
        seen.add(contract.name)


def test_code_is_recognised_whatever_its_immutables_are() -> None:
    place = "0x" + "ab" * 20
    for byte in (0, 7, 255):
        assert has_code_of(CodeAt(**{place: filled("Escrow", byte)}), place, "Escrow")  # type: ignore[arg-type]
    changed = bytearray(filled("Escrow", 7))
    changed[0] ^= 1
    assert not has_code_of(CodeAt(**{place: bytes(changed)}), place, "Escrow")  # type: ignore[arg-type]
    assert not has_code_of(CodeAt(), place, "Escrow")  # type: ignore[arg-type]


def test_an_escrow_is_both_halves() -> None:
    place = "0x" + "ab" * 20
    both = {place: filled("Escrow", 1), second_half(place): filled("EscrowActions", 1)}
    assert is_escrow(CodeAt(**both), place)  # type: ignore[arg-type]
    both[second_half(place)] = filled("Tabs", 1)
    assert not is_escrow(CodeAt(**both), place)  # type: ignore[arg-type]


def deployment(chain_id: int) -> Deployment:
    names = ("escrow", "registry", "tabs", "evidence", "panel", "lens")
    places = {name: Address(f"0x{number:040x}") for number, name in enumerate(names, 1)}
    return Deployment(chain_id=chain_id, block=7, **places)


def test_the_file_keeps_one_deployment_a_chain(tmp_path: Path) -> None:
    path = tmp_path / "deployments.json"
    record(path, deployment(1))
    record(path, deployment(10))
    record(path, deployment(1).model_copy(update={"block": 9}))
    found = load(path)
    assert sorted(found.chains) == ["1", "10"]
    assert found.on(1).block == 9
    with pytest.raises(DeploymentUnknown) as unknown:
        found.on(5)
    assert unknown.value.values == {"chain_id": 5, "known": ["1", "10"]}
    assert [entry.name for entry in tmp_path.iterdir()] == ["deployments.json"]


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DeploymentsInvalid):
        load(tmp_path / "absent.json")
    (tmp_path / "bad.json").write_text('{"schema":"parley/deployments","version":1,"chains":{"x":{}}}')
    with pytest.raises(DeploymentsInvalid):
        load(tmp_path / "bad.json")
    with pytest.raises(DocumentInvalid):
        Deployments.parse(
            {"schema": "parley/deployments", "version": 1, "chains": {"2": deployment(1).as_json()}}
        )


def test_the_file_that_ships_is_one() -> None:
    assert load().schema_ == "parley/deployments"
