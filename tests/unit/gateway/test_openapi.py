"""The OpenAPI document says what the routes read, and whatever follows it or not is answered in kind."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis.openapi
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from parley.gateway.app import app_of
from parley.gateway.openapi import BODIES, QUERIES

READ = re.compile(r'(?:count_parameter\(request, |query_params\.get\()"(\w+)"')
ENDLESS = ("/v1/events",)  # a stream, tried by its own tests


def endpoints(gateway: Any) -> list[APIRoute]:
    from parley.gateway.app import ROUTES

    return [
        route for module in ROUTES for route in module.routes(gateway).routes if isinstance(route, APIRoute)
    ]


def test_it_names_what_every_route_reads(gateway: Any) -> None:
    for route in endpoints(gateway):
        [method] = route.methods or ()
        asked = READ.findall(inspect.getsource(route.endpoint))
        if method == "GET":
            assert sorted(QUERIES.get(route.path, ())) == sorted(asked), route.path
        else:
            assert not asked, route.path
        assert (method == "POST") == (route.path in BODIES and method == "POST"), route.path


@pytest.fixture(params=["sqlite", "postgresql"])
def served(request: Any, make_gateway: Any, addresses: Any) -> Any:
    changes: dict[str, Any] = {"operators": (addresses("buyer"),), "agent_rate": "1000000/minute"}
    changes |= {"address_rate": "1000000/minute", "door_rate": "1000000/minute"}
    if request.param == "sqlite":
        yield make_gateway(**changes)
        return
    with request.getfixturevalue("postgres").database() as url:
        gateway = make_gateway(database=url, **changes)
        yield gateway
        gateway.store.close()


def bombard(gateway: Any, make_agent: Any, examples: int) -> int:
    """Every operation with what its schema allows and what it does not; how many requests it took."""
    sent = 0
    with TestClient(app_of(gateway), raise_server_exceptions=False) as http:
        agent = make_agent("buyer", http)
        agent.sign_in(scopes=["read", "negotiate", "settle", "govern"])
        document = http.get("/openapi.json").json()
        schema = schemathesis.openapi.from_dict(document)
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.path in ENDLESS or (operation.method == "delete" and "session" in operation.path):
                continue
            strategies = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

            @settings(
                max_examples=examples,
                phases=(Phase.explicit, Phase.generate),
                suppress_health_check=list(HealthCheck),
                database=None,
            )
            @given(case=st.one_of(strategies))
            def attack(case: Any) -> None:
                nonlocal sent
                sent += 1
                request = case.as_transport_kwargs(base_url="http://testserver")
                headers = {**dict(request.pop("headers", {})), "Authorization": f"Bearer {agent.token}"}
                request.pop("cookies", None)
                answer = http.request(
                    request.pop("method"), request.pop("url"), headers=headers, **kept(request)
                )
                in_kind(answer, case.path)

            attack()
    return sent


def kept(request: dict[str, Any]) -> dict[str, Any]:
    return {name: request[name] for name in ("params", "json", "data", "content") if name in request}


def in_kind(answer: Any, path: str) -> None:
    """Typed, with what to do next, and never a failure of the gateway's own."""
    body = answer.json()
    assert answer.status_code < 500 or body["code"] == "gateway.settlement-unavailable", (path, body)
    assert "Traceback" not in answer.text
    assert body["next_actions"], (path, body)
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "code", "next_action", "retryable", "values"} <= body.keys()


def test_whatever_is_sent_is_answered_in_kind(gateway: Any, make_agent: Callable[..., Any]) -> None:
    assert bombard(gateway, make_agent, 3) > 100


ODD = ("%00", "a%00b", "%ED%A0%80", "%FF", "..%2F..%2Fetc", "%F0%9F%92%A3" * 50, "-1", "1e9", "9" * 40)


@pytest.mark.parametrize("served", ["postgresql"], indirect=True)  # which takes less than SQLite
def test_odd_characters_in_paths_and_queries(served: Any, make_agent: Callable[..., Any]) -> None:
    with TestClient(app_of(served), raise_server_exceptions=False) as http:
        agent = make_agent("buyer", http)
        agent.sign_in(scopes=["read", "govern"])
        for route in endpoints(served):
            if "GET" not in (route.methods or ()) or route.path in ENDLESS:
                continue
            for odd in ODD:
                named = re.sub(r"\{\w+\}", odd, route.path)
                answers = [agent.get(named)] if named != route.path else []
                answers += [agent.get(f"{named}?{name}={odd}") for name in QUERIES.get(route.path, ())]
                for answer in answers:
                    in_kind(answer, route.path)


@pytest.mark.deep
@pytest.mark.timeout(3_600)
def test_whatever_is_sent_for_long_is_answered_in_kind(served: Any, make_agent: Callable[..., Any]) -> None:
    assert bombard(served, make_agent, 300) > 10_000
