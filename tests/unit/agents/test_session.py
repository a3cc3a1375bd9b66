"""One negotiation from one agent's side: verified, kept before it is sent, never contradicted."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from parley.agents.errors import AnswerInvalid, GatewayUnreachable, Overtaken, TranscriptForked
from parley.agents.session import NegotiationSession
from parley.negotiation.errors import NotYourTurn
from parley.terms.message import Performative

START = NegotiationSession.start
JOIN = NegotiationSession.join


def pair(world: Any, domain: Any) -> tuple[NegotiationSession, NegotiationSession]:
    buyer, seller = world.wallet("buyer"), world.wallet("seller")
    opening = world.opening(domain, buyer.address, seller.address)
    ours = START(domain, opening, buyer, world.channel(buyer))
    return ours, JOIN(ours.id, seller, world.channel(seller))


def test_two_sessions_reach_the_same_agreement(world: Any, domain: Any) -> None:
    buyer, seller = pair(world, domain)
    buyer.offer({"price": 3_000_000, "hours": 50})
    seller.sync()
    assert seller.my_turn
    assert seller.standing_values == {"price": 3_000_000, "hours": 50}
    seller.offer({"price": 6_000_000, "hours": 50})
    buyer.sync()
    buyer.accept()
    seller.sync()
    assert (buyer.status, seller.status) == ("ACCEPTED", "ACCEPTED")
    assert buyer.state.hash() == seller.state.hash()


def test_every_own_message_is_kept_before_it_is_sent(world: Any, domain: Any) -> None:
    buyer, _ = pair(world, domain)
    seen: list[bool] = []
    send = buyer.channel.send

    def watching(message: Any) -> Any:
        seen.append(buyer.wallet.journal.intended(buyer.id, message.core.sequence) is not None)
        return send(message)

    buyer.channel.send = watching  # type: ignore[method-assign]
    buyer.offer({"price": 3_000_000, "hours": 50})
    assert seen == [True]


def test_the_guard_stops_what_the_machine_would_refuse_before_signing(world: Any, domain: Any) -> None:
    _, seller = pair(world, domain)
    with pytest.raises(NotYourTurn):
        seller.offer({"price": 6_000_000, "hours": 50})
    assert seller.wallet.journal.intended(seller.id, 1) is None


def test_a_lost_answer_is_repaired_by_repeating_the_same_message(world: Any, domain: Any) -> None:
    """The partition in the middle of an acceptance: the gateway took it, the answer never came."""
    buyer, seller = pair(world, domain)
    buyer.offer({"price": 3_000_000, "hours": 50})
    seller.sync()
    inner = world.client._transport
    cut = {"on": True}

    class Partition(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            answer = inner.handle_request(request)
            if cut["on"] and request.url.path.endswith("/messages") and request.method == "POST":
                raise httpx.ReadError("the line went dead")
            return answer

    seller.channel.client._http._transport = Partition()  # type: ignore[attr-defined]
    with pytest.raises(GatewayUnreachable):
        seller.accept()
    assert (seller.status, seller.state.sequence) == ("PROPOSED", 2)
    signed = seller.wallet.journal.intended(seller.id, 2)
    buyer.sync()
    assert buyer.status == "ACCEPTED"
    cut["on"] = False
    seller.sync()
    assert seller.status == "ACCEPTED"
    assert signed is not None
    assert seller.messages[2] == signed.message


def test_a_message_that_never_arrived_is_sent_by_the_next_sync(world: Any, domain: Any) -> None:
    buyer, seller = pair(world, domain)
    send = buyer.channel.send
    buyer.channel.send = _unreachable  # type: ignore[method-assign]
    with pytest.raises(GatewayUnreachable):
        buyer.offer({"price": 3_000_000, "hours": 50})
    buyer.channel.send = send  # type: ignore[method-assign]
    buyer.sync()
    seller.sync()
    assert seller.state.sequence == 2


def _unreachable(message: Any) -> Any:
    raise GatewayUnreachable("no answer")


def test_a_restarted_agent_repeats_and_never_contradicts(world: Any, domain: Any) -> None:
    store = world.store("buyer")
    wallet, seller = world.wallet("buyer", store), world.wallet("seller")
    opening = world.opening(domain, wallet.address, seller.address)
    first = START(domain, opening, wallet, world.channel(wallet))
    first.channel.send = _unreachable  # type: ignore[method-assign]
    with pytest.raises(GatewayUnreachable):
        first.offer({"price": 3_000_000, "hours": 50})
    again = START(domain, opening, world.wallet("buyer", store), world.channel(wallet))
    assert again.state.sequence == 1
    from parley.agents.errors import JournalConflict

    with pytest.raises(JournalConflict):
        again.offer({"price": 4_000_000, "hours": 50})
    again.sync()
    assert again.standing_values == {"price": 3_000_000, "hours": 50}


def test_being_overtaken_is_no_equivocation(world: Any, domain: Any) -> None:
    buyer, seller = pair(world, domain)
    buyer.offer({"price": 3_000_000, "hours": 50})
    seller.sync()
    buyer.query("when can it start?")
    with pytest.raises(Overtaken):
        seller.offer({"price": 6_000_000, "hours": 50})
    assert seller.state.sequence == 3
    message = seller.offer({"price": 6_000_000, "hours": 50})
    assert message.core.sequence == 3


def test_a_gateway_that_shows_another_history_is_found_out(world: Any, domain: Any) -> None:
    buyer, seller = pair(world, domain)
    message = buyer.offer({"price": 3_000_000, "hours": 50})
    seller.sync()
    forged = message.core.model_copy(update={"sent_at": message.core.sent_at + 1})
    with pytest.raises(TranscriptForked):
        seller.take(message.model_copy(update={"core": forged}))


def test_documents_of_another_negotiation_are_refused(world: Any, domain: Any, make_lease: Any) -> None:
    buyer, _ = pair(world, domain)
    other = make_lease(title="Another")
    seller_wallet = world.wallet("other")
    channel = world.channel(seller_wallet)
    opening = world.opening(other, buyer.wallet.address, seller_wallet.address, number=2)
    channel.documents = lambda negotiation: (other, opening)
    with pytest.raises(AnswerInvalid):
        JOIN(buyer.id, seller_wallet, channel)


def test_a_receipt_by_a_stranger_is_refused(world: Any, domain: Any, make_signer: Any) -> None:
    buyer, _ = pair(world, domain)
    receipts = world.gateway.receipts
    receipts._signer = make_signer("impostor")
    with pytest.raises(AnswerInvalid, match="gateway that the opening does not name"):
        buyer.offer({"price": 3_000_000, "hours": 50})


def test_wallet_signs_in_only_for_its_own_gateway(world: Any) -> None:
    wallet = world.wallet("buyer")
    proposed = {"challenge": world.gateway.authenticator.challenge(wallet.address).as_json()}
    with pytest.raises(AnswerInvalid, match="another audience"):
        wallet.answer(proposed, "http://elsewhere")
    other = {"challenge": world.gateway.authenticator.challenge("0x" + "11" * 20).as_json()}
    with pytest.raises(AnswerInvalid, match="another agent"):
        wallet.answer(other, "http://testserver")


def test_sessions_of_a_gateway_that_forgot_them_are_renewed(world: Any, domain: Any) -> None:
    buyer, _ = pair(world, domain)
    world.gateway.store.sessions.revoke(at=1, address=buyer.wallet.address)
    world.gateway.authenticator._sessions.clear()
    assert buyer.offer({"price": 3_000_000, "hours": 50}).core.performative is Performative.PROPOSE
