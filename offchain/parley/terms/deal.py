"""The deal: what both sides sign and the escrow opens."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar, Final, Literal, Self

from pydantic import Field

from parley.terms import schema
from parley.terms.deal_rules import check_instant_rules, check_opening_rules
from parley.terms.documents import Part
from parley.terms.eip712 import StructType
from parley.terms.eip712_models import EscrowStruct
from parley.terms.lists import Many
from parley.terms.values import (
    ZERO_HASH,
    Address,
    Amount,
    Count,
    Hash32,
    Uint8,
    Uint16,
    Uint32,
    Uint40,
    Uint256,
    keccak,
)


class Milestone(Part):
    """One part of the price: `amount` base units, to be delivered by `deliver_by` (unix seconds,
    inclusive).
    """

    amount: Amount
    deliver_by: Uint40


class Deal(EscrowStruct):
    """The whole agreement as the chain sees it (IEscrow.Deal); its EIP-712 digest is the deal id.

    Amounts in base units of `token`, times in unix seconds, windows in seconds, shares in bps.
    """

    struct: ClassVar[StructType] = StructType(schema.DEAL)

    schema_: Literal["parley/deal"] = Field(default="parley/deal", alias="schema")
    buyer: Address
    seller: Address
    arbiter: Address
    relayer: Address
    token: Address
    price: Amount
    seller_bond: Amount
    arbiter_fee: Amount
    relay_fee: Amount
    open_by: Uint40
    cancel_by: Uint40
    review_window: Uint32
    dispute_window: Uint32
    ruling_window: Uint32
    rejected_seller_bps: Uint16
    lapsed_seller_bps: Uint16
    walk_away_bps: Uint16
    payout: Uint8
    milestones: Many[Milestone]
    terms_hash: Hash32
    transcript_root: Hash32
    transcript_length: Uint32
    bundle: Hash32
    amends: Hash32
    amends_milestone: Uint8
    amends_locked: Amount
    buyer_epoch: Count
    seller_epoch: Count
    nonce: Uint256

    @cached_property
    def _struct_hash(self) -> Hash32:
        return Hash32.of(self.struct.hash_object(self))

    def struct_hash(self) -> Hash32:
        """EIP-712 `hashStruct`."""
        return self._struct_hash

    def deal_id(self, chain_id: int, escrow: Address) -> Hash32:
        """The deal id: the EIP-712 digest on this chain and escrow."""
        return Hash32.of(self.digest(chain_id, escrow))

    @property
    def buyer_lock(self) -> int:
        """What the escrow holds for the buyer: the price, and the arbiter's fee for every milestone (base
        units).
        """
        return self.price + self.arbiter_fee * len(self.milestones)

    def as_abi(self) -> tuple[Any, ...]:
        """The tuple that ABI encoders take: checksummed addresses, bytes for bytes32, a list of pairs."""
        values: list[Any] = []
        for field, kind in self.struct.fields:
            value = getattr(self, _ATTRIBUTES[field])
            if kind == "address":
                value = checksum_address(value)
            elif kind == "bytes32":
                value = bytes.fromhex(value[2:])
            elif field == "milestones":
                value = [(part.amount, part.deliver_by) for part in value]
            values.append(value)
        return tuple(values)

    @classmethod
    def from_abi(cls, values: tuple[Any, ...]) -> Self:
        """The deal of a decoded ABI tuple. Raises pydantic's `ValidationError` for a tuple of another
        shape.
        """
        fields: dict[str, Any] = {}
        for (field, kind), value in zip(cls.struct.fields, values, strict=True):
            if kind == "address":
                value = value.lower()
            elif kind == "bytes32":
                value = value if isinstance(value, str) else "0x" + bytes(value).hex()
            elif field == "milestones":
                value = tuple(Milestone(amount=part[0], deliver_by=part[1]) for part in value)
            fields[_ATTRIBUTES[field]] = value
        return cls.model_validate(fields)

    def validate_for_opening(self, now: int) -> None:
        """Mirrors every rule of the contract's `open` that needs no chain state; `now` is the block time.

        Raises `DealInvalid` with the contract's error name and its arguments.
        """
        check_opening_rules(self, now)

    def validate_for_exchange(self, now: int) -> None:
        """Mirrors `openAndSettle`, which takes instant deals only, in the same way. Raises `DealInvalid`."""
        check_instant_rules(self, now)


_ATTRIBUTES: Final = {
    field: name for (field, _), name in zip(Deal.struct.fields, list(Deal.model_fields)[2:], strict=True)
}


def bundle_hash(deals: tuple[Deal, ...]) -> Hash32:
    """Links deals which open together: hash over their struct hashes, each taken with a zero `bundle`."""
    plain = (
        deal if deal.bundle == ZERO_HASH else deal.model_copy(update={"bundle": ZERO_HASH}) for deal in deals
    )
    return Hash32.of(keccak(b"".join(bytes.fromhex(deal.struct_hash()[2:]) for deal in plain)))


def checksum_address(address: str) -> str:
    """EIP-55 form of a lower-case address."""
    digits = address[2:]
    marks = keccak(digits.encode()).hex()
    return "0x" + "".join(c.upper() if mark >= "8" else c for c, mark in zip(digits, marks, strict=False))
