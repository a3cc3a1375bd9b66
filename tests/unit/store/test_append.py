"""Appending: order, expected sequence, idempotency, the hash chain, and that all of it is kept or none."""

from __future__ import annotations

import time
from typing import Any

import pytest
import sqlalchemy as sa

from parley.store import (
    ANY,
    DocumentPut,
    EventInvalid,
    EventStore,
    IdempotencyMismatch,
    NegotiationRow,
    NewEvent,
    NewOutbox,
    SequenceConflict,
    StandingMoved,
    StoreClosed,
    StoreCorrupt,
)
from parley.store.engine import parse_url

A = NewEvent("said", {"n": 1})
B = NewEvent("said", {"n": 2})


def row(identity: str, **changes: Any) -> NegotiationRow:
    values: dict[str, Any] = {
        "id": identity,
        "domain": "0xd",
        "status": "INIT",
        "held": False,
        "messages": 1,
        "opened_at": 1,
        "deadline": 9,
        "updated_at": 1,
        "parties": (("buyer", "0xb"), ("seller", "0xs")),
    }
    return NegotiationRow(**{**values, **changes})


def test_events_come_back_in_order_with_their_places(store: EventStore) -> None:
    first = store.append("one", 0, [A, B])
    second = store.append("two", 0, [A])
    third = store.append("one", 2, [NewEvent("done", {"list": [1, "x", None, True]})])
    assert [event.sequence for event in first.events] == [0, 1]
    assert [event.position for event in (*first.events, *second.events, *third.events)] == [1, 2, 3, 4]
    assert [dict(event.data) for event in store.read("one")] == [
        {"n": 1},
        {"n": 2},
        {"list": [1, "x", None, True]},
    ]
    assert [event.stream for event in store.feed()] == ["one", "one", "two", "one"]
    assert store.feed(after=3)[0].kind == "done"
    assert store.read("one", after=1) == list(third.events)
    assert (store.length("one"), store.length("none"), store.last_position()) == (3, 0, 4)


def test_what_was_acknowledged_is_there_after_opening_again(reopen: Any) -> None:
    kept = reopen().append("one", 0, [A]).events
    assert tuple(reopen().read("one")) == kept


@pytest.mark.parametrize("expected", [0, 2, 7])
def test_a_wrong_sequence_is_refused_and_keeps_nothing(store: EventStore, expected: int) -> None:
    store.append("one", 0, [A])
    with pytest.raises(SequenceConflict) as caught:
        store.append("one", expected, [B], outbox=[NewOutbox("t", "k", {})], rows=[row("n")])
    assert caught.value.values == {"stream": "one", "expected": expected, "actual": 1}
    assert store.length("one") == 1
    assert store.outbox_pending() == []
    assert store.negotiations.get("n") is None


def test_any_appends_at_the_end_wherever_that_is(store: EventStore) -> None:
    store.append("one", ANY, [A])
    assert store.append("one", ANY, [B]).first.sequence == 1


def test_a_repeated_key_gives_the_first_result_and_writes_nothing(store: EventStore, reopen: Any) -> None:
    first = store.append("one", 0, [A, B], idempotency_key="k")
    again = store.append("one", 0, [A, B], idempotency_key="k")
    later = reopen().append("one", 55, [A, B], idempotency_key="k")
    assert (first.duplicate, again.duplicate, later.duplicate) == (False, True, True)
    assert first.events == again.events == later.events
    assert store.last_position() == 2


def test_a_key_stands_for_one_content_only(store: EventStore) -> None:
    store.append("one", 0, [A], idempotency_key="k")
    for stream, events in (("one", [B]), ("two", [A]), ("one", [A, A])):
        with pytest.raises(IdempotencyMismatch):
            store.append(stream, ANY, events, idempotency_key="k")
    assert store.last_position() == 1


@pytest.mark.parametrize(
    "data",
    [
        {"x": 1.5},
        {"x": {"y": [1, 2.0]}},
        {"x": 2**70},
        {"x": b"bytes"},
        {"x": {1: 2}},
        {"x": "\ud800"},
        {"x": "y" * (4 * 1024 * 1024)},
    ],
    ids=["float", "deep float", "wide integer", "bytes", "key", "surrogate", "large"],
)
def test_what_is_no_storable_json_is_refused(store: EventStore, data: dict[str, Any]) -> None:
    with pytest.raises(EventInvalid):
        store.append("one", 0, [A, NewEvent("said", data)])
    with pytest.raises(EventInvalid):
        store.append("one", 0, [A], documents=[DocumentPut("d", "k", data)])
    with pytest.raises(EventInvalid):
        store.append("one", 0, [A], rows=[row("n", summary=data)])
    assert store.last_position() == 0
    assert store.append("one", 0, [A]).first.position == 1


@pytest.mark.parametrize(
    ("stream", "events", "key"),
    [
        ("", [A], None),
        ("s" * 201, [A], None),
        ("s", [], None),
        ("s", [NewEvent("", {})], None),
        ("s", [A], ""),
    ],
)
def test_malformed_appends_are_refused(store: EventStore, stream: str, events: Any, key: Any) -> None:
    with pytest.raises(EventInvalid):
        store.append(stream, 0, events, idempotency_key=key)


def test_documents_outbox_and_rows_arrive_with_their_events(store: EventStore) -> None:
    store.append(
        "one",
        0,
        [A],
        outbox=[NewOutbox("mail", "k", {"to": "x"})],
        documents=[DocumentPut("domain", "0x1", {"title": "t"})],
        rows=[row("n", summary={"topic": "gpu"})],
    )
    assert store.documents.get("domain", "0x1") == {"title": "t"}
    assert store.documents.get("domain", "0x2") is None
    assert [dict(item.payload) for item in store.outbox_pending(topic="mail")] == [{"to": "x"}]
    found = store.negotiations.get("n")
    assert found is not None
    assert (found.summary, found.parties) == ({"topic": "gpu"}, (("buyer", "0xb"), ("seller", "0xs")))


