"""The escrow contract: calldata for every function, its views, its events.

A `Call` is what the sender sends; nothing here sends. Signatures carry the kind byte (docs/spec.md section
3); an empty one means that the transaction's sender is the signer. Amounts are base units, times unix
seconds, shares bps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from eth_abi.abi import decode

from parley.chain.abi import Decoded, interface
from parley.chain.models import BlockTag, Log
from parley.chain.node import NodeClient
from parley.chain.patches import MAX_SIZE, patched
from parley.terms.actions import (
    Cancellation,
    Delivery,
    Dispute,
    Epoch,
    Mandate,
    MandateRevocation,
    Receipt,
    Refund,
    Rejection,
    Ruling,
    Split,
    SplitRevocation,
    Withdrawal,
)
from parley.terms.deal import Deal
from parley.terms.funding import FundingKind as FundingKind
from parley.terms.values import ZERO_ADDRESS

BATCHES: Final[Mapping[str, str]] = {
    "open": "openBatch",
    "settle": "settleBatch",
    "openAndSettle": "openAndSettleBatch",
}
"""Functions that have a batch, and the one that takes its items as an array."""


class Status(IntEnum):
    """Status of a deal on chain."""

    UNOPENED = 0
    OPEN = 1
    DELIVERED = 2
    REJECTED = 3
    DISPUTED = 4
    CLOSED = 5
    CANCELLED = 6


@dataclass(frozen=True, slots=True)
class Funding:
    """Funding of one side. `signature` is what its owner signed for the payment, in the kind's own form (see
    `parley.terms.funding`); nothing for ALLOWANCE and BALANCE.
    """

    kind: FundingKind = FundingKind.ALLOWANCE
    signature: str = "0x"

    def as_abi(self) -> tuple[int, bytes]:
        return int(self.kind), bytes.fromhex(self.signature[2:])


@dataclass(frozen=True, slots=True)
class Opening:
    """One item of a batch: a deal, both signatures and where the money comes from."""

    deal: Deal
    buyer_signature: str
    seller_signature: str
    buyer_funding: Funding = Funding()
    seller_funding: Funding = Funding()

    def as_abi(self) -> tuple[object, ...]:
        return (*self.as_exchange(), self.seller_funding.as_abi())

    def as_exchange(self) -> tuple[object, ...]:
        signatures = _bytes(self.buyer_signature), _bytes(self.seller_signature)
        return (self.deal.as_abi(), *signatures, self.buyer_funding.as_abi())


@dataclass(frozen=True, slots=True)
class DealState:
    """The deal's word on chain. `since` unix seconds, `shift` seconds, `locked` base units."""

    status: Status
    milestone: int
    deliveries: int
    seller_lost_bps: int
    since: int
    shift: int
    locked: int


@dataclass(frozen=True, slots=True)
class Account:
    """A party's first word per token: internal balance (base units) and counters."""

    balance: int
    settled_as_buyer: int
    settled_as_seller: int
    instant: int
    defaulted: int
    disputes_lost: int
    by_silence: int


@dataclass(frozen=True, slots=True)
class Record:
    """A party's second word per token: the rarer counters."""

    walked_away: int
    disputes_won: int
    rejections_undisputed: int
    ruled: int
    lapsed: int
    splits: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class Call:
    """One contract call, ready to be simulated or sent."""

    to: str
    data: bytes
    function: str


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value[2:])


