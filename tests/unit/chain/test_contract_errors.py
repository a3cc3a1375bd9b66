"""Every custom error of every shipped ABI is a named exception with its arguments and a way out."""

from __future__ import annotations

from importlib import resources
from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from parley.chain.abi import _type
from parley.chain.artifacts import artifact
from parley.chain.contract_error import (
    KNOWN,
    ContractError,
    RevertPanic,
    RevertReason,
    RevertSilent,
    RevertUnknown,
)
from parley.chain.escrow_errors import BalanceShort, OpenByPassed, WrongStatus
from parley.chain.reverts import decode_revert
from parley.terms.values import keccak

NAMES = sorted(
    path.name.removesuffix(".json")
    for path in (resources.files("parley.chain") / "artifacts").iterdir()
    if path.name.endswith(".json")
)


def errors_of(name: str) -> list[dict[str, Any]]:
    return [entry for entry in artifact(name).abi if entry["type"] == "error"]


def test_the_contracts_are_among_the_artifacts() -> None:
    assert {"Escrow", "IEscrow", "AgentRegistry", "PaymentToken"} <= set(NAMES)
    assert len(errors_of("Escrow")) > 40


@pytest.mark.parametrize("name", NAMES)
def test_every_error_of_the_abi_is_known_with_its_arguments(name: str) -> None:
    missing = []
    for entry in errors_of(name):
        types = [_type(item) for item in entry["inputs"]]
        selector = keccak(f"{entry['name']}({','.join(types)})".encode())[:4]
        known = KNOWN.get(selector)
        if known is None:
            missing.append(entry["name"])
            continue
        assert known.__name__ == entry["name"]
        assert list(known.names) == [item["name"] for item in entry["inputs"]]
        assert list(known.types) == types
    assert missing == [], "declare them in escrow_errors or other_errors"


def test_every_known_error_exists_in_some_abi_or_language() -> None:
    declared = {entry["name"] for name in NAMES for entry in errors_of(name)}
    known = {kind.__name__ for kind in KNOWN.values()}
    assert known - declared == {"RevertReason", "RevertPanic"}


@pytest.mark.parametrize("kind", KNOWN.values(), ids=lambda kind: kind.__name__)
def test_every_error_says_what_it_is_and_what_to_do(kind: type[ContractError]) -> None:
    assert kind.next_action.strip().endswith(".")
    assert kind.next_action != ContractError.next_action
    assert (kind.__doc__ or "").strip().endswith(".")
    assert kind.code.startswith("contract.")
    assert isinstance(kind.retryable, bool)


def value_of(kind: str) -> st.SearchStrategy[Any]:
    if kind.startswith("uint"):
        return st.integers(min_value=0, max_value=2 ** int(kind[4:]) - 1)
    return {
        "address": st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex()),
        "bytes4": st.binary(min_size=4, max_size=4),
        "bytes32": st.binary(min_size=32, max_size=32),
        "string": st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    }[kind]


@given(st.data())
def test_arguments_survive_encoding(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(KNOWN.values(), key=lambda found: found.__name__)))
    arguments = [data.draw(value_of(abi_type)) for abi_type in kind.types]
    error = decode_revert(kind.selector + encode(list(kind.types), arguments))
    assert type(error) is kind
    assert list(error.arguments.values()) == arguments
    assert set(error.values) == set(kind.names)
    assert all(isinstance(value, (int, str)) for value in error.values.values())


def test_values_are_fit_for_json() -> None:
    data = BalanceShort.selector + encode(
        ["address", "address", "uint256", "uint256"], ["0x" + "aa" * 20] * 2 + [5, 2**200]
    )
    error = decode_revert(data)
    assert error.as_problem()["values"]["wanted"] == str(2**200)
    assert error.as_problem()["values"]["available"] == 5
    assert error.retryable
    assert error.code == "contract.balance-short"


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", RevertSilent),
        (b"\x12", RevertUnknown),
        (bytes.fromhex("deadbeef") + b"\0" * 32, RevertUnknown),
        (OpenByPassed.selector + b"\1" * 31, RevertUnknown),
        (RevertReason.selector + encode(["string"], ["no"]), RevertReason),
        (RevertReason.selector + b"\xff" * 64, RevertUnknown),
        (RevertPanic.selector + encode(["uint256"], [0x11]), RevertPanic),
        (WrongStatus.selector + encode(["bytes32", "uint8"], [b"\1" * 32, 5]), WrongStatus),
    ],
)
def test_any_revert_data_is_decoded_to_something(data: bytes, kind: type[ContractError]) -> None:
    assert type(decode_revert(data)) is kind


@given(st.binary(max_size=300))
def test_no_revert_data_breaks_the_decoder(data: bytes) -> None:
    assert isinstance(decode_revert(data), ContractError)
