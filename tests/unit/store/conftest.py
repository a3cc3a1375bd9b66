"""A store on a fresh file, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.postgres import PostgresServer

from parley.store import EventStore

Opener = Callable[..., EventStore]


class Clock:
    """Unix seconds that stand still until the test moves them."""

    def __init__(self) -> None:
        self.now = 1_700_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


ON_BOTH = (
    "test_append",
    "test_group_commit",
    "test_read_models",
    "test_leases",
    "test_erasure",
    "test_upgrade",
)
"""Modules whose tests run on SQLite and on PostgreSQL."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    chosen = any(mark.args[0] == "database" for mark in metafunc.definition.iter_markers("parametrize"))
    if (
        not chosen
        and "database" in metafunc.fixturenames
        and metafunc.module.__name__.rpartition(".")[2] in ON_BOTH
    ):
        metafunc.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    return getattr(request, "param", "sqlite")


@pytest.fixture
def url(database: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database of the test's own, empty."""
    if database == "sqlite":
        yield f"sqlite:///{tmp_path}/store.sqlite"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    with server.database() as found:
        yield found


@pytest.fixture
def reopen(url: str, clock: Clock) -> Iterator[Opener]:
    """Opens the same file again and again; everything is closed at the end."""
    opened: list[EventStore] = []

    def again(**options: object) -> EventStore:
        store = EventStore.open(url, clock=clock, **options)  # type: ignore[arg-type]
        opened.append(store)
        return store

    yield again
    for store in opened:
        store.close()


@pytest.fixture
def store(reopen: Opener) -> EventStore:
    return reopen()
