"""A state folded from one stream of the store, kept in memory and caught up when asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from parley.store.errors import SequenceConflict
from parley.store.models import NewEvent, StoredEvent
from parley.store.service import EventStore

S = TypeVar("S")
ATTEMPTS = 8


class Folded(Generic[S]):
    """Thread-safe. `current` is what was folded last; `refresh` reads what any process appended since."""

    def __init__(
        self, store: EventStore, stream: str, initial: S, apply: Callable[[S, StoredEvent], S]
    ) -> None:
        self.stream = stream
        self._store = store
        self._apply = apply
        self._lock = threading.Lock()
        self._folded = (initial, 0)  # replaced as one, so that readers need no lock
        self.refresh()

    def current(self) -> tuple[S, int]:
        """The state and how many events it rests on."""
        return self._folded

    def refresh(self) -> bool:
        """Takes in what is new; whether there was anything. Blocks."""
        with self._lock:
            before = self._folded[1]
            for event in self._store.read_all_after(self.stream, before - 1):
                self._folded = self._apply(self._folded[0], event), event.sequence + 1
            return self._folded[1] != before

    def append(self, decide: Callable[[S], NewEvent]) -> S:
        """Appends what `decide` makes of the newest state, or lets its error out. Blocks until durable."""
        for attempt in range(ATTEMPTS):
            self.refresh()
            state, length = self.current()
            event = decide(state)
            try:
                self._store.append(self.stream, length, (event,))
            except SequenceConflict:
                if attempt == ATTEMPTS - 1:
                    raise
                continue
            break
        self.refresh()
        return self.current()[0]
