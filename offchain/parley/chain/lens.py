"""The lens: what an agent wants to know about a deal before it acts, in one call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from parley.chain.abi import interface
from parley.chain.contract_error import ContractError
from parley.chain.escrow import Account, DealState, FundingKind, Record, Status
from parley.chain.node import NodeClient
from parley.chain.reverts import decode_revert
from parley.terms.actions import Split
from parley.terms.deal import Deal
from parley.terms.values import ZERO_ADDRESS

_YES: Final = "0x00000000"
_NO_REASON: Final = "0xffffffff"


class Move(IntEnum):
    """What can be done with a deal, as the contract numbers it."""

    OPEN = 0
    CANCEL = 1
    DELIVER = 2
    SETTLE = 3
    SETTLE_BY_SILENCE = 4
    REJECT = 5
    CLOSE_REJECTED = 6
    DISPUTE = 7
    RULE = 8
    LAPSE = 9
    REFUND = 10
    CLAIM_DEFAULT = 11


@dataclass(frozen=True, slots=True)
class Times:
    """Unix seconds, inclusive; 0 where the deal is not in a state in which the time counts."""

    now: int
    open_by: int
    cancel_by: int
    deliver_by: int
    review_until: int
    dispute_until: int
    rule_until: int


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a deal, in its token. Amounts are base units."""

    party: str
    epoch: int
    account: Account
    record: Record
    token_balance: int
    allowance: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A deal with both sides, and the arbiter where one is named."""

    deal_id: str
    state: DealState
    times: Times
    buyer: Side
    seller: Side
    arbiter: Side | None


@dataclass(frozen=True, slots=True)
class Moves:
    """What each could do now by a call of its own."""

    buyer: frozenset[Move]
    seller: frozenset[Move]
    arbiter: frozenset[Move]
    anyone: frozenset[Move]


class LensContract:
    """The lens at `address`. Its answers hold for the block they were asked in."""

    def __init__(self, node: NodeClient, address: str) -> None:
        self.node = node
        self.address = address.lower()
        self.interface = interface("Lens")

    def _ask(self, function: str, *arguments: object) -> Any:
        entry = self.interface.function(function)
        return entry.answer(self.node.call(self.address, entry.call(*arguments)))[0]

    def escrow(self) -> str:
        return str(self._ask("escrow"))

    def overview(self, deal: Deal) -> Overview:
        deal_id, state, times, buyer, seller, arbiter = self._ask("overview", deal.as_abi())
        found = DealState(Status(state[0]), *state[1:])
        third = None if arbiter[0] == ZERO_ADDRESS else _side(arbiter)
        return Overview(deal_id, found, Times(*times), _side(buyer), _side(seller), third)

    def moves(self, deal: Deal) -> Moves:
        return Moves(*(_moves(bits) for bits in self._ask("moves", deal.as_abi())))

    def attempt(self, data: bytes) -> ContractError | None:
        """Why a relayed call of the escrow would fail now; None when it would go through."""
        return _verdict(self._ask("attempt", data))

    def can(self, move: Move, deal: Deal, caller: str) -> ContractError | None:
        """Why `caller` could not do this now by a call of its own; None when it could."""
        return _verdict(self._ask("can", int(move), deal.as_abi(), caller))

    def can_open(
        self,
        deal: Deal,
        caller: str,
        buyer_kind: FundingKind = FundingKind.ALLOWANCE,
        seller_kind: FundingKind = FundingKind.ALLOWANCE,
    ) -> ContractError | None:
        """The same for opening, if both sides signed and paid in these ways."""
        given = (deal.as_abi(), int(buyer_kind), int(seller_kind), caller)
        return _verdict(self._ask("canOpen", *given))

    def can_amend(
        self,
        deal: Deal,
        amendment: Deal,
        caller: str,
        buyer_kind: FundingKind = FundingKind.ALLOWANCE,
        seller_kind: FundingKind = FundingKind.ALLOWANCE,
    ) -> ContractError | None:
        """The same for an amendment, if both sides signed it and paid what they owe more in these ways."""
        given = (deal.as_abi(), amendment.as_abi(), int(buyer_kind), int(seller_kind), caller)
        return _verdict(self._ask("canAmend", *given))

    def can_split(self, deal: Deal, split: Split) -> ContractError | None:
        """The same for a split, if both sides signed it."""
        return _verdict(self._ask("canSplit", deal.as_abi(), split.as_abi()))


def _verdict(answer: tuple[str, str]) -> ContractError | None:
    code, values = answer
    if code == _YES:
        return None
    data = bytes.fromhex(values[2:])
    return decode_revert(data if code == _NO_REASON else bytes.fromhex(code[2:]) + data)


def _side(answer: tuple[Any, ...]) -> Side:
    party, epoch, account, record, balance, allowance = answer
    return Side(party, epoch, Account(*account), Record(*record), balance, allowance)


def _moves(bits: int) -> frozenset[Move]:
    return frozenset(move for move in Move if bits >> move & 1)
