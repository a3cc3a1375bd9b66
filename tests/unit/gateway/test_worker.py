"""The gateway's own deeds: it ends what ran out of time, where the opening counts it, and nothing else."""

from __future__ import annotations

import asyncio
from typing import Any

from parley.gateway.worker import Worker
from parley.terms.message import Message, Performative


def expire(gateway: Any) -> int:
    return asyncio.run(Worker(gateway).expire())


def test_a_negotiation_past_its_deadline_is_ended_with_a_signed_timeout(
    talk: Any, buyer: Any, gateway: Any, clock: Any
) -> None:
    talk.start()
    talk.say_offer(buyer, 4_000_000)
    assert expire(gateway) == 0
    clock.now = talk.opening.deadline
    assert expire(gateway) == 0
    clock.now += 1
    assert expire(gateway) == 1
    view = buyer.get("/v1/session")
    assert view.status_code == 401  # the session ran out meanwhile
    buyer.sign_in()
    body = buyer.get(f"/v1/negotiations/{talk.id}").json()["negotiation"]
    assert (body["status"], body["reason"]) == ("TERMINATED", "deadline")
    last = buyer.get(f"/v1/negotiations/{talk.id}/messages").json()["messages"][-1]
    message = Message.parse(last["message"])
    assert (message.core.performative, message.core.sender) == (
        Performative.TIMEOUT,
        gateway.receipts.gateway,
    )
    assert expire(gateway) == 0


def test_it_does_not_end_what_does_not_count_it(
    talk: Any, buyer: Any, seller: Any, gateway: Any, clock: Any
) -> None:
    own = type(talk)(buyer, seller, gateways=(), number=5)
    own.start()
    talk.start()
    clock.now = talk.opening.deadline + 1
    assert expire(gateway) == 1
    buyer.sign_in()
    assert buyer.get(f"/v1/negotiations/{own.id}").json()["negotiation"]["status"] == "INIT"


def test_others_do_not_starve_behind_what_it_cannot_end(
    talk: Any, buyer: Any, seller: Any, gateway: Any, clock: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr("parley.gateway.worker.BATCH", 3)
    for number in range(6):
        type(talk)(buyer, seller, gateways=(), number=10 + number).start()
    talk.start()
    clock.now = talk.opening.deadline + 1
    worker = Worker(gateway)
    ended = sum(asyncio.run(worker.expire()) for _ in range(4))
    assert ended == 1


def test_agreements_are_left_alone(talk: Any, gateway: Any, clock: Any) -> None:
    talk.agree()
    clock.now = talk.opening.deadline + 1
    assert expire(gateway) == 0
