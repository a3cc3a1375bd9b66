"""What members of a panel sign, under the domain of their panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from pydantic import Field

from parley.terms import schema
from parley.terms.actions import Action, BalanceAction
from parley.terms.eip712 import StructType
from parley.terms.values import Address, Amount, Hash32, Uint8, Uint16, Uint40


class Vote(Action):
    """A member gives the seller `seller_bps` of the disputed milestone. `fee` base units out of its share
    go to whoever hands the vote in; `valid_until` unix seconds, inclusive.
    """

    domain_name: ClassVar[str] = schema.PANEL_NAME
    struct: ClassVar[StructType] = StructType(schema.VOTE)
    schema_: Literal["parley/vote"] = Field(default="parley/vote", alias="schema")
    member: Address
    deal_id: Hash32
    milestone: Uint8
    seller_bps: Uint16
    rationale: Hash32
    fee: Amount
    valid_until: Uint40


class PanelWithdrawal(BalanceAction):
    """Pays out what a member or a submitter owns of the panel's balance."""

    domain_name: ClassVar[str] = schema.PANEL_NAME
    schema_: Literal["parley/panel-withdrawal"] = Field(default="parley/panel-withdrawal", alias="schema")


def median(shares: Sequence[int]) -> int:
    """The ruling of these votes in bps, as the contract computes it: the median, and of an even number of
    votes the floor of the mean of the middle two. At least one vote.
    """
    ordered = sorted(shares)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) // 2
