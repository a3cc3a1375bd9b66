"""The published vectors, checked against Parley and by an implementation that shares no code with it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import samples
from third import ask, typed

from parley.terms import schema
from parley.terms.actions import RECEIVE_WITH_AUTHORIZATION, parse_action
from parley.terms.deal import Deal
from parley.terms.eip712 import typed_data
from parley.terms.funding import permit2_typed_data
from parley.terms.mandates import mandate_signature_parts
from parley.terms.message import Approval, Challenge, MessageCore, MessageReceipt
from parley.terms.statement import Statement

VECTORS = Path(__file__).parents[1] / "vectors"


def _cases(subject: str) -> list[dict[str, Any]]:
    document = json.loads((VECTORS / f"{subject}.json").read_text())
    assert (document["schema"], document["version"]) == (f"parley/vectors/{subject}", 1)
    cases: list[dict[str, Any]] = document["cases"]
    assert len({case["name"] for case in cases}) == len(cases) > 5
    return cases


def test_the_files_are_what_the_code_makes_today() -> None:
    done = subprocess.run(
        [sys.executable, str(VECTORS / "make.py"), "--check"], capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_canonical() -> None:
    cases = [case for case in _cases("canonical") if "error" not in case["expected"]]
    theirs = ask(document=[case["input"]["text"] for case in cases])["document"]
    for case, other in zip(cases, theirs, strict=True):
        assert case["expected"] == other, case["name"]


def test_deals() -> None:
    cases = _cases("deals")
    data = [
        Deal.parse(case["input"]["deal"]).typed_data(case["input"]["chain_id"], case["input"]["escrow"])
        for case in cases
    ]
    answer = ask(
        typed=[typed(item) for item in data], document=[json.dumps(case["input"]["deal"]) for case in cases]
    )
    for case, other, document in zip(cases, answer["typed"], answer["document"], strict=True):
        assert case["expected"]["deal_id"] == other["digest"], case["name"]
        assert case["expected"]["struct_hash"] == other["struct"]
        assert case["expected"]["document_hash"] == document["hash"]


def test_messages_and_statements() -> None:
    models: dict[str, Any] = {
        "Message": (MessageCore, schema.MESSAGE_NAME),
        "MessageReceipt": (MessageReceipt, schema.MESSAGE_NAME),
        "Approval": (Approval, schema.MESSAGE_NAME),
        "Challenge": (Challenge, schema.GATEWAY_NAME),
        "Statement": (Statement, schema.GATEWAY_NAME),
    }
    cases = _cases("messages")
    data = []
    for case in cases:
        model, name = models[case["input"]["type"]]
        core = model.parse(case["input"]["core"])
        data.append(
            typed_data(
                model.struct, model.struct.values_of(core), name=name, chain_id=case["input"]["chain_id"]
            )
        )
    signed = [case for case in cases if "signature" in case["expected"]]
    with_payload = [case for case in cases if "payload" in case["input"]]
    answer = ask(
        typed=[typed(item) for item in data],
        signed=[
            {
                "digest": case["expected"]["digest"],
                "signature": case["expected"]["signature"],
                "key": case["input"]["private_key"],
            }
            for case in signed
        ],
        document=[json.dumps(case["input"]["payload"]) for case in with_payload],
    )
    for case, other in zip(cases, answer["typed"], strict=True):
        assert case["expected"]["digest"] == other["digest"], case["name"]
    for case, other in zip(signed, answer["signed"], strict=True):
        assert case["expected"]["signature"] == other["signature"], case["name"]
        assert case["expected"].get("sender", other["address"]) == other["address"]
    for case, other in zip(with_payload, answer["document"], strict=True):
        assert case["expected"]["payload_hash"] == case["input"]["core"]["payload"] == other["hash"]


def test_actions() -> None:
    cases = _cases("actions")
    data = []
    for case in cases:
        given = case["input"]
        if "action" in given:
            data.append(parse_action(given["action"]).typed_data(given["chain_id"], given["escrow"]))
        else:
            data.append(
                typed_data(
                    RECEIVE_WITH_AUTHORIZATION,
                    given["authorization"],
                    name=given["token_name"],
                    chain_id=given["chain_id"],
                    verifying_contract=given["token"],
                )
            )
    for case, other in zip(cases, ask(typed=[typed(item) for item in data])["typed"], strict=True):
        assert case["expected"]["digest"] == other["digest"], case["name"]


def test_periphery() -> None:
    models = {model.__name__: model for model in samples.PERIPHERY}
    cases = _cases("periphery")
    assert {case["input"]["type"] for case in cases} == set(models)
    data = []
    for case in cases:
        given = case["input"]
        action = models[given["type"]].parse(given["action"])
        data.append(action.typed_data(given["chain_id"], given["contract"]))
        assert data[-1]["domain"]["name"] == given["domain_name"]
    for case, other in zip(cases, ask(typed=[typed(item) for item in data])["typed"], strict=True):
        assert case["expected"]["type_string"] == other["type"], case["name"]
        assert case["expected"]["struct_hash"] == other["struct"], case["name"]
        assert case["expected"]["digest"] == other["digest"], case["name"]


def test_consent() -> None:
    cases = [case for case in _cases("consent") if "deal" in case["input"]]
    data = [
        permit2_typed_data(
            Deal.parse(given["deal"]),
            given["chain_id"],
            given["escrow"],
            int(given["permitted"]),
            int(given["nonce"]),
        )
        for given in (case["input"] for case in cases)
    ]
    for case, other in zip(cases, ask(typed=[typed(item) for item in data])["typed"], strict=True):
        assert case["expected"]["digest"] == other["digest"], case["name"]
        assert case["expected"]["type_string"] == other["type"]


def test_mandate_signatures() -> None:
    cases = [case for case in _cases("consent") if "mandate" in case["input"]]
    for case in cases:
        given = case["input"]
        parts = (given["of_principal"], given["of_agent"])
        made = mandate_signature_parts(case["expected"]["signature"])
        assert made == (parse_action(given["mandate"]), *parts), case["name"]


def test_merkle() -> None:
    cases = _cases("merkle")
    theirs = ask(tree=[case["input"]["hashes"] for case in cases])["tree"]
    for case, other in zip(cases, theirs, strict=True):
        assert case["expected"] == other, case["name"]


def test_derivation_hashes() -> None:
    cases = [case for case in _cases("derivation") if "error" not in case["expected"]]
    for case in cases:
        given, expected = case["input"], case["expected"]
        terms = {
            "schema": "parley/terms",
            "version": 1,
            "negotiation": expected["negotiation"],
            "domain": expected["domain_hash"],
            "fixed": given["domain"]["fixed"],
            "values": given["offer"]["values"],
            "salt": given["offer"]["salt"],
        }
        texts = [json.dumps(item) for item in (given["domain"], given["opening"], terms)]
        hashes = [item["hash"] for item in ask(document=texts)["document"]]
        assert hashes == [expected["domain_hash"], expected["negotiation"], expected["terms_hash"]]
        assert all(deal["terms_hash"] == expected["terms_hash"] for deal in expected["deals"])
