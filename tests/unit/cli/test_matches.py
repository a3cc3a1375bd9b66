"""`parley negotiate` and `parley tournament`: what they print, and what they make of nonsense."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from parley.sandbox.leases import simple_lease, simple_profile
from parley.sandbox.matches.tournament import Ledger
from parley.terms.domain import Domain
from parley.terms.values import ZERO_ADDRESS


def write(folder: Path, title: str = "lease", **changes: Any) -> dict[str, Path]:
    """Domain and profiles of a small lease as files."""
    folder.mkdir(parents=True, exist_ok=True)
    domain = simple_lease(ZERO_ADDRESS, title=title)
    documents: Mapping[str, Any] = {
        "domain": domain.as_json(),
        **{role: {**simple_profile(domain, role).as_json(), **changes} for role in domain.roles},
    }
    paths = {}
    for name, document in documents.items():
        paths[name] = folder / f"{name}.json"
        paths[name].write_text(json.dumps(document))
    return paths


def options(paths: dict[str, Path], *more: str) -> list[str]:
    return [
        *("negotiate", "--domain", str(paths["domain"])),
        *("--profile", str(paths["buyer"]), "--profile", str(paths["seller"])),
        *more,
    ]


TWO = ("--strategy", "boulware", "--strategy", "conceder")


def test_one_match_as_json_and_as_tables(parley: Any, tmp_path: Path) -> None:
    paths = write(tmp_path)
    found = parley(*options(paths, *TWO, "--rounds", "30", "--seed", "7", "--json"))
    assert found.status == 0, found.err
    match = json.loads(found.out)
    assert (match["schema"], match["version"], match["seed"], match["max_rounds"]) == (
        "parley/match",
        1,
        7,
        30,
    )
    assert [party["strategy"] for party in match["parties"]] == ["boulware", "conceder"]
    assert match["result"]["agreed"] is True
    assert parley(*options(paths, *TWO, "--rounds", "30", "--seed", "7", "--json")).out == found.out
    shown = parley(*options(paths, *TWO, "--rounds", "30"))
    assert shown.status == 0
    assert "agreed after" in shown.out
    for word in ("buyer", "seller", "welfare", "Pareto", "Nash"):
        assert word in shown.out


def test_the_first_strategy_is_the_first_profiles(parley: Any, tmp_path: Path) -> None:
    paths = write(tmp_path)
    swapped = {**paths, "buyer": paths["seller"], "seller": paths["buyer"]}
    found = json.loads(parley(*options(swapped, *TWO, "--json")).out)
    assert {party["role"]: party["strategy"] for party in found["parties"]} == {
        "seller": "boulware",
        "buyer": "conceder",
    }


GENIUS = {
    "LinearAdditiveUtilitySpace": {
        "domain": {
            "name": "laptop",
            "issuesValues": {"brand": {"values": ["Dell", "HP"]}, "disk": {"values": ["60 Gb", "80 Gb"]}},
        },
        "issueUtilities": {
            "brand": {"DiscreteValueSetUtilities": {"valueUtilities": {"Dell": 1.0, "HP": 0.4}}},
            "disk": {"DiscreteValueSetUtilities": {"valueUtilities": {"60 Gb": 0.2, "80 Gb": 1}}},
        },
        "issueWeights": {"brand": 0.6, "disk": 0.4},
        "name": "laptop1",
    }
}


def test_a_geniusweb_domain_is_played(parley: Any, tmp_path: Path) -> None:
    other = json.loads(json.dumps(GENIUS))
    space = other["LinearAdditiveUtilitySpace"]
    space["issueUtilities"]["brand"]["DiscreteValueSetUtilities"]["valueUtilities"] = {"Dell": 0, "HP": 1}
    (tmp_path / "domain.json").write_text(json.dumps(GENIUS["LinearAdditiveUtilitySpace"]["domain"]))
    (tmp_path / "buyer.json").write_text(json.dumps(GENIUS))
    (tmp_path / "seller.json").write_text(json.dumps(other))
    paths = {name: tmp_path / f"{name}.json" for name in ("domain", "buyer", "seller")}
    found = parley(*options(paths, *TWO, "--json"))
    assert found.status == 0, found.err + found.out
    match = json.loads(found.out)
    assert match["domain"]["outcomes"] == "4"
    assert match["max_rounds"] == 100
    assert match["result"]["agreed"] is True


NEGMAS = """
name: bicycle
type: CartesianOutcomeSpace
issues:
- {name: colour, type: CategoricalIssue, values: [red, green, blue]}
- {name: gears, type: ContiguousIssue, values: [1, 10]}
"""
RIDER = """
type: LinearAdditiveUtilityFunction
name: NAME
reserved_value: RESERVED
values:
- {type: TableFun, mapping: MAPPING}
- {type: AffineFun, slope: SLOPE, bias: BIAS}
weights: [0.5, 0.5]
"""


@pytest.mark.parametrize(("reserved", "agreed"), [("-.inf", True), ("0.4", True), ("0.99", False)])
def test_a_negmas_domain_is_played(parley: Any, tmp_path: Path, reserved: str, agreed: bool) -> None:
    (tmp_path / "domain.yml").write_text(NEGMAS)
    sides = {
        "buyer": ("{red: 1, green: 0.5, blue: 0}", "0.1", "0"),
        "seller": ("{red: 0, green: 0.6, blue: 1}", "-0.1", "1"),
    }
    for name, (mapping, slope, bias) in sides.items():
        text = RIDER.replace("NAME", name).replace("RESERVED", reserved).replace("MAPPING", mapping)
        (tmp_path / f"{name}.yml").write_text(text.replace("SLOPE", slope).replace("BIAS", bias))
    paths = {name: tmp_path / f"{name}.yml" for name in ("domain", "buyer", "seller")}
    found = parley(*options(paths, *TWO, "--json"))
    assert found.status == 0, found.err + found.out
    match = json.loads(found.out)
    assert match["domain"]["outcomes"] == "30"
    assert match["result"]["agreed"] is agreed


def test_a_single_outcome_is_agreed_on_at_once(parley: Any, tmp_path: Path) -> None:
    paths = write(tmp_path)
    document = json.loads(paths["domain"].read_text())
    document["issues"] = [{"name": "it", "type": "choice", "values": ["so"]}]
    document["settlements"] = []
    domain = Domain.parse(document)
    paths["domain"].write_text(json.dumps(domain.as_json()))
    for role in ("buyer", "seller"):
        profile = {
            "schema": "parley/profile", "version": 2, "domain": domain.hash(), "role": role,
            "weights": {"it": 1_000_000}, "utilities": {"it": {"values": {"so": 700_000}}},
            "reservation_ppm": 600_000,
        }  # fmt: skip
        paths[role].write_text(json.dumps(profile))
    found = json.loads(parley(*options(paths, *TWO, "--json")).out)
    assert found["result"]["agreed"] is True
    assert found["result"]["messages"] == 3
    assert found["quality"]["nash_share_ppm"] == 1_000_000


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (("--strategy", "boulware"), "cli.count-mismatch"),
        ((*TWO, "--strategy", "linear"), "cli.count-mismatch"),
        (("--strategy", "boulware", "--strategy", "magic"), "negotiation.strategy-unknown"),
        (("--strategy", "boulware", "--strategy", "linear:x=1"), "negotiation.strategy-unknown"),
        (("--strategy", "boulware", "--strategy", "linear:"), "sandbox.strategy-unreadable"),
        ((*TWO, "--protocol", "duel"), "sandbox.protocol-unknown"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_nonsense_is_a_typed_error(
    parley: Any, tmp_path: Path, more: tuple[str, ...], code: str, as_json: bool
) -> None:
    paths = write(tmp_path)
    found = parley(*options(paths, *more, *(["--json"] if as_json else [])))
    assert found.status == 1
    assert "Traceback" not in found.said
    if as_json:
        problem = json.loads(found.out)
        assert problem["code"] == code
        assert problem["next_action"]
    else:
        assert f"[{code}]" in found.err
        assert "\n  next: " in found.err


@pytest.mark.parametrize("more", [("--rounds", "0"), ("--rounds", "x"), ("--seed", "-1"), ("--color",)])
def test_wrong_usage_is_status_2(parley: Any, tmp_path: Path, more: tuple[str, ...]) -> None:
    assert parley(*options(write(tmp_path), *TWO, *more)).status == 2


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "{}", '{"schema": "parley/profile"}', "\x00\xff", "[" * 9_000]
)
@pytest.mark.parametrize("which", ["domain", "buyer"])
def test_files_that_are_none_are_named(parley: Any, tmp_path: Path, which: str, content: str) -> None:
    paths = write(tmp_path)
    paths[which].write_bytes(content.encode("latin-1"))
    found = parley(*options(paths, *TWO))
    assert found.status == 1
    assert "Traceback" not in found.said
    assert "\n  next: " in found.err


@pytest.mark.parametrize(
    "changes",
    [
        {"weights": {"price": 700_000, "hours": 200_000}},
        {"reservation_ppm": 1_000_001},
        {"limits": [{"issue": "price", "max": "1"}]},
        {"role": "arbiter"},
        {"domain": "0x" + "00" * 32},
        {"constraints": [{"left": {"issue": "hours"}, "right": 3}]},
    ],
)
def test_profiles_that_do_not_fit_are_named(parley: Any, tmp_path: Path, changes: dict[str, Any]) -> None:
    found = parley(*options(write(tmp_path, **changes), *TWO))
    assert found.status == 1
    assert "Traceback" not in found.said
    assert "\n  next: " in found.err


def test_a_missing_file_and_a_folder_for_a_file(parley: Any, tmp_path: Path) -> None:
    paths = write(tmp_path / "case")
    for wrong in (tmp_path / "nowhere.json", tmp_path):
        found = parley(*options({**paths, "buyer": wrong}, *TWO))
        assert found.status == 1
        assert "Traceback" not in found.said


def test_a_tournament_over_folders_goes_on_and_reports(parley: Any, tmp_path: Path) -> None:
    write(tmp_path / "domains" / "one", "one")
    write(tmp_path / "domains" / "deep" / "two", "two")
    out = tmp_path / "out"
    command = ("tournament", tmp_path / "domains", *TWO, "--rounds", "5", "--rounds", "10", "--out", out)
    found = parley(*command, "--json")
    assert found.status == 0, found.err + found.out
    first = json.loads(found.out)
    assert (first["schema"], first["version"]) == ("parley/tournament", 1)
    assert first["matches"] == 16
    assert first["domains"] == 2
    assert {row["strategy"] for row in first["standings"]} == {"boulware", "conceder"}
    lines = (out / Ledger.NAME).read_text()
    assert json.loads(parley(*command, "--json").out) == first
    assert (out / Ledger.NAME).read_text() == lines
    shown = parley(*command)
    assert shown.status == 0
    assert "16 matches on 2 domains" in shown.out


def test_a_tournament_says_what_it_left_out(parley: Any, tmp_path: Path) -> None:
    write(tmp_path / "good")
    bad = write(tmp_path / "bad", "bad")
    bad["seller"].unlink()
    found = parley("tournament", tmp_path, *TWO, "--rounds", "5")
    assert found.status == 1
    assert "[sandbox.case-invalid]" in found.err
    assert f"folder: {tmp_path / 'bad'}" in found.err
    skipped = parley("tournament", tmp_path, *TWO, "--rounds", "5", "--skip", "--json")
    assert skipped.status == 0
    assert [each["case"] for each in json.loads(skipped.out)["left_out"]] == ["bad"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("{tmp}/empty", *TWO), "cli.folder-empty"),
        (("{tmp}/nowhere", *TWO), "cli.folder-empty"),
        (("{tmp}/good", "--strategy", "magic"), "negotiation.strategy-unknown"),
        (("{tmp}/good", *TWO, "--pictures"), "cli.option-missing"),
        (("{tmp}/good", *TWO, "--out", "{tmp}/good/domain.json"), "sandbox.folder-unusable"),
    ],
)
def test_a_tournament_of_nonsense(parley: Any, tmp_path: Path, arguments: tuple[str, ...], code: str) -> None:
    write(tmp_path / "good")
    (tmp_path / "empty").mkdir()
    found = parley("tournament", *(each.format(tmp=tmp_path) for each in arguments))
    assert found.status == 1
    assert f"[{code}]" in found.err
    assert "Traceback" not in found.said


def test_the_output_does_not_depend_on_the_hash_seed(tmp_path: Path) -> None:
    paths = write(tmp_path)
    strategies = ("--strategy", "adaptive", "--strategy", "bayesian")
    command = [sys.executable, "-m", "parley.cli", *options(paths, *strategies, "--json")]
    printed = [
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert json.loads(printed[0])["schema"] == "parley/match"
