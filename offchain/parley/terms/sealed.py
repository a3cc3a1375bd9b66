"""Payloads that only the parties can read: what a gateway carries, and the key cards they are sealed to."""

from __future__ import annotations

from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from parley.terms.documents import Document, Part
from parley.terms.errors import CardInvalid
from parley.terms.lists import Many
from parley.terms.payloads import Payload
from parley.terms.performative import Performative
from parley.terms.statement import SignedStatement
from parley.terms.values import Address, Count, Hash32

Suite = Literal["x25519-hkdf-sha256-aes256gcm"]
"""RFC 9180, base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM."""

SEALABLE: Final = frozenset(
    (Performative.PROPOSE, Performative.COUNTER, Performative.QUERY, Performative.INFORM)
)
"""What may travel sealed. What only moves the state machine stays open, or a gateway could not keep turns."""


class Box(Part):
    """The plaintext payload sealed to one reader: `sealed` is the encapsulated key and the ciphertext; `key`
    is the public key that it is sealed to.
    """

    to: Address
    key: Hash32
    sealed: Annotated[str, Field(pattern=r"^0x(?:[0-9a-f]{2})*$", min_length=98, max_length=131_074)]


class Sealed(Payload):
    """Stands in for a payload whose document hash is `plain`. `final` is that of an offer: the rules of turns
    need it, as they need the expiry, which is in the signed core.
    """

    schema_: Literal["parley/sealed"] = Field(default="parley/sealed", alias="schema")
    suite: Suite
    plain: Hash32
    final: bool
    boxes: Annotated[Many[Box], Field(min_length=1, max_length=32)]

    @model_validator(mode="after")
    def _one_each(self) -> Self:
        if len({box.to for box in self.boxes}) != len(self.boxes):
            raise ValueError("one box for each reader")
        return self


class KeyCard(Document):
    """The key that an agent reads sealed payloads with, from `issued_at` to `expires_at` (unix seconds). A
    newer card replaces an older one; one without a `key` says that nothing is to be sealed to this agent.
    """

    schema_: Literal["parley/key-card"] = Field(default="parley/key-card", alias="schema")
    agent: Address
    suite: Suite
    key: Hash32 | None = None
    issued_at: Count
    expires_at: Count

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.expires_at <= self.issued_at:
            raise ValueError("a card expires after it was issued")
        return self


class SignedCard(SignedStatement):
    """A card with its agent's own statement: whoever hands it on cannot change the key."""

    card: KeyCard

    def check(self, chain_id: int) -> None:
        """Raises `CardInvalid` unless the agent itself signed it, and the errors of the statement."""
        if self.core.author != self.card.agent:
            raise CardInvalid(
                "the card is signed by somebody else", agent=self.card.agent, author=self.core.author
            )
        self.verify(self.card, chain_id)

    def key_at(self, now: int) -> Hash32:
        """The key to seal to at `now`. Raises `CardInvalid` where there is none."""
        card = self.card
        if card.key is None or not card.issued_at <= now <= card.expires_at:
            raise CardInvalid(
                "there is no key of this agent to seal to now", agent=card.agent, expires_at=card.expires_at
            )
        return card.key
