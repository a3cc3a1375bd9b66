"""Listings, sign-in rows, and the paging that stays flat."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from parley.store import ANY, ChallengeRow, DealRow, EventStore, NegotiationRow, NewEvent, SessionRow

A = NewEvent("said", {})


def negotiation(number: int, buyer: str = "0xb") -> NegotiationRow:
    return NegotiationRow(
        id=f"n{number:03}",
        domain="0xd",
        status="PROPOSED",
        held=False,
        messages=1,
        opened_at=number,
        deadline=100 + number,
        updated_at=number,
        parties=(("buyer", buyer), ("seller", "0xs")),
    )


def deal(number: int, **changes: Any) -> DealRow:
    row = DealRow(
        deal_id=f"d{number}",
        status="pending",
        token="0xt",
        price=2**127 + number,
        locked=0,
        milestone=0,
        updated_at=1,
        parties=(("buyer", "0xb"), ("seller", f"0xs{number}")),
        negotiation="n1",
    )
    return replace(row, **changes)


def test_pages_go_back_from_the_newest(store: EventStore) -> None:
    for number in range(12):
        buyer = "0xb" if number % 3 else "0xc"
        store.append(f"n{number}", 0, [A], rows=[negotiation(number, buyer)])
    seen: list[str] = []
    cursor = None
    while True:
        page = store.negotiations.page(before=cursor, limit=5)
        seen += [item.id for item in page.items]
        if page.next is None:
            break
        cursor = page.next
    assert seen == [f"n{number:03}" for number in reversed(range(12))]
    mine = store.negotiations.page(address="0xc", limit=2)
    assert [item.id for item in mine.items] == ["n009", "n006"]
    rest = store.negotiations.page(address="0xc", before=mine.next, limit=2)
    assert ([item.id for item in rest.items], rest.next) == (["n003", "n000"], None)
    assert store.negotiations.page(address="0xnobody").items == []


def test_an_update_keeps_the_place_in_the_listing(store: EventStore) -> None:
    for number in range(3):
        store.append("s", ANY, [A], rows=[negotiation(number)])
    first = store.negotiations.get("n000")
    store.append("s", ANY, [A], rows=[replace(negotiation(0), status="ACCEPTED", messages=9)])
    assert [item.id for item in store.negotiations.page().items] == ["n002", "n001", "n000"]
    found = store.negotiations.get("n000")
    assert found is not None
    assert first is not None
    assert (found.status, found.messages, found.position) == ("ACCEPTED", 9, first.position)


def test_overdue_negotiations_are_found(store: EventStore) -> None:
    for number in range(4):
        store.append("s", ANY, [A], rows=[negotiation(number)])
    store.append("s", ANY, [A], rows=[replace(negotiation(1), status="TERMINATED")])
    found = store.negotiations.live(("INIT", "PROPOSED"), deadline_before=103)
    assert sorted(item.id for item in found) == ["n000", "n002"]


def test_deals_keep_amounts_to_the_unit(store: EventStore) -> None:
    store.append("s", ANY, [A], rows=[deal(1), deal(2)])
    store.append("s", ANY, [A], rows=[deal(1, status="open", locked=2**128 - 1)])
    found = store.deals.get("d1")
    assert found is not None
    assert (found.price, found.locked, found.status) == (2**127 + 1, 2**128 - 1, "open")
    assert [item.deal_id for item in store.deals.of_negotiation("n1")] == ["d1", "d2"]
    assert [item.deal_id for item in store.deals.in_status(("pending",))] == ["d2"]
    assert [item.deal_id for item in store.deals.page(address="0xs2").items] == ["d2"]
    assert len(store.deals.page(address="0xb", limit=1).items) == 1


def test_a_challenge_is_taken_once(store: EventStore) -> None:
    row = ChallengeRow("0x1", "0xa", "https://gateway", 1, 9)
    store.sessions.put_challenge(row)
    assert store.sessions.take_challenge("0x1") == row
    assert store.sessions.take_challenge("0x1") is None


def test_sessions_are_revoked_and_forgotten(store: EventStore) -> None:
    for number in range(3):
        store.sessions.put(SessionRow(f"0x{number}", "0xa", "agent", 1, 10 + number))
    assert store.sessions.revoke(at=5, token_hash="0x0") == 1
    assert store.sessions.revoke(at=6, address="0xa") == 2
    assert store.sessions.revoke(at=7, address="0xa") == 0
    first = store.sessions.get("0x0")
    assert first is not None
    assert first.revoked_at == 5
    store.sessions.purge(before=12)
    assert store.sessions.get("0x1") is None
    assert store.sessions.get("0x2") is not None


def test_revoking_names_whom(store: EventStore) -> None:
    store.sessions.put(SessionRow("0x0", "0xa", "agent", 1, 10))
    assert store.sessions.revoke(at=5) == 0
    assert store.sessions.get("0x0").revoked_at is None  # type: ignore[union-attr]


def test_a_page_may_end_between_rows_of_one_append(store: EventStore) -> None:
    store.append("s", ANY, [A], rows=[deal(number) for number in range(1, 6)])
    found, before = [], None
    while True:
        page = store.deals.page(before=before, limit=2)
        found += [item.deal_id for item in page.items]
        if page.next is None:
            break
        before = page.next
    assert found == ["d5", "d4", "d3", "d2", "d1"]
