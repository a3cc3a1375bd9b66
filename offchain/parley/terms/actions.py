"""Signed, relayable actions of the escrow, and the EIP-3009 authorisation that funds a deal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from parley.terms import schema
from parley.terms.canonical import parse_json
from parley.terms.eip712 import StructType, typed_digest
from parley.terms.eip712_models import EscrowStruct
from parley.terms.errors import DocumentInvalid
from parley.terms.values import Address, Amount, Count, Hash32, Uint8, Uint16, Uint40, Uint256

RECEIVE_WITH_AUTHORIZATION: Final = StructType(schema.RECEIVE_WITH_AUTHORIZATION)
PERMIT: Final = StructType(schema.PERMIT)
AGENT_WALLET_SET: Final = StructType(schema.AGENT_WALLET_SET)


class Action(EscrowStruct):
    """Base of the actions: `fee` goes to the submitter (base units), `valid_until` is inclusive (unix
    seconds).
    """


class Delivery(Action):
    """The seller delivers `deliverable` (a hash) for the milestone; `delivery` counts from 1."""

    struct: ClassVar[StructType] = StructType(schema.DELIVERY)
    schema_: Literal["parley/delivery"] = Field(default="parley/delivery", alias="schema")
    deal_id: Hash32
    milestone: Uint8
    delivery: Uint8
    deliverable: Hash32
    fee: Amount
    valid_until: Uint40


class Receipt(Action):
    """The buyer accepts exactly this deliverable: it pays the milestone."""

    struct: ClassVar[StructType] = StructType(schema.RECEIPT)
    schema_: Literal["parley/receipt"] = Field(default="parley/receipt", alias="schema")
    deal_id: Hash32
    milestone: Uint8
    deliverable: Hash32
    fee: Amount
    valid_until: Uint40


class Rejection(Action):
    """The buyer rejects a delivery, with the hash of its reason."""

    struct: ClassVar[StructType] = StructType(schema.REJECTION)
    schema_: Literal["parley/rejection"] = Field(default="parley/rejection", alias="schema")
    deal_id: Hash32
    milestone: Uint8
    delivery: Uint8
    reason: Hash32
    fee: Amount
    valid_until: Uint40


class Dispute(Action):
    """A party takes a rejection to the arbiter."""

    struct: ClassVar[StructType] = StructType(schema.DISPUTE)
    schema_: Literal["parley/dispute"] = Field(default="parley/dispute", alias="schema")
    deal_id: Hash32
    party: Address
    milestone: Uint8
    evidence: Hash32
    fee: Amount
    valid_until: Uint40


class Ruling(Action):
    """The arbiter gives the seller `seller_bps` of the disputed milestone."""

    struct: ClassVar[StructType] = StructType(schema.RULING)
    schema_: Literal["parley/ruling"] = Field(default="parley/ruling", alias="schema")
    deal_id: Hash32
    milestone: Uint8
    seller_bps: Uint16
    rationale: Hash32
    fee: Amount
    valid_until: Uint40


class Refund(Action):
    """A party ends the deal before delivery."""

    struct: ClassVar[StructType] = StructType(schema.REFUND)
    schema_: Literal["parley/refund"] = Field(default="parley/refund", alias="schema")
    deal_id: Hash32
    party: Address
    milestone: Uint8
    fee: Amount
    valid_until: Uint40


class Split(Action):
    """Both sides close the deal on exact amounts; milestone, `status` and `locked` must be the deal's at
    that moment.
    """

    struct: ClassVar[StructType] = StructType(schema.SPLIT)
    schema_: Literal["parley/split"] = Field(default="parley/split", alias="schema")
    deal_id: Hash32
    milestone: Uint8
    status: Uint8
    locked: Amount
    to_seller: Amount
    to_buyer: Amount
    to_arbiter: Amount
    nonce: Uint256
    fee: Amount
    valid_until: Uint40

    def as_abi(self) -> tuple[Any, ...]:
        """The tuple that ABI encoders take."""
        deal_id, *rest = (getattr(self, name) for name in list(type(self).model_fields)[2:])
        return (bytes.fromhex(deal_id[2:]), *rest)


class SplitRevocation(Action):
    """Takes back a split that one signed; `split` is the digest of the `Split`."""

    struct: ClassVar[StructType] = StructType(schema.SPLIT_REVOCATION)
    schema_: Literal["parley/split-revocation"] = Field(default="parley/split-revocation", alias="schema")
    split: Hash32
    party: Address
    valid_until: Uint40


class Cancellation(Action):
    """Kills a deal that was not opened yet."""

    struct: ClassVar[StructType] = StructType(schema.CANCELLATION)
    schema_: Literal["parley/cancellation"] = Field(default="parley/cancellation", alias="schema")
    deal_id: Hash32
    party: Address
    fee: Amount
    valid_until: Uint40


class Epoch(Action):
    """Makes every unopened deal signed with an older epoch unopenable."""

    struct: ClassVar[StructType] = StructType(schema.EPOCH)
    schema_: Literal["parley/epoch"] = Field(default="parley/epoch", alias="schema")
    party: Address
    epoch: Count
    valid_until: Uint40


class BalanceAction(Action):
    """Base of what pays out an internal balance: the same struct under the domain of each contract that keeps
    balances.
    """

    struct: ClassVar[StructType] = StructType(schema.WITHDRAWAL)
    schema_: Literal["parley/withdrawal", "parley/tabs-withdrawal", "parley/panel-withdrawal"] = Field(
        alias="schema"
    )
    party: Address
    token: Address
    to: Address
    amount: Amount
    fee: Amount
    nonce: Uint256
    valid_until: Uint40


class Withdrawal(BalanceAction):
    """Pays out an internal balance."""

    schema_: Literal["parley/withdrawal"] = Field(default="parley/withdrawal", alias="schema")


class Mandate(Action):
    """What a principal lets an agent key sign for it: see `parley.terms.mandates`.

    `deal_limit` is a cap for a buyer and a floor for a seller, `budget` what the agent may commit in all
    (base units of `token`). Times are inclusive, unix seconds. Zero for `counterparty` or `arbiter` is no
    limit.
    """

    struct: ClassVar[StructType] = StructType(schema.MANDATE)
    schema_: Literal["parley/mandate"] = Field(default="parley/mandate", alias="schema")
    principal: Address
    agent: Address
    role: Uint8
    token: Address
    deal_limit: Amount
    budget: Amount
    valid_from: Uint40
    valid_until: Uint40
    actions: Uint8
    counterparty: Address
    arbiter: Address
    epoch: Count
    nonce: Uint256

    def as_abi(self) -> tuple[Any, ...]:
        """The tuple that ABI encoders take."""
        return tuple(getattr(self, name) for name in list(type(self).model_fields)[2:])


class MandateRevocation(Action):
    """Ends a mandate at once; `mandate` is the digest of the `Mandate`, `fee` in the mandate's token."""

    struct: ClassVar[StructType] = StructType(schema.MANDATE_REVOCATION)
    schema_: Literal["parley/mandate-revocation"] = Field(default="parley/mandate-revocation", alias="schema")
    mandate: Hash32
    principal: Address
    fee: Amount
    valid_until: Uint40


