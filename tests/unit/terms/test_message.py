from __future__ import annotations

import json
from typing import Any

import pytest
import samples

from parley.terms.errors import DocumentInvalid, PayloadMismatch, SignatureInvalid
from parley.terms.message import (
    Approval,
    Challenge,
    Message,
    MessageReceipt,
    SignedApproval,
    SignedReceipt,
    verify_message,
)
from parley.terms.values import Hash32

AGREED = samples.agreement()
OFFER = AGREED.conversation.transcript.messages[1]
ACCEPT = AGREED.conversation.transcript.messages[-1]
CHAIN = samples.CHAIN_ID


def _core(message: Message, **changes: Any) -> dict[str, Any]:
    wire = message.wire()
    return {**wire, "core": {**wire["core"], **changes}}


def test_a_message_verifies_after_its_journey() -> None:
    for message in AGREED.conversation.transcript.messages:
        again = Message.parse(json.dumps(message.wire()))
        assert again == message
        assert verify_message(again, CHAIN) == message.message_hash(CHAIN) == message.core.hash(CHAIN)


def test_what_was_received_is_the_json_form_only_where_it_is_just_that() -> None:
    for message in AGREED.conversation.transcript.messages:
        received = message.as_json()
        again = Message.parse(json.dumps(received))
        assert again.wire() == again.as_json() == received
        assert again.erased().wire() == {key: received[key] for key in received if key != "payload"}
    spelt_out = {**OFFER.as_json(), "payload": {**OFFER.as_json()["payload"], "context": None}}
    again = Message.parse(spelt_out)
    assert "context" not in again.wire()["payload"]
    assert again.wire() == again.as_json()


def test_the_performative_travels_by_name() -> None:
    assert OFFER.wire()["core"]["performative"] == "propose"
    for wrong in (1, "PROPOSE", "Propose", "shout", "", None, ["propose"]):
        with pytest.raises(DocumentInvalid):
            Message.parse(_core(OFFER, performative=wrong))


@pytest.mark.parametrize(
    "change",
    [
        {"negotiation": "0x" + "01" * 32},
        {"sequence": 7},
        {"previous": "0x" + "01" * 32},
        {"sent_at": 1},
        {"payload": "0x" + "01" * 32},
        {"performative": "counter"},
    ],
)
def test_a_changed_core_has_another_signer(change: dict[str, Any]) -> None:
    with pytest.raises(SignatureInvalid):
        verify_message(Message.parse(_core(OFFER, **change)), CHAIN)


def test_the_named_sender_must_have_signed() -> None:
    changed = Message.parse(_core(ACCEPT, sender=samples.signer("mallory").address))
    with pytest.raises(SignatureInvalid):
        verify_message(changed, CHAIN)


def test_another_chain_is_another_message() -> None:
    with pytest.raises(SignatureInvalid):
        verify_message(OFFER, CHAIN + 1)


def test_the_payload_is_the_signed_one() -> None:
    wire = OFFER.wire()
    wire["payload"]["values"]["rate"] = "1210000"
    with pytest.raises(PayloadMismatch):
        verify_message(Message.parse(wire), CHAIN)


def test_an_erased_payload_leaves_a_valid_message() -> None:
    erased = OFFER.erased()
    assert "payload" not in erased.wire()
    assert verify_message(erased, CHAIN) == OFFER.message_hash(CHAIN)
    assert Message.parse({**OFFER.wire(), "payload": None}) == erased


def test_an_offer_and_its_message_expire_together() -> None:
    with pytest.raises(DocumentInvalid):
        Message.parse(_core(OFFER, expires_at=OFFER.core.expires_at + 1))
    with pytest.raises(DocumentInvalid):
        Message.parse(_core(ACCEPT, expires_at=1))
    with pytest.raises(DocumentInvalid):
        Message.parse(_core(ACCEPT.erased(), expires_at=1))


def test_a_payload_of_another_performative_is_refused() -> None:
    with pytest.raises(DocumentInvalid):
        Message.parse({**OFFER.wire(), "payload": ACCEPT.wire()["payload"]})
    with pytest.raises(ValueError, match="takes a payload"):
        Message(core=OFFER.core, signature=OFFER.signature, payload=ACCEPT.payload)
    for wrong in ([], "x", 1, {}):
        with pytest.raises(DocumentInvalid):
            Message.parse({**OFFER.wire(), "payload": wrong})


def test_receipts_are_the_gateway_s() -> None:
    gateway = samples.signer("gateway")
    core = MessageReceipt(
        negotiation=OFFER.core.negotiation, message=OFFER.message_hash(CHAIN), received_at=9, log_index=3
    )
    signed = SignedReceipt(
        **dict(core), gateway=gateway.address, signature=gateway.sign_digest(core.digest(CHAIN))
    )
    signed.verify(CHAIN)
    for change in ({"log_index": 4}, {"received_at": 10}, {"gateway": samples.signer("alice").address}):
        with pytest.raises(SignatureInvalid):
            signed.model_copy(update=change).verify(CHAIN)


def test_approvals_are_the_reviewer_s() -> None:
    reviewer = samples.signer("reviewer")
    core = Approval(
        negotiation=OFFER.core.negotiation,
        terms_hash=Hash32("0x" + "01" * 32),
        agent=samples.signer("alice").address,
        reviewer=reviewer.address,
        granted=True,
        reason=Hash32("0x" + "02" * 32),
        decided_at=1,
        expires_at=2,
    )
    signature = reviewer.sign_digest(core.digest(CHAIN))
    SignedApproval(core=core, signature=signature).verify(CHAIN)
    refused = core.model_copy(update={"granted": False})
    with pytest.raises(SignatureInvalid):
        SignedApproval(core=refused, signature=signature).verify(CHAIN)


def test_challenges_stand_under_a_domain_of_their_own() -> None:
    challenge = Challenge(
        agent=samples.signer("alice").address,
        audience="https://gateway.example",
        nonce=Hash32("0x" + "01" * 32),
        issued_at=1,
        expires_at=2,
    )
    assert challenge.digest(CHAIN) != challenge.digest(CHAIN + 1)
    assert challenge.typed_data(CHAIN)["domain"] == {
        "name": "Parley Gateway",
        "version": "1",
        "chainId": CHAIN,
    }
    with pytest.raises(DocumentInvalid):
        Challenge.parse({**challenge.as_json(), "audience": "x" * 257})
