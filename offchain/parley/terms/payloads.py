"""Payloads of messages: the document beside each signed core."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StrictInt, model_validator

from parley.terms.canonical import parse_json
from parley.terms.documents import Document, Part
from parley.terms.errors import DocumentInvalid
from parley.terms.lists import Many, Text, Texts
from parley.terms.message_core import MessageCore
from parley.terms.performative import Performative
from parley.terms.protocols import RoleName
from parley.terms.values import MAX_SAFE_INTEGER, Address, Count, Hash32, Name, Salt, Signature


class Payload(Document):
    """Base of the payloads; the salt keeps the hash from being guessed."""

    self_contained = True

    salt: Salt


class Context(Part):
    """Why an offer was made and what it rests on; data, never terms. `data_at` in unix seconds."""

    rationale: Text | None = None
    confidence_ppm: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    provenance: Text | None = None
    data_at: Count | None = None


JsonValue = Annotated[StrictInt, Field(ge=0, le=MAX_SAFE_INTEGER)] | Text


class Offer(Payload):
    """A value for every issue in JSON form (amounts as decimal strings); `expires_at` in unix seconds,
    inclusive.
    """

    schema_: Literal["parley/offer"] = Field(default="parley/offer", alias="schema")
    values: Mapping[Name, JsonValue]
    expires_at: Count
    assumptions: Texts
    dependencies: Many[Hash32]
    context: Context | None = None
    final: bool


class Open(Payload):
    """Message 0."""

    schema_: Literal["parley/open"] = Field(default="parley/open", alias="schema")


class Accept(Payload):
    """Accepts the offer of this message hash."""

    schema_: Literal["parley/accept"] = Field(default="parley/accept", alias="schema")
    offer: Hash32


class Reject(Payload):
    """Rejects the offer of this message hash; `final` ends the negotiation."""

    schema_: Literal["parley/reject"] = Field(default="parley/reject", alias="schema")
    offer: Hash32
    final: bool
    reason: Text


class Query(Payload):
    """A question."""

    schema_: Literal["parley/query"] = Field(default="parley/query", alias="schema")
    question: Text


class Inform(Payload):
    """An answer, or news; `in_reply_to` is a message hash."""

    schema_: Literal["parley/inform"] = Field(default="parley/inform", alias="schema")
    answer: Text
    in_reply_to: Hash32 | None = None


class Withdraw(Payload):
    """Leaves the negotiation."""

    schema_: Literal["parley/withdraw"] = Field(default="parley/withdraw", alias="schema")
    reason: Text


class Escalate(Payload):
    """Holds the negotiation until a reviewer decides, on `terms` when their hash is named."""

    schema_: Literal["parley/escalate"] = Field(default="parley/escalate", alias="schema")
    reason: Text
    terms: Hash32 | None = None


class Resume(Payload):
    """Ends a hold."""

    schema_: Literal["parley/resume"] = Field(default="parley/resume", alias="schema")
    reason: Text


class Approve(Payload):
    """A reviewer approves these terms until `expires_at` (unix seconds)."""

    schema_: Literal["parley/approve"] = Field(default="parley/approve", alias="schema")
    terms: Hash32
    expires_at: Count
    reason: Text


class Refuse(Payload):
    """A reviewer refuses these terms; the negotiation ends."""

    schema_: Literal["parley/refuse"] = Field(default="parley/refuse", alias="schema")
    terms: Hash32
    reason: Text


class Timeout(Payload):
    """Ends the negotiation because its time is over."""

    schema_: Literal["parley/timeout"] = Field(default="parley/timeout", alias="schema")
    reason: Text


class Control(Payload):
    """A gateway ends the negotiation."""

    schema_: Literal["parley/control"] = Field(default="parley/control", alias="schema")
    reason: Text


class SignedCore(Part):
    """A signed message without its payload, as proof."""

    core: MessageCore
    signature: Signature


class Fault(Payload):
    """Proof that one sender signed two different messages for one place in the sequence."""

    schema_: Literal["parley/fault"] = Field(default="parley/fault", alias="schema")
    kind: Literal["equivocation"]
    first: SignedCore
    second: SignedCore

    @model_validator(mode="after")
    def _is_proof(self) -> Self:
        first, second = self.first.core, self.second.core
        same = (first.negotiation, first.sequence, first.sender) == (
            second.negotiation,
            second.sequence,
            second.sender,
        )
        if not same or first == second:
            raise ValueError(
                "equivocation is two different cores of one sender for one negotiation and sequence"
            )
        return self


class Commit(Payload):
    """Seals a later `Reveal`: `commitment` is its document hash. `bond` is the id of the sender's bond
    deal, where the domain asks for one.
    """

    schema_: Literal["parley/commit"] = Field(default="parley/commit", alias="schema")
    commitment: Hash32
    bond: Hash32 | None = None


class Reveal(Payload):
    """What was sealed: the `values` of a bid, a `ranking` of candidates (best first, only acceptable ones),
    or neither in the draw of the first proposer. `party` and `round` keep anyone else from repeating it.
    """

    schema_: Literal["parley/reveal"] = Field(default="parley/reveal", alias="schema")
    negotiation: Hash32
    party: Address
    round: Count
    values: Mapping[Name, JsonValue] | None = None
    ranking: Annotated[Many[Count], Field(max_length=256)] | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if self.values is not None and self.ranking is not None:
            raise ValueError("a reveal opens a bid or a ranking, not both")
        return self


class Award(Offer):
    """The offer that follows from what was revealed; `winner` is the role it goes to (none: to all)."""

    schema_: Literal["parley/award"] = Field(  # type: ignore[assignment] # an offer under a name of its own
        default="parley/award", alias="schema"
    )
    winner: RoleName | None = None


class Call(Payload):
    """Begins a round of sealed bids or rankings; a mediator's call lists the candidates, by position."""

    schema_: Literal["parley/call"] = Field(default="parley/call", alias="schema")
    candidates: Annotated[Many[Mapping[Name, JsonValue]], Field(max_length=256)]
    reason: Text


PAYLOADS: Final[Mapping[Performative, type[Payload]]] = {
    Performative.OPEN: Open,
    Performative.PROPOSE: Offer,
    Performative.COUNTER: Offer,
    Performative.ACCEPT: Accept,
    Performative.REJECT: Reject,
    Performative.QUERY: Query,
    Performative.INFORM: Inform,
    Performative.WITHDRAW: Withdraw,
    Performative.ESCALATE: Escalate,
    Performative.RESUME: Resume,
    Performative.APPROVE: Approve,
    Performative.REFUSE: Refuse,
    Performative.TIMEOUT: Timeout,
    Performative.CONTROL: Control,
    Performative.FAULT: Fault,
    Performative.COMMIT: Commit,
    Performative.REVEAL: Reveal,
    Performative.AWARD: Award,
    Performative.CALL: Call,
}


def parse_payload(performative: Performative | str, raw: bytes | str | Mapping[str, Any]) -> Payload:
    """The payload of the schema that fits the performative. Raises `DocumentInvalid`."""
    if not isinstance(performative, IntEnum):
        performative = Performative.named(performative)
    kind = PAYLOADS[performative]
    value = raw if isinstance(raw, Mapping) else parse_json(raw)
    if not isinstance(value, Mapping):
        raise DocumentInvalid(
            "a payload is an object", document=kind.__name__, field="", problem="not an object"
        )
    return kind.parse(value)
