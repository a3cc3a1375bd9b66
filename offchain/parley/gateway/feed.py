"""The live feed: every event a caller may see, in log order, from any position, none missed and none
doubled.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from itertools import islice

import orjson

from parley.gateway.agreements import agreement_stream
from parley.gateway.live import stream_of
from parley.gateway.negotiations import evidence_stream
from parley.store.models import StoredEvent
from parley.store.service import EventStore
from parley.terms.opening import Opening

TAIL = 4_096
PAGE = 500
CACHED_AUDIENCES = 20_000
NOBODY: frozenset[str] = frozenset()
OF_NEGOTIATION = tuple(stream("") for stream in (stream_of, agreement_stream, evidence_stream))
OF_DEAL = ("deal:", "chain:")


class Audiences:
    """Who may see the events of a stream, from documents that never change."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._known: OrderedDict[str, frozenset[str]] = OrderedDict()

    def of(self, stream: str) -> frozenset[str]:
        found = self._known.get(stream)
        if found is None:
            found = self._look_up(stream)
            if found:
                self._known[stream] = found
            while len(self._known) > CACHED_AUDIENCES:
                self._known.popitem(last=False)
        return found

    def _look_up(self, stream: str) -> frozenset[str]:
        kind, _, subject = stream.partition(":")
        if f"{kind}:" in OF_NEGOTIATION:
            body = self._store.documents.get("opening", subject)
            if body is None:
                return NOBODY
            opening = Opening.parse(body)
            parties = (party.address for party in opening.parties)
            return frozenset((*parties, *opening.reviewers, *opening.gateways))
        if f"{kind}:" in OF_DEAL:
            row = self._store.deals.get(subject)
            return NOBODY if row is None else frozenset(address for _, address in row.parties)
        return NOBODY


class Feed:
    """Follows the store once for everybody; late readers page through the store until they meet the tail."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._audiences = Audiences(store)
        self._tail: deque[StoredEvent] = deque(maxlen=TAIL)
        self._end = 0
        self._news = asyncio.Event()
        self._moved = asyncio.Event()
        self._stopped = False
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._end = await asyncio.to_thread(self._store.last_position)

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._news.set)

        self._unsubscribe = self._store.subscribe(wake)
        self._task = asyncio.create_task(self._follow(), name="parley-feed")

    async def stop(self) -> None:
        self.release()
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def release(self) -> None:
        """Ends every open stream, so that a shutdown need not wait for them. Call on the event loop."""
        self._stopped = True
        self._moved.set()

    @property
    def position(self) -> int:
        return self._end

    async def _follow(self) -> None:
        while True:
            self._news.clear()
            found = await asyncio.to_thread(self._store.feed, self._end, PAGE)
            if found:
                self._tail.extend(found)
                self._end = found[-1].position
                moved, self._moved = self._moved, asyncio.Event()
                moved.set()
                continue
            try:
                # Without a wake-up too: another process may have written.
                await asyncio.wait_for(self._news.wait(), 1.0)
            except TimeoutError:
                continue

    async def _after(self, position: int) -> list[StoredEvent]:
        if position >= self._end:
            return []
        if self._tail and self._tail[0].position <= position + 1:
            start = position + 1 - self._tail[0].position
            return list(islice(self._tail, start, start + PAGE))
        return await asyncio.to_thread(self._store.feed, position, PAGE)

    async def events(self, agent: str, after: int, heartbeat: float) -> AsyncIterator[StoredEvent | None]:
        """Events after position `after` that `agent` may see; None now and then when there is nothing."""
        while not self._stopped:
            moved = self._moved
            batch = await self._after(after)
            for event in batch:
                after = event.position
                if agent in self._audiences.of(event.stream):
                    yield event
            if batch:
                await asyncio.sleep(0)
                continue
            try:
                await asyncio.wait_for(moved.wait(), heartbeat)
            except TimeoutError:
                yield None


def as_text(event: StoredEvent) -> bytes:
    """The event in text/event-stream form; its id is the log position."""
    kind, _, subject = event.stream.partition(":")
    body = {
        "stream": kind,
        "subject": subject,
        "sequence": event.sequence,
        "recorded_at": event.recorded_at,
        "data": event.data,
    }
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (event.position, event.kind.encode(), orjson.dumps(body))


def position_text(position: int) -> bytes:
    """Tells a new reader where it stands, so that it can resume even before anything happened."""
    body = {"stream": "feed", "subject": "", "sequence": position, "recorded_at": 0, "data": {}}
    return b"id: %d\nevent: position\ndata: %s\n\n" % (position, orjson.dumps(body))
