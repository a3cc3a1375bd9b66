"""Sealed payloads at the gateway: the policy says what it could not see, and keys come with their agents'
signatures.
"""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of
from parley.policy.models import Bundle, Rule
from parley.terms.message import Performative
from parley.terms.payloads import Accept
from parley.terms.sealed import Box, KeyCard, Sealed, SignedCard
from parley.terms.statement import state
from parley.terms.values import Hash32, Salt

CHAIN = 31_337
SUITE: Any = "x25519-hkdf-sha256-aes256gcm"
CAP = Rule(id="cap", layer="global", severity="refuse", expression="price <= 5000000", reason="too dear")


def sealed(talk: Any, price: int = 4_000_000, *, final: bool = False) -> Sealed:
    plain = talk.offer(price)
    box = Box(to=talk.seller.address, key=Hash32("0x" + "11" * 32), sealed="0x" + "ab" * 64)
    return Sealed(suite=SUITE, plain=plain.hash(), final=final, boxes=(box,), salt=plain.salt)


def say(talk: Any, agent: Any, payload: Sealed, performative: Any = None) -> Any:
    first = Performative.PROPOSE if len(talk.messages) == 1 else Performative.COUNTER
    return talk.send(agent, talk.build(agent, performative or first, payload))


def refusing(make_gateway: Any, make_agent: Any, opaque: Any, run: Any) -> None:
    gateway = make_gateway(bundle=Bundle(name="b", rules=(CAP,), opaque=opaque))
    with TestClient(app_of(gateway), raise_server_exceptions=False) as http:
        run(make_agent("buyer", http), make_agent("seller", http), gateway)


@pytest.mark.parametrize("opaque", [None, "edges"])
def test_policy_refuses_what_it_cannot_read_unless_the_bundle_leaves_it_to_the_edges(
    make_gateway: Any, make_agent: Any, talk: Any, opaque: Any
) -> None:
    def run(buyer: Any, seller: Any, gateway: Any) -> None:
        mine = type(talk)(buyer, seller, gateways=(gateway.receipts.gateway,))
        mine.start()
        answer = say(mine, buyer, sealed(mine))
        records = buyer.get(f"/v1/negotiations/{mine.id}/decisions").json()["decisions"]
        decision = records[-1]["decision"]
        assert decision["unseen"] == ["cap"]
        assert decision["facts"]["sealed"] is True
        if opaque is None:
            assert (answer.status_code, answer.json()["code"]) == (403, "gateway.policy-refused")
            assert decision["findings"][0]["rule"] == "sealed-payload"
            return
        assert answer.status_code == 201
        offer = mine.messages[-1].message_hash(CHAIN)
        accept = mine.build(seller, Performative.ACCEPT, Accept(offer=offer, salt=Salt("0x" + "01" * 16)))
        assert mine.send(seller, accept).json()["status"] == "ACCEPTED"
        after = seller.get(f"/v1/negotiations/{mine.id}/decisions").json()["decisions"]
        assert [record["decision"]["moment"] for record in after] == ["acceptance"]

    refusing(make_gateway, make_agent, opaque, run)


def test_turns_expiry_and_last_offers_hold_without_the_values(talk: Any, buyer: Any, seller: Any) -> None:
    talk.start()
    assert say(talk, seller, sealed(talk)).json()["code"] == "negotiation.not-your-turn"
    assert say(talk, buyer, sealed(talk, final=True)).status_code == 201
    assert talk.say_offer(seller, 6_000_000).status_code == 201
    assert say(talk, buyer, sealed(talk)).json()["code"] == "negotiation.offer-was-final"
    latest = buyer.get(f"/v1/negotiations/{talk.id}").json()["negotiation"]["latest_offer"]
    assert (latest["sealed"], latest["values"]["price"]) == (False, "6000000")


def test_what_moves_the_machine_does_not_travel_sealed(talk: Any, buyer: Any, seller: Any) -> None:
    talk.start()
    talk.say_offer(buyer, 4_000_000)
    body = talk.build(seller, Performative.COUNTER, sealed(talk)).wire()
    body["core"]["performative"] = "reject"
    answer = seller.post(f"/v1/negotiations/{talk.id}/messages", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "terms.document-invalid")


def test_a_domain_whose_gate_reads_values_takes_no_sealed_offer(
    make_gateway: Any, talk: Any, buyer: Any, seller: Any, gateway: Any
) -> None:
    body = {**talk.domain.as_json(), "approval": {"eq": [{"issue": "hours"}, 90]}}
    gated = type(talk)(buyer, seller, domain=body, gateways=(gateway.receipts.gateway,))
    gated.start()
    assert say(gated, buyer, sealed(gated)).json()["code"] == "negotiation.opaque-forbidden"
    assert gated.say_offer(buyer, 4_000_000).status_code == 201


KEY = Hash32("0x" + "22" * 32)


def card(agent: Any, now: int, key: Any = KEY, **changes: Any) -> SignedCard:
    found = KeyCard(agent=agent.address, suite=SUITE, key=key, issued_at=now, expires_at=now + 86_400)
    found = found.model_copy(update=changes)
    signed = state(agent.signer, found, CHAIN, now)
    return SignedCard(card=found, statement=signed.core, signature=signed.signature)


def test_cards_are_replaced_by_newer_ones_of_the_agent_itself(buyer: Any, seller: Any, clock: Any) -> None:
    first = card(seller, clock())
    assert seller.post("/v1/cards", first.as_json()).status_code == 201
    assert seller.post("/v1/cards", first.as_json()).status_code == 201
    path = f"/v1/agents/{seller.address}/card"
    assert SignedCard.parse(buyer.get(path).json()["card"]) == first
    older = card(seller, clock() - 1)
    assert seller.post("/v1/cards", older.as_json()).json()["code"] == "terms.card-invalid"
    gone = card(seller, clock() + 1, None)
    assert seller.post("/v1/cards", gone.as_json()).status_code == 201
    assert "key" not in buyer.get(path).json()["card"]["card"]
    assert buyer.get(f"/v1/agents/{buyer.address}/card").status_code == 404


@pytest.mark.parametrize("wrong", ["other agent", "other author", "changed", "future"])
def test_cards_that_are_not_the_agents_own_are_refused(
    buyer: Any, seller: Any, clock: Any, wrong: str
) -> None:
    good = card(seller, clock())
    body = good.as_json()
    if wrong == "other agent":
        answer = buyer.post("/v1/cards", body)
    elif wrong == "other author":
        forged = state(buyer.signer, good.card, CHAIN, clock())
        answer = seller.post("/v1/cards", {**body, **forged.as_json()})
    elif wrong == "changed":
        answer = seller.post("/v1/cards", {**body, "card": {**body["card"], "key": "0x" + "33" * 32}})
    else:
        answer = seller.post("/v1/cards", card(seller, clock() + 301).as_json())
    assert answer.status_code == 422, answer.text
    assert buyer.get(f"/v1/agents/{seller.address}/card").status_code == 404
