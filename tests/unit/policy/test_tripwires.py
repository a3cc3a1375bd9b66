"""Thresholds on what happened: counted in their window, for whom they say, and above means above."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.policy.tripwires import Observation, Tripwire, Tripwires, alarms
from parley.terms.errors import DocumentInvalid
from parley.terms.values import Address

A, B, C = (Address("0x" + digit * 40) for digit in "abc")
NOW = 10_000


def wire(metric: str, scope: str, threshold: int, **changes: Any) -> Tripwire:
    body = {
        "id": "w",
        "metric": metric,
        "scope": scope,
        "window_seconds": 100,
        "threshold": str(threshold),
        "reason": "too much",
        **changes,
    }
    return Tripwire.parse(body)


def deal(buyer: Address, seller: Address, amount: int, at: int = NOW, token: str = "0x1") -> Observation:
    return Observation("opened", at, (buyer, seller), amount, token)


def raised(found: Tripwire, *seen: Observation) -> list[tuple[tuple[str, ...], int]]:
    return [(alarm.subjects, alarm.value) for alarm in alarms([found], seen, NOW)]


def test_volume_by_scope_and_window() -> None:
    seen = (deal(A, B, 60), deal(A, C, 50), deal(A, B, 500, at=NOW - 100), deal(A, B, 500, at=NOW + 1))
    assert raised(wire("volume", "all", 109), *seen) == [((), 110)]
    assert raised(wire("volume", "all", 110), *seen) == []
    assert raised(wire("volume", "agent", 50), *seen) == [((A,), 110), ((B,), 60)]
    assert raised(wire("volume", "pair", 50), *seen) == [((A, B), 60)]


def test_refusals_and_equivocations_count_for_their_sender() -> None:
    seen = [Observation("refusal", NOW, (A,))] * 3 + [Observation("equivocation", NOW, (B,))]
    assert raised(wire("refusals", "agent", 2), *seen) == [((A,), 3)]
    assert raised(wire("equivocations", "agent", 0), *seen) == [((B,), 1)]


def test_disputes_as_a_share_from_a_minimum_on() -> None:
    seen = [deal(A, B, 1) for _ in range(9)] + [deal(A, C, 1), Observation("disputed", NOW, (A, B))]
    assert raised(wire("disputes-ppm", "all", 50_000, minimum=10), *seen) == [((), 100_000)]
    assert raised(wire("disputes-ppm", "all", 50_000, minimum=11), *seen) == []
    assert raised(wire("disputes-ppm", "agent", 105_000, minimum=9), *seen) == [((B,), 111_111)]


def test_concentration_on_one_counterparty() -> None:
    seen = [deal(A, B, 90), deal(A, C, 10)]
    assert raised(wire("concentration-ppm", "agent", 800_000, minimum=2), *seen) == [((A,), 900_000)]


def test_trading_in_a_circle_is_the_smaller_direction_in_one_token() -> None:
    seen = [deal(A, B, 100), deal(B, A, 70), deal(B, A, 500, token="0x2"), deal(A, C, 1_000)]
    assert raised(wire("circular-volume", "pair", 60), *seen) == [((A, B), 70)]
    assert raised(wire("circular-volume", "pair", 70), *seen) == []


@given(st.lists(st.tuples(st.sampled_from([(A, B), (B, A), (A, C)]), st.integers(1, 10**9)), max_size=20))
def test_the_order_of_observations_does_not_matter(seen: list[tuple[tuple[Address, Address], int]]) -> None:
    deals = [deal(buyer, seller, amount) for (buyer, seller), amount in seen]
    wires = [
        wire("volume", "pair", 10),
        wire("concentration-ppm", "agent", 500_000),
        wire("circular-volume", "pair", 1),
    ]
    assert alarms(wires, deals, NOW) == alarms(wires, reversed(deals), NOW)
    total = sum(amount for _, amount in seen)
    assert raised(wire("volume", "all", 0), *deals) == ([((), total)] if total else [])


@pytest.mark.parametrize(
    "changes",
    [
        {"metric": "concentration-ppm", "scope": "all"},
        {"metric": "circular-volume", "scope": "agent"},
        {"window_seconds": 0},
        {"metric": "luck"},
        {"reason": ""},
    ],
)
def test_wires_that_make_no_sense(changes: dict[str, Any]) -> None:
    with pytest.raises(DocumentInvalid):
        wire(**{"metric": "volume", "scope": "all", "threshold": 1, **changes})


def test_wire_ids_are_distinct() -> None:
    with pytest.raises(DocumentInvalid):
        Tripwires.parse(
            {
                "schema": "parley/tripwires",
                "version": 1,
                "wires": [wire("volume", "all", 1).as_json()] * 2,
            }
        )
