"""Sign-in: only the key that a fresh challenge names gets a token, once, for a while, for what it asked."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient

from parley.terms.message import Challenge
from parley.terms.signing import LocalSigner
from parley.terms.values import keccak


def proposed(http: TestClient, address: str) -> dict[str, Any]:
    answer = http.post("/v1/challenge", json={"agent": address})
    assert answer.status_code == 201
    body: dict[str, Any] = answer.json()
    assert body["next_actions"] == [{"action": "sign_in", "method": "POST", "href": "/v1/session"}]
    challenge: dict[str, Any] = body["challenge"]
    return challenge


def signature(agent: Any, challenge: dict[str, Any], chain_id: int = 31_337) -> str:
    signed: str = agent.signer.sign_digest(Challenge.parse(challenge).digest(chain_id))
    return signed


def test_a_signed_challenge_becomes_a_session(http: TestClient, buyer: Any) -> None:
    token = buyer.sign_in()
    assert len(token) >= 43
    body = buyer.get("/v1/session").json()
    assert body["agent"] == buyer.address
    assert body["scopes"] == ["negotiate", "read", "settle"]


def test_the_token_is_kept_as_a_hash_only(gateway: Any, buyer: Any) -> None:
    token = buyer.sign_in()
    rows = gateway.store.query(sa.text("select token_hash from sessions"))
    assert len(rows) == 1
    assert token not in rows[0][0]


def test_a_challenge_is_answered_once(http: TestClient, buyer: Any) -> None:
    challenge = proposed(http, buyer.address)
    body = {"challenge": challenge, "signature": signature(buyer, challenge)}
    assert http.post("/v1/session", json=body).status_code == 201
    again = http.post("/v1/session", json=body)
    assert (again.status_code, again.json()["code"]) == (401, "gateway.challenge-invalid")


def test_another_key_cannot_answer(http: TestClient, buyer: Any, stranger: Any) -> None:
    challenge = proposed(http, buyer.address)
    refused = http.post(
        "/v1/session", json={"challenge": challenge, "signature": signature(stranger, challenge)}
    )
    assert (refused.status_code, refused.json()["code"]) == (401, "gateway.challenge-invalid")


def test_a_challenge_of_ones_own_making_is_refused(http: TestClient, buyer: Any, clock: Any) -> None:
    challenge = proposed(http, buyer.address)
    for change in (
        {"nonce": "0x" + "11" * 32},
        {"expires_at": challenge["expires_at"] + 60},
        {"issued_at": challenge["issued_at"] - 1},
        {"audience": "http://elsewhere"},
    ):
        forged = {**challenge, **change}
        answer = http.post("/v1/session", json={"challenge": forged, "signature": signature(buyer, forged)})
        assert answer.json()["code"] == "gateway.challenge-invalid", change


def test_a_challenge_expires(http: TestClient, buyer: Any, clock: Any) -> None:
    challenge = proposed(http, buyer.address)
    clock.now = challenge["expires_at"] + 1
    answer = http.post("/v1/session", json={"challenge": challenge, "signature": signature(buyer, challenge)})
    assert answer.json()["code"] == "gateway.challenge-invalid"


def test_the_wrong_chain_is_another_domain(http: TestClient, buyer: Any) -> None:
    challenge = proposed(http, buyer.address)
    answer = http.post(
        "/v1/session", json={"challenge": challenge, "signature": signature(buyer, challenge, chain_id=1)}
    )
    assert answer.json()["code"] == "gateway.challenge-invalid"


def test_a_high_s_signature_is_refused(http: TestClient, buyer: Any) -> None:
    challenge = proposed(http, buyer.address)
    good = bytes.fromhex(signature(buyer, challenge)[2:])
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high = good[:32] + (order - int.from_bytes(good[32:64])).to_bytes(32) + bytes([55 - good[64]])
    answer = http.post("/v1/session", json={"challenge": challenge, "signature": "0x" + high.hex()})
    assert answer.json()["code"] == "gateway.challenge-invalid"


def test_a_session_expires(buyer: Any, clock: Any) -> None:
    buyer.sign_in(seconds=60)
    assert buyer.get("/v1/session").status_code == 200
    clock.now += 61
    refused = buyer.get("/v1/session")
    assert (refused.status_code, refused.json()["code"]) == (401, "gateway.session-expired")
    assert refused.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_session_ends_at_once_when_signed_out(buyer: Any) -> None:
    buyer.sign_in()
    assert buyer.request("DELETE", "/v1/session").status_code == 200
    assert buyer.get("/v1/session").json()["code"] == "gateway.not-authenticated"


def test_a_session_can_do_only_what_its_scopes_say(buyer: Any, talk: Any) -> None:
    buyer.sign_in(scopes=["read"])
    refused = buyer.post("/v1/negotiations", talk.open_body())
    assert (refused.status_code, refused.json()["code"]) == (403, "gateway.scope-missing")
    assert refused.json()["values"]["scope"] == "negotiate"


def test_unknown_scopes_and_fields_are_refused(http: TestClient, buyer: Any) -> None:
    challenge = proposed(http, buyer.address)
    body = {"challenge": challenge, "signature": signature(buyer, challenge)}
    assert (
        http.post("/v1/session", json={**body, "scopes": ["admin"]}).json()["code"] == "gateway.body-invalid"
    )
    assert http.post("/v1/session", json={**body, "admin": True}).json()["code"] == "gateway.body-invalid"


def test_sessions_survive_a_restart(buyer: Any, make_gateway: Any) -> None:
    buyer.sign_in()
    again = make_gateway()
    assert again.authenticator.authenticate(f"Bearer {buyer.token}").agent == buyer.address


def test_challenges_cost_no_storage(http: TestClient, gateway: Any) -> None:
    before = gateway.store.last_position()
    for number in range(50):
        proposed(http, LocalSigner(keccak(b"flood %d" % number)).address)
    rows = gateway.store.query(sa.text("select count(*) from challenges"))
    assert (gateway.store.last_position(), rows[0][0]) == (before, 0)
