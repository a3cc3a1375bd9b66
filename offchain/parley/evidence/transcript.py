"""The signed, chained messages of one negotiation."""

from __future__ import annotations

from collections.abc import Iterable

from parley.evidence.errors import ProofImpossible, TranscriptBroken
from parley.evidence.merkle import TranscriptTree
from parley.terms.message import Message, verify_message
from parley.terms.values import Hash32


class Transcript:
    """A growing list of verified messages, each naming the hash of the one before it.

    Whether a message was admissible is the business of the negotiation's machine; here signature, payload
    hash, negotiation, sequence and chain are checked.
    """

    def __init__(self, negotiation: Hash32, chain_id: int, messages: Iterable[Message] = ()) -> None:
        self.negotiation = negotiation
        self.chain_id = chain_id
        self._messages: list[Message] = []
        self._hashes: list[Hash32] = []
        for message in messages:
            self.append(message)

    def append(self, message: Message) -> Hash32:
        """Verifies and appends; the message hash.

        Raises `TranscriptBroken`, `SignatureInvalid`, `PayloadMismatch`, and then nothing was appended.
        """
        check_link(message, self.negotiation, len(self._messages), self.last)
        found = verify_message(message, self.chain_id)
        self._messages.append(message)
        self._hashes.append(found)
        return found

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The messages in order."""
        return tuple(self._messages)

    @property
    def hashes(self) -> tuple[Hash32, ...]:
        """The message hashes in order."""
        return tuple(self._hashes)

    @property
    def last(self) -> Hash32:
        """What the next message names as `previous`: the last hash, at first the negotiation id."""
        return self._hashes[-1] if self._hashes else self.negotiation

    def tree(self, length: int | None = None) -> TranscriptTree:
        """The Merkle tree of the first `length` messages (all by default). Raises `ProofImpossible`."""
        wanted = len(self._hashes) if length is None else length
        if not 0 < wanted <= len(self._hashes):
            raise ProofImpossible(
                "the transcript is shorter or empty", sequence=wanted, length=len(self._hashes)
            )
        return TranscriptTree(self._hashes[:wanted])

    def root(self, length: int | None = None) -> Hash32:
        """The transcript root over the first `length` messages (all by default). Raises `ProofImpossible`."""
        return self.tree(length).root


def check_link(message: Message, negotiation: Hash32, sequence: int, previous: Hash32) -> None:
    """Raises `TranscriptBroken` unless the message stands at this place of this negotiation."""
    core = message.core
    for field, expected, actual in (
        ("negotiation", negotiation, core.negotiation),
        ("sequence", sequence, core.sequence),
        ("previous", previous, core.previous),
    ):
        if expected != actual:
            raise TranscriptBroken(
                f"message {sequence} has another {field}", sequence=sequence, expected=expected, actual=actual
            )
