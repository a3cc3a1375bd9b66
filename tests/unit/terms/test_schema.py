"""The type strings live once: specification, interface, contracts, ABI and Python say the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from parley.terms import schema
from parley.terms.actions import ACTIONS
from parley.terms.deal import Deal
from parley.terms.eip712 import StructType, attribute_name
from parley.terms.errors import EncodingInvalid
from parley.terms.message import Approval, Challenge, MessageCore, MessageReceipt
from parley.terms.statement import Statement

ROOT = Path(__file__).parents[3]
CONTRACTS = ROOT / "contracts" / "src"
LITERALS = {
    value
    for name, value in vars(schema).items()
    if name.isupper() and isinstance(value, str) and value.endswith(")")
}
THIRD_PARTY = {
    schema.RECEIVE_WITH_AUTHORIZATION,
    schema.PERMIT,
    schema.PERMIT_WITNESS_TRANSFER_FROM,
    schema.AGENT_WALLET_SET,
}
DOMAINS = {
    schema.DOMAIN_WITH_CONTRACT,
    schema.DOMAIN_WITHOUT_CONTRACT,
    schema.DOMAIN_WITHOUT_VERSION,
}
OFF_CHAIN = {schema.MESSAGE, schema.MESSAGE_RECEIPT, schema.APPROVAL, schema.CHALLENGE, schema.STATEMENT}
OTHERS = ("PaymentToken",)  # stands in for a token that others wrote


def test_the_specification_lists_exactly_these() -> None:
    text = (ROOT / "docs" / "spec.md").read_text()
    section = text[text.index("## 3. ") : text.index("## 4. ")]
    listed = set(re.findall(r"^[A-Z]\w*\([^`\n]*\)$", section, re.MULTILINE))
    inline = set(re.findall(r"`([A-Z]\w*\([^`\n]*\))`", section))
    assert listed == LITERALS - THIRD_PARTY - DOMAINS
    assert inline == THIRD_PARTY
    section = text[text.index("## 2. ") : text.index("## 3. ")]
    assert set(re.findall(r"`(EIP712Domain\([^`]*\))`", section)) == DOMAINS
    names = (schema.ESCROW_NAME, schema.MESSAGE_NAME, schema.GATEWAY_NAME, schema.REGISTRY_NAME)
    names += (schema.TABS_NAME, schema.PANEL_NAME, schema.EVIDENCE_NAME)
    for name in names:
        assert f'name: "{name}", version: "{schema.DOMAIN_VERSION}"' in section


@pytest.mark.parametrize("name", ["Milestone", "Deal", "Split"])
def test_the_structs_of_the_interface(name: str) -> None:
    source = (CONTRACTS / "interfaces" / "IEscrow.sol").read_text()
    body = re.search(rf"struct {name} {{(.*?)}}", source, re.DOTALL)
    assert body is not None
    found = tuple(
        (field, kind) for kind, field in re.findall(r"^\s*([\w\[\]]+) (\w+);", body.group(1), re.MULTILINE)
    )
    assert found == StructType(getattr(schema, name.upper())).fields


def test_the_type_hashes_of_the_contracts() -> None:
    sources = "\n".join(path.read_text() for path in CONTRACTS.rglob("*.sol") if path.stem not in OTHERS)
    hashed = set(re.findall(r'keccak256\(\s*"([A-Z]\w*\(\w+ [^"]*\))"\s*\)', sources))
    written_here = LITERALS - OFF_CHAIN - DOMAINS - THIRD_PARTY
    assert written_here <= hashed
    assert hashed <= LITERALS, hashed - LITERALS


@pytest.mark.parametrize("place", ["offchain/parley/chain/artifacts", "contracts/out/IEscrow.sol"])
def test_the_abi(place: str) -> None:
    # The name that forge gives to what it compiled in several ways.
    path = ROOT / place / "IEscrow.default.json"
    if not path.exists():
        path = ROOT / place / "IEscrow.json"
    if place.startswith("contracts/out") and not path.exists():
        path = ROOT / "offchain/parley/chain/artifacts/IEscrow.json"  # nothing was compiled here
    abi = json.loads(path.read_text())["abi"]
    functions = {item["name"]: item for item in abi if item["type"] == "function"}

    def fields(function: str, argument: str) -> tuple[tuple[str, str], ...]:
        (part,) = (item for item in functions[function]["inputs"] if item["name"] == argument)
        return tuple(
            (inner["name"], inner["type"].replace("tuple", "Milestone")) for inner in part["components"]
        )

    assert fields("open", "deal") == Deal.struct.fields
    assert fields("split", "terms") == StructType(schema.SPLIT).fields
    calls = {
        "deliver": schema.DELIVERY,
        "settle": schema.RECEIPT,
        "reject": schema.REJECTION,
        "dispute": schema.DISPUTE,
        "rule": schema.RULING,
        "refund": schema.REFUND,
        "cancel": schema.CANCELLATION,
        "advanceEpoch": schema.EPOCH,
    }
    for function, literal in calls.items():
        signed = {item for item in StructType(literal).fields if item[0] != "dealId"}
        given = {(item["name"], item["type"]) for item in functions[function]["inputs"]}
        assert signed <= given, function


def test_models_have_the_fields_of_their_type() -> None:
    for model in (Deal, MessageCore, MessageReceipt, Approval, Challenge, Statement, *ACTIONS.values()):
        fields = [name for name in model.model_fields if name not in ("version", "schema_")]
        assert fields == [attribute_name(field) for field, _ in model.struct.fields]


def test_type_strings_are_read_strictly() -> None:
    assert StructType(schema.DEAL).type_string == schema.DEAL
    for broken in ("deal(address a)", "Deal(address a", "Deal(address  a)", "Deal(address a) ", ""):
        with pytest.raises(EncodingInvalid, match="type string"):
            StructType(broken)
