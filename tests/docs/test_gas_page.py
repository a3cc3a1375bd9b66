"""docs/gas.md says what the contracts' snapshots say, and shows every path that is measured."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "scripts" / "gas_page"))


def test_the_page_is_what_the_snapshots_say(script: dict[str, Any]) -> None:
    assert script["main"]([]) == 0


def test_another_figure_makes_another_page(script: dict[str, Any]) -> None:
    kept = script["snapshots"]()
    page = script["PAGE"].read_text()
    assert script["filled"](page, kept) == page
    for name in kept["Paths"]:
        kept["Paths"][name] += 1
        assert script["filled"](page, kept) != page, name
        kept["Paths"][name] -= 1


def test_figures_and_differences_are_written_with_their_signs(script: dict[str, Any]) -> None:
    kept = {"A": {"x": 12_345, "y, z": 12_000}}
    line = "| ? <!-- A: x --> | ? <!-- A: x - A: y, z --> | 7 <!-- A: y, z - A: x --> |"
    wanted = (
        "| 12 345 <!-- A: x --> | +345 <!-- A: x - A: y, z --> | \N{MINUS SIGN}345 <!-- A: y, z - A: x --> |"
    )
    assert script["filled"](line, kept) == wanted
    assert script["filled"](wanted, kept) == wanted
    assert script["named"](line) == {("A", "x"), ("A", "y, z")}


def test_a_snapshot_that_is_not_kept_is_no_figure(script: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        script["filled"]("? <!-- A: gone -->", {"A": {}})
