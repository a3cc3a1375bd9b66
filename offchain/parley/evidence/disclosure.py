"""Showing to others what a sealed payload says: the plaintext beside the message, checked against the hash
that its sender signed.
"""

from __future__ import annotations

from collections.abc import Iterable

from parley.evidence.errors import DisclosureInvalid
from parley.terms.documents import Part
from parley.terms.lists import JsonObject
from parley.terms.message import Message
from parley.terms.payloads import Payload, parse_payload
from parley.terms.sealed import Sealed
from parley.terms.values import Count


class Disclosure(Part):
    """What the sealed payload of message `sequence` says."""

    sequence: Count
    payload: JsonObject

    def of(self, message: Message) -> Payload:
        """The plaintext payload, if it is the one the message was sealed over. Raises `DisclosureInvalid`."""
        sealed = message.payload
        if not isinstance(sealed, Sealed):
            raise DisclosureInvalid("there is nothing sealed to disclose", sequence=self.sequence)
        plain = parse_payload(message.core.performative, self.payload)
        if plain.hash() != sealed.plain:
            raise DisclosureInvalid(
                "this is not what was sealed",
                sequence=self.sequence,
                sealed=sealed.plain,
                actual=plain.hash(),
            )
        return plain


def disclosed(messages: Iterable[Message], found: Iterable[Disclosure]) -> dict[int, Payload]:
    """The plaintexts by sequence. Raises `DisclosureInvalid` for one that does not fit, or comes twice."""
    listed, plains = list(messages), dict[int, Payload]()
    for disclosure in found:
        at = disclosure.sequence
        if at >= len(listed) or at in plains:
            raise DisclosureInvalid("there is no such message, or it is disclosed twice", sequence=at)
        plains[at] = disclosure.of(listed[at])
    return plains
