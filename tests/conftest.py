"""What all suites share: a marker by folder, Hypothesis profiles, and Ape where `ape test` runs.

`ape test` runs tests/chain and nothing else; plain pytest runs everything but tests/chain.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

HERE = Path(__file__).parent
UNDER_APE = Path(sys.argv[0]).name == "ape"
MARKER_OF_FOLDER = {"chain": "chain", "e2e": "e2e", "docs": "e2e", "faults": "faults"}

if UNDER_APE:
    collect_ignore = [path.name for path in HERE.iterdir() if path.is_dir() and path.name != "chain"]
    # So that `ape test` works without scripts/env.sh: Anvil and the compiler of this checkout.
    TOOLS = str(HERE.parent / ".tools" / "bin")
    os.environ["PATH"] = os.pathsep.join((TOOLS, os.environ.get("PATH", os.defpath)))
    os.environ.setdefault("SOLCX_BINARY_PATH", TOOLS)
else:
    collect_ignore = ["chain"]

# Two cores shared by everything: a slow example is no failure, and the same seed gives the same run.
settings.register_profile("default", deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "deep", deadline=None, max_examples=10_000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure(config: pytest.Config) -> None:
    if UNDER_APE:
        # addopts blocks the plugin, after `ape test` has registered its options: what is left to do is this.
        from ape.pytest.plugin import pytest_configure as configure_ape

        configure_ape(config)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--deep", action="store_true", help="also run the long campaigns")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(HERE).parts[0] if item.path.is_relative_to(HERE) else ""
        item.add_marker(MARKER_OF_FOLDER.get(folder, "unit"))
    if not config.getoption("--deep"):
        deep = [item for item in items if item.get_closest_marker("deep")]
        if deep:
            config.hook.pytest_deselected(items=deep)
            items[:] = [item for item in items if item.get_closest_marker("deep") is None]


if not UNDER_APE:

    @pytest.fixture(scope="session")
    def postgres() -> Iterator[Any]:
        """A PostgreSQL server of this test process."""
        from tests.postgres import PostgresServer

        server = PostgresServer()
        yield server
        server.stop()
