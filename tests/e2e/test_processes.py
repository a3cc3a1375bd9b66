"""Reference agents as processes of their own that reach the gateway over HTTP and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from parley.agents.client import GatewayClient
from parley.agents.signin import KeyIdentity
from parley.chain.reader import OnChainReader
from parley.evidence.bundle import Bundle
from parley.evidence.verify import verify_bundle
from parley.sandbox.local import TOKEN_NAME, TOKEN_VERSION, UNIT, LocalMarket, key_of
from parley.terms.domain import Domain


def write_config(market: LocalMarket, folder: Path, name: str, talk: dict[str, Any], **more: Any) -> Path:
    path = folder / f"{name}.json"
    document = {
        "schema": "parley/agent",
        "version": 1,
        "name": name,
        "gateway": market.url,
        "database": str(folder / f"{name}.sqlite"),
        "tokens": {market.deployment.token: {"name": TOKEN_NAME, "version": TOKEN_VERSION}},
        "talks": [talk],
        "idle": 200,
        **more,
    }
    path.write_text(json.dumps(document))
    return path


def start(kind: str, config: Path, name: str) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PARLEY_")}
    environment["PARLEY_KEY"] = key_of(name).hex()
    return subprocess.Popen(
        [sys.executable, "-m", f"parley.agents.{kind}", str(config)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def talk_of(domain: Domain, profile: Any, strategy: str, counterparty: str | None = None) -> dict[str, Any]:
    found = {
        "domain": domain.as_json(),
        "profile": profile.as_json(),
        "strategy": strategy,
        "seed": 7,
    }
    return found if counterparty is None else {**found, "counterparty": counterparty}


def reports(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def test_two_processes_from_a_first_offer_to_a_paid_seller(
    market: LocalMarket, domain: Domain, make_profile: Any, tmp_path: Path
) -> None:
    names = ("process buyer", "process seller")
    buyer_address, seller_address = (market.signer(name).address for name in names)
    market.fund(buyer_address, 50 * UNIT)
    market.fund(seller_address, 1 * UNIT)
    selling = write_config(
        market, tmp_path, names[1], talk_of(domain, make_profile(domain, "seller"), "conceder")
    )
    buying = write_config(
        market,
        tmp_path,
        names[0],
        talk_of(domain, make_profile(domain, "buyer"), "boulware", seller_address),
        budget={"limit": str(9 * UNIT)},
    )
    seller = start("seller", selling, names[1])
    buyer = start("buyer", buying, names[0])
    try:
        said, complained = buyer.communicate(timeout=100)
        assert buyer.returncode == 0, complained
    finally:
        seller.send_signal(signal.SIGTERM)
        sold, trouble = seller.communicate(timeout=30)
        buyer.kill()
    assert seller.returncode == 0, trouble

    kinds = [report["kind"] for report in reports(said)]
    assert kinds[0] == "ready"
    assert {"offered", "deal_signed", "receipt"} <= set(kinds)
    assert "delivery" in [report["kind"] for report in reports(sold)]
    assert key_of(names[0]).hex() not in said + complained + sold + trouble

    identity = KeyIdentity(market.signer(names[0]), market.deployment.chain_id)
    with GatewayClient(market.url, identity) as client:
        [summary] = client.deals().items
        assert summary.status == "settled"
        price = int(summary.price)
        document = client.deal_bundle(summary.deal_id)["bundle"]
    assert market.balance(buyer_address) == 50 * UNIT - price
    assert market.balance(seller_address) == 1 * UNIT + price
    reader = OnChainReader(market.node, market.deployment.escrow, start_block=market.deployment.block)
    assert verify_bundle(Bundle.parse(document), reader).ok


def test_a_killed_buyer_goes_on_where_it_was(
    market: LocalMarket, domain: Domain, make_profile: Any, tmp_path: Path
) -> None:
    names = ("killed buyer", "patient seller")
    buyer_address, seller_address = (market.signer(name).address for name in names)
    market.fund(buyer_address, 50 * UNIT)
    market.fund(seller_address, 1 * UNIT)
    selling = write_config(
        market, tmp_path, names[1], talk_of(domain, make_profile(domain, "seller"), "linear")
    )
    buying = write_config(
        market,
        tmp_path,
        names[0],
        talk_of(domain, make_profile(domain, "buyer"), "linear", seller_address),
        budget={"limit": str(9 * UNIT)},
    )
    seller = start("seller", selling, names[1])
    try:
        for offers in (1, 3):
            buyer = start("buyer", buying, names[0])
            assert buyer.stdout is not None
            seen = 0
            while seen < offers:
                line = buyer.stdout.readline()
                assert line, buyer.communicate()
                seen += json.loads(line)["kind"] == "offered"
            buyer.send_signal(signal.SIGKILL)
            buyer.communicate()
        last = start("buyer", buying, names[0])
        _, complained = last.communicate(timeout=100)
        assert last.returncode == 0, complained
    finally:
        seller.send_signal(signal.SIGTERM)
        seller.communicate(timeout=30)
    identity = KeyIdentity(market.signer(names[0]), market.deployment.chain_id)
    with GatewayClient(market.url, identity) as client:
        page = client.negotiations()
        assert len(page.items) == 1, "a restart opened a second negotiation"
        [summary] = client.deals().items
    assert summary.status == "settled"
    assert market.balance(buyer_address) == 50 * UNIT - int(summary.price)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{", "terms.json-invalid"),
        ("{}", "terms.document-invalid"),
        ('{"schema": "parley/agent", "version": 1, "extra": 1}', "terms.document-invalid"),
    ],
)
def test_a_bad_configuration_is_named_without_a_traceback(tmp_path: Path, body: str, code: str) -> None:
    config = tmp_path / "agent.json"
    config.write_text(body)
    process = start("buyer", config, "anyone")
    _, complained = process.communicate(timeout=60)
    assert process.returncode == 1
    assert code in complained
    assert "Traceback" not in complained
