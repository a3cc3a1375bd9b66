"""One trace from the first offer to the settled deal: two agents, the gateway, its worker and the chain."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from parley.agents.client import GatewayClient
from parley.agents.signin import KeyIdentity
from parley.sandbox.local import LocalMarket
from parley.telemetry.tracing import started
from parley.terms.domain import Domain


def until(look: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.05)
    return found


def test_one_trace_and_figures_from_the_first_offer_to_the_settled_deal(
    market: LocalMarket, domain: Domain, traces: Path
) -> None:
    spans = {role: InMemorySpanExporter() for role in ("buyer", "seller")}
    buyer, seller = (
        market.agent(f"traced {role}", money=20, tracing=started(spans[role], role, at_once=True))
        for role in ("buyer", "seller")
    )
    talk = buyer.open(domain, seller.address)
    talk.offer({"price": 4_000_000, "hours": 50})
    theirs = seller.next_talk().wait()
    theirs.offer({"price": 5_000_000, "hours": 50})
    talk.wait().offer({"price": 4_500_000, "hours": 50})
    theirs.wait().accept()
    talk.wait()
    theirs.sign()
    [deal_id] = talk.sign()
    buyer.wait_for(deal_id, "open")

    def told() -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in traces.read_text().splitlines() if line.endswith("}")]
        done = [line for line in lines if line["context"]["trace_id"] == trace]
        return done if any(line["name"] == "settlement" for line in done) else []

    trace = "0x" + talk.id[2:34]
    gateway = until(told)
    mine = {role: spans[role].get_finished_spans() for role in spans}
    assert {f"0x{span.context.trace_id:032x}" for role in mine for span in mine[role]} == {trace}
    sent = {f"0x{span.context.span_id:016x}" for role in mine for span in mine[role]}
    taken = [span for span in gateway if span["name"] == "messages"]
    assert len(taken) == 5
    assert all(span["parent_id"] in sent for span in taken), "each message's span is below its sender's"
    opening = next(span for span in gateway if span["name"] == "settlement")
    assert opening["attributes"]["parley.deal"] == deal_id
    assert opening["attributes"]["parley.gas"] > 50_000
    assert market.node.receipt(opening["attributes"]["parley.transaction"]) is not None
    told_all = traces.read_text()
    for private in ("4500000", "support", market.gateway_key.hex(), buyer.client._token or ""):
        assert private not in told_all

    identity = KeyIdentity(market.signer("traced buyer"), market.deployment.chain_id)
    with GatewayClient(market.url, identity) as client:
        token = client._sign_in()
        answer = client._http.get("/v1/kpis", headers={"Authorization": f"Bearer {token}"}).json()["kpis"]
    assert answer["negotiations"] == {"ended": {"ACCEPTED": 1}, "agreement_rate_ppm": 1_000_000}
    assert answer["discount_ppm"]["median"] == 100_000
    assert answer["deals"] == {"submitted": 1, "opened": 1, "disputed": 0, "dispute_rate_ppm": 0}
    assert answer["gas_per_deal"]["median"] == opening["attributes"]["parley.gas"]
    assert answer["settlement_latency_seconds"]["count"] == 1
