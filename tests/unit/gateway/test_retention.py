"""Payloads are erased on schedule and by nobody's mistake; what was signed over them still verifies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from parley.evidence.verify import verify_bundle
from parley.gateway.app import app_of
from parley.gateway.governance.gate import decision_stream
from parley.gateway.live import stream_of
from parley.gateway.privacy.eraser import Due
from parley.policy.models import Bundle, Rule
from parley.policy.retention import RetentionOrder, RetentionRule, RetentionSchedule
from parley.store.errors import StandingMoved
from parley.store.models import DealRow
from parley.terms.statement import state
from parley.terms.values import Address

CHAIN = 31_337
DAY = 86_400
PRICE = 5_430_000


@pytest.fixture
def gateway(make_gateway: Any, operator_address: Address) -> Any:
    watching = Rule(id="any", layer="global", severity="refuse", expression="price > 0", reason="priced")
    return make_gateway(bundle=Bundle(name="b", rules=(watching,)), operators=(operator_address,))


@pytest.fixture
def http(gateway: Any) -> Iterator[TestClient]:
    with TestClient(app_of(gateway), raise_server_exceptions=False) as client:
        yield client


def order(number: int, now: int, **changes: Any) -> RetentionOrder:
    kind: Any = "schedule" if "schedule" in changes else "release" if "releases" in changes else "hold"
    return RetentionOrder(action=kind, reason="rules", number=number, issued_at=now, **changes)


def give(agent: Any, given: RetentionOrder, signer: Any = None) -> Any:
    signed = state(signer or agent.signer, given, CHAIN, given.issued_at)
    agent.sign_in(scopes=["read", "govern"])
    return agent.post("/v1/retention", {"order": given.as_json(), **signed.as_json()})


@pytest.fixture
def schedule(operator: Any, clock: Any) -> RetentionSchedule:
    made = RetentionSchedule(
        name="house",
        rules=(
            RetentionRule(id="personal", data_class="personal", keep_seconds=DAY),
            RetentionRule(id="everything", keep_seconds=30 * DAY),
        ),
    )
    assert give(operator, order(0, clock(), schedule=made)).status_code == 201
    return made


def test_what_is_due_is_erased_and_what_was_signed_still_verifies(
    talk: Any, buyer: Any, seller: Any, gateway: Any, clock: Any, schedule: Any, tmp_path: Path
) -> None:
    talk.agree(PRICE)
    clock.now += 30 * DAY - 1
    assert gateway.eraser.run() == []
    clock.now += 1
    buyer.sign_in()
    [erased] = gateway.eraser.run()
    assert (erased.negotiation, erased.messages, erased.rule) == (talk.id, 4, "everything")
    assert gateway.eraser.run() == []

    for stream in (stream_of(talk.id), decision_stream(talk.id)):
        assert gateway.store.verify_stream(stream) > 0
        assert all(event.erased for event in gateway.store.read(stream) if event.kind != "plain")
    files = b"".join(path.read_bytes() for path in tmp_path.glob("gateway.sqlite*"))
    assert str(PRICE).encode() not in files
    assert f"0x{PRICE:032x}".encode() not in files

    bundle = buyer.get(f"/v1/negotiations/{talk.id}/bundle").json()["bundle"]
    assert all("payload" not in message for message in bundle["messages"])
    report = verify_bundle(bundle)
    assert report.ok, report.verdict
    details = {check.name: check.detail for check in report.checks}
    assert f"under rule everything of schedule {schedule.hash()}" in details["erasures"]
    assert "erased on 2027-02-" in details["turns and replay"]
    assert "4 signed by gateways" in details["receipts"]


def test_an_erased_negotiation_can_still_be_read_and_not_be_changed(
    talk: Any, buyer: Any, seller: Any, operator: Any, clock: Any, schedule: Any, make_gateway: Any
) -> None:
    talk.agree(PRICE)
    before = buyer.get(f"/v1/negotiations/{talk.id}").json()["negotiation"]
    clock.now += 31 * DAY
    make_gateway().eraser.run()  # another process
    buyer.sign_in()
    answer = buyer.get(f"/v1/negotiations/{talk.id}").json()
    after = answer["negotiation"]
    for field in ("status", "reason", "messages", "last", "last_sent_at", "parties"):
        assert after[field] == before[field], field
    assert (after["latest_offer"], after["agreements"]) == (None, [])
    assert after["erased"]["schedule"] == schedule.hash()
    messages = buyer.get(f"/v1/negotiations/{talk.id}/messages").json()["messages"]
    assert [held["message"]["core"] for held in messages] == [m.core.as_json() for m in talk.messages]
    assert not any("payload" in held["message"] for held in messages)
    again = talk.send(buyer, talk.messages[1])
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert talk.say_offer(buyer, 4_000_000).status_code == 409
    body = {"negotiation": talk.id, "open_by": clock() + 300, "signature": "0x00" + "11" * 65}
    assert seller.post("/v1/deals", body).status_code in (401, 409)
    assert buyer.get(f"/v1/negotiations/{talk.id}/decisions").status_code == 200
    operator.sign_in(scopes=["read", "govern"])
    assert operator.get("/v1/kpis", params={"since": 0}).status_code == 200
    assert operator.get(f"/v1/policies/{'0x' + '11' * 32}/impact").status_code < 500


def test_nobody_but_an_operator_orders_and_an_order_is_taken_once(
    buyer: Any, operator: Any, clock: Any, schedule: Any, gateway: Any
) -> None:
    hold = order(1, clock(), agent=buyer.address)
    assert give(buyer, hold).json()["code"] == "gateway.not-an-operator"
    assert give(operator, hold, signer=buyer.signer).json()["code"] == "gateway.not-an-operator"
    assert give(operator, hold).status_code == 201
    assert give(operator, hold).json()["code"] == "policy.retention-invalid"
    stale = order(2, clock() - 301, releases=hold.hash())
    assert give(operator, stale).json()["values"]["longest"] == 300
    shown = operator.get("/v1/retention").json()
    assert (shown["hash"], shown["number"]) == (schedule.hash(), 2)
    assert [held["hash"] for held in shown["holds"]] == [hold.hash()]
    buyer.sign_in()
    public = buyer.get("/v1/retention").json()
    assert public["hash"] == schedule.hash()
    assert not {"holds", "number"} & public.keys()
    assert buyer.get("/v1/retention/due").json()["code"] == "gateway.scope-missing"
    buyer.sign_in(scopes=["govern"])
    assert buyer.get("/v1/retention/due").json()["code"] == "gateway.not-an-operator"


def test_live_negotiations_holds_and_open_deals_keep_their_payloads(
    talk: Any, buyer: Any, operator: Any, gateway: Any, clock: Any, schedule: Any
) -> None:
    talk.start()
    clock.now += 90 * DAY
    assert gateway.eraser.run() == []  # not over: nobody timed it out yet
    clock.now -= 90 * DAY
    for number, price in ((1, PRICE - 1_000_000), (2, PRICE)):
        talk.say_offer(talk.buyer if number == 1 else talk.seller, price)
    talk.say_accept(buyer)
    hold = order(1, clock(), negotiation=talk.id)
    assert give(operator, hold).status_code == 201
    clock.now += 31 * DAY
    assert gateway.eraser.run() == []
    assert give(operator, order(2, clock(), releases=hold.hash())).status_code == 201
    parties = (("buyer", talk.buyer.address), ("seller", talk.seller.address))

    def deal(status: str) -> None:
        row = DealRow("0x" + "de" * 32, status, "0xt", 1, 1, 0, clock(), parties, talk.id)
        gateway.store.transact(lambda transaction: transaction.put_row(row))

    for status in ("pending", "open", "delivered", "rejected", "disputed"):
        deal(status)
        assert gateway.eraser.run() == [], status
    deal("settled")
    assert gateway.eraser.run() == []  # the time counts from when the deal closed
    clock.now += 30 * DAY
    operator.sign_in(scopes=["read", "govern"])
    assert [found["negotiation"] for found in operator.get("/v1/retention/due").json()["due"]] == [talk.id]
    assert len(gateway.eraser.run()) == 1


def test_an_order_that_comes_in_between_wins(
    talk: Any, operator: Any, gateway: Any, clock: Any, schedule: Any, make_gateway: Any
) -> None:
    talk.agree(PRICE)
    clock.now += 31 * DAY
    [due] = gateway.eraser.due()
    assert isinstance(due, Due)
    other = make_gateway(operators=(operator.address,))
    held = order(1, clock(), negotiation=talk.id)
    other.retention.give(held, state(operator.signer, held, CHAIN, clock()))
    with pytest.raises(StandingMoved):
        gateway.eraser.erase(due)
    assert not any(event.erased for event in gateway.store.read(stream_of(talk.id)))


def test_a_statement_that_does_not_fit_is_found_out(
    talk: Any, buyer: Any, gateway: Any, clock: Any, schedule: Any
) -> None:
    talk.agree(PRICE)
    clock.now += 31 * DAY
    gateway.eraser.run()
    buyer.sign_in()
    bundle = buyer.get(f"/v1/negotiations/{talk.id}/bundle").json()["bundle"]
    stated = bundle["erasures"][0]
    for change in (
        {"erasure": {**stated["erasure"], "erased_at": stated["erasure"]["erased_at"] + 1}},
        {"erasure": {**stated["erasure"], "rule": "another"}},
        {"signature": bundle["receipts"][0]["signature"]},
    ):
        report = verify_bundle({**bundle, "erasures": [{**stated, **change}]})
        assert report.failure is not None
        assert report.failure.name == "erasures", change
    bare = {key: value for key, value in bundle.items() if key != "erasures"}
    report = verify_bundle(bare)
    assert report.ok
    assert "nobody says why" in next(check.detail for check in report.checks if check.name == "erasures")
