"""Messages through the gateway: what is admitted, what is refused before anything is stored, what repeats."""

from __future__ import annotations

from typing import Any

import pytest

from parley.negotiation.machine import replay
from parley.store.models import NewEvent
from parley.terms.domain import Domain
from parley.terms.message import Message, Performative, SignedReceipt
from parley.terms.opening import Opening
from parley.terms.payloads import Accept, Query, Withdraw

CHAIN = 31_337


def stored(gateway: Any, talk: Any) -> int:
    length: int = gateway.store.length(f"negotiation:{talk.id}")
    return length


def salted(number: int) -> str:
    return f"0x{number:032x}"


def test_from_the_first_offer_to_an_agreement(talk: Any, buyer: Any, seller: Any, gateway: Any) -> None:
    talk.agree(5_000_000)
    view = buyer.get(f"/v1/negotiations/{talk.id}").json()
    assert view["negotiation"]["status"] == "ACCEPTED"
    assert view["negotiation"]["messages"] == 4
    assert view["negotiation"]["latest_offer"]["values"]["price"] == "5000000"
    [agreement] = view["negotiation"]["agreements"]
    assert agreement["deal"]["price"] == "5000000"
    actions = {
        action["action"] for action in seller.get(f"/v1/negotiations/{talk.id}").json()["next_actions"]
    }
    assert actions == {"sign_deal", "download_bundle"}


def test_receipts_are_signed_and_name_the_log_position(talk: Any, buyer: Any, gateway: Any) -> None:
    receipt = SignedReceipt.parse(talk.start().json()["receipt"])
    receipt.verify(CHAIN)
    assert receipt.gateway == gateway.receipts.gateway
    assert receipt.message == talk.messages[0].message_hash(CHAIN)
    [event] = gateway.store.read(f"negotiation:{talk.id}")
    assert (receipt.log_index, receipt.received_at) == (event.position, event.recorded_at)


def test_a_repeated_message_gives_the_same_receipt(talk: Any, buyer: Any, seller: Any, gateway: Any) -> None:
    first = talk.start()
    again = buyer.post("/v1/negotiations", talk.open_body(talk.messages[0]))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["receipt"] == first.json()["receipt"]
    offered = talk.say_offer(buyer, 4_000_000)
    talk.say_offer(seller, 6_000_000)
    late = buyer.post(f"/v1/negotiations/{talk.id}/messages", talk.messages[1].wire())
    assert (late.status_code, late.json()["duplicate"]) == (200, True)
    assert late.json()["receipt"] == offered.json()["receipt"]
    assert stored(gateway, talk) == 3


def test_what_is_stored_replays_to_the_same_state(talk: Any, buyer: Any, gateway: Any) -> None:
    talk.agree()
    body = buyer.get(f"/v1/negotiations/{talk.id}").json()
    listed = buyer.get(f"/v1/negotiations/{talk.id}/messages").json()["messages"]
    messages = [Message.parse(item["message"]) for item in listed]
    state = replay(Domain.parse(body["domain"]), Opening.parse(body["opening"]), messages, CHAIN)
    assert state.status == "ACCEPTED"
    assert state.last == body["negotiation"]["last"]


def test_a_restarted_gateway_goes_on_where_it_was(talk: Any, buyer: Any, make_gateway: Any) -> None:
    talk.start()
    talk.say_offer(buyer, 4_000_000)
    fresh = make_gateway()
    live = fresh.negotiations._live.load(talk.id)
    assert (live.state.sequence, live.state.turn) == (2, "seller")


def test_messages_are_paged(talk: Any, buyer: Any) -> None:
    talk.agree()
    path = f"/v1/negotiations/{talk.id}/messages"
    page = buyer.get(path, params={"after": 0, "limit": 2}).json()["messages"]
    assert [item["message"]["core"]["sequence"] for item in page] == [1, 2]
    for bad in ({"after": "x"}, {"after": "-2"}, {"limit": "0"}, {"limit": "101"}, {"after": "9" * 30}):
        assert buyer.get(path, params=bad).json()["code"] == "gateway.parameter-invalid", bad


