"""A chain in memory that says what it is told to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import samples

from parley.evidence.bundle import Bundle
from parley.evidence.chain_reader import ChainEvent, DealOnChain
from parley.terms.values import Address, Hash32

TRANSACTION = Hash32("0x" + "7a" * 32)
SEPARATOR = b"\x5e" * 32


@dataclass
class StandInChain:
    """A `ChainReader`."""

    id: int = samples.CHAIN_ID
    code: bool = True
    ours: bool = True
    state: DealOnChain = field(default_factory=lambda: DealOnChain("Closed", 1, 0))
    events: Sequence[ChainEvent] = ()
    transactions: dict[str, bool] = field(default_factory=lambda: {TRANSACTION: True})
    valid: bool = False
    separator: bytes | None = SEPARATOR

    def chain_id(self) -> int:
        return self.id

    def has_code(self, address: Address) -> bool:
        return self.code and address == samples.ESCROW

    def is_escrow(self, address: Address) -> bool:
        return self.code and self.ours and address == samples.ESCROW

    def deal_state(self, deal_id: Hash32) -> DealOnChain:
        return self.state

    def deal_history(self, deal_id: Hash32) -> Sequence[ChainEvent]:
        return self.events

    def transaction_succeeded(self, transaction: Hash32) -> bool | None:
        return self.transactions.get(transaction)

    def is_valid_signature(self, account: Address, digest: bytes, signature: bytes) -> bool:
        return self.valid

    def token_domain_separator(self, token: Address) -> bytes | None:
        return self.separator


def history(bundle: Bundle, *names: str) -> list[ChainEvent]:
    """Events of the first deal: opened as signed, then these."""
    deal = bundle.deals[0].deal
    opened: dict[str, int | str] = {
        "buyer": deal.buyer,
        "seller": deal.seller,
        "token": deal.token,
        "price": deal.price,
        "locked": deal.buyer_lock + deal.seller_bond,
        "transcriptRoot": deal.transcript_root,
    }
    events = [ChainEvent("Opened", 1, TRANSACTION, opened)]
    for block, name in enumerate(names, 2):
        last = name == names[-1]
        arguments: dict[str, int | str] = {"remaining": 0 if last else 5} if name == "Settled" else {}
        events.append(ChainEvent(name, block, TRANSACTION, arguments))
    return events
