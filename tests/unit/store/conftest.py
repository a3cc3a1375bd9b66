"""A store on a fresh file, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

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


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.sqlite"


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
