"""Policies roll out by signed steps: loaded, shadowed, staged, promoted, rolled back; every decision on
record.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of
from parley.policy.models import Bundle
from parley.policy.rollout import RolloutStep, place_of
from parley.terms.message import Performative
from parley.terms.statement import state
from parley.terms.values import Address

CHAIN = 31_337


def bundle(name: str, cap: int, **changes: Any) -> Bundle:
    rule = {
        "id": "cap",
        "layer": "organisation",
        "severity": "refuse",
        "expression": f"price <= {cap}",
        "reason": f"at most {cap}",
    }
    return Bundle.parse({"schema": "parley/policy", "version": 1, "name": name, "rules": [rule], **changes})


@pytest.fixture
def gateway(make_gateway: Any, operator_address: Address) -> Any:
    return make_gateway(bundle=bundle("standing", 8_000_000), operators=(operator_address,))


@pytest.fixture
def http(gateway: Any) -> Iterator[TestClient]:
    with TestClient(app_of(gateway), raise_server_exceptions=False) as client:
        yield client


class Hand:
    """An operator that takes one step after another."""

    def __init__(self, operator: Any, clock: Any) -> None:
        self.operator, self.clock, self.number = operator, clock, 0
        operator.sign_in(scopes=["read", "govern"])

    def step(self, kind: str, about: Bundle, share: int | None = None, **changes: Any) -> Any:
        taken = RolloutStep(
            step=kind,
            bundle=about.hash(),
            share_ppm=share,
            reason="review",
            number=self.number,
            issued_at=self.clock(),
        )
        signed = state(self.operator.signer, taken, CHAIN, self.clock())
        body = {"step": taken.as_json(), **signed.as_json(), **changes}
        if kind == "load":
            body.setdefault("bundle", about.as_json())
        answer = self.operator.post("/v1/policies", body)
        self.number += answer.status_code == 201
        return answer


@pytest.fixture
def hand(operator: Any, clock: Any) -> Hand:
    return Hand(operator, clock)


def test_a_bundle_goes_from_loading_into_force_and_back(talk: Any, buyer: Any, hand: Hand) -> None:
    first, second = bundle("first", 6_000_000), bundle("second", 5_000_000)
    assert hand.step("load", first).status_code == 201
    talk.start()
    assert talk.say_offer(buyer, 7_000_000).status_code == 201  # loading alone changes nothing
    assert hand.step("promote", first).json()["in_force"] == first.hash()
    talk.messages.clear()
    talk = type(talk)(talk.buyer, talk.seller, number=2)
    talk.start()
    refused = talk.say_offer(buyer, 6_500_000).json()
    assert (refused["code"], refused["values"]["bundle"]) == ("gateway.policy-refused", first.hash())
    assert hand.step("load", second).status_code == 201
    assert hand.step("promote", second).status_code == 201
    assert talk.say_offer(buyer, 5_500_000).json()["values"]["bundle"] == second.hash()
    assert hand.step("roll-back", second).json()["in_force"] == first.hash()
    assert talk.say_offer(buyer, 5_500_000).status_code == 201


def test_nothing_that_is_rolled_out_loosens_the_settings_bundle(talk: Any, buyer: Any, hand: Hand) -> None:
    loose = bundle("loose", 9_000_000)
    hand.step("load", loose)
    hand.step("promote", loose)
    talk.start()
    assert talk.say_offer(buyer, 8_500_000).json()["code"] == "gateway.policy-refused"


def test_a_shadow_decides_nothing_and_its_differences_are_on_record(
    talk: Any, buyer: Any, hand: Hand, operator: Any
) -> None:
    strict = bundle("strict", 3_000_000)
    hand.step("load", strict)
    assert hand.step("shadow", strict).json()["candidate"] == strict.hash()
    talk.start()
    assert talk.say_offer(buyer, 4_000_000).status_code == 201
    seen = operator.get(f"/v1/negotiations/{talk.id}/decisions").json()["decisions"]
    assert [entry["kind"] for entry in seen] == ["decision", "shadow-difference"]
    assert (seen[1]["outcome"], seen[1]["decision"]["outcome"]) == ("allow", "refuse")
    own = buyer.get(f"/v1/negotiations/{talk.id}/decisions").json()["decisions"]
    assert [entry["kind"] for entry in own] == ["decision"]


def test_a_stage_judges_its_share_of_counterparties(talk: Any, buyer: Any, seller: Any, hand: Hand) -> None:
    strict = bundle("strict", 3_000_000)
    hand.step("load", strict)
    place = place_of(strict.hash(), seller.address)
    assert hand.step("stage", strict, place or 1).status_code == 201
    talk.start()
    assert talk.say_offer(buyer, 4_000_000).status_code == 201
    assert hand.step("stage", strict, place + 1).status_code == 201
    other = type(talk)(talk.buyer, talk.seller, number=2)
    other.start()
    assert other.say_offer(buyer, 4_000_000).json()["values"]["bundle"] == strict.hash()


def test_the_impact_of_a_candidate_on_what_was_decided(
    talk: Any, buyer: Any, seller: Any, hand: Hand, operator: Any
) -> None:
    talk.start()
    talk.say_offer(buyer, 4_000_000)
    talk.say_offer(seller, 7_000_000)
    talk.say_offer(buyer, 8_800_000)  # refused, and recorded
    candidate = bundle("candidate", 5_000_000)
    hand.step("load", candidate)
    report = operator.get(f"/v1/policies/{candidate.hash()}/impact").json()["impact"]
    assert (report["replayed"], report["tightened"], report["loosened"]) == (3, 1, 0)
    [change] = [change for change in report["changes"] if change["before"] != change["after"]]
    assert (change["before"], change["after"]) == ("allow", "refuse")
    assert change["place"].startswith(f"decisions:{talk.id}/")
    assert operator.get(f"/v1/policies/{candidate.hash()}").json()["bundle"] == candidate.as_json()


def test_a_refusal_is_recorded_once_with_facts_rules_and_bundle(talk: Any, buyer: Any, gateway: Any) -> None:
    talk.start()
    message = talk.build(buyer, Performative.PROPOSE, talk.offer(8_500_000))
    for _ in range(3):
        assert talk.send(buyer, message).status_code == 403
    [entry] = buyer.get(f"/v1/negotiations/{talk.id}/decisions").json()["decisions"]
    decision = entry["decision"]
    assert decision["bundle"] == gateway.policy_hash
    assert decision["facts"]["price"] == "8500000"
    assert decision["findings"][0]["rule"] == "cap"
    assert (entry["sequence"], entry["sender"]) == (1, buyer.address)


def test_steps_that_are_refused(hand: Hand, buyer: Any, clock: Any, gateway: Any) -> None:
    good, other = bundle("good", 5_000_000), bundle("other", 5_000_000)
    assert hand.step("promote", good).json()["code"] == "policy.rollout-invalid"
    assert hand.step("load", good, bundle=other.as_json()).json()["code"] == "policy.bundle-invalid"
    broken = bundle("broken", 1, rules=[{**good.as_json()["rules"][0], "expression": "price <= nobody"}])
    assert hand.step("load", broken).json()["code"] == "policy.bundle-invalid"
    stranger = Hand(buyer, clock)
    assert stranger.step("load", good).json()["code"] == "gateway.not-an-operator"
    assert buyer.get("/v1/policies").json()["code"] == "gateway.not-an-operator"
    assert gateway.store.length("policies") == 0


def test_a_promotion_by_another_process_counts_from_the_next_message(
    talk: Any, buyer: Any, hand: Hand, make_gateway: Any, operator: Any, operator_address: Address, clock: Any
) -> None:
    strict = bundle("strict", 3_000_000)
    hand.step("load", strict)
    talk.start()
    elsewhere = make_gateway(operators=(operator_address,))
    taken = RolloutStep(step="promote", bundle=strict.hash(), reason="now", number=1, issued_at=clock())
    elsewhere.policies.take(taken, state(operator.signer, taken, CHAIN, clock()), None)
    assert talk.say_offer(buyer, 4_000_000).json()["code"] == "gateway.policy-refused"