def test_wrong_turn_sequence_and_chaining_are_refused(
    talk: Any, buyer: Any, seller: Any, gateway: Any
) -> None:
    talk.start()
    early = talk.send(seller, talk.build(seller, Performative.PROPOSE, talk.offer(6_000_000)))
    assert (early.status_code, early.json()["code"]) == (409, "negotiation.not-your-turn")
    gap = talk.send(buyer, talk.build(buyer, Performative.PROPOSE, talk.offer(4_000_000), sequence=2))
    assert gap.json()["code"] == "negotiation.wrong-sequence"
    wrong = talk.build(buyer, Performative.PROPOSE, talk.offer(4_000_000), previous=talk.id)
    assert talk.send(buyer, wrong).json()["code"] == "negotiation.wrong-previous"
    assert stored(gateway, talk) == 1
    assert all(answer.json()["next_actions"] for answer in (early, gap))


def test_signatures_that_do_not_verify_are_refused(talk: Any, buyer: Any, seller: Any, gateway: Any) -> None:
    talk.start()
    message = talk.build(buyer, Performative.PROPOSE, talk.offer(4_000_000))
    path = f"/v1/negotiations/{talk.id}/messages"
    other = talk.build(seller, Performative.PROPOSE, talk.offer(4_000_000))
    assert buyer.post(path, {**message.wire(), "signature": other.wire()["signature"]}).status_code == 401
    raw = bytes.fromhex(message.signature[2:])
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high = raw[:32] + (order - int.from_bytes(raw[32:64])).to_bytes(32) + bytes([55 - raw[64]])
    assert buyer.post(path, {**message.wire(), "signature": "0x" + high.hex()}).status_code == 401
    body = message.wire()
    body["payload"] = {**body["payload"], "final": True}
    assert buyer.post(path, body).json()["code"] == "terms.payload-mismatch"
    talk.chain_id = 1
    foreign = talk.build(
        buyer, Performative.PROPOSE, talk.offer(4_000_000), previous=talk.messages[0].message_hash(CHAIN)
    )
    talk.chain_id = CHAIN
    assert buyer.post(path, foreign.wire()).status_code == 401
    assert stored(gateway, talk) == 1


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"[]", 422),
        (b'{"core": 1.5}', 422),
        (b'{"a": 1, "a": 2}', 422),
        (b'{"core": 9007199254740993}', 422),
        (b"[" * 60 + b"]" * 60, 422),
        (b'{"schema": "parley/message", "version": 1, "extra": true}', 422),
        (b"\xff\xfe", 422),
        (b'"' + b"x" * 300_000 + b'"', 413),
    ],
)
def test_malformed_bodies_get_a_problem_not_a_traceback(
    talk: Any, buyer: Any, raw: bytes, status: int
) -> None:
    talk.start()
    for path in (f"/v1/negotiations/{talk.id}/messages", "/v1/negotiations"):
        answer = buyer.request("POST", path, content=raw)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"type", "title", "status", "code", "next_actions", "values"} <= answer.json().keys()


def test_unknown_fields_are_refused_before_anything_is_hashed(talk: Any, buyer: Any, gateway: Any) -> None:
    talk.start()
    message = talk.build(buyer, Performative.PROPOSE, talk.offer(4_000_000)).wire()
    path = f"/v1/negotiations/{talk.id}/messages"
    for body in (
        {**message, "note": 1},
        {**message, "core": {**message["core"], "note": 1}},
        {**message, "payload": {**message["payload"], "note": 1}},
    ):
        assert buyer.post(path, body).json()["code"] == "terms.document-invalid"
    assert stored(gateway, talk) == 1


def test_amounts_beyond_uint128_are_refused(talk: Any, buyer: Any) -> None:
    body = talk.open_body()
    body["domain"]["issues"][0]["max"] = str(2**128)
    assert buyer.post("/v1/negotiations", body).status_code == 422


def test_strangers_are_told_there_is_nothing(talk: Any, buyer: Any, stranger: Any) -> None:
    talk.start()
    unknown = "0x" + "ab" * 32
    for path in ("", "/messages", "/bundle"):
        theirs = stranger.get(f"/v1/negotiations/{talk.id}{path}")
        nothing = stranger.get(f"/v1/negotiations/{unknown}{path}")
        assert theirs.status_code == nothing.status_code == 404
        assert theirs.json()["code"] == nothing.json()["code"]
    message = talk.build(buyer, Performative.PROPOSE, talk.offer(4_000_000))
    assert stranger.post(f"/v1/negotiations/{talk.id}/messages", message.wire()).status_code == 404
    assert stranger.get("/v1/negotiations").json()["negotiations"] == []