ACTIONS: Final[Mapping[str, type[Action]]] = {
    kind.model_fields["schema_"].default: kind
    for kind in (
        Delivery,
        Receipt,
        Rejection,
        Dispute,
        Ruling,
        Refund,
        Split,
        SplitRevocation,
        Cancellation,
        Epoch,
        Withdrawal,
        Mandate,
        MandateRevocation,
    )
}


def parse_action(raw: bytes | str | Mapping[str, Any]) -> Action:
    """The action that the document's schema names. Raises `DocumentInvalid`."""
    value = raw if isinstance(raw, Mapping) else parse_json(raw)
    name = value.get("schema") if isinstance(value, Mapping) else None
    kind = ACTIONS.get(name) if isinstance(name, str) else None
    if kind is None:
        raise DocumentInvalid("not an action", document="action", field="schema", problem=str(name)[:80])
    return kind.parse(value)


def receive_authorization_digest(
    token_domain_separator: bytes,
    from_: Address,
    to: Address,
    value: int,
    valid_after: int,
    valid_before: int,
    nonce: Hash32,
) -> bytes:
    """Digest of an EIP-3009 `receiveWithAuthorization`; for a deal the nonce is the deal id.

    `value` in base units, times in unix seconds, `valid_before` exclusive.
    """
    message = {
        "from": from_,
        "to": to,
        "value": value,
        "validAfter": valid_after,
        "validBefore": valid_before,
        "nonce": nonce,
    }
    return typed_digest(token_domain_separator, RECEIVE_WITH_AUTHORIZATION.hash_struct(message))
