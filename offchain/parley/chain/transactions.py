"""EIP-1559 transactions: encoding (EIP-2718, RLP), signing by any `Signer`, and sending one for local
set-up.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import rlp

from parley.chain.errors import NodeUnreachable
from parley.chain.escrow import Call
from parley.chain.models import Fees, Receipt
from parley.chain.node import NodeClient
from parley.terms.signing import Signer
from parley.terms.values import keccak

_TYPE: Final = b"\x02"


def _big_endian(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A transaction before it is signed. `to` None creates a contract; fees are wei a gas."""

    chain_id: int
    nonce: int
    to: str | None
    value: int
    data: bytes
    gas: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed transaction: what is broadcast, and its hash."""

    raw: bytes
    hash: str


def sign(transaction: Unsigned, signer: Signer) -> Signed:
    """Sign a transaction; the same transaction and key give the same bytes."""
    fields: list[object] = [
        _big_endian(transaction.chain_id),
        _big_endian(transaction.nonce),
        _big_endian(transaction.fees.priority_fee),
        _big_endian(transaction.fees.max_fee),
        _big_endian(transaction.gas),
        b"" if transaction.to is None else bytes.fromhex(transaction.to[2:]),
        _big_endian(transaction.value),
        transaction.data,
        [],
    ]
    signature = bytes.fromhex(signer.sign_digest(keccak(_TYPE + rlp.encode(fields)))[2:])
    r, s = (int.from_bytes(signature[part], "big") for part in (slice(0, 32), slice(32, 64)))
    raw = _TYPE + rlp.encode([*fields, _big_endian(signature[64] - 27), _big_endian(r), _big_endian(s)])
    return Signed(raw, "0x" + keccak(raw).hex())


def suggest_fees(node: NodeClient, minimum_priority: int = 1_000_000) -> Fees:
    """Fees that keep a transaction includable while the base fee doubles."""
    priority = max(node.priority_fee(), minimum_priority)
    return Fees(max_fee=2 * node.latest().base_fee + priority, priority_fee=priority)


def send_now(node: NodeClient, signer: Signer, call: Call | bytes, *, seconds: float = 30) -> Receipt:
    """Send one call (or creation code) and wait for its receipt: for set-up on local chains, nothing is
    stored.

    Raises `ContractError` when it would revert, `NodeUnreachable` when no receipt comes in time.
    """
    to, data = (None, call) if isinstance(call, bytes) else (call.to, call.data)
    gas = node.estimate(to, data, sender=signer.address)
    unsigned = Unsigned(
        chain_id=node.chain_id(),
        nonce=node.nonce(signer.address),
        to=to,
        value=0,
        data=data,
        gas=gas + gas // 4,
        fees=suggest_fees(node),
    )
    signed = sign(unsigned, signer)
    node.send_raw(signed.raw)
    end = time.monotonic() + seconds
    while True:
        receipt = node.receipt(signed.hash)
        if receipt is not None:
            return receipt
        if time.monotonic() > end:
            raise NodeUnreachable("The transaction was not mined in time.", transaction=signed.hash)
        time.sleep(0.01)
