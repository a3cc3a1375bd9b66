"""The feed: whoever reads it gets everything it may see, once, in order, from any position."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import orjson
import pytest

from parley.gateway.feed import TAIL, Feed, as_text
from parley.store.models import ANY, DocumentPut, NewEvent
from parley.store.service import EventStore


@pytest.fixture
def store(tmp_path: Path) -> Any:
    found = EventStore.open(f"sqlite:///{tmp_path / 'feed.sqlite'}")
    yield found
    found.close()


def known(store: EventStore, talk: Any) -> str:
    store.documents.put("opening", talk.id, talk.opening.as_json())
    return f"negotiation:{talk.id}"


def add(store: EventStore, stream: str, count: int) -> None:
    store.append(stream, ANY, [NewEvent("message", {"n": number}) for number in range(count)])


async def take(feed: Feed, agent: str, after: int, count: int) -> list[int]:
    found: list[int] = []
    async for events in feed.events(agent, after, 5.0):
        found += [event.position for event in events]
        if len(found) >= count:
            break
    return found[:count]


def test_history_and_live_events_join_without_gap_or_repeat(store: Any, talk: Any) -> None:
    stream = known(store, talk)
    agent = talk.buyer.address
    add(store, stream, 700)  # more than a page, before the feed starts

    async def scenario() -> list[int]:
        feed = Feed(store)
        reader = asyncio.create_task(take(feed, agent, 0, 1_000))
        for _ in range(30):
            await asyncio.to_thread(add, store, stream, 10)
        found = await reader
        await feed.stop()
        return found

    assert asyncio.run(scenario()) == list(range(1, 1_001))


def test_a_reader_that_reconnects_at_random_misses_nothing(store: Any, talk: Any) -> None:
    stream, agent, dice = known(store, talk), talk.seller.address, random.Random(7)

    async def scenario() -> list[int]:
        feed = Feed(store)

        async def write() -> None:
            for _ in range(40):
                await asyncio.to_thread(add, store, stream, dice.randrange(1, 8))
            await asyncio.to_thread(add, store, stream, 1)

        writer = asyncio.create_task(write())
        found: list[int] = []
        while not writer.done() or found[-1:] != [store.last_position()]:
            wanted = min(dice.randrange(1, 9), max(1, store.last_position() - len(found)))
            found += await take(feed, agent, found[-1] if found else 0, wanted)
        await feed.stop()
        return found

    found = asyncio.run(scenario())
    assert found == list(range(1, store.last_position() + 1))


def test_only_readers_of_the_negotiation_see_its_events(store: Any, talk: Any, stranger: Any) -> None:
    stream = known(store, talk)
    add(store, stream, 3)
    add(store, f"evidence:{talk.id}", 1)
    add(store, "agents", 2)
    add(store, "negotiation:0x" + "77" * 32, 2)

    async def scenario() -> tuple[list[int], list[int]]:
        feed = Feed(store)
        mine = await take(feed, talk.buyer.address, 0, 4)
        others = [event async for event in _some(feed, stranger.address)]
        await feed.stop()
        return mine, others

    assert asyncio.run(scenario()) == ([1, 2, 3, 4], [])


async def _some(feed: Feed, agent: str) -> Any:
    async for events in feed.events(agent, 0, 0.01):
        if not events:
            return
        for event in events:
            yield event.position


def test_the_tail_is_bounded(store: Any, talk: Any) -> None:
    stream = known(store, talk)

    async def scenario() -> int:
        feed = Feed(store)
        reading = asyncio.create_task(take(feed, talk.buyer.address, 0, TAIL + 101))
        await asyncio.sleep(0)
        await asyncio.to_thread(add, store, stream, TAIL + 100)
        await asyncio.to_thread(add, store, stream, 1)
        assert await reading == list(range(1, TAIL + 102))
        size = len(feed._tail)
        await feed.stop()
        return size

    assert asyncio.run(scenario()) <= TAIL


def test_nothing_is_read_while_nobody_listens(store: Any, talk: Any, monkeypatch: Any) -> None:
    stream = known(store, talk)
    reads: list[int] = []
    feed_of_store = type(store).feed

    def counted(self: Any, after: int = 0, limit: int = 1000) -> Any:
        reads.append(after)
        return feed_of_store(self, after, limit)

    monkeypatch.setattr(type(store), "feed", counted)

    async def scenario() -> tuple[int, list[int]]:
        feed = Feed(store)
        await asyncio.to_thread(add, store, stream, 5)
        before = len(reads)
        found = await take(feed, talk.buyer.address, 0, 5)
        await asyncio.to_thread(add, store, stream, 3)
        found += await take(feed, talk.buyer.address, 5, 3)
        await feed.stop()
        return before, found

    assert asyncio.run(scenario()) == (0, [1, 2, 3, 4, 5, 6, 7, 8])


def test_a_shutdown_ends_open_streams(store: Any, talk: Any) -> None:
    async def scenario() -> list[int]:
        feed = Feed(store)
        reader = asyncio.create_task(take(feed, talk.buyer.address, 0, 5))
        await asyncio.sleep(0)
        feed.release()
        found = await asyncio.wait_for(reader, 5)
        await feed.stop()
        return found

    assert asyncio.run(scenario()) == []


def test_the_text_form_carries_the_position_as_its_id(store: Any, talk: Any) -> None:
    add(store, known(store, talk), 1)
    [event] = store.feed()
    lines = as_text(event).decode().splitlines()
    assert lines[0] == "id: 1"
    assert lines[1] == "event: message"
    body = orjson.loads(lines[2].removeprefix("data: "))
    assert (body["stream"], body["subject"], body["sequence"]) == ("negotiation", talk.id, 0)


@pytest.mark.parametrize("bad", ["-1", "x", "1.5", "9" * 20, "\u0661"])
def test_a_bad_resume_point_is_refused(buyer: Any, bad: str) -> None:
    answer = buyer.get("/v1/events", headers={"Last-Event-ID": bad.encode()})
    assert (answer.status_code, answer.json()["code"]) == (422, "gateway.parameter-invalid")


def test_documents_are_needed_to_see_anything(store: Any, talk: Any) -> None:
    add(store, f"negotiation:{talk.id}", 1)
    feed = Feed(store)
    assert feed._audiences.of(f"negotiation:{talk.id}") == frozenset()
    store.append(
        "x", ANY, [NewEvent("y", {})], documents=[DocumentPut("opening", talk.id, talk.opening.as_json())]
    )
    assert talk.buyer.address in feed._audiences.of(f"negotiation:{talk.id}")


def test_it_stops_even_when_news_arrive_at_that_moment(store: Any, talk: Any) -> None:
    stream = known(store, talk)

    async def scenario() -> None:
        for _ in range(20):
            feed = Feed(store)
            await asyncio.sleep(0)
            append = asyncio.create_task(asyncio.to_thread(add, store, stream, 1))
            feed._news.set()
            await asyncio.wait_for(feed.stop(), 10)
            await append

    asyncio.run(scenario())
