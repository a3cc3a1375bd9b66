"""scripts/bench as a user runs it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

BENCH = Path(__file__).resolve().parents[2] / "scripts" / "bench"


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BENCH), *arguments], capture_output=True, text=True, cwd="/", timeout=280)


@pytest.fixture(scope="module")
def gas() -> dict[str, Any]:
    done = bench("gas", "--json")
    assert done.returncode == 0, done.stderr
    results: dict[str, Any] = json.loads(done.stdout)
    return results


def test_gas_is_by_target(gas):
    results = dict(gas)
    batched = {name: results.pop(name) for name in ("T1b", "T3", "T3 one pair", "T4", "T4 one pair")}
    for result in batched.values():
        assert (
            result["value"] > 15_000
        )  # two signatures, an event and what an item has for itself cost as much
        assert result["unit"] == "gas"
    assert set(results) == {"T1", "T2", "T5", "T5b", "T5c"}
    payment = results.pop("T5c")
    for name in ("T5", "T5b"):
        redeeming = results.pop(name)
        assert redeeming["value"] == redeeming["parts"]["redeem"] > 21_000
    assert payment["value"] * 1_000 == sum(
        payment["parts"][name] for name in ("open from allowance", "redeem to the wallet")
    )
    for result in results.values():
        assert set(result) == {"value", "unit", "target", "holds", "parts", "how"}
        assert result["unit"] == "gas"
        assert result["value"] == result["parts"]["open"] + result["parts"]["settle"]
        # Two transactions cannot cost less than their base fee, and nothing measured is far from the target.
        assert 42_000 < result["value"] < 400_000
        assert result["holds"] == (result["value"] <= int(result["target"].strip("≤ ").replace(" ", "")))


@pytest.mark.timeout(300)
def test_messages_are_compared_with_a_floor_of_the_same_run():
    done = bench("messages", "--short", "--json")
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert set(results) == {"T6", "T7", "T7b"}
    assert results["T7"]["value"] > 0
    assert results["T7b"]["value"] > 0
    for name in ("T7", "T7b"):
        assert results[name]["parts"]["share of the floor, ratio"] > 1
    result = results["T6"]
    assert result["value"] > 1, "verification contains the recovery it is compared with"
    assert result["parts"]["whole, µs"] > result["parts"]["floor, µs"] > 0


@pytest.mark.deep  # hundreds of deals
@pytest.mark.timeout(300)
def test_a_deal_costs_what_it_did_before_the_others():
    done = bench("growth", "--short", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)["T13"]
    assert result["holds"]
    assert result["parts"]["deals between"] > 0
    assert abs(result["value"] - 1) < 0.01


def test_another_run_is_a_table_for_people_with_the_same_gas(gas):
    done = bench("gas")
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("│")] for line in done.stdout.splitlines() if "│" in line]
    values = {row[1]: row[3] for row in rows}
    for name in ("T1", "T2", "T5b"):
        assert values[name] == f"{gas[name]['value']:,}".replace(",", " ")


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("gas", "--wrong")])
def test_a_wrong_call_says_what_there_is(arguments):
    done = bench(*arguments)
    assert done.returncode == 2
    assert "usage: scripts/bench" in done.stderr
