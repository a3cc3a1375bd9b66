"""Stops hold until they are lifted by name; orders cannot be played back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley.policy.controls import ControlOrder, Controls
from parley.policy.errors import ControlInvalid
from parley.terms.errors import DocumentInvalid
from parley.terms.values import Address

A, B, C = (Address("0x" + digit * 40) for digit in "abc")
TOKEN = Address("0x" + "7" * 40)


def order(number: int, scope: str = "all", subjects: tuple[str, ...] = (), **changes: Any) -> ControlOrder:
    return ControlOrder.parse(
        {
            "schema": "parley/control-order",
            "version": 1,
            "action": "stop",
            "scope": scope,
            "subjects": list(subjects),
            "reason": "losses",
            "number": number,
            "issued_at": 1_000,
            **changes,
        }
    )


def lift(number: int, stopped: ControlOrder) -> ControlOrder:
    return order(number, stopped.scope, stopped.subjects, action="lift", lifts=stopped.hash())


@pytest.mark.parametrize(
    ("scope", "subjects", "agents", "tokens", "stopped"),
    [
        ("all", (), (A, B), (), True),
        ("agent", (A,), (A, B), (), True),
        ("agent", (C,), (A, B), (), False),
        ("pair", (A, B), (B, A, C), (), True),
        ("pair", (A, B), (A, C), (), False),
        ("token", (TOKEN,), (A, B), (TOKEN,), True),
        ("token", (TOKEN,), (A, B), (A,), False),
    ],
)
def test_what_a_scope_covers(
    scope: str, subjects: tuple[str, ...], agents: tuple[str, ...], tokens: tuple[str, ...], stopped: bool
) -> None:
    given = order(0, scope, subjects)
    found = Controls.none().after(given).stopping(agents, tokens)
    assert found == ((given.hash(), given) if stopped else None)


def test_only_its_own_lift_ends_a_stop() -> None:
    everything, one = order(0), order(1, "agent", (A,))
    state = Controls.fold((everything, one, lift(2, everything)))
    assert state.stopping((B, C)) is None
    assert state.stopping((A, C)) == (one.hash(), one)
    with pytest.raises(ControlInvalid):
        state.after(lift(3, everything))
    with pytest.raises(ControlInvalid) as refused:
        state.after(order(3, "agent", (B,), action="lift", lifts=one.hash()))
    assert refused.value.values["subjects"] == [A]


def test_an_order_has_one_place_in_the_log() -> None:
    state = Controls.fold((order(0),))
    for number in (0, 2):
        with pytest.raises(ControlInvalid) as refused:
            state.after(order(number))
        assert refused.value.values == {"expected": 1, "actual": number}


@pytest.mark.parametrize(
    "changes",
    [
        {"scope": "agent"},
        {"scope": "pair", "subjects": [A]},
        {"scope": "pair", "subjects": [B, A]},
        {"scope": "pair", "subjects": [A, A]},
        {"subjects": [A]},
        {"action": "lift"},
        {"lifts": "0x" + "11" * 32},
        {"reason": ""},
    ],
)
def test_orders_that_make_no_sense(changes: dict[str, Any]) -> None:
    with pytest.raises(DocumentInvalid):
        order(0, **changes) if "scope" not in changes else ControlOrder.parse(
            {**order(0).as_json(), "subjects": [], **changes}
        )


@given(st.lists(st.sampled_from(["stop", "lift"]), max_size=12))
def test_what_was_stopped_and_not_lifted_is_stopped(actions: list[str]) -> None:
    state, waiting = Controls.none(), []
    for action in actions:
        if action == "lift" and waiting:
            state = state.after(lift(state.given, waiting.pop()))
        else:
            given = order(state.given, "agent", (A,))
            state = state.after(given)
            waiting.append(given)
    assert (state.stopping((A, B)) is not None) == bool(waiting)
    assert list(state.active.values()) == waiting
