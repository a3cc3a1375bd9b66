"""What is checked before a message is looked into, duplicates and equivocation."""

from __future__ import annotations

import pytest
from table import CHAIN, GATEWAY, NOWHERE, START, Table, salt, signer

from parley.negotiation.effects import AlreadyHeld, Ended
from parley.negotiation.errors import (
    Equivocation,
    FaultUnproven,
    NegotiationOver,
    PayloadMissing,
    ReplayFailed,
    SentAtInvalid,
    WrongChain,
    WrongNegotiation,
    WrongPrevious,
    WrongSequence,
)
from parley.negotiation.status import Reason, Status
from parley.terms.errors import PayloadMismatch, SignatureInvalid
from parley.terms.message import Message, MessageCore, Performative, build_message
from parley.terms.payloads import Fault, SignedCore, Withdraw


def test_a_message_that_is_held_already_changes_nothing() -> None:
    table = Table().started()
    message = table.sign(1, "propose", price=100)
    state = table.admit(message)
    assert table.admit(message) is state
    assert table.effects == (AlreadyHeld(message.message_hash(CHAIN), 1),)
    table.play(2, "counter", price=500)
    assert table.admit(message) is table.state


def test_two_messages_for_one_step_convict_their_sender() -> None:
    table = Table().started()
    first = table.sign(1, "propose", price=100)
    second = table.sign(1, "propose", price=200)
    state = table.admit(first)
    with pytest.raises(Equivocation) as caught:
        table.admit(second)
    (found,) = caught.value.effects
    assert (found.sender, found.sequence) == (signer(1).address, 1)
    assert (found.first, found.second) == (first.message_hash(CHAIN), second.message_hash(CHAIN))
    assert table.state is state


def test_equivocation_needs_a_good_signature() -> None:
    table = Table().started()
    first = table.sign(1, "propose", price=100)
    second = table.sign(1, "propose", price=200)
    table.admit(first)
    forged = Message(core=second.core, signature=first.signature, payload=second.payload)
    with pytest.raises(SignatureInvalid):
        table.admit(forged)


def test_a_late_message_of_another_sender_is_no_equivocation() -> None:
    table = Table().started()
    late = table.sign(2, "query")
    table.play(1, "propose", price=100)
    with pytest.raises(WrongSequence):
        table.admit(late)


def test_messages_come_in_order() -> None:
    table = Table().started()
    with pytest.raises(WrongSequence):
        table.play(1, "propose", price=100, sequence=2)
    with pytest.raises(WrongPrevious):
        table.play(1, "propose", price=100, previous=NOWHERE)
    with pytest.raises(WrongNegotiation):
        table.play(1, "propose", price=100, negotiation=NOWHERE)


def test_a_signature_for_another_chain_is_by_someone_else() -> None:
    table = Table().started()
    with pytest.raises(SignatureInvalid):
        table.play(1, "propose", price=100, chain_id=1)
    with pytest.raises(WrongChain):
        table.machine.admit(table.state, table.sign(1, "propose", price=100), 1)


def test_the_payload_is_the_signed_one() -> None:
    table = Table().started()
    message = table.sign(1, "propose", price=100)
    other = table.sign(1, "propose", price=200)
    with pytest.raises(PayloadMismatch):
        table.admit(Message(core=message.core, signature=message.signature, payload=other.payload))
    with pytest.raises(PayloadMissing):
        table.admit(message.erased())


def test_time_never_goes_back_and_ends_at_the_deadline() -> None:
    table = Table()
    with pytest.raises(SentAtInvalid):
        table.play(1, "open", sent_at=START + 1)
    table.play(1, "open")
    table.play(1, "propose", price=100, sent_at=START + 100)
    with pytest.raises(SentAtInvalid):
        table.play(2, "accept", sent_at=START + 99)
    with pytest.raises(SentAtInvalid):
        table.play(2, "accept", sent_at=START + 3_601)
    assert table.play(2, "accept", sent_at=START + 3_600).status is Status.ACCEPTED


def test_nothing_is_admitted_after_the_end() -> None:
    table = Table().started()
    table.play(1, "withdraw")
    for name in ("withdraw", "query", "escalate"):
        with pytest.raises(NegotiationOver):
            table.play(2, name)
    with pytest.raises(NegotiationOver):
        table.play(GATEWAY, "control")


def _proof(table: Table) -> Fault:
    first, second = table.sign(2, "query"), table.sign(2, "inform")
    return Fault(
        salt=salt(9),
        kind="equivocation",
        first=SignedCore(core=first.core, signature=first.signature),
        second=SignedCore(core=second.core, signature=second.signature),
    )


def _send(table: Table, payload: Fault) -> None:
    table.admit(
        build_message(
            signer(1), CHAIN, table.state.negotiation, table.state.sequence, table.state.last,
            Performative.FAULT, payload, START + 4_000,
        )
    )  # fmt: skip


def test_a_proven_fault_fails_the_negotiation_even_after_the_deadline() -> None:
    table = Table().started()
    _send(table, _proof(table))
    assert (table.state.status, table.state.reason) == (Status.FAILED, Reason.EQUIVOCATION)
    assert table.effects == (Ended(Status.FAILED, Reason.EQUIVOCATION, None, signer(2).address),)
    assert table.state.culprit == signer(2).address


def test_a_fault_with_a_forged_message_proves_nothing() -> None:
    table = Table().started()
    proof = _proof(table)
    forged = proof.model_copy(
        update={"second": proof.second.model_copy(update={"signature": proof.first.signature})}
    )
    with pytest.raises(FaultUnproven):
        _send(table, forged)


def test_a_fault_of_another_negotiation_or_of_a_stranger_proves_nothing() -> None:
    table = Table().started()
    elsewhere = Table(of=table.of.model_copy(update={"title": "elsewhere"})).started()
    with pytest.raises(FaultUnproven):
        _send(table, _proof(elsewhere))

    def by_stranger(number: int) -> SignedCore:
        hand = signer(77)
        payload = Withdraw(salt=salt(number), reason="")
        core = MessageCore(
            negotiation=table.state.negotiation, sequence=1, previous=table.state.last, sender=hand.address,
            performative=Performative.WITHDRAW, payload=payload.hash(), sent_at=START, expires_at=0,
        )  # fmt: skip
        return SignedCore(core=core, signature=hand.sign_digest(core.digest(CHAIN)))

    proof = Fault(salt=salt(1), kind="equivocation", first=by_stranger(1), second=by_stranger(2))
    with pytest.raises(FaultUnproven):
        _send(table, proof)


def test_a_replay_names_the_first_bad_message() -> None:
    table = Table().started()
    table.play(1, "propose", price=100)
    table.play(2, "counter", price=900)
    with pytest.raises(ReplayFailed) as caught:
        table.machine.replay([table.messages[0], table.messages[2]], CHAIN)
    assert caught.value.values["sequence"] == 1
    with pytest.raises(ReplayFailed) as caught:
        table.machine.replay([table.messages[0], table.messages[0]], CHAIN)
    assert caught.value.values["cause"] == "duplicate"


def test_every_refusal_says_what_to_do() -> None:
    from parley.negotiation import errors

    refusals = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.NegotiationError)
    ]
    assert len(refusals) > 20
    assert len({kind.code for kind in refusals}) == len(refusals)
    assert all(kind.next_action for kind in refusals)
