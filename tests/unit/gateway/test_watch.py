"""Thresholds at the gateway: alarms kept once, and stops that the gateway itself signs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parley.gateway.errors import SettingsInvalid
from parley.gateway.startup import load_document
from parley.policy.models import Bundle
from parley.policy.tripwires import Tripwire, Tripwires
from parley.store.models import ANY, NewEvent
from parley.terms.statement import SignedStatement
from parley.terms.values import Address

A, B, C = (Address("0x" + digit * 40) for digit in "abc")
TOKEN = "0x" + "70" * 20


def wires(**changes: Any) -> Tripwires:
    body: dict[str, Any] = {
        "id": "too-much",
        "metric": "volume",
        "scope": "agent",
        "window_seconds": 1_000,
        "threshold": "100",
        "action": "stop",
        "reason": "volume limit",
    }
    return Tripwires(wires=(Tripwire.parse({**body, **changes}),))


@pytest.fixture
def watched(make_gateway: Any) -> Callable[..., Any]:
    return lambda found: make_gateway(wires=found, operators=())


def opened(gateway: Any, number: int, buyer: Address, seller: Address, price: int) -> None:
    data = {
        "arguments": {"buyer": buyer, "seller": seller, "token": TOKEN, "price": str(price)},
        "deal_id": f"0x{number:064x}",
    }
    gateway.store.append("chain:test", ANY, (NewEvent("chain.Opened", data),))


def test_a_crossed_threshold_stops_its_agent_and_says_why(watched: Any) -> None:
    gateway = watched(wires())
    opened(gateway, 1, A, B, 60)
    assert gateway.watch.check() == []
    opened(gateway, 2, A, C, 41)
    [alarm] = gateway.watch.check()
    assert (alarm.subjects, alarm.value) == ((A,), 101)
    state, _ = gateway.controls.folded.current()
    [order] = state.active.values()
    assert (order.scope, order.subjects, order.cause) == ("agent", (A,), "threshold")
    assert order.reason == "too-much: volume limit (101 over 100)"
    [stored] = gateway.store.read("controls")
    signed = SignedStatement.parse(
        {"statement": stored.data["statement"], "signature": stored.data["signature"]}
    )
    signed.verify(order, gateway.settings.chain_id)
    assert signed.core.author == gateway.signer.address


def test_an_alarm_is_kept_once_a_window_and_a_stop_given_once(watched: Any, clock: Any) -> None:
    gateway = watched(wires())
    opened(gateway, 1, A, B, 500)
    assert len(gateway.watch.check()) == 2
    assert gateway.watch.check() == []
    clock.now += 999 - clock.now % 1_000
    opened(gateway, 2, A, B, 500)
    gateway.watch.check()
    clock.now += 2
    gateway.watch.check()
    assert gateway.store.length("controls") == 2  # one for each agent, still


def test_another_process_watching_raises_nothing_twice(watched: Any) -> None:
    one, two = watched(wires(action="alarm")), watched(wires(action="alarm"))
    opened(one, 1, A, B, 500)
    assert len(one.watch.check()) == 2
    assert two.watch.check() == []
    assert one.store.length("anomalies") == 2
    assert one.controls.folded.current()[1] == 0


def test_refusals_and_old_events(talk: Any, buyer: Any, gateway: Any, clock: Any, make_gateway: Any) -> None:
    cap = {"id": "cap", "layer": "global", "severity": "refuse", "expression": "price < 1", "reason": "none"}
    bundle = Bundle.parse({"schema": "parley/policy", "version": 1, "name": "b", "rules": [cap]})
    gateway.policies.standing = type(gateway.policies)(
        gateway.store, bundle, chain_id=31_337, operators=(), clock=clock
    ).standing
    talk.start()
    for price in (2_000_000, 3_000_000):
        talk.say_offer(buyer, price)
    watching = make_gateway(wires=wires(metric="refusals", threshold="1", action="alarm"))
    [alarm] = watching.watch.check()
    assert alarm.subjects == (buyer.address,)
    clock.now += 5_000
    assert make_gateway(wires=wires(metric="refusals", threshold="1", action="alarm")).watch.check() == []


def test_a_threshold_file_that_is_not_one(tmp_path: Any) -> None:
    path = tmp_path / "wires.json"
    with pytest.raises(SettingsInvalid):
        load_document(Tripwires, path, "PARLEY_TRIPWIRES")
    path.write_text("{}")
    with pytest.raises(SettingsInvalid) as refused:
        load_document(Tripwires, path, "PARLEY_TRIPWIRES")
    assert refused.value.values["setting"] == "PARLEY_TRIPWIRES"
