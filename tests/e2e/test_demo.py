"""The demonstration as its users run it: a process, its output, its folder."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from demonstration import DEMO, alive, environment
from typer.testing import CliRunner

from parley.chain.anvil import LocalAnvil
from parley.cli.app import app
from parley.sandbox.demo.cast import player

CHECKS = {
    "refused: payment upfront to a newcomer",
    "refused: 8 640.00 of 14 000.00 USD with one seller",
    "the need is covered",
    "the shared budget is never overcommitted",
    "no seller has more than 60 % of the budget",
    "a person approved what was over the threshold",
    "every seller is paid in full",
    "no seller sold more than it has",
    "a ruling divides the disputed payment",
    "silence refunds the buyer",
    "a bundle with another price is refused",
    "money is conserved to the unit",
    "the escrow keeps nothing",
    "anyone recomputes the gateway's reputation scores",
    "paid sellers gained reputation, failed ones lost it",
}
NEED, BUDGET, SHARE, THRESHOLD = 5_000, 14_000_000_000, 8_400_000_000, 4_000_000_000


def parley(*arguments: object) -> tuple[int, dict[str, Any]]:
    """Runs a command with --json in a process of its own."""
    command = [sys.executable, "-m", "parley.cli", *map(str, arguments), "--json"]
    run = subprocess.run(command, capture_output=True, text=True)
    return run.returncode, json.loads(run.stdout)


@dataclass(frozen=True)
class Played:
    result: dict[str, Any]
    folder: Path
    left: list[int]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One whole run for all that look at its result."""
    place = tmp_path_factory.mktemp("demo")
    folder, mark = place / "a kept folder", uuid.uuid4().hex
    temporary = place / "temporary"
    temporary.mkdir()
    run = subprocess.run(
        [*DEMO, "--json", "--keep", str(folder)],
        env=environment(mark, temporary),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert run.returncode == 0, run.stderr + run.stdout[-4_000:]
    assert list(temporary.iterdir()) == []
    return Played(json.loads(run.stdout), folder, alive(mark))


@pytest.mark.timeout(300)
def test_every_check_is_there_and_holds(played: Played) -> None:
    checks = {check["name"]: check for check in played.result["checks"]}
    bundles = {f"bundle {deal['number']} verifies against the chain" for deal in played.result["deals"]}
    assert checks.keys() == CHECKS | bundles
    assert [name for name, check in checks.items() if not check["ok"]] == []
    assert played.result["ok"] is True


def test_nothing_is_left_running(played: Played) -> None:
    assert played.left == []


def test_money_is_conserved_to_the_unit(played: Played) -> None:
    money = played.result["money"]
    totals = []
    for moment in (money["before"], money["after"]):
        accounts = moment["accounts"].values()
        held = int(moment["held_by_escrow"])
        assert sum(int(one["internal"]) for one in accounts) + int(moment["locked"]) == held
        totals.append(sum(int(one["wallet"]) for one in accounts) + held)
        assert totals[-1] == int(moment["supply"])
    assert totals[0] == totals[1] > 0
    assert int(money["after"]["locked"]) == 0


def test_each_account_changed_by_its_deals_and_nothing_else(played: Played) -> None:
    def change(name: str) -> int:
        before, after = (played.result["money"][when]["accounts"][name] for when in ("before", "after"))
        return sum(map(int, after.values())) - sum(map(int, before.values()))

    lease = [deal for deal in played.result["deals"] if deal["buyer"] == "buyer"]
    assert change("buyer") == -sum(int(deal["price"]) for deal in lease)
    for deal in lease:
        sold = sum(int(other["price"]) for other in lease if other["seller"] == deal["seller"])
        assert change(deal["seller"]) == sold
    ruled, silent = played.result["deals"][-2:]
    price, bond, fee = int(ruled["price"]), int(ruled["seller_bond"]), 25_000_000
    assert int(ruled["paid_to_seller"]) == price * 3 // 10 + bond - fee * 7 // 10
    assert change("hasty seller") == int(ruled["paid_to_seller"]) - bond
    assert change("unhappy buyer") == -change("hasty seller") - fee
    assert change("arbiter") == fee
    assert change("waiting buyer") == int(silent["seller_bond"]) == -change("absent seller")
    assert change("gateway") == 0


def test_the_lease_keeps_to_need_budget_and_rules(played: Played) -> None:
    lease = [deal for deal in played.result["deals"] if deal["buyer"] == "buyer"]
    assert sum(deal["terms"]["gpu_hours"] for deal in lease) == NEED
    assert sum(int(deal["price"]) for deal in lease) <= BUDGET
    for seller in {deal["seller"] for deal in lease}:
        assert sum(int(deal["price"]) for deal in lease if deal["seller"] == seller) <= SHARE
    for deal in lease:
        terms = deal["terms"]
        assert int(deal["price"]) == int(terms["usd_per_gpu_hour"]) * terms["gpu_hours"]
        assert terms["payment"] != "upfront", "every seller is a newcomer"
        assert (deal["outcome"], deal["paid_to_seller"]) == ("settled", deal["price"])
        assert deal["gas"].keys() >= {"open", "deliver"}
    assert [deal["outcome"] for deal in played.result["deals"][-2:]] == ["settled", "defaulted"]


def test_a_person_approved_exactly_what_was_over_the_threshold(played: Played) -> None:
    approvals = played.result["approvals"]
    assert approvals, "the seed is chosen so that it happens"
    assert all(approval["granted"] for approval in approvals)
    approved = {(approval["seller"], approval["price"]) for approval in approvals}
    deals = [deal for deal in played.result["deals"] if deal["buyer"] == "buyer"]
    over = {(deal["seller"], deal["price"]) for deal in deals if int(deal["price"]) > THRESHOLD}
    assert over
    assert over <= approved


def test_negotiations_tell_who_offered_what(played: Played) -> None:
    talks = played.result["negotiations"]
    assert len({talk["seller"] for talk in talks}) == 4
    by_deal = {talk["deal_id"]: talk for talk in talks if talk["deal_id"]}
    for deal in played.result["deals"][:-2]:
        talk = by_deal[deal["deal_id"]]
        assert talk["stage"] == "paid"
        assert talk["buyer_offers"]["number"] + talk["seller_offers"]["number"] == deal["offers"]
        assert deal["terms"] in (talk["buyer_offers"]["last"], talk["seller_offers"]["last"])


def test_reputation_before_and_after(played: Played) -> None:
    before, after = (played.result["reputation"][when] for when in ("before", "after"))
    assert {standing["score_ppm"] for standing in before.values()} == {600_000}
    for deal in played.result["deals"]:
        standing = after[deal["seller"]]
        paid_in_full = deal["paid_to_seller"] == deal["price"]
        assert (standing["score_ppm"] > 600_000) is paid_in_full
        assert standing["deals"] >= 1
    assert after["absent seller"]["score_ppm"] < after["hasty seller"]["score_ppm"]


def test_kept_bundles_verify_and_a_tampered_one_does_not(played: Played) -> None:
    folder = played.folder
    assert json.loads((folder / "result.json").read_text()) == played.result
    assert {path.stem for path in (folder / "logs").iterdir()} >= {"buyer", "gateway", "crusoe"}

    for deal in played.result["deals"]:
        status, report = parley("verify", folder / deal["bundle"])
        assert (status, report["ok"]) == (0, True)
    [tampered] = (folder / "bundles").glob("*.tampered.json")
    status, report = parley("verify", tampered)
    assert (status, report["ok"]) == (1, False)
    [failure] = [check for check in report["checks"] if check["outcome"] == "failed"]
    assert failure["name"] == "signatures"


def test_the_kept_chain_answers_as_it_did(played: Played, tmp_path: Path) -> None:
    state = tmp_path / "chain.json"
    shutil.copy(played.folder / "chain.json", state)
    escrow = played.result["contracts"]["escrow"]
    with LocalAnvil(state=state) as chain:
        for deal in played.result["deals"]:
            report = asked("verify", played.folder / deal["bundle"], "--rpc", chain.rpc_url)
            assert {"failed", "not checked"}.isdisjoint(check["outcome"] for check in report["checks"])
        for name in ("crusoe", "absent seller"):
            address, told = played.result["accounts"][name], played.result["reputation"]["after"][name]
            found = asked("reputation", address, "--rpc", chain.rpc_url, "--escrow", escrow)
            assert {key: found[key] for key in told} == told


def asked(*arguments: object) -> dict[str, Any]:
    """What a command prints that works; in this process, since one that speaks to a chain starts slowly."""
    run = CliRunner().invoke(app, [*map(str, arguments), "--json"])
    assert run.exit_code == 0, run.output
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_no_key_is_written_anywhere(played: Played) -> None:
    for name in ("buyer", "crusoe", "gateway", "arbiter", "reviewer", "deployer"):
        key = player(played.result["seed"], name).key.hex().encode()
        for path in played.folder.rglob("*"):
            if path.is_file():
                assert key not in path.read_bytes(), path
