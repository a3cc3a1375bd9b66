"""The operator's client and commands against a real gateway, in one process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from parley.agents.errors import GatewayProblem
from parley.agents.operator import Operator
from parley.cli import govern
from parley.cli.app import app
from parley.gateway.app import app_of
from parley.gateway.gateway import assemble
from parley.gateway.settings import GatewaySettings
from parley.policy.models import Bundle
from parley.store.service import EventStore
from parley.terms.signing import LocalSigner
from parley.terms.values import keccak

OPERATOR = LocalSigner(keccak(b"operator"))
STRANGER = LocalSigner(keccak(b"stranger"))
CHAIN = 31_337
AGENT = "0x" + "ab" * 20


class Bridge(httpx.BaseTransport):
    """Hands requests to the application in this process."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._client.request(
            request.method, str(request.url), content=request.read(), headers=dict(request.headers)
        )
        return httpx.Response(answer.status_code, headers=dict(answer.headers), content=answer.content)


@pytest.fixture
def bridge(tmp_path: Path) -> Iterator[Bridge]:
    settings = GatewaySettings(
        database=f"sqlite:///{tmp_path}/g.sqlite",
        escrow="0x" + "e5" * 20,
        audience="http://testserver",
        operators=(OPERATOR.address,),
        reviewers=(OPERATOR.address,),
        worker_seconds=3_600,
    )
    with EventStore.open(settings.database) as store:
        gateway = assemble(settings, store, LocalSigner(keccak(b"gateway")), None, None)
        with TestClient(app_of(gateway)) as client:
            yield Bridge(client)


@pytest.fixture
def operator(bridge: Bridge) -> Iterator[Operator]:
    found = Operator("http://testserver", OPERATOR, CHAIN, transport=bridge)
    yield found
    found.close()


def bundle(cap: int = 5) -> Bundle:
    rule = {
        "id": "cap",
        "layer": "global",
        "severity": "refuse",
        "expression": f"price <= {cap}",
        "reason": "cap",
    }
    return Bundle.parse({"schema": "parley/policy", "version": 1, "name": "b", "rules": [rule]})


def test_stops_are_given_seen_and_lifted(operator: Operator) -> None:
    given = operator.stop("agent", (AGENT,), "odd prices")
    [active] = operator.controls()["active"]
    assert (active["hash"], active["order"]["reason"]) == (given["hash"], "odd prices")
    operator.lift(given["hash"], "explained")
    assert operator.controls() == {**operator.controls(), "active": [], "number": 2}
    with pytest.raises(GatewayProblem) as refused:
        operator.lift(given["hash"], "again")
    assert refused.value.problem == "policy.control-invalid"


def test_a_policy_goes_all_the_way(operator: Operator) -> None:
    loaded = bundle()
    operator.load(loaded, "first")
    assert operator.shadow(loaded.hash(), "watch")["candidate"] == loaded.hash()
    assert operator.stage(loaded.hash(), 250_000, "a quarter")["share_ppm"] == 250_000
    assert operator.promote(loaded.hash(), "fine")["in_force"] == loaded.hash()
    assert operator.impact(loaded.hash())["replayed"] == 0
    assert operator.bundle(loaded.hash()) == loaded.as_json()
    with pytest.raises(GatewayProblem):
        operator.roll_back(loaded.hash(), "nothing before it")


def test_nothing_waits_and_nothing_alarms(operator: Operator) -> None:
    assert (operator.approvals(), operator.approvals(None), operator.anomalies()) == ([], [], [])
    with pytest.raises(GatewayProblem):
        operator.decide("0x" + "00" * 32, granted=True, reason="no such")


@pytest.fixture
def command(bridge: Bridge, monkeypatch: Any) -> Any:
    """Runs `parley …` with the operator's key, its HTTP handed to the gateway in this process."""
    monkeypatch.setattr(httpx._client, "HTTPTransport", lambda *_, **__: bridge)
    monkeypatch.setenv("PARLEY_KEY", "0x" + keccak(b"operator").hex())
    monkeypatch.delenv("PARLEY_KEYSTORE", raising=False)
    runner = CliRunner()

    def run(*arguments: str) -> Any:
        return runner.invoke(app, [*arguments, "--url", "http://testserver"])

    return run


def test_the_commands_print_what_the_gateway_answers(command: Any, tmp_path: Path) -> None:
    stopped = command("govern", "stop", "--agent", AGENT.upper().replace("0X", "0x"), "--reason", "odd")
    assert stopped.exit_code == 0, stopped.output
    order = json.loads(stopped.output)["hash"]
    assert json.loads(command("govern", "status").output)["active"][0]["hash"] == order
    assert command("govern", "lift", order, "--reason", "fine").exit_code == 0
    path = tmp_path / "bundle.json"
    path.write_bytes(bundle().canonical())
    assert command("policy", "load", str(path), "--reason", "first").exit_code == 0
    staged = command("policy", "stage", bundle().hash(), "--percent", "12.5", "--reason", "some")
    assert json.loads(staged.output)["share_ppm"] == 125_000
    assert json.loads(command("policy", "show").output)["candidate"] == bundle().hash()
    assert json.loads(command("approvals", "list").output)["approvals"] == []
    assert json.loads(command("govern", "alarms").output)["anomalies"] == []


def test_a_stop_without_one_clear_scope_is_refused(command: Any) -> None:
    for scopes in ([], ["--all", "--token", AGENT]):
        assert command("govern", "stop", *scopes, "--reason", "x").exception.code == "cli.scope-unclear"


def test_what_is_no_gateway_is_said_to_be_none(monkeypatch: Any) -> None:
    monkeypatch.setenv("PARLEY_KEY", "0x" + keccak(b"operator").hex())
    answer = httpx.MockTransport(lambda _: httpx.Response(200, text="hello"))
    monkeypatch.setattr(httpx._client, "HTTPTransport", lambda *_, **__: answer)
    runner = CliRunner()
    found = runner.invoke(govern.govern, ["status", "--url", "http://testserver"])
    assert getattr(found.exception, "code", None) == "cli.gateway-not-ready"
