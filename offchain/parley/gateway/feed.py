"""The live feed: every event a caller may see, in log order, from any position, none missed and none
doubled.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from itertools import islice

import orjson

from parley.errors import ParleyError
from parley.gateway.admission import evidence_stream
from parley.gateway.agreements import agreement_stream
from parley.gateway.live import erasure_stream, stream_of
from parley.store.models import StoredEvent
from parley.store.service import EventStore
from parley.store.views import ended_stream
from parley.terms.opening import Opening

log = logging.getLogger("parley.gateway")
TAIL = 4_096
PAGE = 500
GATHER = 0.003
"""Seconds in which what is committed is gathered, so that a busy log is read in pages and not in events."""
CACHED_AUDIENCES = 20_000
NOBODY: frozenset[str] = frozenset()
OF_NEGOTIATION = tuple(
    stream("") for stream in (stream_of, agreement_stream, evidence_stream, erasure_stream)
)
OF_DEAL = ("deal:", "chain:")
ANOMALIES = "anomalies"
"""The stream of alarms."""
RELAYER = "relayer"
"""What the relayer and the indexer say: deals that wait for gas budget, nodes that disagree, gaps."""


class Audiences:
    """Who may see the events of a stream, from documents that never change; anomalies and the relayer are for
    operators.
    """

    def __init__(self, store: EventStore, operators: Iterable[str] = ()) -> None:
        self._store = store
        self._operators = frozenset(operators)
        self._known: OrderedDict[str, frozenset[str]] = OrderedDict()

    def of(self, stream: str) -> frozenset[str]:
        kind, _, subject = stream.partition(":")
        # What is said beside a negotiation has the readers of what is said in it.
        key = stream_of(subject) if f"{kind}:" in OF_NEGOTIATION else stream
        found = self._known.get(key)
        if found is None:
            found = self._look_up(stream)
            if found:
                self._known[key] = found
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
        if kind in ("rfq", "rfq-answers"):
            readers = self._store.documents.get("rfq-invited", subject)
            if readers is None:
                return NOBODY
            return frozenset((readers["requester"], *(readers["invited"] if kind == "rfq" else ())))
        return self._operators if stream in (ANOMALIES, RELAYER) else NOBODY


class Feed:
    """Follows the store once for everybody, and only while somebody reads; late readers page through the
    store until they meet the tail.
    """

    def __init__(self, store: EventStore, operators: Iterable[str] = ()) -> None:
        self._store = store
        self._audiences = Audiences(store, operators)
        self._tail: deque[StoredEvent] = deque(maxlen=TAIL)
        self._end = 0
        self._readers = 0
        self._news = asyncio.Event()
        self._moved = asyncio.Event()
        self._stopped = False
        self._task: asyncio.Task[None] | None = None

    def _listen(self) -> Callable[[], None]:
        loop = asyncio.get_running_loop()

        def wake() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._news.set)

        return self._store.subscribe(wake)

    async def stop(self) -> None:
        self.release()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def release(self) -> None:
        """Ends every open stream, so that a shutdown need not wait for them. Call on the event loop."""
        self._stopped = True
        self._moved.set()
        self._news.set()

    async def position(self) -> int:
        """The newest position in the log."""
        return await asyncio.to_thread(self._store.last_position)

    async def _follow(self) -> None:
        """Runs from the first reader to the last. What happened in between is in the store."""
        unsubscribe = self._listen()
        try:
            await self._read_on()
        finally:
            unsubscribe()

    async def _read_on(self) -> None:
        self._tail.clear()
        self._end = await self.position()
        while self._readers and not self._stopped:
            self._news.clear()
            try:
                found = await asyncio.to_thread(self._store.feed, self._end, PAGE)
            except ParleyError as error:
                log.warning("the feed waits: %s", error)
                await asyncio.sleep(1.0)
                continue
            if found:
                self._tail.extend(found)
                self._end = found[-1].position
            self._announce()
            if len(found) == PAGE:
                continue
            await asyncio.sleep(GATHER)
            # Without a wake-up too: another process may have written. (`wait_for` of Python 3.11 may
            # swallow a
            # cancellation that comes together with the event; `timeout` does not.)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self._news.wait()

    def _announce(self) -> None:
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        self._readers += 1
        try:
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._follow(), name="parley-feed")
            yield
        finally:
            self._readers -= 1
            self._news.set()

    async def _after(self, position: int) -> list[StoredEvent]:
        if position >= self._end:
            return []
        if self._tail and self._tail[0].position <= position + 1:
            start = position + 1 - self._tail[0].position
            return list(islice(self._tail, start, start + PAGE))
        return await asyncio.to_thread(self._store.feed, position, PAGE)

    async def events(
        self, agent: str, after: int, heartbeat: float, session: str = ""
    ) -> AsyncIterator[list[StoredEvent]]:
        """Events after position `after` that `agent` may see, as many at a time as there are; an empty list
        now and then when there is nothing. Ends where the log says that `session`, named by the hash of its
        token, was ended.
        """
        ending = ended_stream(agent)
        with self._reading():
            while not self._stopped:
                moved, seen = self._moved, []
                batch = await self._after(after)
                for event in batch:
                    after = event.position
                    if event.stream == ending and session in event.data["sessions"]:
                        return
                    if agent in self._audiences.of(event.stream):
                        seen.append(event)
                if seen:
                    yield seen
                if batch:
                    await asyncio.sleep(0)
                elif not await _set_within(moved, heartbeat):
                    yield []


async def _set_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether `event` was set before `seconds` had passed."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


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
