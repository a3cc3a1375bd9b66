"""The operator's own policy: judged on every offer and acceptance that passes through, with the rule's id
in the answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of
from parley.policy.models import Bundle
from parley.policy.service import PolicyEngine
from parley.terms.message import Performative
from parley.terms.payloads import Approve, Escalate
from parley.terms.terms import terms_of


def rule(name: str, expression: str, severity: str = "refuse") -> dict[str, Any]:
    return {
        "id": name,
        "layer": "global",
        "severity": severity,
        "expression": expression,
        "reason": f"{name} must hold",
    }


@pytest.fixture
def gateway(make_gateway: Any) -> Any:
    rules = [
        rule("cap", "price <= 6000000"),
        rule("ask-over-five", "price <= 5000000 || approved", "escalate"),
    ]
    return make_gateway(
        bundle=Bundle.parse({"schema": "parley/policy", "version": 1, "name": "t", "rules": rules})
    )


@pytest.fixture
def http(gateway: Any) -> Iterator[TestClient]:
    with TestClient(app_of(gateway), raise_server_exceptions=False) as client:
        yield client


def test_an_offer_over_the_cap_is_refused_with_the_rules_id(talk: Any, buyer: Any, gateway: Any) -> None:
    talk.start()
    refused = talk.say_offer(buyer, 7_000_000)
    assert (refused.status_code, refused.json()["code"]) == (403, "gateway.policy-refused")
    [finding] = [f for f in refused.json()["values"]["findings"] if f["severity"] == "refuse"]
    assert finding["rule"] == "cap"
    assert finding["values"]["price"] == "7000000"
    assert gateway.store.length(f"negotiation:{talk.id}") == 1
    assert talk.say_offer(buyer, 4_000_000).status_code == 201


def test_a_reviewers_approval_lets_exactly_these_terms_through(http: Any, gateway: Any, talk: Any) -> None:
    make = type(talk.buyer)
    buyer, seller, reviewer = (make(name, http) for name in ("buyer", "seller", "reviewer"))
    talk = type(talk)(buyer, seller, reviewers=(reviewer.address,))
    talk.start()
    wanted = talk.offer(5_500_000)
    asked = talk.send(buyer, talk.build(buyer, Performative.PROPOSE, wanted))
    assert (asked.status_code, asked.json()["code"]) == (403, "gateway.approval-needed")
    terms = terms_of(talk.domain, talk.id, wanted).hash()
    assert asked.json()["values"]["terms"] == terms
    escalate = Escalate(reason="over five", terms=terms, salt="0x" + "01" * 16)
    assert talk.send(buyer, talk.build(buyer, Performative.ESCALATE, escalate)).status_code == 201
    approve = Approve(terms=terms, expires_at=talk.opening.deadline, reason="fine", salt="0x" + "02" * 16)
    assert talk.send(reviewer, talk.build(reviewer, Performative.APPROVE, approve)).status_code == 201
    assert talk.send(buyer, talk.build(buyer, Performative.PROPOSE, wanted)).status_code == 201
    other = talk.offer(5_500_000, number=9)
    assert talk.send(seller, talk.build(seller, Performative.COUNTER, other)).status_code == 403


def bundle_of(*rules: dict[str, Any]) -> Bundle:
    return Bundle.parse({"schema": "parley/policy", "version": 1, "name": "t", "rules": list(rules)})


def test_the_acceptance_is_judged_too(talk: Any, buyer: Any, seller: Any, gateway: Any) -> None:
    talk.start()
    talk.say_offer(buyer, 4_000_000)
    no_deals = bundle_of({**rule("no-deal-today", "false"), "moments": ["acceptance"]})
    gateway.policies.standing = PolicyEngine(no_deals)
    assert talk.say_accept(seller).json()["code"] == "gateway.policy-refused"


def test_a_rule_that_cannot_be_evaluated_refuses(talk: Any, buyer: Any, gateway: Any) -> None:
    gateway.policies.standing = PolicyEngine(bundle_of(rule("fact", "counterparty.reputation_ppm > 0")))
    talk.start()
    assert talk.say_offer(buyer, 4_000_000).json()["code"] == "gateway.policy-refused"


def test_readiness_names_the_bundle(http: TestClient, gateway: Any) -> None:
    assert http.get("/ready").json()["policy"] == gateway.policy_hash