def test_only_a_party_opens(talk: Any, stranger: Any, gateway: Any) -> None:
    refused = stranger.post("/v1/negotiations", talk.open_body())
    assert (refused.status_code, refused.json()["code"]) == (403, "gateway.not-yours")
    assert stored(gateway, talk) == 0


def test_an_opening_for_another_escrow_or_chain_is_refused(buyer: Any, seller: Any, talk: Any) -> None:
    kind = type(talk)
    for change in ({"escrow": "0x" + "aa" * 20}, {"chain_id": 1}):
        elsewhere = kind(buyer, seller, **change)
        assert (
            buyer.post("/v1/negotiations", elsewhere.open_body()).json()["code"]
            == "gateway.opening-elsewhere"
        )


def test_an_opening_that_does_not_suit_its_domain_is_refused(talk: Any, buyer: Any) -> None:
    body = talk.open_body()
    body["domain"]["title"] = "Another lease"
    assert buyer.post("/v1/negotiations", body).json()["code"] == "terms.opening-invalid"


def test_times_in_the_future_are_refused(talk: Any, buyer: Any, clock: Any, gateway: Any) -> None:
    talk.start()
    ahead = talk.say_offer(buyer, 4_000_000, at=clock.now + 31)
    assert (ahead.status_code, ahead.json()["code"]) == (422, "gateway.clock-ahead")
    assert talk.say_offer(buyer, 4_000_000, at=clock.now + 30).status_code == 201


def test_an_expired_offer_cannot_be_accepted(talk: Any, buyer: Any, seller: Any, clock: Any) -> None:
    talk.start()
    talk.say_offer(buyer, 4_000_000, expires_at=clock.now + 10)
    clock.now += 11
    late = talk.say_accept(seller, at=clock.now)
    assert late.json()["code"] == "negotiation.offer-expired"


def test_equivocation_is_refused_and_kept_as_proof(talk: Any, buyer: Any, seller: Any, gateway: Any) -> None:
    talk.start()
    talk.say_offer(buyer, 4_000_000)
    second = talk.build(
        buyer,
        Performative.PROPOSE,
        talk.offer(4_500_000),
        sequence=1,
        previous=talk.messages[0].message_hash(CHAIN),
    )
    refused = buyer.post(f"/v1/negotiations/{talk.id}/messages", second.wire())
    assert (refused.status_code, refused.json()["code"]) == (409, "negotiation.equivocation")
    third = talk.build(
        buyer,
        Performative.PROPOSE,
        talk.offer(4_600_000),
        sequence=1,
        previous=talk.messages[0].message_hash(CHAIN),
    )
    buyer.post(f"/v1/negotiations/{talk.id}/messages", third.wire())
    [proof] = seller.get(f"/v1/negotiations/{talk.id}").json()["equivocations"]
    assert proof["sender"] == buyer.address
    assert proof["first"]["signature"] == talk.messages[1].signature
    assert proof["second"]["signature"] == second.signature
    assert stored(gateway, talk) == 2


def test_a_forged_second_message_convicts_nobody(talk: Any, buyer: Any, seller: Any) -> None:
    talk.start()
    talk.say_offer(buyer, 4_000_000)
    forged = talk.build(
        buyer,
        Performative.PROPOSE,
        talk.offer(4_500_000),
        sequence=1,
        previous=talk.messages[0].message_hash(CHAIN),
    ).wire()
    forged["signature"] = talk.messages[1].signature
    assert seller.post(f"/v1/negotiations/{talk.id}/messages", forged).status_code == 401
    assert seller.get(f"/v1/negotiations/{talk.id}").json()["equivocations"] == []


def test_a_party_may_hand_in_what_the_other_signed(talk: Any, buyer: Any, seller: Any) -> None:
    talk.start()
    message = talk.build(buyer, Performative.PROPOSE, talk.offer(4_000_000))
    assert talk.send(seller, message).status_code == 201


def test_queries_do_not_move_the_turn_and_are_limited(talk: Any, buyer: Any, seller: Any) -> None:
    talk.start()
    for number in range(2):
        question = Query(question="when?", salt=salted(number))
        assert talk.send(seller, talk.build(seller, Performative.QUERY, question)).json()["turn"] == "buyer"
    third = talk.build(seller, Performative.QUERY, Query(question="and?", salt=salted(9)))
    assert talk.send(seller, third).status_code == 429


