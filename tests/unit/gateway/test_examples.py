"""The examples in the OpenAPI document are requests that a gateway takes."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of
from parley.gateway.examples import AT, KEYS, Examples
from parley.gateway.openapi import BODIES

WITHOUT = {
    "/v1/session",  # a challenge is the gateway's own, new each time
    "/v1/people/begin",  # people sign in at their provider
    "/v1/people/session",
    "/v1/approvals",  # a decision is on a request that waits
    "/v1/webhooks/{webhook}/replay",
    "/v1/actions",  # what follows needs a chain
    "/v1/deals",
}


@pytest.fixture
def served(make_gateway: Any, clock: Any) -> Any:
    clock.now = AT
    return make_gateway(operators=(KEYS["operator"].address,))


def test_every_example_is_taken(served: Any, make_agent: Any) -> None:
    with TestClient(app_of(served), raise_server_exceptions=False) as http:
        document = http.get("/openapi.json").json()
        agents = {who: make_agent(who, http) for who in KEYS}
        for who, agent in agents.items():
            agent.signer = KEYS[who]
            agent.sign_in(scopes=["read", "negotiate", "settle", "govern"])
        made = Examples(served.settings.chain_id, served.settings.escrow, served.receipts.gateway)
        for example in made.all:
            shown = document["paths"][example.path]["post"]["requestBody"]["content"]["application/json"]
            assert shown["example"] == example.body, example.path
            for step in (*example.before, example):
                answer = agents[step.who].post(step.path.format(**step.names), step.body)
                assert answer.status_code in (200, 201), (step.path, answer.text)
                if step.path == "/v1/messages:batch":
                    assert all("receipt" in entry for entry in answer.json()["results"])
        agreed = agents["buyer"].get(f"/v1/negotiations/{made.all[6].names['negotiation']}").json()
        assert agreed["negotiation"]["status"] == "ACCEPTED"


def test_what_has_no_example_is_known(served: Any) -> None:
    made = Examples(served.settings.chain_id, served.settings.escrow, served.receipts.gateway)
    shown = {example.path for example in made.all}
    bare = {path for path in BODIES if path not in shown and not path.startswith("/v1/deals/")}
    assert bare == WITHOUT
