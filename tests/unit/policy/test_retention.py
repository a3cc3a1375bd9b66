"""How long payloads are kept: the rule that decides, holds, and what is due."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.policy.errors import RetentionInvalid
from parley.policy.retention import (
    SHORTEST,
    Ended,
    Retention,
    RetentionOrder,
    RetentionRule,
    RetentionSchedule,
)
from parley.terms.errors import DocumentInvalid
from parley.terms.values import Address, Hash32

DAY = 86_400
ONE, TWO = Address("0x" + "01" * 20), Address("0x" + "02" * 20)
ID = Hash32("0x" + "1d" * 32)


def rule(name: str, days: int, **more: Any) -> RetentionRule:
    return RetentionRule(id=name, keep_seconds=days * DAY, **more)


def schedule(*rules: RetentionRule) -> RetentionSchedule:
    return RetentionSchedule(name="test", rules=rules)


def order(number: int, **more: Any) -> RetentionOrder:
    action: Any = "schedule" if "schedule" in more else "release" if "releases" in more else "hold"
    return RetentionOrder(action=action, reason="because", number=number, issued_at=1, **more)


def ended(**more: Any) -> Ended:
    return Ended(
        **{"negotiation": ID, "data_class": "internal", "parties": (ONE, TWO), "ended_at": 1_000, **more}
    )


def test_the_most_specific_rule_of_each_party_and_the_shortest_of_the_parties_decides() -> None:
    found = schedule(
        rule("all", 400),
        rule("personal", 30, data_class="personal"),
        rule("acme", 200, organisation="Acme", agents=(ONE,)),
        rule("acme-personal", 7, organisation="Acme", agents=(ONE,), data_class="personal"),
    )

    def chosen(data_class: Any, *parties: Address) -> str:
        picked = found.rule_for(data_class, parties)
        assert picked is not None
        return picked.id

    assert chosen("internal", TWO) == "all"
    assert chosen("internal", ONE, TWO) == "acme"
    assert chosen("personal", TWO) == "personal"
    assert chosen("personal", ONE, TWO) == "acme-personal"
    assert schedule(rule("acme", 7, organisation="Acme", agents=(ONE,))).rule_for("internal", (TWO,)) is None


def test_due_from_the_second_the_time_is_over_and_not_before() -> None:
    state = Retention().after(order(0, schedule=schedule(rule("all", 1))))
    assert state.due(ended(), 1_000 + DAY - 1) is None
    found = state.due(ended(), 1_000 + DAY)
    assert found is not None
    assert found.id == "all"
    assert Retention().due(ended(), 10**12) is None


def test_open_deals_and_holds_keep_everything_until_they_end() -> None:
    state = Retention().after(order(0, schedule=schedule(rule("all", 1))))
    late = 1_000 + 5 * DAY
    assert state.due(ended(open_deals=1), late) is None
    for held in (order(1, negotiation=ID), order(1, agent=TWO)):
        holding = state.after(held)
        assert holding.due(ended(), late) is None
        assert holding.due(ended(negotiation=Hash32("0x" + "2d" * 32), parties=(ONE,)), late) is not None
        assert holding.after(order(2, releases=held.hash())).due(ended(), late) is not None


def test_orders_follow_each_other() -> None:
    state = Retention().after(order(0, schedule=schedule(rule("all", 1))))
    with pytest.raises(RetentionInvalid):
        state.after(order(0, negotiation=ID))
    with pytest.raises(RetentionInvalid):
        state.after(order(1, releases=ID))


@pytest.mark.parametrize(
    "change",
    [
        {"action": "hold"},
        {"action": "hold", "negotiation": ID, "agent": ONE},
        {"action": "schedule"},
        {"action": "release", "negotiation": ID},
        {"action": "hold", "negotiation": ID, "releases": ID},
        {"action": "hold", "negotiation": ID, "reason": ""},
    ],
)
def test_orders_that_make_no_sense(change: dict[str, Any]) -> None:
    good = {"schema": "parley/retention-order", "version": 1, "reason": "x", "number": 0, "issued_at": 1}
    with pytest.raises(DocumentInvalid):
        RetentionOrder.parse({**good, **change})


@pytest.mark.parametrize(
    "rules",
    [
        [{"id": "a", "keep_seconds": SHORTEST - 1}],
        [{"id": "a", "keep_seconds": SHORTEST, "organisation": "Acme"}],
        [{"id": "a", "keep_seconds": SHORTEST, "agents": [ONE]}],
        [{"id": "a", "keep_seconds": SHORTEST}, {"id": "a", "keep_seconds": SHORTEST}],
    ],
)
def test_schedules_that_make_no_sense(rules: list[dict[str, Any]]) -> None:
    with pytest.raises(DocumentInvalid):
        RetentionSchedule.parse({"schema": "parley/retention", "version": 1, "name": "x", "rules": rules})


@given(days=st.lists(st.integers(1, 400), min_size=1, max_size=5), at=st.integers(0, 500 * DAY))
def test_a_further_rule_for_the_same_never_keeps_longer(days: list[int], at: int) -> None:
    rules = [rule(f"r{number}", found) for number, found in enumerate(days)]
    state = Retention().after(order(0, schedule=schedule(*rules)))
    expected = at >= min(days) * DAY
    assert (state.due(ended(ended_at=0), at) is not None) is expected