def test_next_actions_follow_the_turn(talk: Any, buyer: Any, seller: Any) -> None:
    opened = talk.start().json()
    assert "propose" in {action["action"] for action in opened["next_actions"]}
    waiting = seller.get(f"/v1/negotiations/{talk.id}").json()["next_actions"]
    assert "propose" not in {action["action"] for action in waiting}
    talk.say_offer(buyer, 4_000_000)
    answering = {
        action["action"] for action in seller.get(f"/v1/negotiations/{talk.id}").json()["next_actions"]
    }
    assert {"accept", "counter", "reject"} <= answering


def test_listing_shows_the_callers_negotiations_newest_first(buyer: Any, seller: Any, talk: Any) -> None:
    kind = type(talk)
    ids = []
    for number in range(5):
        one = kind(buyer, seller, number=number + 10)
        assert one.start().status_code == 201
        ids.append(one.id)
    first = seller.get("/v1/negotiations", params={"limit": 3}).json()
    rest = seller.get("/v1/negotiations", params={"limit": 3, "before": first["next"]}).json()
    assert [row["id"] for row in first["negotiations"] + rest["negotiations"]] == ids[::-1]
    assert rest["next"] is None


def test_listing_counts_what_the_log_holds(buyer: Any, talk: Any, clock: Any) -> None:
    talk.start()
    clock.now += 7
    for price in (4_000_000, 4_100_000):
        talk.say_offer(talk.buyer if len(talk.messages) % 2 else talk.seller, price, at=clock.now)
    [row] = buyer.get("/v1/negotiations").json()["negotiations"]
    assert (row["messages"], row["updated_at"], row["status"]) == (3, clock.now, "COUNTER")


def test_a_withdrawn_negotiation_is_over(talk: Any, buyer: Any, seller: Any) -> None:
    talk.start()
    talk.send(seller, talk.build(seller, Performative.WITHDRAW, Withdraw(reason="no", salt=salted(1))))
    view = buyer.get(f"/v1/negotiations/{talk.id}").json()["negotiation"]
    assert (view["status"], view["reason"]) == ("TERMINATED", "withdrawn")
    assert talk.say_offer(buyer, 4_000_000).json()["code"] == "negotiation.over"


def test_a_failed_write_leaves_no_trace_in_memory(
    talk: Any, buyer: Any, gateway: Any, monkeypatch: Any
) -> None:
    from parley.store.errors import StoreFull

    talk.start()
    append = type(gateway.store).append_async

    def full(*_: Any, **__: Any) -> Any:
        raise StoreFull("The database cannot grow.")

    monkeypatch.setattr(type(gateway.store), "append_async", full)
    refused = talk.say_offer(buyer, 4_000_000)
    assert (refused.status_code, refused.json()["retryable"]) == (507, True)
    monkeypatch.setattr(type(gateway.store), "append_async", append)
    assert talk.say_offer(buyer, 4_000_000).status_code == 201
    assert stored(gateway, talk) == 2


def test_another_writer_on_the_same_store_is_noticed(
    talk: Any, buyer: Any, seller: Any, gateway: Any
) -> None:
    talk.start()
    message = talk.build(buyer, Performative.PROPOSE, talk.offer(4_000_000))
    event = NewEvent("message", {"hash": message.message_hash(CHAIN), "message": message.wire()})
    gateway.store.append(f"negotiation:{talk.id}", 1, (event,))
    talk.messages.append(message)
    assert talk.say_offer(seller, 6_000_000).status_code == 201
    assert talk.say_accept(buyer).json()["status"] == "ACCEPTED"


def test_the_bundle_verifies_offline(talk: Any, buyer: Any) -> None:
    from parley.evidence.bundle import Bundle
    from parley.evidence.verify import verify_bundle

    talk.agree()
    body = buyer.get(f"/v1/negotiations/{talk.id}/bundle").json()["bundle"]
    report = verify_bundle(Bundle.parse(body), None)
    assert report.ok, [check for check in report.checks if not check.ok]


def test_accepting_needs_the_latest_offer(talk: Any, buyer: Any, seller: Any) -> None:
    talk.start()
    talk.say_offer(buyer, 4_000_000)
    stale = Accept(offer=talk.messages[0].message_hash(CHAIN), salt=salted(5))
    assert (
        talk.send(seller, talk.build(seller, Performative.ACCEPT, stale)).json()["code"]
        == "negotiation.offer-unknown"
    )
