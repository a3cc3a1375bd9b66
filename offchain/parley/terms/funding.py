"""What a party signs so that its money moves without gas, and the form in which the escrow takes it.

A payment by EIP-3009 or through Permit2 names the whole deal and is consent to it; an EIP-2612 permit is not.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from parley.terms import schema
from parley.terms.actions import PERMIT
from parley.terms.deal import Deal
from parley.terms.eip712 import StructType, permit2_domain, typed_data, typed_digest
from parley.terms.values import Address

PERMIT2: Final = Address("0x000000000022d473030f116ddee9f6b43ac78ba3")
PERMIT_WITNESS_TRANSFER_FROM: Final = StructType(schema.PERMIT_WITNESS_TRANSFER_FROM)


class FundingKind(IntEnum):
    """Where one side's money comes from, as the escrow numbers it."""

    ALLOWANCE = 0
    BALANCE = 1
    AUTHORIZATION = 2
    PERMIT2 = 3
    PERMIT = 4


def permit_digest(
    token_domain_separator: bytes, owner: Address, spender: Address, value: int, nonce: int, deadline: int
) -> bytes:
    """Digest of an EIP-2612 permit. `value` in base units, `deadline` in unix seconds, inclusive."""
    message = {"owner": owner, "spender": spender, "value": value, "nonce": nonce, "deadline": deadline}
    return typed_digest(token_domain_separator, PERMIT.hash_struct(message))


def permit_funding(value: int, deadline: int, signature: str) -> bytes:
    """`Funding.signature` of kind Permit: value ‖ deadline ‖ r ‖ s ‖ v."""
    return value.to_bytes(32, "big") + deadline.to_bytes(32, "big") + bytes.fromhex(signature[2:])


def permit2_digest(deal: Deal, chain_id: int, escrow: Address, permitted: int, nonce: int) -> bytes:
    """Digest of a payment through Permit2 with the deal as its witness.

    `permitted` is the most that can be due, in base units (see `buyer_permitted`); `nonce` is Permit2's,
    free and unordered. The deadline is the deal's `open_by`.
    """
    message = _permit2_message(deal, escrow, permitted, nonce)
    return typed_digest(permit2_domain(chain_id, PERMIT2), PERMIT_WITNESS_TRANSFER_FROM.hash_struct(message))


def permit2_typed_data(
    deal: Deal, chain_id: int, escrow: Address, permitted: int, nonce: int
) -> dict[str, Any]:
    """The same for wallets, as `eth_signTypedData_v4` takes it."""
    message = _permit2_message(deal, escrow, permitted, nonce)
    message["witness"] = deal.struct.values_of(deal)
    return typed_data(
        PERMIT_WITNESS_TRANSFER_FROM,
        message,
        name=schema.PERMIT2_NAME,
        chain_id=chain_id,
        verifying_contract=PERMIT2,
        version=None,
    )


def permit2_funding(nonce: int, signature: str) -> bytes:
    """`Funding.signature` of kind Permit2: nonce ‖ what Permit2 takes as a signature (65 or 64 bytes, or what
    the owner's ERC-1271 accepts).
    """
    return nonce.to_bytes(32, "big") + bytes.fromhex(signature[2:])


def _permit2_message(deal: Deal, escrow: Address, permitted: int, nonce: int) -> dict[str, Any]:
    return {
        "permitted": {"token": deal.token, "amount": permitted},
        "spender": escrow,
        "nonce": nonce,
        "deadline": deal.open_by,
        "witness": deal,
    }
