"""The command line against living chains and gateways."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from parley.chain.anvil import LocalAnvil
from parley.chain.create2 import plan
from parley.chain.deploy import check_deployment
from parley.chain.deployments import load
from parley.chain.errors import NodeWrongChain
from parley.cli.app import app
from parley.errors import ParleyError
from parley.gateway.settings import GatewaySettings
from parley.sandbox.local import LocalMarket, key_of
from parley.terms.domain import Domain
from parley.terms.signing import LocalSigner

KEY = "0x" + "11" * 32
NOBODY = "0x" + "22" * 20


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "parley.cli", *map(str, arguments)]


def surroundings(**settings: str) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    return {**inherited, **settings}


def parley(*arguments: object) -> tuple[int, dict[str, Any]]:
    """One command with --json in this process: its status and what it printed, or the error it ended with."""
    found = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    if isinstance(found.exception, ParleyError):
        return 1, found.exception.as_problem()
    assert isinstance(found.exception, SystemExit | None), found.exception
    return found.exit_code, json.loads(found.stdout)


@pytest.fixture(scope="module")
def plain() -> Iterator[LocalAnvil]:
    """A chain with nothing on it."""
    with LocalAnvil() as chain:
        yield chain


# ------------------------------------------------------------------------ deploy


def test_deploy_on_a_plain_chain(plain: LocalAnvil) -> None:
    status, found = parley("deploy", "--rpc", plain.rpc_url)
    assert status == 0
    assert found["chain_id"] == 31_337
    check_deployment(plain.node(), found["escrow"])
    again, second = parley("deploy", "--rpc", plain.rpc_url)
    assert (again, second["escrow"]) == (0, found["escrow"])  # it stands there already
    planned, addresses = parley("deploy", "--plan")
    assert (planned, addresses["Escrow"]) == (0, found["escrow"])
    shown = CliRunner().invoke(app, ["deploy", "--rpc", plain.rpc_url])
    names = [line.split()[0] for line in shown.stdout.splitlines()]
    assert names[:3] == ["chain_id", "escrow", "registry"]


def test_deploy_with_a_key_of_ones_own(tmp_path: Path, monkeypatch: Any) -> None:
    """As on a public chain: no worthless token, and a file that a gateway reads."""
    payer = key_of("payer of the deployment")
    monkeypatch.setenv("PARLEY_KEY", payer.hex())
    monkeypatch.delenv("PARLEY_KEYSTORE", raising=False)
    path = tmp_path / "deployments.json"
    with LocalAnvil() as chain:
        chain.fund(LocalSigner(payer).address, 10**19)
        status, found = parley("deploy", "--public", "--rpc", chain.rpc_url, "--out", str(path))
    assert status == 0
    assert "token" not in found
    known = load(path).on(31_337)
    assert known.escrow == found["escrow"]
    assert set(known.transactions) == {contract.name for contract in plan()}
    settings = GatewaySettings(deployments=path, chain_id=31_337)
    assert (settings.escrow, settings.registry) == (known.escrow, known.registry)
    with pytest.raises(ValidationError, match="no deployment on chain 5"):
        GatewaySettings(deployments=path, chain_id=5)


def test_deploy_refuses_another_chain() -> None:
    with LocalAnvil(chain_id=1) as chain:
        status, problem = parley("deploy", "--rpc", chain.rpc_url)
        assert (status, problem["code"]) == (1, NodeWrongChain.code)
        assert chain.node().block_number() == 0


# -------------------------------------------------------------------- reputation


@pytest.fixture(scope="module")
def settled(market: LocalMarket, domain: Domain) -> tuple[str, str, str]:
    """Buyer, seller and the file of the bundle of one paid deal."""
    buyer, seller = market.agent("cli buyer", money=100), market.agent("cli seller", money=10)
    talk = buyer.open(domain, seller.address)
    talk.offer({"price": 5_000_000, "hours": 50})
    other = seller.next_talk().wait()
    other.accept()
    other.sign()
    talk.wait()
    [deal_id] = talk.sign()
    seller.deliver(deal_id, {"machines": ["a", "b"]})
    buyer.accept_delivery(deal_id)
    buyer.wait_for(deal_id, "closed")
    path = market.folder / "cli bundle.json"
    path.write_text(json.dumps(buyer.client.deal_bundle(deal_id)["bundle"]))
    return buyer.address, seller.address, str(path)


@pytest.fixture(scope="module")
def domain(market: LocalMarket) -> Domain:
    """For the whole module: one deal serves all tests."""
    from parley.sandbox.leases import simple_lease

    return simple_lease(market.deployment.token)


def test_the_score_recomputed_from_the_chain_is_the_gateways(
    market: LocalMarket, settled: tuple[str, str, str]
) -> None:
    at_node = ["--rpc", market.chain.rpc_url, "--escrow", market.deployment.escrow]
    reader = market.agent("cli buyer").client
    for days in (0, 200):
        market.travel(days * 86_400)
        for address in (*settled[:2], NOBODY):
            told = reader.reputation(address)
            status, found = parley("reputation", address, *at_node)
            assert status == 0
            assert (found["score_ppm"], found["deals"]) == (told.score_ppm, told.deals)
            assert found["counterparties"] == told.counterparties
            assert (found["score_ppm"] > 600_000) is (address != NOBODY)
    _, earlier = parley("reputation", settled[1], *at_node, "--at", found["at"] - 100 * 86_400)
    _, before = parley("reputation", settled[1], *at_node, "--at", 1)
    _, now = parley("reputation", settled[1], *at_node)
    assert earlier["score_ppm"] > now["score_ppm"], "a deal weighs less as it gets older"
    assert before["score_ppm"] == 600_000
    _, counted = parley("reputation", settled[1], *at_node, "--token", market.deployment.token)
    assert counted == now
    status, checksummed = parley("reputation", "0x" + settled[1][2:].upper(), *at_node)
    assert (status, checksummed["agent"]) == (0, settled[1])


def test_the_score_at_an_address_that_is_no_escrow(market: LocalMarket) -> None:
    node = ["--rpc", market.chain.rpc_url]
    for address in (NOBODY, market.deployment.token):
        status, problem = parley("reputation", NOBODY, *node, "--escrow", address)
        assert status == 1
        assert problem["code"].startswith(("chain.", "contract."))
        assert problem["next_action"]


# ------------------------------------------------------------------------ verify


def test_verify_against_the_chain_and_against_another(
    market: LocalMarket, plain: LocalAnvil, settled: tuple[str, str, str]
) -> None:
    status, report = parley("verify", settled[2], "--rpc", market.chain.rpc_url)
    assert (status, report["ok"]) == (0, True)
    assert "not checked" not in {check["outcome"] for check in report["checks"]}
    status, report = parley("verify", settled[2], "--rpc", plain.rpc_url)
    assert (status, report["ok"]) == (1, False)


# ------------------------------------------------------------------------- serve


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_answers_and_leaves_its_database_whole(
    plain: LocalAnvil, tmp_path: Path, number: signal.Signals
) -> None:
    _, contracts = parley("deploy", "--rpc", plain.rpc_url)
    database, port = tmp_path / "gateway.sqlite", _free_port()
    settings = {
        "PARLEY_DATABASE": f"sqlite:///{database}",
        "PARLEY_PORT": str(port),
        "PARLEY_RPC_URL": plain.rpc_url,
        "PARLEY_ESCROW": contracts["escrow"],
        "PARLEY_REGISTRY": contracts["registry"],
        "PARLEY_START_BLOCK": str(contracts["block"]),
        "PARLEY_KEY": KEY,
    }
    process = subprocess.Popen(
        command("serve"), env=surroundings(**settings), stderr=subprocess.PIPE, text=True
    )
    try:
        assert _answers(f"http://127.0.0.1:{port}/ready", process)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert KEY[2:] not in said
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.sqlite"], "the log is written back"


def test_serve_with_a_port_that_is_taken(market: LocalMarket, tmp_path: Path) -> None:
    settings = {
        "PARLEY_DATABASE": f"sqlite:///{tmp_path / 'gateway.sqlite'}",
        "PARLEY_PORT": market.url.rpartition(":")[2],
        "PARLEY_ESCROW": market.deployment.escrow,
        "PARLEY_KEY": KEY,
    }
    found = subprocess.run(
        command("serve"), env=surroundings(**settings), capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 1
    assert "[gateway.port-in-use]" in found.stderr
    assert "next: " in found.stderr


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str, process: subprocess.Popen[str], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return True
        except httpx.HTTPError:
            time.sleep(0.05)
    return False
