"""The kill switch: signed by an operator, on record, felt by the next message in every process, and lifted
only by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.gateway.app import app_of
from parley.policy.controls import ControlOrder
from parley.terms.message import Performative
from parley.terms.payloads import Withdraw
from parley.terms.statement import state
from parley.terms.values import Address

CHAIN = 31_337
OPERATOR = "operator"


@pytest.fixture
def gateway(make_gateway: Any, operator_address: Address) -> Any:
    return make_gateway(operators=(operator_address,))


@pytest.fixture
def http(gateway: Any) -> Iterator[TestClient]:
    with TestClient(app_of(gateway), raise_server_exceptions=False) as client:
        yield client


def order(number: int, now: int, **changes: Any) -> ControlOrder:
    body = {"action": "stop", "scope": "all", "reason": "losses", "number": number, "issued_at": now}
    return ControlOrder(**{**body, **changes})


def give(agent: Any, given: ControlOrder, signer: Any = None) -> Any:
    signed = state(signer or agent.signer, given, CHAIN, given.issued_at)
    agent.sign_in(scopes=["read", "govern"])
    return agent.post("/v1/controls", {"order": given.as_json(), **signed.as_json()})


def test_a_stop_is_felt_by_the_next_message_and_lifted_by_name(
    talk: Any, buyer: Any, seller: Any, operator: Any, clock: Any
) -> None:
    talk.start()
    stop = order(0, clock())
    assert give(operator, stop).status_code == 201
    refused = talk.say_offer(buyer, 4_000_000)
    assert (refused.status_code, refused.json()["code"]) == (403, "gateway.stopped")
    assert refused.json()["values"]["order"] == stop.hash()
    assert refused.json()["values"]["reason"] == "losses"
    lift = order(1, clock(), action="lift", lifts=stop.hash(), reason="found it")
    assert give(operator, lift).status_code == 201
    assert talk.say_offer(buyer, 4_000_000).status_code == 201
    log = buyer.get("/v1/controls/log").json()["orders"]
    assert [entry["order"]["action"] for entry in log] == ["stop", "lift"]
    assert {entry["statement"]["author"] for entry in log} == {operator.address}


def test_a_stop_by_another_process_is_felt_too(
    talk: Any, buyer: Any, operator: Any, clock: Any, make_gateway: Any, operator_address: Address
) -> None:
    talk.start()
    elsewhere = make_gateway(operators=(operator_address,))
    stop = order(0, clock())
    elsewhere.controls.give(stop, state(operator.signer, stop, CHAIN, clock()))
    assert talk.say_offer(buyer, 4_000_000).json()["code"] == "gateway.stopped"
    lift = order(1, clock(), action="lift", lifts=stop.hash())
    elsewhere.controls.give(lift, state(operator.signer, lift, CHAIN, clock()))
    assert talk.say_offer(buyer, 4_000_000).status_code == 201


def test_who_is_not_covered_goes_on(talk: Any, buyer: Any, seller: Any, operator: Any, clock: Any) -> None:
    talk.start()
    stranger = Address("0x" + "99" * 20)
    assert give(operator, order(0, clock(), scope="agent", subjects=(stranger,))).status_code == 201
    assert talk.say_offer(buyer, 4_000_000).status_code == 201
    pair = tuple(sorted((buyer.address, seller.address)))
    assert give(operator, order(1, clock(), scope="pair", subjects=pair)).status_code == 201
    assert talk.say_offer(seller, 5_000_000).json()["values"]["scope"] == "pair"


def test_a_stopped_negotiation_can_still_be_ended(talk: Any, buyer: Any, operator: Any, clock: Any) -> None:
    talk.start()
    give(operator, order(0, clock()))
    leaving = Withdraw(reason="stopped", salt="0x" + "01" * 16)
    assert talk.send(buyer, talk.build(buyer, Performative.WITHDRAW, leaving)).status_code == 201


def test_nothing_is_signed_while_stopped(talk: Any, seller: Any, operator: Any, clock: Any) -> None:
    talk.agree()
    give(operator, order(0, clock(), scope="token", subjects=(talk.domain.settlements[0].token,)))
    body = {"negotiation": talk.id, "open_by": clock() + 300, "signature": "0x00" + "11" * 65}
    answer = seller.post("/v1/deals", body)
    assert (answer.status_code, answer.json()["code"]) == (403, "gateway.stopped")


def test_only_an_operator_gives_orders(buyer: Any, operator: Any, clock: Any, gateway: Any) -> None:
    assert give(buyer, order(0, clock())).json()["code"] == "gateway.not-an-operator"
    forged = give(operator, order(0, clock()), signer=buyer.signer)
    assert forged.json()["code"] == "gateway.not-an-operator"
    buyer.sign_in()
    assert buyer.post("/v1/controls", {}).json()["code"] == "gateway.scope-missing"
    assert gateway.controls.folded.current()[1] == 0


def test_an_order_is_taken_once_and_only_while_fresh(operator: Any, clock: Any, gateway: Any) -> None:
    stop = order(0, clock())
    assert give(operator, stop).status_code == 201
    assert give(operator, stop).status_code == 201  # repeated: the same order, not a second one
    assert gateway.store.length("controls") == 1
    again = give(operator, order(0, clock(), reason="other"))
    assert (again.status_code, again.json()["code"]) == (409, "policy.control-invalid")
    stale = order(1, clock())
    clock.now += 301
    assert give(operator, stale).json()["values"]["longest"] == 300


def test_the_gateway_itself_may_only_stop_by_a_threshold(gateway: Any, clock: Any) -> None:
    from parley.gateway.errors import NotAnOperator

    own = order(0, clock(), cause="threshold", scope="all")
    gateway.controls.give(own, state(gateway.signer, own, CHAIN, clock()))
    lift = order(1, clock(), action="lift", lifts=own.hash(), cause="threshold")
    with pytest.raises(NotAnOperator):
        gateway.controls.give(lift, state(gateway.signer, lift, CHAIN, clock()))


def test_nonsense_is_answered_with_a_problem(operator: Any, clock: Any) -> None:
    operator.sign_in(scopes=["govern"])
    good = order(0, clock()).as_json()
    for body in (
        {},
        {"order": good, "statement": {}, "signature": "0x"},
        {"order": {**good, "scope": "agent"}, "statement": {}, "signature": "0x"},
        {"order": [], "statement": {}, "signature": ""},
    ):
        answer = operator.post("/v1/controls", body)
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"] == "application/problem+json"
