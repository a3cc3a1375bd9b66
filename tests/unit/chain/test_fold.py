"""The fold of a deal's events: the same word as the contract's, money to the unit, and undone events left
out.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from parley.chain.escrow import Status
from parley.chain.fold import PREFIX, UNDONE, ChainEvent, effective, fold

ID = "0x" + "dd" * 32
OPENED = {
    "buyer": "0xb",
    "seller": "0xs",
    "token": "0xt",
    "price": "1000",
    "locked": "1120",
    "transcriptRoot": "0xr",
}


def history(*steps: tuple[str, int, dict[str, Any]]) -> list[ChainEvent]:
    """Events at the given times; steps of the same time share a transaction."""
    return [
        ChainEvent(name, arguments, ID, at, f"0xblock{at}", at, f"0xtx{at}", index)
        for index, (name, at, arguments) in enumerate(steps)
    ]


def test_nothing_happened() -> None:
    deal = fold(ID, [])
    assert (deal.status, deal.status_word, deal.locked) == (Status.UNOPENED, "unopened", 0)


def test_paid_in_two_milestones_with_a_ruling_between() -> None:
    steps = [
        ("Opened", 100, OPENED),
        ("Delivered", 110, {"milestone": 0, "delivery": 1, "deliverable": "0x1"}),
        ("Rejected", 125, {"milestone": 0, "delivery": 1, "reason": "0x2"}),
        ("Disputed", 130, {"party": "0xb", "milestone": 0, "evidence": "0x3"}),
        (
            "Ruled",
            137,
            {
                "arbiter": "0xa",
                "milestone": 0,
                "sellerBps": 2500,
                "toSeller": "100",
                "toBuyer": "300",
                "fee": "10",
                "rationale": "0x",
            },
        ),
        ("Delivered", 150, {"milestone": 1, "delivery": 1, "deliverable": "0x4"}),
        (
            "Settled",
            170,
            {"milestone": 1, "how": 1, "paid": "600", "remaining": "0", "deliverable": "0x"},
        ),
    ]
    ruled = fold(ID, history(*steps[:5]))
    assert (ruled.status, ruled.milestone, ruled.deliveries, ruled.seller_lost_bps) == (
        Status.OPEN,
        1,
        0,
        7500,
    )
    assert (ruled.shift, ruled.since, ruled.locked) == (15 + 5 + 7, 137, 710)
    done = fold(ID, history(*steps))
    assert (done.status, done.status_word, done.closed_at, done.locked) == (Status.CLOSED, "settled", 170, 0)
    assert (done.to_seller, done.to_buyer, done.to_arbiter, done.returned) == (700, 300, 10, 110)
    assert done.to_seller + done.to_buyer + done.to_arbiter + done.returned == done.taken


def test_a_ruling_that_closes_is_counted_once() -> None:
    ruling = {
        "arbiter": "0xa",
        "milestone": 0,
        "sellerBps": 5000,
        "toSeller": "500",
        "toBuyer": "500",
        "fee": "10",
        "rationale": "0x",
    }
    closed = {"outcome": 0, "toSeller": "600", "toBuyer": "510", "toArbiter": "10"}
    deal = fold(
        ID,
        history(
            ("Opened", 100, OPENED),
            ("Delivered", 101, {"milestone": 0, "delivery": 1, "deliverable": "0x1"}),
            ("Rejected", 103, {}),
            ("Disputed", 106, {}),
            ("Ruled", 110, ruling),
            ("Closed", 110, closed),
        ),
    )
    assert (deal.to_seller, deal.to_buyer, deal.to_arbiter, deal.locked) == (600, 510, 10, 0)
    # The contract closes with the word it had before the ruling.
    assert (deal.milestone, deal.deliveries, deal.seller_lost_bps, deal.shift) == (0, 1, 0, 5)
    assert (deal.status, deal.status_word, deal.since) == (Status.CLOSED, "settled", 110)


def test_a_later_closing_adds_to_an_earlier_ruling() -> None:
    ruling = {"milestone": 0, "sellerBps": 10_000, "toSeller": "400", "toBuyer": "0", "fee": "10"}
    deal = fold(
        ID,
        history(
            ("Opened", 100, OPENED),
            ("Ruled", 110, ruling),
            ("Closed", 120, {"outcome": 1, "toSeller": "0", "toBuyer": "710", "toArbiter": "0"}),
        ),
    )
    assert (deal.to_seller, deal.to_buyer, deal.to_arbiter) == (400, 710, 10)
    assert (deal.status_word, deal.milestone) == ("defaulted", 1)


def test_cancelled_before_it_opened() -> None:
    deal = fold(ID, history(("Cancelled", 100, {"party": "0xb"})))
    assert (deal.status, deal.status_word) == (Status.CANCELLED, "cancelled")


def test_unknown_events_change_nothing() -> None:
    assert fold(ID, history(("Novelty", 100, {}))) == fold(ID, [])


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.booleans()), max_size=20))
def test_undone_events_do_not_count(steps: list[tuple[int, int, bool]]) -> None:
    """Whatever is done, undone and done again: what remains is what was done last, in the order of the
    chain.
    """
    stored: list[tuple[str, dict[str, Any]]] = []
    held: set[tuple[int, int]] = set()
    for block, index, undo in steps:
        event = ChainEvent("Delivered", {}, ID, block, f"0xblock{block}", block, "0xtx", index)
        stored.append((UNDONE if undo else PREFIX + event.name, event.as_data()))
        (held.discard if undo else held.add)((block, index))
    assert [(event.block_number, event.log_index) for event in effective(stored)] == sorted(held)
