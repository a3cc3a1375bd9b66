"""What Prometheus scrapes, and that every alert rule looks at something that is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from parley.gateway.observe import scrape
from parley.gateway.serve import listen, metrics_of
from parley.settlement.worker import LEASE
from parley.telemetry.errors import TelemetryInvalid

RULES = Path(__file__).parents[3] / "docs" / "ops" / "alerts.yml"
NAMES = re.compile(r"parley_[a-z0-9_]+")


class Chain:
    """A desk of which only the chain is asked."""

    def check_chain(self) -> dict[str, int]:
        return {"block": 30, "indexed": 7}

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def gateway(make_gateway: Any, monkeypatch: Any) -> Any:
    monkeypatch.setattr(scrape, "FRESH", -1)
    return make_gateway(desk=Chain())


def shown(gateway: Any) -> dict[str, Any]:
    """Every sample name with its samples."""
    found: dict[str, Any] = {}
    for family in text_string_to_metric_families(generate_latest(gateway.metrics.registry).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
        found.setdefault(family.name, [])
    return found


def test_every_alert_looks_at_a_metric_that_is_there(
    gateway: Any, http: TestClient, talk: Any, buyer: Any
) -> None:
    talk.agree()
    http.get("/nowhere")
    gateway.store.leases.acquire(LEASE, "someone", 20)
    names = set(shown(gateway))
    groups = yaml.safe_load(RULES.read_text())["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) >= 15
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        asked = NAMES.findall(rule["expr"])
        assert asked, rule["alert"]
        assert set(asked) <= names, (rule["alert"], set(asked) - names)
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["action"]


def test_what_happened_is_counted(gateway: Any, http: TestClient, talk: Any, buyer: Any) -> None:
    talk.agree()
    talk.send(buyer, talk.messages[1])
    talk.say_offer(buyer, 1)
    found = shown(gateway)
    outcomes = {labels["outcome"]: value for labels, value in found["parley_messages_total"]}
    assert outcomes == {"taken": 4, "duplicate": 1, "refused": 1}
    assert found["parley_negotiations"] == [({"status": "ACCEPTED"}, 1)]
    assert found["parley_chain_behind_blocks"] == [({}, 23)]
    assert ({"part": "store"}, 1) in found["parley_up"]
    posted = [labels for labels, _ in found["parley_http_requests_total"] if labels["status"] == "201"]
    assert {"route": "/v1/negotiations/{negotiation}/messages", "status": "201"} in posted
    assert found["parley_kpi_agreement_ratio"] == [({}, 1)]
    for agent in (talk.buyer, talk.seller):
        assert agent.address not in str(found), "no label names an agent"


def test_an_unknown_path_makes_no_new_series(gateway: Any, http: TestClient) -> None:
    for number in range(5):
        http.get(f"/nowhere/{number}")
    routes = {labels["route"] for labels, _ in shown(gateway)["parley_http_requests_total"]}
    assert routes == {"none"}


def test_metrics_have_a_listener_of_their_own(gateway: Any, make_gateway: Any, http: TestClient) -> None:
    import httpx

    assert http.get("/metrics").status_code == 404
    with listen("127.0.0.1", 0) as probe:
        port = probe.getsockname()[1]
        taken = make_gateway(metrics_port=port)
        with pytest.raises(TelemetryInvalid), metrics_of(taken):
            pass
    with metrics_of(make_gateway(metrics_port=port)):
        answer = httpx.get(f"http://127.0.0.1:{port}/metrics")
        assert "parley_up" in answer.text