class EscrowContract:
    """The escrow at `address`. Views raise the node's errors and `ContractError`."""

    def __init__(self, node: NodeClient, address: str) -> None:
        self.node = node
        self.address = address.lower()
        self.interface = interface("IEscrow")

    # ------------------------------------------------------------------- calls

    def _call(self, function: str, *arguments: object) -> Call:
        return Call(self.address, self.interface.function(function).call(*arguments), function)

    def joined(self, single: str, bodies: Sequence[bytes]) -> Call:
        """Up to 200 calls of `open`, `settle` or `openAndSettle` at once, each by itself; `bodies` are
        their encoded arguments.
        """
        if bodies and max(map(len, bodies)) <= MAX_SIZE:
            return self.patch_batch(single, bodies)
        inputs = list(self.interface.function(single).inputs)
        return self._call(BATCHES[single], [decode(inputs, body) for body in bodies])

    def _batch(self, single: str, items: Sequence[tuple[object, ...]]) -> Call:
        function = self.interface.function(single)
        return self.joined(single, [function.call(*item)[4:] for item in items])

    def patch_batch(self, single: str, bodies: Sequence[bytes]) -> Call:
        """`joined` as patches of one another, which costs less calldata than an array. No encoding is longer
        than `MAX_SIZE` bytes.
        """
        size, patches = patched(bodies)
        return self._call("patchBatch", self.interface.function(single).selector, len(bodies), size, patches)

    def open(
        self,
        deal: Deal,
        buyer_signature: str,
        seller_signature: str,
        buyer_funding: Funding,
        seller_funding: Funding,
    ) -> Call:
        return self._call(
            "open",
            deal.as_abi(),
            _bytes(buyer_signature),
            _bytes(seller_signature),
            buyer_funding.as_abi(),
            seller_funding.as_abi(),
        )

    def amend(
        self,
        deal: Deal,
        amendment: Deal,
        buyer_signature: str,
        seller_signature: str,
        buyer_funding: Funding,
        seller_funding: Funding,
    ) -> Call:
        """Puts `amendment` in the place of what remains of `deal`; the fundings are for the difference."""
        return self._call(
            "amend",
            deal.as_abi(),
            amendment.as_abi(),
            _bytes(buyer_signature),
            _bytes(seller_signature),
            buyer_funding.as_abi(),
            seller_funding.as_abi(),
        )

    def revoke_mandate(self, mandate: Mandate, action: MandateRevocation, signature: str) -> Call:
        return self._call(
            "revokeMandate", mandate.as_abi(), action.fee, action.valid_until, _bytes(signature)
        )

    def open_linked(self, items: Sequence[Opening]) -> Call:
        """Linked deals, all or none, in the order of their bundle hash."""
        return self._call("openLinked", [item.as_abi() for item in items])

    def open_batch(self, items: Sequence[Opening]) -> Call:
        """Up to 200 openings, each by itself; those that fail are in the log (`ItemFailed`)."""
        return self._batch("open", [item.as_abi() for item in items])

    def settle_batch(self, items: Sequence[tuple[Deal, Receipt, str]]) -> Call:
        """Up to 200 receipts with their buyers' signatures, each by itself."""
        return self._batch(
            "settle",
            [
                (
                    deal.as_abi(),
                    action.milestone,
                    _bytes(action.deliverable),
                    action.fee,
                    action.valid_until,
                    _bytes(signature),
                )
                for deal, action, signature in items
            ],
        )

    def open_and_settle(
        self, deal: Deal, buyer_signature: str, seller_signature: str, buyer_funding: Funding
    ) -> Call:
        """An instant deal (`payout` bit 2)."""
        item = Opening(deal, buyer_signature, seller_signature, buyer_funding)
        return self._call("openAndSettle", *item.as_exchange())

    def open_and_settle_batch(self, items: Sequence[Opening]) -> Call:
        """Up to 200 instant deals, each by itself; seller funding is not looked at."""
        return self._batch("openAndSettle", [item.as_exchange() for item in items])

    def cancel(self, deal: Deal, action: Cancellation, signature: str) -> Call:
        return self._call(
            "cancel", deal.as_abi(), action.party, action.fee, action.valid_until, _bytes(signature)
        )

    def advance_epoch(self, action: Epoch, signature: str) -> Call:
        return self._call("advanceEpoch", action.party, action.epoch, action.valid_until, _bytes(signature))

    def deliver(self, deal: Deal, action: Delivery, signature: str) -> Call:
        return self._call(
            "deliver",
            deal.as_abi(),
            action.milestone,
            action.delivery,
            _bytes(action.deliverable),
            action.fee,
            action.valid_until,
            _bytes(signature),
        )

    def settle(self, deal: Deal, action: Receipt, signature: str) -> Call:
        return self._call(
            "settle",
            deal.as_abi(),
            action.milestone,
            _bytes(action.deliverable),
            action.fee,
            action.valid_until,
            _bytes(signature),
        )

    def settle_by_silence(self, deal: Deal) -> Call:
        return self._call("settleBySilence", deal.as_abi())

    def reject(self, deal: Deal, action: Rejection, signature: str) -> Call:
        return self._call(
            "reject",
            deal.as_abi(),
            action.milestone,
            action.delivery,
            _bytes(action.reason),
            action.fee,
            action.valid_until,
            _bytes(signature),
        )

    def close_rejected(self, deal: Deal) -> Call:
        return self._call("closeRejected", deal.as_abi())

    def dispute(self, deal: Deal, action: Dispute, signature: str) -> Call:
        return self._call(
            "dispute",
            deal.as_abi(),
            action.party,
            action.milestone,
            _bytes(action.evidence),
            action.fee,
            action.valid_until,
            _bytes(signature),
        )

    def rule(self, deal: Deal, action: Ruling, signature: str) -> Call:
        return self._call(
            "rule",
            deal.as_abi(),
            action.milestone,
            action.seller_bps,
            _bytes(action.rationale),
            action.fee,
            action.valid_until,
            _bytes(signature),
        )

    def lapse(self, deal: Deal) -> Call:
        return self._call("lapse", deal.as_abi())

    def refund(self, deal: Deal, action: Refund, signature: str) -> Call:
        return self._call(
            "refund",
            deal.as_abi(),
            action.party,
            action.milestone,
            action.fee,
            action.valid_until,
            _bytes(signature),
        )

    def claim_default(self, deal: Deal, milestone: int) -> Call:
        """The refund that anyone may claim after a missed deadline."""
        return self._call("refund", deal.as_abi(), ZERO_ADDRESS, milestone, 0, 0, b"")

    def split(self, deal: Deal, action: Split, buyer_signature: str, seller_signature: str) -> Call:
        return self._call(
            "split", deal.as_abi(), action.as_abi(), _bytes(buyer_signature), _bytes(seller_signature)
        )

    def revoke_split(self, deal: Deal, split: Split, action: SplitRevocation, signature: str) -> Call:
        return self._call(
            "revokeSplit", deal.as_abi(), split.as_abi(), action.party, action.valid_until, _bytes(signature)
        )

    def deposit(self, token: str, to: str, amount: int) -> Call:
        return self._call("deposit", token, to, amount)

    def deposit_with_authorization(
        self, token: str, payer: str, to: str, amount: int, valid_before: int, salt: str, signature: str
    ) -> Call:
        """Deposit by an EIP-3009 authorisation of `payer` to the escrow; 65 bytes `r, s, v`, no kind byte."""
        return self._call(
            "depositWithAuthorization",
            token,
            payer,
            to,
            amount,
            valid_before,
            _bytes(salt),
            _bytes(signature),
        )

    def deposit_with_permit(self, token: str, to: str, amount: int, permit: bytes) -> Call:
        """Deposit by the sender's own EIP-2612 permit, as `parley.terms.funding.permit_funding` packs it."""
        return self._call("depositWithPermit", token, to, amount, permit)

    def withdraw(self, action: Withdrawal, signature: str) -> Call:
        return self._call(
            "withdraw",
            action.token,
            action.party,
            action.to,
            action.amount,
            action.fee,
            action.nonce,
            action.valid_until,
            _bytes(signature),
        )

    # ------------------------------------------------------------------- views

    def _view(self, function: str, *arguments: object, block: BlockTag = "latest") -> tuple[Any, ...]:
        entry = self.interface.function(function)
        return entry.answer(self.node.call(self.address, entry.call(*arguments), block=block))

    def deal_id_of(self, deal: Deal) -> str:
        return str(self._view("dealIdOf", deal.as_abi())[0])

    def state_of(self, deal_id: str, block: BlockTag = "latest") -> DealState:
        """The deal's word."""
        (word,) = self._view("stateOf", _bytes(deal_id), block=block)
        status, *rest = word
        return DealState(Status(status), *rest)

    def account_of(self, token: str, party: str, block: BlockTag = "latest") -> Account:
        (word,) = self._view("accountOf", token, party, block=block)
        return Account(*word)

    def record_of(self, token: str, party: str) -> Record:
        (word,) = self._view("recordOf", token, party)
        return Record(*word)

    def epoch_of(self, party: str) -> int:
        return int(self._view("epochOf", party)[0])

    def era(self) -> int:
        """The newest epoch that anyone began; `epoch_of` a party is the oldest that still counts."""
        return int(self._view("era")[0])

    def instant_used(self, buyer: str, seller: str, nonce: int) -> bool:
        """Whether an instant deal of this pair was done or cancelled under this nonce."""
        return bool(self._view("instantUsed", buyer, seller, nonce)[0])

    def split_spent(self, split: str) -> bool:
        return bool(self._view("splitSpent", _bytes(split))[0])

    def mandate_of(self, mandate: str) -> tuple[int, bool]:
        """What is used of the budget of the mandate with this digest (base units), and if it was revoked."""
        used, revoked = self._view("mandateOf", _bytes(mandate))
        return int(used), bool(revoked)

    def nonce_used(self, party: str, nonce: int) -> bool:
        return bool(self._view("nonceUsed", party, nonce)[0])

    def domain_separator(self) -> str:
        return str(self._view("domainSeparator")[0])

    # ------------------------------------------------------------------ events

    def decode(self, log: Log) -> Decoded | None:
        """The event of a log of this contract; None for one of a later version."""
        return self.interface.decode(log)
