"""What the escrow requires of a deal to open it, rule for rule and in the contract's order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from parley.terms.errors import DealInvalid
from parley.terms.values import UINT128_MAX, ZERO_ADDRESS, ZERO_HASH

if TYPE_CHECKING:
    from parley.terms.deal import Deal

MAX_MILESTONES: Final = 16
MAX_WINDOW: Final = 365 * 86_400
"""Longest window, seconds."""
BPS: Final = 10_000
PAYOUT_BITS: Final = 3
INSTANT: Final = 4
"""Bit of `payout` that makes a deal an instant one."""


def check_opening_rules(deal: Deal, now: int) -> None:
    """Raises `DealInvalid` for the first rule that `open` would revert on at block time `now`.

    Rules that need chain state are not here: the token's code, epochs, funds, and whether the deal was used.
    """
    if deal.bundle != ZERO_HASH:
        raise DealInvalid("LinkedDealAlone", "a linked deal opens only with its bundle", bundle=deal.bundle)
    if deal.amends != ZERO_HASH:
        raise DealInvalid("AmendmentNotHere", "an amendment does not open as a new deal", amends=deal.amends)
    if deal.payout > PAYOUT_BITS:
        raise DealInvalid("PayoutUnknown", "payout has unknown bits", payout=deal.payout)
    if now > deal.open_by:
        raise DealInvalid("OpenByPassed", "the time to open has passed", openBy=deal.open_by, nowAt=now)
    _check_parties(deal)
    _check_windows_and_shares(deal)
    _check_milestones(deal)
    _check_fees(deal)


def check_instant_rules(deal: Deal, now: int) -> None:
    """The same for `openAndSettle`: an instant deal has no life after its opening, so windows, shares and
    deadlines are not looked at, and nothing may be locked.
    """
    if deal.bundle != ZERO_HASH:
        raise DealInvalid("LinkedDealAlone", "a linked deal opens only with its bundle", bundle=deal.bundle)
    if deal.amends != ZERO_HASH:
        raise DealInvalid("AmendmentNotHere", "an amendment does not open as a new deal", amends=deal.amends)
    if not INSTANT <= deal.payout <= INSTANT + PAYOUT_BITS:
        raise DealInvalid("NotInstant", "the deal is not an instant one", payout=deal.payout)
    if now > deal.open_by:
        raise DealInvalid("OpenByPassed", "the time to open has passed", openBy=deal.open_by, nowAt=now)
    _check_parties(deal)
    count = len(deal.milestones)
    if deal.arbiter != ZERO_ADDRESS or deal.arbiter_fee or deal.seller_bond or count != 1:
        raise DealInvalid(
            "InstantDealBound",
            "an instant deal has one milestone, no arbiter and no bond",
            arbiter=deal.arbiter,
            arbiterFee=str(deal.arbiter_fee),
            sellerBond=str(deal.seller_bond),
            milestones=count,
        )
    if deal.price == 0:
        raise DealInvalid("PriceZero", "the price is zero")
    amount = deal.milestones[0].amount
    if amount != deal.price:
        raise DealInvalid(
            "MilestonesSum", "the milestones do not sum to the price", sum=str(amount), price=str(deal.price)
        )


def _check_parties(deal: Deal) -> None:
    if ZERO_ADDRESS in (deal.buyer, deal.seller):
        raise DealInvalid(
            "PartyZero", "buyer or seller is the zero address", buyer=deal.buyer, seller=deal.seller
        )
    if deal.buyer == deal.seller or deal.arbiter in (deal.buyer, deal.seller):
        raise DealInvalid(
            "PartiesNotDistinct",
            "buyer, seller and arbiter must be three different accounts",
            buyer=deal.buyer,
            seller=deal.seller,
            arbiter=deal.arbiter,
        )
    if deal.token == ZERO_ADDRESS:
        raise DealInvalid("TokenWithoutCode", "the token is the zero address", token=deal.token)


def _check_windows_and_shares(deal: Deal) -> None:
    for window in (deal.review_window, deal.dispute_window, deal.ruling_window):
        if not 1 <= window <= MAX_WINDOW:
            raise DealInvalid(
                "WindowOutOfRange", "a window is not 1 s to 365 days", window=window, maximum=MAX_WINDOW
            )
    for share in (deal.rejected_seller_bps, deal.lapsed_seller_bps, deal.walk_away_bps):
        if share > BPS:
            raise DealInvalid("BpsOutOfRange", "a share is above 10 000 bps", bps=share)


def _check_milestones(deal: Deal) -> None:
    if deal.price == 0:
        raise DealInvalid("PriceZero", "the price is zero")
    count = len(deal.milestones)
    if not 1 <= count <= MAX_MILESTONES:
        raise DealInvalid(
            "MilestoneCount", "1 to 16 milestones are allowed", count=count, maximum=MAX_MILESTONES
        )
    earliest = deal.open_by + 1
    for index, part in enumerate(deal.milestones):
        if part.amount == 0:
            raise DealInvalid("MilestoneAmountZero", "a milestone pays nothing", index=index)
        if part.deliver_by < earliest:
            if index == 0:
                raise DealInvalid(
                    "DeadlineBeforeOpening",
                    "the first delivery may be overdue before the deal is open",
                    deliverBy=part.deliver_by,
                    openBy=deal.open_by,
                )
            raise DealInvalid(
                "MilestoneOrder",
                "a milestone is due before the one before it could be reviewed",
                index=index,
                deliverBy=part.deliver_by,
                earliest=earliest,
            )
        earliest = part.deliver_by + deal.review_window
    total = sum(part.amount for part in deal.milestones)
    if total != deal.price:
        raise DealInvalid(
            "MilestonesSum", "the milestones do not sum to the price", sum=str(total), price=str(deal.price)
        )


def _check_fees(deal: Deal) -> None:
    fees = deal.arbiter_fee * len(deal.milestones)
    if deal.arbiter == ZERO_ADDRESS:
        if deal.arbiter_fee:
            raise DealInvalid(
                "FeeWithoutArbiter", "an arbiter's fee without an arbiter", arbiterFee=str(deal.arbiter_fee)
            )
    elif deal.seller_bond < fees:
        raise DealInvalid(
            "BondBelowFees",
            "the bond does not cover the arbiter's fees",
            bond=str(deal.seller_bond),
            fees=str(fees),
        )
    locked = deal.price + fees + deal.seller_bond
    if locked > UINT128_MAX:
        raise DealInvalid("LockedTooLarge", "price, fees and bond exceed 128 bits", locked=str(locked))