def test_the_first_document_under_a_key_stays(store: EventStore) -> None:
    store.documents.put("d", "k", {"v": 1})
    store.documents.put("d", "k", {"v": 2})
    store.append("one", 0, [A], documents=[DocumentPut("d", "j", {"v": 1}), DocumentPut("d", "j", {"v": 2})])
    assert (store.documents.get("d", "k"), store.documents.get("d", "j")) == ({"v": 1}, {"v": 1})


def test_an_erased_document_is_gone_and_the_events_still_verify(store: EventStore) -> None:
    store.append(
        "one", 0, [NewEvent("said", {"payload": "0x1"})], documents=[DocumentPut("payload", "0x1", {"v": 1})]
    )
    assert store.documents.erase("payload", "0x1")
    assert not store.documents.erase("payload", "0x1")
    assert store.documents.get("payload", "0x1") is None
    assert store.verify_stream("one") == 1


def test_outbox_work_is_offered_until_it_is_done(store: EventStore, clock: Any) -> None:
    store.append("one", 0, [A], outbox=[NewOutbox("t", "k", {"n": 1}), NewOutbox("t", "k", {"n": 2})])
    store.append("one", 1, [A], outbox=[NewOutbox("t", "k", {"n": 3}), NewOutbox("u", "k", {"n": 4})])
    first, other = store.outbox_pending()
    assert (first.payload, other.topic) == ({"n": 1}, "u")
    store.outbox_failed(first.id, "no answer", retry_at=clock.now + 10)
    assert [item.id for item in store.outbox_pending()] == [other.id]
    clock.now += 10
    retried = store.outbox_pending(topic="t")[0]
    assert (retried.id, retried.attempts, retried.error) == (first.id, 1, "no answer")
    store.outbox_done(first.id)
    store.outbox_done(first.id)
    assert [item.id for item in store.outbox_pending()] == [other.id]


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE events SET data = '{\"n\":9}' WHERE sequence = 1",
        "UPDATE events SET kind = 'unsaid' WHERE sequence = 1",
        "UPDATE events SET recorded_at = recorded_at + 1 WHERE sequence = 1",
        "DELETE FROM events WHERE sequence = 1",
        "UPDATE events SET sequence = 5 - sequence",
    ],
)
def test_the_hash_chain_shows_every_change(store: EventStore, url: str, damage: str) -> None:
    for number in range(3):
        store.append("one", number, [NewEvent("said", {"n": number})])
    assert store.verify_stream("one") == 3
    with sa.create_engine(parse_url(url)).begin() as other:
        other.exec_driver_sql(damage)
    with pytest.raises(StoreCorrupt):
        store.verify_stream("one")


def test_subscribers_are_woken_and_cannot_stop_the_writer(store: EventStore) -> None:
    woken: list[int] = []
    others: list[int] = []

    def broken() -> None:
        raise RuntimeError("subscriber")

    def wait_until(places: list[int], position: int) -> None:
        while not places or places[-1] < position:  # on PostgreSQL the wake-up comes by way of the server
            time.sleep(0.01)

    store.subscribe(broken)
    cancel = store.subscribe(lambda: woken.append(store.last_position()))
    store.append("one", 0, [A])
    wait_until(woken, 1)
    cancel()
    store.subscribe(lambda: others.append(store.last_position()))
    store.append("one", 1, [A])
    wait_until(others, 2)  # a wake-up that was under way has ended by now: they come one after the other
    before = len(woken)
    store.append("one", 2, [A])
    wait_until(others, 3)
    store.close()
    assert len(woken) == before


def test_a_closed_store_refuses_writes_and_has_kept_what_it_accepted(store: EventStore, reopen: Any) -> None:
    futures = [store.append_async("one", number, [A]) for number in range(50)]
    store.close()
    assert all(future.done() for future in futures)
    with pytest.raises(StoreClosed):
        store.append("one", 50, [A])
    assert reopen().length("one") == 50


def test_events_beside_are_kept_together_or_not_at_all(store: EventStore) -> None:
    store.append("one", 0, [A], beside=[("log", [B, B]), ("log", [A])])
    assert [event.data["n"] for event in store.read("log")] == [2, 2, 1]
    with pytest.raises(SequenceConflict):
        store.append("one", 0, [A], beside=[("log", [B])])
    with pytest.raises(EventInvalid):
        store.append("one", 1, [A], beside=[("log", [NewEvent("bad", {"x": 0.5})])])
    assert (store.length("one"), store.length("log"), store.verify_stream("log")) == (1, 3, 3)


def test_an_append_is_refused_when_what_it_was_decided_on_moved(store: EventStore) -> None:
    store.append("one", 0, [A], standing={"rules": 0})
    store.append("rules", 0, [B])
    with pytest.raises(StandingMoved) as moved:
        store.append("one", 1, [A], standing={"rules": 0})
    assert moved.value.values == {"stream": "rules", "expected": 0, "actual": 1}
    store.append("one", 1, [A], standing={"rules": 1})
    assert store.length("one") == 2


def test_another_process_moving_it_counts(store: EventStore, url: str) -> None:
    store.append("one", 0, [A], standing={"rules": 0})
    with EventStore.open(url) as elsewhere:
        elsewhere.append("rules", 0, [B])
    with pytest.raises(StandingMoved):
        store.append("one", 1, [A], standing={"rules": 0})
