"""Tabs: a deposit for many small payments, the vouchers that spend it, and the signed actions about it.

All are signed under the domain of the contract of tabs; `tab` is a tab's id. Amounts are base units, times
unix seconds, inclusive.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from parley.terms import schema
from parley.terms.actions import Action, BalanceAction
from parley.terms.eip712 import StructType
from parley.terms.values import Address, Amount, Hash32, Uint8, Uint32, Uint40, Uint72, Uint104


class TabsAction(Action):
    """Base of what is signed under the domain of the contract of tabs."""

    domain_name: ClassVar[str] = schema.TABS_NAME


class Tab(TabsAction):
    """The terms of a tab. `payout`: bit 0 pays the seller, bit 1 refunds the buyer, into the internal
    balance; `exit_fee` goes to a stranger that releases the tab once its time has come.
    """

    struct: ClassVar[StructType] = StructType(schema.TAB)
    schema_: Literal["parley/tab"] = Field(default="parley/tab", alias="schema")
    buyer: Address
    seller: Address
    token: Address
    expires_at: Uint40
    close_window: Uint32
    payout: Uint8
    exit_fee: Uint104
    nonce: Uint72

    @property
    def terms(self) -> int:
        """The conditions in the one word that is hashed (docs/spec.md section 12)."""
        return (
            self.expires_at
            | self.close_window << 40
            | self.payout << 72
            | self.exit_fee << 80
            | self.nonce << 184
        )

    def tab_id(self) -> Hash32:
        """The tab's id: its struct hash, the same in every domain."""
        return self.struct_hash()

    def as_abi(self) -> tuple[Any, ...]:
        """The tuple that ABI encoders take."""
        return (self.buyer, self.seller, self.token, self.terms)


class Voucher(TabsAction):
    """The buyer owes the seller `cumulative` in all: the sum of every payment of this tab so far."""

    struct: ClassVar[StructType] = StructType(schema.VOUCHER)
    schema_: Literal["parley/voucher"] = Field(default="parley/voucher", alias="schema")
    tab: Hash32
    cumulative: Amount


class TabFunding(TabsAction):
    """The buyer opens a tab (`deposited` 0) or tops it up. Its digest is the nonce of an EIP-3009 payment."""

    struct: ClassVar[StructType] = StructType(schema.TAB_FUNDING)
    schema_: Literal["parley/tab-funding"] = Field(default="parley/tab-funding", alias="schema")
    tab: Hash32
    deposited: Amount
    amount: Amount
    fee: Amount
    valid_until: Uint40


class Redemption(TabsAction):
    """The seller leaves `fee` of a redemption to whoever submits it."""

    struct: ClassVar[StructType] = StructType(schema.REDEMPTION)
    schema_: Literal["parley/redemption"] = Field(default="parley/redemption", alias="schema")
    tab: Hash32
    cumulative: Amount
    fee: Amount
    valid_until: Uint40


class TabClosing(TabsAction):
    """The buyer wants what is left back, after the tab's challenge window."""

    struct: ClassVar[StructType] = StructType(schema.TAB_CLOSING)
    schema_: Literal["parley/tab-closing"] = Field(default="parley/tab-closing", alias="schema")
    tab: Hash32
    fee: Amount
    valid_until: Uint40


class TabEnd(TabsAction):
    """The seller ends the tab at once, paid up to `cumulative`."""

    struct: ClassVar[StructType] = StructType(schema.TAB_END)
    schema_: Literal["parley/tab-end"] = Field(default="parley/tab-end", alias="schema")
    tab: Hash32
    cumulative: Amount
    fee: Amount
    valid_until: Uint40


class TabsWithdrawal(BalanceAction):
    """Pays out an internal balance of the contract of tabs."""

    domain_name: ClassVar[str] = schema.TABS_NAME
    schema_: Literal["parley/tabs-withdrawal"] = Field(default="parley/tabs-withdrawal", alias="schema")
