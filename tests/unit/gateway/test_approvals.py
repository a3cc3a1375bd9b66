"""Approvals at the gateway: queued with exact terms and reasons, decided by signature, refused by silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of
from parley.policy.models import Bundle
from parley.terms.message import Approval, Performative
from parley.terms.values import ZERO_HASH

CHAIN = 31_337


def rules(**changes: Any) -> Bundle:
    rule = {
        "id": "ask-over-five",
        "layer": "organisation",
        "severity": "escalate",
        "expression": "price <= 5000000 || approved",
        "reason": "over five wants a person",
    }
    return Bundle.parse({"schema": "parley/policy", "version": 1, "name": "t", "rules": [rule], **changes})


@pytest.fixture
def eyes() -> int:
    return 1


@pytest.fixture
def gateway(make_gateway: Any, addresses: Any, eyes: int) -> Any:
    return make_gateway(
        bundle=rules(approvals=eyes),
        reviewers=(addresses("reviewer"), addresses("second")),
        operators=(addresses("operator"),),
        review_seconds=600,
    )


@pytest.fixture
def http(gateway: Any) -> Iterator[TestClient]:
    with TestClient(app_of(gateway), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def reviewer(http: TestClient, make_agent: Any) -> Any:
    return make_agent("reviewer", http)


@pytest.fixture
def second(http: TestClient, make_agent: Any) -> Any:
    return make_agent("second", http)


def ask(talk: Any, agent: Any, price: int = 5_500_000) -> tuple[Any, dict[str, Any]]:
    """The message that is held up, and the request that it made."""
    talk.start()
    message = talk.build(agent, Performative.PROPOSE, talk.offer(price))
    answer = talk.send(agent, message)
    assert (answer.status_code, answer.json()["code"]) == (403, "gateway.approval-needed")
    identity = answer.json()["values"]["review"]
    return message, agent.get(f"/v1/approvals/{identity}").json()["approval"]


def decide(by: Any, request: dict[str, Any], now: int, granted: bool = True, **changes: Any) -> Any:
    core = Approval(
        **{
            "negotiation": request["negotiation"],
            "terms_hash": request["terms_hash"],
            "agent": request["agent"],
            "reviewer": by.address,
            "granted": granted,
            "reason": ZERO_HASH,
            "decided_at": now,
            "expires_at": now + 300,
            **changes,
        }
    )
    by.sign_in(scopes=["read", "govern"])
    signature = by.signer.sign_digest(core.digest(CHAIN))
    return by.post("/v1/approvals", {"core": core.as_json(), "signature": signature})


def test_what_is_escalated_waits_with_its_terms_and_reasons(
    talk: Any, buyer: Any, reviewer: Any, stranger: Any
) -> None:
    _, review = ask(talk, buyer)
    assert review["status"] == "waiting"
    assert review["request"]["terms"]["values"]["price"] == "5500000"
    assert review["request"]["decision"]["findings"][0]["reason"] == "over five wants a person"
    assert [found["id"] for found in reviewer.get("/v1/approvals").json()["approvals"]] == [review["id"]]
    assert reviewer.get("/v1/approvals?status=granted").json()["approvals"] == []
    assert stranger.get("/v1/approvals").json()["approvals"] == []
    assert stranger.get(f"/v1/approvals/{review['id']}").status_code == 404


def test_an_approval_lets_exactly_these_terms_pass_until_it_expires(
    talk: Any, buyer: Any, reviewer: Any, clock: Any
) -> None:
    message, review = ask(talk, buyer)
    assert decide(reviewer, review["request"], clock()).json()["approval"]["status"] == "granted"
    other = talk.build(buyer, Performative.PROPOSE, talk.offer(5_500_000, hours=60))
    assert talk.send(buyer, other).json()["code"] == "gateway.approval-needed"
    clock.now += 301
    assert talk.send(buyer, message).json()["code"] == "gateway.approval-needed"
    renewed = buyer.get(f"/v1/approvals/{review['id']}").json()["approval"]
    assert renewed["status"] == "waiting"
    assert decide(reviewer, renewed["request"], clock()).status_code == 201
    assert talk.send(buyer, message).status_code == 201


def test_a_refusal_ends_it(talk: Any, buyer: Any, reviewer: Any, second: Any, clock: Any) -> None:
    message, review = ask(talk, buyer)
    assert (
        decide(reviewer, review["request"], clock(), granted=False).json()["approval"]["status"] == "refused"
    )
    late = decide(second, review["request"], clock())
    assert (late.json()["code"], late.json()["values"]["status"]) == ("policy.review-closed", "refused")
    assert talk.send(buyer, message).status_code == 403


def test_silence_refuses(talk: Any, buyer: Any, reviewer: Any, clock: Any) -> None:
    _, review = ask(talk, buyer)
    clock.now += 601
    assert buyer.get(f"/v1/approvals/{review['id']}").json()["approval"]["status"] == "expired"
    late = decide(reviewer, review["request"], clock())
    assert late.json()["values"]["status"] == "expired"


@pytest.mark.parametrize("eyes", [2])
def test_four_eyes_are_two_people(talk: Any, buyer: Any, reviewer: Any, second: Any, clock: Any) -> None:
    message, review = ask(talk, buyer)
    assert decide(reviewer, review["request"], clock()).json()["approval"]["status"] == "waiting"
    again = decide(reviewer, review["request"], clock())
    assert again.json()["values"]["problem"] == "same-eyes"
    assert talk.send(buyer, message).status_code == 403
    assert decide(second, review["request"], clock()).json()["approval"]["status"] == "granted"
    assert talk.send(buyer, message).status_code == 201


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"expires_at": 1_800_000_000 + 7_200}, "validity"),
        ({"decided_at": 1_800_000_001}, "time"),
    ],
)
def test_decisions_that_do_not_fit(
    talk: Any, buyer: Any, reviewer: Any, clock: Any, changes: dict[str, Any], problem: str
) -> None:
    _, review = ask(talk, buyer)
    answer = decide(reviewer, review["request"], clock(), **changes)
    assert answer.json()["values"]["problem"] == problem
    unknown = decide(reviewer, {**review["request"], "terms_hash": ZERO_HASH}, clock())
    assert unknown.json()["code"] == "policy.review-unknown"


def test_only_reviewers_decide_and_only_for_themselves(
    talk: Any, buyer: Any, reviewer: Any, second: Any, clock: Any
) -> None:
    _, review = ask(talk, buyer)
    assert decide(buyer, review["request"], clock()).json()["code"] == "gateway.not-a-reviewer"
    borrowed = decide(reviewer, review["request"], clock(), reviewer=second.address)
    assert borrowed.json()["values"]["problem"] == "signature"


def test_asking_again_is_the_same_request(talk: Any, buyer: Any, gateway: Any) -> None:
    message, _ = ask(talk, buyer)
    for _ in range(3):
        talk.send(buyer, message)
    assert gateway.store.length("reviews") == 1
