"""The ways in which a deal comes to be: opened alone, paid at once, with others that are linked to it, or in
the place of a live one.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from parley.chain.escrow import Call, EscrowContract
from parley.chain.opening_errors import BundleMismatch, BundleSize
from parley.settlement.models import SubmittedDeal
from parley.terms.deal import Deal, bundle_hash
from parley.terms.deal_rules import INSTANT
from parley.terms.mandates import Act
from parley.terms.values import ZERO_HASH

MAX_LINKED: Final = 64


class Way(StrEnum):
    """How a deal opens; also the purpose of the intent that does it."""

    OPEN = "open"
    INSTANT = "instant"
    LINKED = "linked"
    AMEND = "amend"


OPENINGS: Final = frozenset(way.value for way in Way)


def way_of(deal: Deal) -> Way:
    """The one way in which the escrow takes this deal."""
    if deal.bundle != ZERO_HASH:
        return Way.LINKED
    if deal.amends != ZERO_HASH:
        return Way.AMEND
    return Way.INSTANT if deal.payout >= INSTANT else Way.OPEN


def act_of(deal: Deal, role: str) -> Act:
    """What an agent's mandate must allow for its signature to open the deal."""
    way = way_of(deal)
    if way is Way.AMEND:
        return Act.AMEND
    return Act.OPEN | Act.RECEIPT if way is Way.INSTANT and role == "buyer" else Act.OPEN


def validate(deal: Deal, now: int) -> None:
    """Every rule of the escrow for this way of opening that needs no chain state. Raises `DealInvalid`.

    Whether linked deals belong together, and an amendment to its deal, is checked elsewhere.
    """
    match way_of(deal):
        case Way.INSTANT:
            deal.validate_for_exchange(now)
        case Way.LINKED:
            deal.model_copy(update={"bundle": ZERO_HASH}).validate_for_opening(now)
        case Way.AMEND:
            deal.model_copy(update={"amends": ZERO_HASH}).validate_for_opening(now)
        case Way.OPEN:
            deal.validate_for_opening(now)


def validate_bundle(deals: tuple[Deal, ...]) -> None:
    """Linked deals are 2 to 64 and name the hash over all of them, in their order. Raises `BundleSize`,
    `BundleMismatch`.
    """
    if not 2 <= len(deals) <= MAX_LINKED:
        raise BundleSize(len(deals), MAX_LINKED)
    actual = bundle_hash(deals)
    for index, deal in enumerate(deals):
        if deal.bundle != actual:
            raise BundleMismatch(index, bytes.fromhex(deal.bundle[2:]), bytes.fromhex(actual[2:]))


def opening_call(escrow: EscrowContract, items: tuple[SubmittedDeal, ...]) -> Call:
    """The call that opens a deal, or all that are linked."""
    first = items[0]
    given = first.opening
    match way_of(first.deal):
        case Way.LINKED:
            return escrow.open_linked([item.opening for item in items])
        case Way.INSTANT:
            return escrow.open_and_settle(
                given.deal, given.buyer_signature, given.seller_signature, given.buyer_funding
            )
        case Way.AMEND if first.replaces is not None:
            return escrow.amend(
                first.replaces,
                given.deal,
                given.buyer_signature,
                given.seller_signature,
                given.buyer_funding,
                given.seller_funding,
            )
        case _:
            return escrow.open(
                given.deal,
                given.buyer_signature,
                given.seller_signature,
                given.buyer_funding,
                given.seller_funding,
            )
