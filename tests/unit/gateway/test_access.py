"""A walk over every route as every kind of caller: nobody sees or touches what is not theirs."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.headers import SECURITY_HEADERS

OPEN_TO_ALL = {
    ("GET", "/health"),
    ("GET", "/ready"),
    ("POST", "/v1/challenge"),
    ("POST", "/v1/session"),
    ("POST", "/v1/people/begin"),
    ("POST", "/v1/people/session"),
}
OWN = {("GET", "/v1/session"), ("DELETE", "/v1/session"), ("GET", "/v1/events")}
PUBLIC = {
    ("POST", "/v1/agents"),
    ("GET", "/v1/agents"),
    ("GET", "/v1/agents/{address}"),
    ("GET", "/v1/reputation/{agent}"),
    ("POST", "/v1/cards"),
    ("GET", "/v1/agents/{address}/card"),
    ("GET", "/v1/listings"),
    ("POST", "/v1/listings"),
    ("GET", "/v1/listings/{listing}"),
    ("DELETE", "/v1/listings/{listing}"),
}
QUOTES = {
    ("GET", "/v1/rfqs"),
    ("POST", "/v1/rfqs"),
    ("GET", "/v1/rfqs/{rfq}"),
    ("GET", "/v1/rfqs/{rfq}/answers"),
    ("POST", "/v1/rfqs/{rfq}/answers"),
    ("POST", "/v1/rfqs/{rfq}/opening"),
}
COLLECTIONS = {
    ("GET", "/v1/negotiations"),
    ("POST", "/v1/negotiations"),
    ("POST", "/v1/messages:batch"),
    ("GET", "/v1/deals"),
    ("POST", "/v1/deals"),
    ("GET", "/v1/kpis"),
    ("GET", "/v1/actions"),
    ("POST", "/v1/actions"),
}

WEBHOOKS = {
    ("GET", "/v1/webhooks"),
    ("POST", "/v1/webhooks"),
    ("GET", "/v1/webhooks/{webhook}"),
    ("DELETE", "/v1/webhooks/{webhook}"),
    ("POST", "/v1/webhooks/{webhook}/replay"),
}
GOVERNING = {
    ("GET", "/v1/controls"),
    ("GET", "/v1/controls/log"),
    ("POST", "/v1/controls"),
    ("GET", "/v1/anomalies"),
    ("GET", "/v1/approvals"),
    ("GET", "/v1/approvals/{identity}"),
    ("POST", "/v1/approvals"),
    ("GET", "/v1/policies"),
    ("POST", "/v1/policies"),
    ("GET", "/v1/policies/{bundle}"),
    ("GET", "/v1/policies/{bundle}/impact"),
    ("GET", "/v1/retention"),
    ("GET", "/v1/retention/due"),
    ("POST", "/v1/retention"),
    ("GET", "/v1/consents"),
    ("POST", "/v1/consents"),
}


def routes(http: TestClient) -> set[tuple[str, str]]:
    paths = http.get("/openapi.json").json()["paths"]
    return {(method.upper(), path) for path, methods in paths.items() for method in methods}


def concrete(path: str, negotiation: str, agent: str) -> str:
    return (
        path.replace("{negotiation}", negotiation)
        .replace("{deal_id}", "0x" + "de" * 32)
        .replace("{address}", agent)
        .replace("{agent}", agent)
        .replace("{identity}", "0x" + "1d" * 32)
        .replace("{webhook}", "0x" + "3b" * 32)
        .replace("{bundle}", "0x" + "b0" * 32)
        .replace("{listing}", "0x" + "11" * 32)
        .replace("{rfq}", "0x" + "4f" * 32)
    )


def test_every_route_is_known_to_this_walk(http: TestClient) -> None:
    of_one = {
        (method, path) for method, path in routes(http) if "{negotiation}" in path or "{deal_id}" in path
    }
    assert routes(http) == OPEN_TO_ALL | OWN | PUBLIC | COLLECTIONS | GOVERNING | WEBHOOKS | QUOTES | of_one
    assert len(of_one) >= 15


def test_without_a_session_nothing_but_the_door_is_open(http: TestClient, talk: Any, buyer: Any) -> None:
    talk.start()
    for method, path in sorted(routes(http) - OPEN_TO_ALL):
        for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic eDp5"}):
            answer = http.request(method, concrete(path, talk.id, buyer.address), headers=headers, json={})
            assert answer.status_code == 401, (method, path)
            assert answer.json()["code"] == "gateway.not-authenticated"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_stranger_is_told_the_same_as_for_what_does_not_exist(
    http: TestClient, talk: Any, stranger: Any, buyer: Any
) -> None:
    talk.agree()
    nothing = "0x" + "77" * 32
    message = talk.messages[1].wire()
    for method, path in sorted(routes(http)):
        if "{negotiation}" not in path:
            continue
        theirs = stranger.request(method, concrete(path, talk.id, buyer.address), json=message)
        assert theirs.status_code == 404, (method, path)
        if method == "GET":
            absent = stranger.request(method, concrete(path, nothing, buyer.address))
            assert (absent.status_code, absent.json()["code"]) == (404, theirs.json()["code"])


def test_a_party_may_read_all_of_its_own(http: TestClient, talk: Any, buyer: Any, seller: Any) -> None:
    talk.agree()
    for agent in (buyer, seller):
        for method, path in sorted(routes(http)):
            if method == "GET" and "{negotiation}" in path:
                answer = agent.request(method, concrete(path, talk.id, agent.address))
                assert answer.status_code == 200, path
                assert answer.json()["next_actions"], path


def test_read_only_sessions_change_nothing(http: TestClient, talk: Any, buyer: Any) -> None:
    talk.start()
    buyer.sign_in(scopes=["read"])
    for method, path in sorted(routes(http) - OPEN_TO_ALL - OWN):
        if method == "POST":
            answer = buyer.request(method, concrete(path, talk.id, buyer.address), json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "gateway.scope-missing"), path


def test_every_answer_carries_security_headers(http: TestClient, talk: Any, buyer: Any) -> None:
    talk.start()
    for answer in (
        http.get("/health"),
        http.get("/nowhere"),
        http.get("/v1/deals"),
        buyer.get(f"/v1/negotiations/{talk.id}"),
    ):
        for name, value in SECURITY_HEADERS.items():
            assert answer.headers[name] == value


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/v1/agents", 405)])
def test_what_is_not_there_is_a_problem_too(http: TestClient, method: str, path: str, status: int) -> None:
    answer = http.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["next_actions"]


def test_an_unexpected_failure_shows_nothing_of_the_inside(
    http: TestClient, talk: Any, buyer: Any, gateway: Any, monkeypatch: Any, caplog: Any
) -> None:
    talk.start()

    def broken(*_: Any) -> Any:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(gateway.directory), "find", broken)
    answer = buyer.get("/v1/agents")
    assert (answer.status_code, answer.json()["code"]) == (500, "gateway.internal")
    assert "secret detail" not in answer.text
    assert "RuntimeError" in caplog.text


def test_readiness_names_what_agents_need(http: TestClient, gateway: Any) -> None:
    body = http.get("/ready").json()
    assert body["ready"] is True
    assert body["gateway"] == gateway.receipts.gateway
    assert body["escrow"] == gateway.settings.escrow
    assert body["checks"]["store"]["ok"] is True


def test_a_store_that_fails_shows_in_readiness(http: TestClient, gateway: Any, monkeypatch: Any) -> None:
    from parley.store.errors import StoreUnavailable

    def broken(_: Any) -> Any:
        raise StoreUnavailable("The volume is gone.")

    monkeypatch.setattr(type(gateway.store), "last_position", broken)
    answer = http.get("/ready")
    assert answer.status_code == 503
    assert answer.json()["checks"]["store"]["ok"] is False
