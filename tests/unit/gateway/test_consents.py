"""Consent: signed by its subject, asked before data of its class is used, revoked at once and for good."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of
from parley.gateway.routes.policies import recorded_decisions
from parley.policy.consent import Consent, SignedConsent
from parley.policy.models import Bundle, Rule
from parley.terms.message import Performative
from parley.terms.payloads import Withdraw
from parley.terms.statement import state
from parley.terms.values import Address, Hash32, Salt

CHAIN = 31_337
DAY = 86_400


@pytest.fixture
def gateway(make_gateway: Any, operator_address: Address) -> Any:
    rule = Rule(id="any", layer="global", severity="refuse", expression="price > 0", reason="priced")
    return make_gateway(bundle=Bundle(name="b", rules=(rule,)), operators=(operator_address,))


@pytest.fixture
def http(gateway: Any) -> Iterator[TestClient]:
    with TestClient(app_of(gateway), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def personal(talk: Any) -> Any:
    body = {**talk.domain.as_json(), "data_class": "personal"}
    return type(talk)(talk.buyer, talk.seller, domain=body, gateways=talk.opening.gateways)


def grant(agent: Any, now: int, **changes: Any) -> Consent:
    body: dict[str, Any] = {
        "action": "grant",
        "subject": agent.address,
        "data_class": "personal",
        "purpose": "negotiation",
        "expires_at": now + DAY,
        "reason": "to lease",
        "issued_at": now,
    }
    return Consent(**{**body, **changes})


def revocation(agent: Any, found: Consent, now: int) -> Consent:
    return Consent(action="revoke", subject=agent.address, revokes=found.hash(), reason="no", issued_at=now)


def signed(agent: Any, consent: Consent) -> dict[str, Any]:
    made = state(agent.signer, consent, CHAIN, consent.issued_at)
    return SignedConsent(consent=consent, statement=made.core, signature=made.signature).as_json()


def give(agent: Any, consent: Consent) -> Any:
    return agent.post("/v1/consents", signed(agent, consent))


def test_nothing_is_shared_before_its_sender_consents_and_nothing_after_it_revokes(
    personal: Any, buyer: Any, seller: Any, clock: Any
) -> None:
    refused = personal.start()
    assert (refused.status_code, refused.json()["code"]) == (403, "gateway.consent-missing")
    assert refused.json()["values"]["to"] == seller.address
    mine = grant(buyer, clock())
    assert give(buyer, mine).status_code == 201
    assert personal.start().status_code == 201
    assert personal.say_offer(buyer, 4_000_000).status_code == 201
    assert personal.say_offer(seller, 5_000_000).json()["code"] == "gateway.consent-missing"
    assert give(seller, grant(seller, clock(), to=buyer.address)).status_code == 201
    assert personal.say_offer(seller, 5_000_000).status_code == 201
    assert give(buyer, revocation(buyer, mine, clock())).status_code == 201
    assert personal.say_offer(buyer, 4_500_000).json()["code"] == "gateway.consent-missing"
    leaving = personal.build(buyer, Performative.WITHDRAW, Withdraw(reason="x", salt=Salt("0x" + "01" * 16)))
    assert personal.send(buyer, leaving).status_code == 201


def test_other_classes_need_none(talk: Any) -> None:
    assert talk.start().status_code == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"data_class": "internal"},
        {"purpose": "analysis"},
        {"to": Address("0x" + "99" * 20)},
        {"expires_at": 1},
    ],
)
def test_a_grant_covers_what_it_says_and_no_more(personal: Any, buyer: Any, clock: Any, changes: Any) -> None:
    assert give(buyer, grant(buyer, clock(), **changes)).status_code == 201
    assert personal.start().json()["code"] == "gateway.consent-missing"


def test_a_revocation_in_another_process_counts_from_the_next_message(
    personal: Any, buyer: Any, make_gateway: Any, clock: Any
) -> None:
    mine = grant(buyer, clock())
    give(buyer, mine)
    personal.start()
    elsewhere = make_gateway()
    elsewhere.consents.take(
        buyer.address, SignedConsent.parse(signed(buyer, revocation(buyer, mine, clock())))
    )
    assert personal.say_offer(buyer, 4_000_000).json()["code"] == "gateway.consent-missing"


def test_a_consent_ends_when_it_says(personal: Any, buyer: Any, clock: Any) -> None:
    give(buyer, grant(buyer, clock(), expires_at=clock() + 100))
    personal.start()
    clock.now += 101
    late = personal.build(buyer, Performative.PROPOSE, personal.offer(4_000_000), at=clock())
    assert personal.send(buyer, late).json()["code"] == "gateway.consent-missing"


def test_records_are_their_subjects_own_fresh_and_used_once(
    buyer: Any, seller: Any, clock: Any, gateway: Any
) -> None:
    mine = grant(buyer, clock())
    assert seller.post("/v1/consents", signed(buyer, mine)).json()["code"] == "gateway.not-yours"
    forged = {**signed(seller, mine)}
    assert buyer.post("/v1/consents", forged).json()["code"] == "policy.consent-invalid"
    changed = signed(buyer, mine)
    changed["consent"]["expires_at"] += 1
    assert buyer.post("/v1/consents", changed).status_code == 422
    assert give(buyer, grant(buyer, clock() - 301)).json()["code"] == "policy.consent-invalid"
    assert give(buyer, mine).status_code == 201
    assert give(buyer, revocation(buyer, mine, clock())).status_code == 201
    assert give(buyer, mine).json()["code"] == "policy.consent-invalid"  # nobody plays a revoked one back
    nothing = grant(buyer, clock(), reason="other")
    assert give(buyer, revocation(buyer, nothing, clock())).json()["code"] == "policy.consent-invalid"
    assert gateway.store.length("consents") == 2


def test_what_is_exported_verifies_without_the_gateway(
    buyer: Any, seller: Any, operator: Any, clock: Any
) -> None:
    mine = grant(buyer, clock())
    give(buyer, mine)
    give(seller, grant(seller, clock()))
    give(buyer, revocation(buyer, mine, clock()))
    first = buyer.get("/v1/consents", params={"limit": 1}).json()
    rest = buyer.get("/v1/consents", params={"after": first["next"]}).json()
    records = first["consents"] + rest["consents"]
    assert [record["consent"]["action"] for record in records] == ["grant", "revoke"]
    assert not any(record["in_force"] for record in records)
    for record in records:
        kept = {name: record[name] for name in ("consent", "statement", "signature")}
        SignedConsent.parse(kept).check(CHAIN)
        assert record["hash"] == SignedConsent.parse(kept).consent.hash()
    assert len(operator.get("/v1/consents").json()["consents"]) == 3


def test_what_is_on_record_is_analysed_by_consent_only(
    personal: Any, buyer: Any, gateway: Any, clock: Any
) -> None:
    give(buyer, grant(buyer, clock()))
    personal.start()
    personal.say_offer(buyer, 4_000_000)
    assert list(recorded_decisions(gateway, 10)) == []
    assert give(buyer, grant(buyer, clock(), purpose="analysis")).status_code == 201
    assert len(list(recorded_decisions(gateway, 10))) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"data_class": None},
        {"expires_at": None},
        {"revokes": Hash32("0x" + "1d" * 32)},
        {"action": "revoke"},
        {"action": "revoke", "revokes": Hash32("0x" + "1d" * 32)},
    ],
)
def test_records_that_make_no_sense(buyer: Any, clock: Any, change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="grant"):
        grant(buyer, clock(), **change)
