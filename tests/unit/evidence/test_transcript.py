from __future__ import annotations

from typing import Any

import pytest
import samples

from parley.evidence.bundle import Bundle, export_bundle
from parley.evidence.errors import BundleIncomplete, ProofImpossible, TranscriptBroken
from parley.evidence.merkle import transcript_root
from parley.evidence.transcript import Transcript
from parley.terms.errors import PayloadMismatch, SignatureInvalid
from parley.terms.message import Message

AGREED = samples.agreement()
MESSAGES = AGREED.conversation.transcript.messages
NEGOTIATION = AGREED.opening.negotiation_id()


def _transcript(upto: int = 0) -> Transcript:
    return Transcript(NEGOTIATION, samples.CHAIN_ID, MESSAGES[:upto])


def test_a_transcript_grows_by_what_follows() -> None:
    transcript = _transcript()
    assert transcript.last == NEGOTIATION
    for at, message in enumerate(MESSAGES):
        assert transcript.append(message) == transcript.last == transcript.hashes[at]
    assert len(transcript) == len(MESSAGES)
    assert transcript.messages == MESSAGES
    assert transcript.root() == transcript_root(transcript.hashes)
    assert transcript.root(2) == transcript_root(transcript.hashes[:2])
    for length in (0, len(MESSAGES) + 1, -1):
        with pytest.raises(ProofImpossible):
            transcript.root(length)


def _changed(message: Message, **core: Any) -> Message:
    return Message.parse({**message.wire(), "core": {**message.wire()["core"], **core}})


def _salted(message: Message) -> Message:
    wire = message.wire()
    return Message.parse({**wire, "payload": {**wire["payload"], "salt": "0x" + "00" * 16}})


@pytest.mark.parametrize(
    ("upto", "message", "error"),
    [
        (0, MESSAGES[1], TranscriptBroken),
        (2, MESSAGES[1], TranscriptBroken),
        (1, MESSAGES[2], TranscriptBroken),
        (1, _changed(MESSAGES[1], negotiation="0x" + "01" * 32), TranscriptBroken),
        (1, _changed(MESSAGES[1], previous="0x" + "01" * 32), TranscriptBroken),
        (1, _changed(MESSAGES[1], sent_at=5), SignatureInvalid),
        (1, _salted(MESSAGES[1]), PayloadMismatch),
    ],
)
def test_what_does_not_follow_changes_nothing(upto: int, message: Message, error: type[Exception]) -> None:
    transcript = _transcript(upto)
    before = (transcript.messages, transcript.hashes)
    with pytest.raises(error):
        transcript.append(message)
    assert (transcript.messages, transcript.hashes) == before


def test_a_bundle_is_exported_and_read_again() -> None:
    bundle = AGREED.bundle()
    assert Bundle.parse(bundle.canonical()) == bundle
    assert bundle.deals[0].deal_id == AGREED.deals[0].deal_id(samples.CHAIN_ID, samples.ESCROW)
    assert len(bundle.deals[0].proofs) == len(MESSAGES)
    erased = AGREED.bundle(erase=(1, 3))
    assert [message.payload is None for message in erased.messages] == [
        False,
        True,
        False,
        True,
        False,
        False,
    ]


def test_an_incomplete_bundle_is_not_exported() -> None:
    with pytest.raises(BundleIncomplete):
        export_bundle(AGREED.domain, AGREED.opening, MESSAGES[:-1], deals=AGREED.signatures())
    with pytest.raises(BundleIncomplete):
        export_bundle(AGREED.domain, AGREED.opening, (), deals=AGREED.signatures())
    with pytest.raises(TranscriptBroken):
        export_bundle(AGREED.domain, AGREED.opening, MESSAGES[1:])
    other = samples.agreement(8).signatures()
    longer = samples.agreement(8).conversation.transcript.messages
    moved = tuple(
        type(item)(item.deal.model_copy(update={"transcript_length": 7}), item.buyer_signature)
        for item in other
    )
    with pytest.raises(BundleIncomplete):
        export_bundle(AGREED.domain, AGREED.opening, longer, deals=moved)
