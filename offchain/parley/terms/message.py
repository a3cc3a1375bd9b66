"""Messages on the wire, and the other signed statements of the message and gateway domains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field, SerializeAsAny, ValidationInfo, field_validator, model_validator

from parley.terms import schema
from parley.terms.documents import Document, Part
from parley.terms.eip712 import StructType, gateway_domain, message_domain, typed_data, typed_digest
from parley.terms.errors import PayloadMismatch
from parley.terms.lists import ShortText
from parley.terms.message_core import MessageCore
from parley.terms.payloads import PAYLOADS, Offer, Payload
from parley.terms.performative import Performative
from parley.terms.sealed import SEALABLE, Sealed
from parley.terms.signing import Signer, check_signature
from parley.terms.values import WIRE, Address, ChainId, Count, Hash32, Signature

__all__ = [
    "Approval",
    "Challenge",
    "Message",
    "MessageCore",
    "MessageReceipt",
    "Performative",
    "SignedApproval",
    "SignedReceipt",
    "build_message",
    "verify_message",
]


SEALED: Final = "parley/sealed"
_WIRE: Final = " wire"
"""Key in the `__dict__` of a message, beside its fields, of the JSON value that it was parsed from."""


class Message(Document):
    """A signed core with its payload, or without it once that was erased."""

    schema_: Literal["parley/message"] = Field(default="parley/message", alias="schema")
    core: MessageCore
    signature: Signature
    payload: SerializeAsAny[Payload] | None = None

    self_contained = True

    @field_validator("payload", mode="plain")
    @classmethod
    def _fits_the_performative(cls, value: Any, info: ValidationInfo) -> Payload | None:
        core = info.data.get("core")
        if value is None or core is None:
            return None
        kind: type[Payload] = PAYLOADS[core.performative]
        if info.context is WIRE:
            if isinstance(value, Mapping) and value.get("schema") == SEALED and core.performative in SEALABLE:
                kind = Sealed
            if not isinstance(value, Mapping) or value.get("schema") != kind.model_fields["schema_"].default:
                raise ValueError(f"{core.performative.wire} takes a payload of {kind.__name__}")
            payload = kind.model_validate(value, context=WIRE)
            payload.remember_canonical(value)
            return payload
        if type(value) is not kind and not (type(value) is Sealed and core.performative in SEALABLE):
            raise ValueError(f"{core.performative.wire} takes a payload of {kind.__name__}")
        return value

    @model_validator(mode="after")
    def _expires_with_its_offer(self) -> Self:
        if isinstance(self.payload, Offer):
            if self.core.expires_at != self.payload.expires_at:
                raise ValueError("the message of an offer expires with the offer")
        elif self.core.expires_at and self.core.performative not in (
            Performative.PROPOSE,
            Performative.COUNTER,
            Performative.AWARD,
        ):
            raise ValueError("only the message of an offer expires")
        return self

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """As for a document. What was received stays at hand as the JSON form where it is just that."""
        message = super().from_json(value)
        if message.payload is not None and message.payload.remembers:
            message.__dict__[_WIRE] = value
        return message

    def wire(self) -> dict[str, Any]:
        """The JSON form; what is inside it is to be read only."""
        found = self.__dict__.get(_WIRE)
        return self.as_json() if found is None else dict(found)

    def message_hash(self, chain_id: int) -> Hash32:
        """The message hash: the EIP-712 digest of the core."""
        return self.core.hash(chain_id)

    def erased(self) -> Message:
        """The same message without its payload; signature and chain still verify."""
        return Message(core=self.core, signature=self.signature)


def build_message(
    signer: Signer,
    chain_id: int,
    negotiation: Hash32,
    sequence: int,
    previous: Hash32,
    performative: Performative,
    payload_document: Payload,
    sent_at: int,
    expires_at: int = 0,
) -> Message:
    """A signed message; times in unix seconds. For an offer `expires_at` is taken from the offer when left
    at 0.
    """
    if expires_at == 0 and isinstance(payload_document, Offer):
        expires_at = payload_document.expires_at
    core = MessageCore(
        negotiation=negotiation,
        sequence=sequence,
        previous=previous,
        sender=signer.address,
        performative=performative,
        payload=payload_document.hash(),
        sent_at=sent_at,
        expires_at=expires_at,
    )
    return Message(core=core, signature=signer.sign_digest(core.digest(chain_id)), payload=payload_document)


def verify_message(message: Message, chain_id: int) -> Hash32:
    """The message hash, after checking that the sender signed the core and that the payload is the signed
    one.

    Raises `SignatureInvalid`, `PayloadMismatch`. An erased payload is not an error here.
    """
    core = message.core
    digest = core.digest(chain_id)
    check_signature(digest, message.signature, core.sender)
    if message.payload is not None and message.payload.hash() != core.payload:
        raise PayloadMismatch(
            "the payload is not the signed one", signed=core.payload, actual=message.payload.hash()
        )
    return Hash32.of(digest)


class _MessageStruct(Part):
    struct: ClassVar[StructType]

    def digest(self, chain_id: int) -> bytes:
        """The 32 bytes to sign."""
        return typed_digest(message_domain(chain_id), self.struct.hash_model(self))


class MessageReceipt(_MessageStruct):
    """A gateway's statement that it received a message, at `received_at` (unix seconds), as entry
    `log_index`.
    """

    struct: ClassVar[StructType] = StructType(schema.MESSAGE_RECEIPT)

    negotiation: Hash32
    message: Hash32
    received_at: Count
    log_index: Count


class SignedReceipt(MessageReceipt):
    """A receipt with the gateway that signed it, as bundles carry it."""

    gateway: Address
    signature: Signature

    def verify(self, chain_id: int) -> None:
        """Raises `SignatureInvalid` unless the named gateway signed it."""
        check_signature(self.digest(chain_id), self.signature, self.gateway)


class Approval(_MessageStruct):
    """A reviewer's decision on terms, outside the negotiation itself; times in unix seconds."""

    struct: ClassVar[StructType] = StructType(schema.APPROVAL)

    negotiation: Hash32
    terms_hash: Hash32
    agent: Address
    reviewer: Address
    granted: bool
    reason: Hash32
    decided_at: Count
    expires_at: Count


class SignedApproval(Part):
    """An approval with its reviewer's signature."""

    core: Approval
    signature: Signature

    def verify(self, chain_id: int) -> None:
        """Raises `SignatureInvalid` unless the named reviewer signed it."""
        check_signature(self.core.digest(chain_id), self.signature, self.core.reviewer)


class Challenge(Part):
    """What an agent signs to sign in at a gateway; `audience` is the gateway's origin, times in unix
    seconds.
    """

    struct: ClassVar[StructType] = StructType(schema.CHALLENGE)

    agent: Address
    audience: ShortText
    nonce: Hash32
    issued_at: Count
    expires_at: Count

    def digest(self, chain_id: ChainId) -> bytes:
        """The 32 bytes to sign."""
        return typed_digest(gateway_domain(chain_id), self.struct.hash_model(self))

    def typed_data(self, chain_id: int) -> dict[str, Any]:
        """The `eth_signTypedData_v4` form, for wallets."""
        return typed_data(
            self.struct, self.struct.values_of(self), name=schema.GATEWAY_NAME, chain_id=chain_id
        )
