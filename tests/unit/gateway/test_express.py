"""The short way to frequent routes gives the answers of the long one."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of
from parley.gateway.express import FREQUENT, Express
from parley.gateway.negotiations import Negotiations
from parley.terms.message import Performative


@pytest.fixture
def long(gateway: Any) -> TestClient:
    """The same gateway as the framework serves it: under a root path nothing goes the short way."""
    return TestClient(app_of(gateway), raise_server_exceptions=False, root_path="/mounted")


def same(one: Any, other: Any) -> None:
    assert one.status_code == other.status_code, one.text
    assert one.json() == other.json()
    assert dict(one.headers) == dict(other.headers)


def test_both_ways_give_the_same_answers(talk: Any, buyer: Any, http: Any, long: TestClient) -> None:
    talk.start()
    offer = talk.build(buyer, Performative.PROPOSE, talk.offer(2_000_000))
    path = f"/v1/negotiations/{talk.id}/messages"
    assert http.post(path, json=offer.wire(), headers=token(buyer)).status_code == 201
    for body in (offer.wire(), {**offer.wire(), "signature": "0x" + "11" * 65}, {}, []):
        same(*(way.post(path, json=body, headers=token(buyer)) for way in (http, long)))
    batch = {"messages": [offer.wire(), {}]}
    same(*(way.post("/v1/messages:batch", json=batch, headers=token(buyer)) for way in (http, long)))
    same(*(way.post("/v1/messages:batch", content=b"{", headers=token(buyer)) for way in (http, long)))
    same(*(way.post(path, json={}) for way in (http, long)))  # nobody signed in
    core = {"domain": talk.domain.as_json(), "opening": talk.opening.as_json()}
    opened = {**core, "message": talk.messages[0].wire()}
    for place, more in (
        ("/v1/negotiations", [opened, {**opened, "domain": {}}, {}]),
        ("/v1/deals", [{"negotiation": talk.id, "open_by": 0, "signature": "0x00"}, {}]),
        ("/v1/deals/0x00/delivery", [{}]),
        ("/v1/deals/0x00/receipt", [{}]),
    ):
        for body in more:
            same(*(way.post(place, json=body, headers=token(buyer)) for way in (http, long)))
    same(*(way.post(path + "/more", json={}, headers=token(buyer)) for way in (http, long)))
    same(*(way.put(path, json={}, headers=token(buyer)) for way in (http, long)))


def test_the_short_way_knows_declared_routes_only(gateway: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = []
    find = Express._find
    monkeypatch.setattr(Express, "_find", lambda self, path: found.append(find(self, path)) or found[-1])
    http = TestClient(app_of(gateway), raise_server_exceptions=False)
    declared = http.get("/openapi.json").json()["paths"]
    for path in FREQUENT:
        assert "post" in declared[path]
        named = path.replace("{negotiation}", "0x00").replace("{deal_id}", "0x00")
        assert http.post(named).status_code == 401
    taken = [route.path for route, _ in found]
    assert sorted(taken) == sorted(FREQUENT)
    for path in ("/v1/negotiations//messages", "/v1/negotiations/messages", "/v1/negotiations/a/b/messages"):
        assert http.post(path).status_code in (404, 405)
        assert found[-1] is None


def token(agent: Any) -> dict[str, str]:
    if agent.token is None:
        agent.sign_in()
    return {"Authorization": f"Bearer {agent.token}"}


def test_what_nobody_expected_is_answered_alike(
    talk: Any, buyer: Any, http: Any, long: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: Any) -> Any:
        raise RuntimeError("a secret")

    monkeypatch.setattr(Negotiations, "post", failing)
    offer = talk.build(buyer, Performative.PROPOSE, talk.offer(2_000_000))
    path = f"/v1/negotiations/{talk.id}/messages"
    answers = [way.post(path, json=offer.wire(), headers=token(buyer)) for way in (http, long)]
    same(*answers)
    assert answers[0].status_code == 500
    assert answers[0].json()["code"] == "gateway.internal"
    assert answers[0].headers["X-Content-Type-Options"] == "nosniff"
    assert "a secret" not in answers[0].text
    with pytest.raises(RuntimeError):  # the server gets it, and logs it
        TestClient(http.app).post(path, json=offer.wire(), headers=token(buyer))
