"""Offers, acceptances, rejections and turns."""

from __future__ import annotations

import pytest
from table import CHAIN, GATEWAY, REVIEWER, START, STRANGER, Table, domain

from parley.negotiation.effects import Agreed, Ended, OfferMade, TurnPassed
from parley.negotiation.errors import (
    NotAuthorised,
    NotYourTurn,
    OfferExpired,
    OfferInvalid,
    OfferUnknown,
    OfferWasFinal,
    OwnOffer,
    SenderUnknown,
    SentAtInvalid,
    StateForbids,
)
from parley.negotiation.status import Reason, Status
from parley.terms.message import Message
from parley.terms.values import Hash32


def test_offers_go_back_and_forth_until_one_is_accepted() -> None:
    table = Table().started()
    assert table.play(1, "propose", price=100).status is Status.PROPOSED
    assert table.play(2, "counter", price=900).status is Status.COUNTER
    table.play(1, "counter", price=500)
    cited = table.state.offer
    state = table.play(2, "accept", sent_at=START + 7)
    assert cited is not None
    assert table.effects == (Agreed(cited.offer, cited.message, 4, START + 7),)
    assert (state.status, state.reason, state.round, state.moves) == (Status.ACCEPTED, Reason.AGREED, 2, 4)


def test_an_offer_tells_who_is_next() -> None:
    table = Table().started()
    table.play(1, "propose", price=100)
    made, passed = table.effects
    assert isinstance(made, OfferMade)
    assert (made.role, made.sequence) == ("buyer", 1)
    assert passed == TurnPassed("seller", 0)


def test_only_the_party_on_turn_moves() -> None:
    table = Table().started()
    with pytest.raises(NotYourTurn):
        table.play(2, "propose", price=100)
    table.play(1, "propose", price=100)
    with pytest.raises(NotYourTurn):
        table.play(1, "counter", price=200)


def test_the_first_offer_is_a_propose_and_no_other_is() -> None:
    table = Table().started()
    with pytest.raises(StateForbids):
        table.play(1, "counter", price=100)
    table.play(1, "propose", price=100)
    with pytest.raises(StateForbids):
        table.play(2, "propose", price=100)


def test_nothing_can_be_answered_before_the_first_offer() -> None:
    table = Table().started()
    anything = Hash32("0x" + "00" * 32)
    for name in ("accept", "reject"):
        with pytest.raises(StateForbids):
            table.play(1, name, offer=anything)


def test_an_answer_cites_the_latest_offer() -> None:
    table = Table().started()
    table.play(1, "propose", price=100)
    first = table.state.offer
    table.play(2, "counter", price=900)
    assert first is not None
    for name in ("accept", "reject"):
        with pytest.raises(OfferUnknown):
            table.play(1, name, offer=first.message)


def test_an_own_offer_is_not_to_be_answered() -> None:
    table = Table().started()
    table.play(1, "propose", price=100)
    table.play(2, "reject")
    for name in ("accept", "reject"):
        with pytest.raises(OwnOffer):
            table.play(1, name)
    assert table.play(1, "counter", price=200).status is Status.COUNTER


def test_an_offer_can_be_accepted_up_to_its_expiry() -> None:
    table = Table().started()
    table.play(1, "propose", price=100, expires_at=START + 10)
    late = table.sign(2, "accept", sent_at=START + 11)
    with pytest.raises(OfferExpired):
        table.admit(late)
    assert table.play(2, "accept", sent_at=START + 10).status is Status.ACCEPTED


def test_an_offer_that_expired_before_it_was_sent_is_refused() -> None:
    table = Table().started()
    with pytest.raises(SentAtInvalid):
        table.play(1, "propose", price=100, expires_at=START + 1, sent_at=START + 2)


def test_a_final_rejection_ends_it() -> None:
    table = Table().started()
    table.play(1, "propose", price=100)
    state = table.play(2, "reject", final=True)
    assert (state.status, state.reason) == (Status.TERMINATED, Reason.REJECTED)
    assert table.effects == (Ended(Status.TERMINATED, Reason.REJECTED, None),)


@pytest.mark.parametrize(
    "fields",
    [
        {"price": 105},
        {"price": 1_010},
        {"price": 100, "days": 11},
        {"price": 100, "colour": "blue"},
        {"values": {"price": "100", "days": 0}},
        {"values": {"price": "100", "days": 0, "colour": "red", "speed": 1}},
        {"values": {"price": 100, "days": 0, "colour": "red"}},
        {"values": {"price": "100", "days": "0", "colour": "red"}},
    ],
)
def test_an_offer_outside_the_domain_is_refused(fields: dict[str, object]) -> None:
    table = Table().started()
    before = table.state
    with pytest.raises(OfferInvalid):
        table.play(1, "propose", **fields)
    assert table.state is before


def test_a_final_offer_is_the_last_of_its_sender() -> None:
    table = Table().started()
    table.play(1, "propose", price=100, final=True)
    table.play(2, "counter", price=900)
    with pytest.raises(OfferWasFinal):
        table.play(1, "counter", price=200)
    assert table.play(1, "reject").live
    assert table.play(2, "counter", price=800).live
    assert table.play(1, "accept").status is Status.ACCEPTED


def test_gateways_and_reviewers_cannot_bargain() -> None:
    table = Table().started()
    for hand in (GATEWAY, REVIEWER):
        with pytest.raises(NotAuthorised):
            table.play(hand, "propose", price=100)


def test_three_parties_need_everyone() -> None:
    table = Table(domain(roles=("a", "b", "c"))).started()
    table.play(1, "propose", price=100)
    assert table.play(2, "accept").acceptances == ("b",)
    table.play(3, "counter", price=200)
    assert table.state.acceptances == ()
    assert table.play(1, "accept").live
    assert table.play(2, "accept").status is Status.ACCEPTED
    assert table.state.round == 1


def test_one_of_three_rejecting_leaves_the_offer_to_the_next_and_then_to_a_new_one() -> None:
    table = Table(domain(roles=("a", "b", "c"))).started()
    table.play(1, "propose", price=100)
    table.play(2, "reject")
    assert table.play(3, "accept").live
    with pytest.raises(OwnOffer):
        table.play(1, "accept")
    assert table.play(1, "counter", price=300).live


def test_a_stranger_and_the_wrong_initiator_are_refused() -> None:
    table = Table()
    with pytest.raises(SenderUnknown):
        table.play(STRANGER, "open")
    with pytest.raises(NotAuthorised):
        table.play(2, "open")
    with pytest.raises(StateForbids):
        table.play(1, "propose", price=100)
    table.play(1, "open")
    with pytest.raises(StateForbids):
        table.play(1, "open")


def test_the_result_does_not_depend_on_how_the_messages_came() -> None:
    table = Table().started()
    table.play(1, "propose", price=100)
    table.play(2, "query")
    table.play(2, "counter", price=900)
    table.play(1, "accept")
    again = table.machine.replay([Message.parse(message.wire()) for message in table.messages], CHAIN)
    assert again == table.state
    assert again.canonical() == table.state.canonical()
    assert again.hash() == table.state.hash()
