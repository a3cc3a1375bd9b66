"""The contract of tabs: calldata for every function, its views, its events.

A `Call` is what the sender sends; nothing here sends. Signatures carry the kind byte; an empty one means
that the transaction's sender is the signer. Amounts are base units, times unix seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from parley.chain.abi import Decoded, interface
from parley.chain.escrow import Call
from parley.chain.models import Log
from parley.chain.node import NodeClient
from parley.terms.tabs import Redemption, Tab, TabClosing, TabEnd, TabFunding, TabsWithdrawal


class TabStatus(IntEnum):
    """Status of a tab on chain."""

    UNOPENED = 0
    OPEN = 1
    CLOSING = 2
    CLOSED = 3


class Source(IntEnum):
    """Where the buyer's money comes from."""

    ALLOWANCE = 0
    BALANCE = 1
    AUTHORIZATION = 2


@dataclass(frozen=True, slots=True)
class TabState:
    """A tab's word on chain. `closes_at` is the last second of the challenge window, while closing."""

    status: TabStatus
    closes_at: int
    redeemed: int
    deposit: int


@dataclass(frozen=True, slots=True)
class Redeeming:
    """One item of a batch: a voucher, and the seller's signature where the redemption leaves a fee."""

    tab: Tab
    redemption: Redemption
    voucher: str
    signature: str = "0x"

    def as_abi(self) -> tuple[Any, ...]:
        action = self.redemption
        return (
            self.tab.as_abi(),
            action.cumulative,
            action.fee,
            action.valid_until,
            _bytes(self.voucher),
            _bytes(self.signature),
        )


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value[2:])


def short_form(signature: str) -> tuple[bytes, bytes]:
    """The two words of ERC-2098 of a bare signature of 65 bytes, low s."""
    raw = _bytes(signature)
    return raw[:32], (int.from_bytes(raw[32:64], "big") | (raw[64] - 27) << 255).to_bytes(32, "big")


class TabsContract:
    """The contract of tabs at `address`."""

    def __init__(self, node: NodeClient, address: str) -> None:
        self.node = node
        self.address = address.lower()
        self.interface = interface("Tabs")

    def _view(self, function: str, *arguments: object) -> Any:
        entry = self.interface.function(function)
        return entry.answer(self.node.call(self.address, entry.call(*arguments)))[0]

    def _call(self, function: str, *arguments: object) -> Call:
        return Call(self.address, self.interface.function(function).call(*arguments), function)

    # ------------------------------------------------------------------- calls

    def open(self, tab: Tab, amount: int) -> Call:
        """Lock `amount` of the sender, the tab's buyer, from its allowance."""
        return self._call("open", tab.as_abi(), amount)

    def open_for(self, tab: Tab, action: TabFunding, source: Source, signature: str) -> Call:
        """Open from any source; for AUTHORIZATION `signature` is that of the EIP-3009 payment, bare."""
        given = (action.amount, action.fee, action.valid_until, int(source), _bytes(signature))
        return self._call("openFor", tab.as_abi(), *given)

    def top_up(self, tab: Tab, action: TabFunding, source: Source, signature: str) -> Call:
        given = (action.amount, action.fee, action.valid_until, int(source), _bytes(signature))
        return self._call("topUp", tab.as_abi(), action.deposited, *given)

    def redeem(self, tab: Tab, cumulative: int, signature: str) -> Call:
        """Redeem a voucher by a key's bare signature, the cheapest way. Anyone may send it."""
        return self._call("redeem", tab.as_abi(), cumulative, *short_form(signature))

    def redeem_for(self, tab: Tab, action: Redemption, voucher: str, signature: str) -> Call:
        """Redeem any voucher; with a fee it takes the seller's signature."""
        given = (action.fee, action.valid_until, _bytes(signature))
        return self._call("redeemFor", tab.as_abi(), action.cumulative, _bytes(voucher), *given)

    def redeem_many(self, items: Sequence[Redeeming]) -> Call:
        """Redeem several; an item that fails is reported by `RedemptionFailed` and changes nothing."""
        return self._call("redeemMany", [item.as_abi() for item in items])

    def close(self, tab: Tab, action: TabClosing, signature: str) -> Call:
        return self._call("close", tab.as_abi(), action.fee, action.valid_until, _bytes(signature))

    def end(self, tab: Tab, action: TabEnd, voucher: str, signature: str) -> Call:
        given = (action.fee, action.valid_until, _bytes(signature))
        return self._call("end", tab.as_abi(), action.cumulative, _bytes(voucher), *given)

    def release(self, tab: Tab) -> Call:
        """Return what is left to the buyer, once the tab's time has come. Anyone may send it."""
        return self._call("release", tab.as_abi())

    def deposit(self, token: str, to: str, amount: int) -> Call:
        return self._call("deposit", token, to, amount)

    def withdraw(self, action: TabsWithdrawal, signature: str) -> Call:
        given = (action.token, action.party, action.to, action.amount, action.fee, action.nonce)
        return self._call("withdraw", *given, action.valid_until, _bytes(signature))

    # ------------------------------------------------------------------- views

    def tab_id_of(self, tab: Tab) -> str:
        return str(self._view("tabIdOf", tab.as_abi()))

    def state_of(self, tab: Tab) -> TabState:
        status, closes_at, redeemed, deposit = self._view("stateOf", _bytes(tab.tab_id()))
        return TabState(TabStatus(status), closes_at, redeemed, deposit)

    def balance_of(self, token: str, party: str) -> int:
        """The internal balance."""
        return int(self._view("balanceOf", token, party))

    def nonce_used(self, party: str, nonce: int) -> bool:
        return bool(self._view("nonceUsed", party, nonce))

    def domain_separator(self) -> str:
        return str(self._view("domainSeparator"))

    def decode(self, log: Log) -> Decoded | None:
        """The event of a log of this contract."""
        return self.interface.decode(log)


def without_fee(tab: Tab, cumulative: int) -> Redemption:
    """A redemption that anyone may submit, for nothing."""
    return Redemption(tab=tab.tab_id(), cumulative=cumulative, fee=0, valid_until=0)
