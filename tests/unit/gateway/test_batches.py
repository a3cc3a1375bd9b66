"""Batches: each message as if posted singly, in order within a negotiation, none harmed by another's."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from parley.store import writer
from parley.store.transaction import Transaction
from parley.terms.message import Performative
from parley.terms.payloads import Accept


def offers(talk: Any, *prices: int) -> list[Any]:
    """Signed offers in turn, each on top of the one before."""
    found = []
    for price in prices:
        agent = (talk.buyer, talk.seller)[(len(talk.messages) - 1) % 2]
        kind = Performative.PROPOSE if len(talk.messages) == 1 else Performative.COUNTER
        message = talk.build(agent, kind, talk.offer(price))
        talk.messages.append(message)
        found.append(message)
    return found


def batch(agent: Any, *messages: Any) -> list[dict[str, Any]]:
    answer = agent.post("/v1/messages:batch", {"messages": [message.wire() for message in messages]})
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


def test_a_whole_talk_in_one_request(talk: Any, buyer: Any, gateway: Any) -> None:
    talk.start()
    made = offers(talk, 2_000_000, 8_000_000, 3_000_000)
    accept = Accept(offer=made[-1].message_hash(31_337), salt="0x" + "07" * 16)
    last = talk.build(talk.seller, Performative.ACCEPT, accept)
    results = batch(buyer, *made, last)
    assert [result["duplicate"] for result in results] == [False] * 4
    held = buyer.get(f"/v1/negotiations/{talk.id}/messages").json()["messages"]
    assert [entry["receipt"] for entry in held[1:]] == [result["receipt"] for result in results]
    assert buyer.get(f"/v1/negotiations/{talk.id}").json()["negotiation"]["status"] == "ACCEPTED"
    assert gateway.store.verify_stream(f"negotiation:{talk.id}") == 5


def test_a_repeated_batch_gives_the_same_receipts(talk: Any, buyer: Any, gateway: Any) -> None:
    talk.start()
    made = offers(talk, 2_000_000, 8_000_000)
    first = batch(buyer, *made[:1])
    again = batch(buyer, *made)
    assert [result["duplicate"] for result in again] == [True, False]
    assert again[0]["receipt"] == first[0]["receipt"]
    assert gateway.store.length(f"negotiation:{talk.id}") == 3


def test_a_refused_message_holds_up_its_own_negotiation_only(talk: Any, buyer: Any, seller: Any) -> None:
    other = type(talk)(buyer, seller, number=2)
    talk.start()
    other.start()
    good, bad, later = offers(talk, 2_000_000, 99_000_000, 3_000_000)
    fine = offers(other, 4_000_000)[0]
    results = batch(buyer, good, bad, fine, later)
    assert "receipt" in results[0]
    assert results[1]["problem"]["code"] == "negotiation.offer-invalid"
    assert "receipt" in results[2]
    assert results[3]["problem"]["code"] == "gateway.not-tried"
    assert len(buyer.get(f"/v1/negotiations/{talk.id}/messages").json()["messages"]) == 2


def test_what_does_not_parse_stops_what_was_signed_on_it(talk: Any, buyer: Any) -> None:
    talk.start()
    first, second = (message.wire() for message in offers(talk, 2_000_000, 8_000_000))
    broken = {**first, "signature": "0x12"}
    answer = buyer.post("/v1/messages:batch", {"messages": [broken, second]})
    codes = [result["problem"]["code"] for result in answer.json()["results"]]
    assert codes == ["terms.document-invalid", "gateway.not-tried"]


def test_two_faces_in_one_batch_are_convicted(talk: Any, buyer: Any) -> None:
    talk.start()
    one = talk.build(talk.buyer, Performative.PROPOSE, talk.offer(2_000_000))
    two = talk.build(talk.buyer, Performative.PROPOSE, talk.offer(3_000_000))
    results = batch(buyer, one, two)
    assert "receipt" in results[0]
    assert results[1]["problem"]["code"] == "negotiation.equivocation"
    [proof] = buyer.get(f"/v1/negotiations/{talk.id}").json()["equivocations"]
    assert proof["first"]["core"] == one.wire()["core"]
    assert proof["second"]["core"] == two.wire()["core"]


def test_a_stranger_posts_nothing(talk: Any, stranger: Any) -> None:
    talk.start()
    [message] = offers(talk, 2_000_000)
    assert batch(stranger, message)[0]["problem"]["code"] == "gateway.not-found"


@pytest.mark.parametrize("body", [{}, {"messages": []}, {"messages": [1]}, {"messages": [{}] * 101}])
def test_batches_that_are_none(buyer: Any, body: dict[str, Any]) -> None:
    assert buyer.post("/v1/messages:batch", body).status_code == 422


def test_what_comes_together_is_committed_by_the_writer_and_what_comes_alone_at_once(
    talk: Any, buyer: Any, seller: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [type(talk)(buyer, seller, number=number) for number in (2, 3)]
    for one in (talk, *others):
        one.start()
    threads: list[str] = []
    append = Transaction.append

    def noted(*given: Any, **named: Any) -> Any:
        threads.append(threading.current_thread().name)
        return append(*given, **named)

    monkeypatch.setattr(Transaction, "append", noted)
    monkeypatch.setattr(writer, "_QUICK", float("inf"))  # however slow this machine is
    results = batch(buyer, *(offers(one, 2_000_000)[0] for one in (talk, *others)))
    assert all("receipt" in result for result in results)
    assert threads == ["parley-store-writer"] * 3  # one commit is for all that wait
    assert "receipt" in batch(buyer, *offers(talk, 8_000_000))[0]
    assert threads[3:] != ["parley-store-writer"]
