"""`parley sandbox` and `parley scenario`: reports, documents, exit codes, and nonsense."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from parley.sandbox.isolation import is_local

TINY = ("--agents", "4", "--epochs", "2", "--rounds", "5", "--seed", "2")


def test_a_market_as_json_and_as_tables(parley: Any, tmp_path: Path) -> None:
    found = parley("sandbox", "market", *TINY, "--json")
    assert found.status == 0, found.err
    report = json.loads(found.out)
    assert (report["schema"], report["version"], report["negotiations"]) == ("parley/market", 1, 4)
    assert parley("sandbox", "market", *TINY, "--json").out == found.out
    shown = parley("sandbox", "market", *TINY, "--adversary", "staller", "--pictures", tmp_path)
    assert shown.status == 0
    assert "4 negotiations" in shown.out
    assert (tmp_path / "market.png").read_bytes().startswith(b"\x89PNG")


def test_a_market_under_a_policy_from_an_epoch_on(parley: Any, tmp_path: Path) -> None:
    rule = {
        "id": "cheap", "layer": "organisation", "severity": "refuse",
        "expression": "values.price <= 600000", "reason": "Nothing dear.",
    }  # fmt: skip
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({"schema": "parley/policy", "version": 1, "name": "x", "rules": [rule]}))
    found = parley("sandbox", "market", *TINY, "--policy", path, "--change-at", "1", "--json")
    report = json.loads(found.out)
    assert report["rules"]["policy"].startswith("0x")
    assert report["epochs"][1]["agreement_ppm"] == 0
    path.write_text("{}")
    assert "[terms." in parley("sandbox", "market", *TINY, "--policy", path).err


def test_adversaries_and_patterns(parley: Any, tmp_path: Path) -> None:
    found = parley("sandbox", "adversaries", "--trials", "2", "--json", "--pictures", tmp_path)
    assert found.status == 0, found.err
    report = json.loads(found.out)
    assert (report["schema"], report["holds"], len(report["attacks"])) == ("parley/adversaries", True, 14)
    assert (tmp_path / "adversaries.png").exists()
    shown = parley("sandbox", "adversaries", "--trials", "1")
    assert "prompt injection" in shown.out
    assert "BROKEN" not in shown.out
    patterns = parley("sandbox", "patterns", "--trials", "1", "--json")
    assert patterns.status == 0, patterns.err
    document = json.loads(patterns.out)
    assert (document["schema"], document["guardrails_held"]) == ("parley/patterns", True)
    assert [each["pattern"] for each in document["patterns"]] == [
        "concession bargaining",
        "constraint satisfaction",
        "multi-issue trade space",
        "sealed-bid auction",
        "coalition of three",
        "human-in-the-loop acceptance",
    ]


def test_a_broken_guardrail_is_exit_status_1(parley: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from parley.sandbox.attacks import run
    from parley.sandbox.attacks.report import Attack

    broken = Attack("x", "aims", "rail", 1, 1, holds=False)
    monkeypatch.setattr(run, "adversaries", lambda *arguments: [broken])
    found = parley("sandbox", "adversaries")
    assert found.status == 1
    assert "BROKEN" in found.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("market", *TINY, "--strategy", "magic"), "negotiation.strategy-unknown"),
        (("market", *TINY, "--adversary", "hydra"), "sandbox.case-invalid"),
        (("market", *TINY, "--policy", "/nowhere"), "cli.file-unusable"),
        (("adversaries", "--victim", "nobody"), "negotiation.strategy-unknown"),
        (("patterns", "--strategy", "x:"), "sandbox.strategy-unreadable"),
    ],
)
def test_nonsense_is_a_typed_error(parley: Any, arguments: tuple[str, ...], code: str) -> None:
    found = parley("sandbox", *arguments)
    assert found.status == 1
    assert f"[{code}]" in found.err
    assert "\n  next: " in found.err
    assert "Traceback" not in found.said


@pytest.mark.parametrize(
    "option", [("--agents", "1"), ("--epochs", "x"), ("--share", "2"), ("--settle", "-1")]
)
def test_wrong_usage_is_status_2(parley: Any, option: tuple[str, str]) -> None:
    assert parley("sandbox", "market", *option).status == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARLEY_KEY", "0x" + "11" * 32),
        ("PARLEY_KEYSTORE", "/home/me/key.json"),
        ("PARLEY_RPC_URL", "https://mainnet.example/v1"),
        ("PARLEY_DATABASE", "postgresql://db.example/parley"),
    ],
)
def test_it_does_not_run_beside_real_keys_or_other_machines(
    parley: Any, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    found = parley("sandbox", "market", *TINY)
    assert found.status == 1
    assert "[sandbox.not-local]" in found.err
    assert f"setting: {name}" in found.err
    assert value not in found.said


def test_settings_of_this_machine_are_fine(parley: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_RPC_URL", "http://127.0.0.1:8545")
    monkeypatch.setenv("PARLEY_DATABASE", "sqlite:///parley.sqlite")
    assert parley("sandbox", "market", *TINY, "--json").status == 0


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8545", True), ("http://127.9.9.9", True), ("http://[::1]:1", True),
        ("http://localhost", True), ("sqlite:///x", True), ("http://10.0.0.1", False),
        ("http://127.0.0.1.example", False), ("http://localhost.example", False), ("http://", False),
        ("http://[::", False), ("https://user@127.0.0.1@evil.example/", False), ("postgresql:///x", False),
    ],
)  # fmt: skip
def test_what_is_local(url: str, local: bool) -> None:
    assert is_local(url) is local


@pytest.mark.parametrize("name", ["compute-lease", "discount-buyer", "campaign", "hotel-block"])
def test_a_scenario_is_played_and_laid_out(parley: Any, tmp_path: Path, name: str) -> None:
    found = parley("scenario", name, "--seed", "3", "--json")
    assert found.status == 0, found.err
    report = json.loads(found.out)
    assert (report["schema"], report["scenario"], report["agreed"]) == ("parley/scenario", name, True)
    shown = parley("scenario", name, "--seed", "3")
    assert shown.status == 0
    assert name in shown.out
    folder = tmp_path / "new"
    written = json.loads(parley("scenario", name, "--export", folder, "--json").out)["written"]
    assert written
    assert all(json.loads(Path(path).read_text())["schema"].startswith("parley/") for path in written)
    again = parley("scenario", name, "--export", folder)
    assert again.status == 1
    assert "[cli.folder-unwritable]" in again.err


def test_the_discounts_are_those_of_the_example(parley: Any) -> None:
    found = json.loads(parley("scenario", "discount-buyer", "--json").out)["sellers"]
    offers = [[int(offer) // 10**6 for offer in each["buyer_offers"]] for each in found]
    assert offers == [[850, 900, 950, 1_000], [850, 900], [850, 900], []]
    assert [each["ends"] for each in found] == ["escalated", "agreed", "agreed", "not opened"]
    assert [each["price"] for each in found] == [None, "900000000", "940000000", None]


def test_exported_documents_can_be_negotiated_about(parley: Any, tmp_path: Path) -> None:
    folder = tmp_path / "campaign"
    assert parley("scenario", "campaign", "--export", folder).status == 0
    roles = ("budget", "channel", "capacity")
    profiles = [part for role in roles for part in ("--profile", str(folder / f"{role}.json"))]
    strategies = [part for _ in roles for part in ("--strategy", "linear")]
    found = parley("negotiate", "--domain", folder / "domain.json", *profiles, *strategies, "--json")
    assert found.status == 0, found.err
    assert [party["role"] for party in json.loads(found.out)["parties"]] == list(roles)


def test_a_tournament_over_an_exported_scenario_passes_over_its_policies(parley: Any, tmp_path: Path) -> None:
    folder = tmp_path / "leases"
    assert parley("scenario", "compute-lease", "--export", folder).status == 0
    found = parley("tournament", folder, "--strategy", "conceder", "--rounds", "3", "--json")
    assert found.status == 0, found.err
    assert json.loads(found.out)["domains"] == 4


def test_an_unknown_scenario(parley: Any) -> None:
    found = parley("scenario", "nothing")
    assert found.status == 1
    assert "[scenarios.unknown]" in found.err
