"""The signed core of a message."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from parley.terms import schema
from parley.terms.documents import Part
from parley.terms.eip712 import StructType, message_domain, typed_digest
from parley.terms.errors import DocumentInvalid
from parley.terms.performative import Performative
from parley.terms.values import WIRE, Address, Count, Hash32, Uint32


def _performative(value: Any, info: ValidationInfo) -> Performative:
    if info.context is WIRE:
        try:
            return Performative.named(value)
        except DocumentInvalid as error:
            raise ValueError(error.message) from None
    if not isinstance(value, Performative):
        raise ValueError("not a performative")
    return value


class MessageCore(Part):
    """What is signed. Times in unix seconds; `expires_at` 0 means never; `previous` is the hash of the
    message before (of message 0: the negotiation id); `payload` is the document hash of the payload.
    """

    struct: ClassVar[StructType] = StructType(schema.MESSAGE)

    negotiation: Hash32
    sequence: Uint32
    previous: Hash32
    sender: Address
    performative: Annotated[
        Performative,
        PlainValidator(_performative),
        PlainSerializer(lambda value: value.wire, return_type=str, when_used="json"),
        WithJsonSchema({"enum": [performative.wire for performative in Performative]}),
    ]
    payload: Hash32
    sent_at: Count
    expires_at: Count

    def digest(self, chain_id: int) -> bytes:
        """The 32 bytes to sign."""
        return typed_digest(message_domain(chain_id), self.struct.hash_model(self))

    def hash(self, chain_id: int) -> Hash32:
        """The message hash: the EIP-712 digest of the core."""
        return Hash32.of(self.digest(chain_id))

    def message_hash(self, chain_id: int) -> Hash32:
        """The same as `hash`, under the name that the specification uses."""
        return self.hash(chain_id)
