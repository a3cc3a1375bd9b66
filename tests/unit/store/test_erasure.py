"""Erasing what is private in events: gone from the tables and the files, while every chain verifies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from parley.store import EventInvalid, EventStore, NewEvent, StoreCorrupt
from parley.store.engine import parse_url

PRIVATE = ("message.payload",)
SECRET = "a price nobody should find again"


def said(number: int, text: str = SECRET) -> NewEvent:
    message = {"core": {"n": number}, "payload": {"salt": "0x5a", "text": text}}
    return NewEvent("message", {"hash": f"0x{number}", "message": message}, PRIVATE)


def record() -> tuple[str, NewEvent]:
    return "erasures", NewEvent("erased", {"streams": ["one"]})


def damaged(url: str, statement: str) -> None:
    with sa.create_engine(parse_url(url)).begin() as other:
        other.exec_driver_sql(statement)


def test_private_values_are_read_like_all_others(store: EventStore, reopen: Callable[..., Any]) -> None:
    kept = store.append("one", 0, [said(0), NewEvent("plain", {"n": 1}, PRIVATE)])
    for found in (kept.events, tuple(store.read("one")), tuple(reopen().feed())):
        assert [event.data for event in found] == [said(0).data, {"n": 1}]
        assert not any(event.erased for event in found)
    assert store.verify_stream("one") == 2


def test_what_is_erased_is_gone_and_the_chain_still_verifies(store: EventStore, url: str) -> None:
    for number in range(3):
        store.append("one", number, [said(number)], idempotency_key=f"k{number}")
    store.append("two", 0, [said(9, "stays")])
    hashes = [event.stream_hash for event in store.read("one")]
    assert store.erase(["one"], record()) == 3
    found = store.read("one")
    assert all(event.erased for event in found)
    assert [event.data["message"] for event in found] == [{"core": {"n": number}} for number in range(3)]
    assert [event.stream_hash for event in found] == hashes
    assert (store.verify_stream("one"), store.verify_stream("two")) == (3, 1)
    assert store.read("two")[0].data == said(9, "stays").data
    assert [event.kind for event in store.read("erasures")] == ["erased"]
    damaged(url, "UPDATE events SET data = replace(data, '\"n\":1', '\"n\":7') WHERE stream = 'one'")
    with pytest.raises(StoreCorrupt):
        store.verify_stream("one")


def test_single_events_are_erased_by_their_positions(store: EventStore) -> None:
    first = store.append("one", 0, [said(0), said(1)]).first
    assert store.erase([], record(), positions=[first.position]) == 1
    assert [event.erased for event in store.read("one")] == [True, False]
    assert store.erase([], record(), positions=[first.position]) == 0


def test_nothing_is_erased_where_the_last_look_refuses(store: EventStore) -> None:
    store.append("one", 0, [said(0)])

    def held(_: Any) -> None:
        raise EventInvalid("it is held")

    with pytest.raises(EventInvalid):
        store.erase(["one"], record(), require=held)
    assert not store.read("one")[0].erased
    assert store.read("erasures") == []


def test_a_private_value_that_was_changed_shows(store: EventStore, url: str) -> None:
    store.append("one", 0, [said(0)])
    damaged(url, "UPDATE events SET private = replace(private, 'nobody', 'someone')")
    with pytest.raises(StoreCorrupt):
        store.verify_stream("one")


def test_equal_values_have_different_hashes(store: EventStore) -> None:
    one, two = store.append("one", 0, [said(0)]).first, store.append("two", 0, [said(0)]).first
    texts = [row[0] for row in store.query(sa.text("SELECT data FROM events ORDER BY position"))]
    assert texts[0] != texts[1]
    assert all(SECRET not in text for text in texts)
    assert one.data == two.data


def test_a_repeated_append_is_known_though_its_salt_differs(store: EventStore) -> None:
    first = store.append("one", 0, [said(0)], idempotency_key="k")
    again = store.append("one", 0, [said(0)], idempotency_key="k")
    assert again.duplicate
    assert again.events == first.events


def test_the_reserved_key_is_refused(store: EventStore) -> None:
    with pytest.raises(EventInvalid):
        store.append("one", 0, [NewEvent("message", {"~": 1}, PRIVATE)])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("whole", [False, True])
def test_no_byte_of_it_is_left_in_the_files(store: EventStore, tmp_path: Path, whole: bool) -> None:
    for number in range(40):
        store.append("one", number, [said(number, f"{SECRET} {number:06d} " + "x" * 300)])
    store.compact()
    held = b"".join(path.read_bytes() for path in tmp_path.glob("store.sqlite*"))
    assert SECRET.encode() in held
    store.erase(["one"], record())
    assert store.compact(whole=whole)
    left = b"".join(path.read_bytes() for path in tmp_path.glob("store.sqlite*"))
    assert SECRET.encode() not in left
    assert store.verify_stream("one") == 40


@pytest.mark.parametrize("whole", [False, True])
def test_compacting_leaves_the_store_usable(store: EventStore, whole: bool) -> None:
    store.append("one", 0, [said(0)])
    assert store.compact(whole=whole)
    store.append("one", 1, [said(1)])
    assert store.verify_stream("one") == 2
