"""Against a model: any mix of appends, repeats, groups and reopenings behaves like a dictionary of lists."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from parley.errors import ParleyError
from parley.store import ANY, EventStore, IdempotencyMismatch, NewEvent, SequenceConflict

STREAMS = st.sampled_from(["a", "b", "c"])
VALUES = st.integers(min_value=0, max_value=3)


class StoreMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._url = f"sqlite:///{Path(self._folder.name)}/s.sqlite"
        self.store = EventStore.open(self._url, clock=lambda: 7)
        self.streams: dict[str, list[int]] = {"a": [], "b": [], "c": []}
        self.order: list[tuple[str, int]] = []
        self.keys: dict[str, tuple[str, list[int]]] = {}

    def _expect(
        self, stream: str, expected: int, values: list[int], key: str | None
    ) -> type[ParleyError] | None:
        """What the model says of an append, and its effect on the model."""
        if key is not None and key in self.keys:
            return None if self.keys[key] == (stream, values) else IdempotencyMismatch
        if expected not in (ANY, len(self.streams[stream])):
            return SequenceConflict
        self.streams[stream] += values
        self.order += [(stream, value) for value in values]
        if key is not None:
            self.keys[key] = (stream, values)
        return None

    @rule(
        batch=st.lists(
            st.tuples(
                STREAMS,
                st.integers(min_value=-1, max_value=6),
                st.lists(VALUES, min_size=1, max_size=3),
                st.sampled_from([None, None, "k1", "k2", "k3"]),
            ),
            min_size=1,
            max_size=6,
        )
    )
    def append_group(self, batch: list[tuple[str, int, list[int], str | None]]) -> None:
        futures = [
            self.store.append_async(
                stream, expected, [NewEvent("v", {"v": value}) for value in values], idempotency_key=key
            )
            for stream, expected, values, key in batch
        ]
        for future, (stream, expected, values, key) in zip(futures, batch, strict=True):
            error = self._expect(stream, expected, values, key)
            found = future.exception(30)
            assert (None if found is None else type(found)) == error
            if found is None:
                assert [event.data["v"] for event in future.result().events] == values

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = EventStore.open(self._url, clock=lambda: 7)

    @invariant()
    def same_as_the_model(self) -> None:
        for stream, values in self.streams.items():
            assert [event.data["v"] for event in self.store.read(stream)] == values
            assert self.store.verify_stream(stream) == len(values)
        assert [(event.stream, event.data["v"]) for event in self.store.feed()] == self.order
        assert [event.position for event in self.store.feed()] == list(range(1, len(self.order) + 1))

    def teardown(self) -> None:
        self.store.close()
        self._folder.cleanup()


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)
