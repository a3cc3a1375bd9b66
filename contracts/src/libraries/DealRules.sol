// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {Clean} from "./Clean.sol";

/// @notice What a deal must satisfy to be opened now, whoever signed it. Epochs and signatures are checked elsewhere.
library DealRules {
    uint256 internal constant MAX_MILESTONES = 16;
    uint256 internal constant MAX_WINDOW = 365 days;
    uint256 internal constant BPS = 10_000;
    /// @dev Bits 0 and 1 of `payout`; bit 2 belongs to instant deals.
    uint256 internal constant PAYOUT_BITS = 3;
    uint256 internal constant INSTANT = 4;

    /// @dev No field may have bits beyond its type: see Clean.
    /// @return fees base units that each side locks for the arbiter, all milestones together
    function check(IEscrow.Deal calldata deal) internal view returns (uint256 fees) {
        if (deal.bundle != 0) revert IEscrow.LinkedDealAlone(deal.bundle);
        return checkLinked(deal);
    }

    /// @dev The same for a deal whose bundle is checked elsewhere.
    function checkLinked(IEscrow.Deal calldata deal) internal view returns (uint256 fees) {
        if (deal.amends != 0) revert IEscrow.AmendmentNotHere(deal.amends);
        return checkTerms(deal);
    }

    /// @dev The same for a deal that may replace another.
    function checkAmendment(IEscrow.Deal calldata deal) internal view returns (uint256 fees) {
        if (deal.bundle != 0) revert IEscrow.LinkedDealAlone(deal.bundle);
        return checkTerms(deal);
    }

    /// @notice What an instant deal must satisfy. It has no life after its opening: windows, shares and deadlines are not
    /// looked at, and nothing may be locked.
    function checkInstant(IEscrow.Deal calldata deal) internal view {
        Clean.checkInstant(deal);
        bool wrong;
        // One jump for all that is hardly ever wrong; what it is, is asked only then.
        assembly ("memory-safe") {
            // bundle, amends, arbiter, arbiterFee, sellerBond: nothing of these
            wrong := or(calldataload(add(deal, 0x2c0)), calldataload(add(deal, 0x2e0)))
            wrong := or(wrong, or(calldataload(add(deal, 0x40)), calldataload(add(deal, 0xe0))))
            wrong := or(wrong, calldataload(add(deal, 0xc0)))
            // buyer and seller
            wrong := or(wrong, or(iszero(calldataload(deal)), iszero(calldataload(add(deal, 0x20)))))
            wrong := or(wrong, eq(calldataload(deal), calldataload(add(deal, 0x20))))
            // payout: INSTANT to INSTANT + PAYOUT_BITS
            wrong := or(wrong, iszero(eq(shr(2, calldataload(add(deal, 0x220))), 1)))
            wrong := or(wrong, gt(timestamp(), calldataload(add(deal, 0x120))))
            // one milestone, of the price
            let place := add(deal, calldataload(add(deal, 0x240)))
            wrong := or(wrong, iszero(eq(calldataload(place), 1)))
            wrong := or(wrong, xor(calldataload(add(place, 0x20)), calldataload(add(deal, 0xa0))))
            wrong := iszero(iszero(or(wrong, iszero(calldataload(add(deal, 0xa0))))))
        }
        if (wrong) revertInstant(deal);
    }

    /// @dev Names the first thing that is wrong.
    function revertInstant(IEscrow.Deal calldata deal) private view {
        if (deal.bundle != 0) revert IEscrow.LinkedDealAlone(deal.bundle);
        if (deal.amends != 0) revert IEscrow.AmendmentNotHere(deal.amends);
        uint256 payout = Clean.payout(deal);
        if (payout & INSTANT == 0 || payout > INSTANT + PAYOUT_BITS) revert IEscrow.NotInstant(deal.payout);
        checkTime(deal);
        checkParties(Clean.buyer(deal), Clean.seller(deal), address(0));
        IEscrow.Milestone[] calldata milestones = Clean.milestones(deal);
        uint256 count = milestones.length;
        if (deal.arbiter != address(0) || deal.sellerBond != 0 || deal.arbiterFee != 0 || count != 1) {
            revert IEscrow.InstantDealBound(deal.arbiter, deal.arbiterFee, deal.sellerBond, count);
        }
        uint256 price = Clean.price(deal);
        if (price == 0) revert IEscrow.PriceZero();
        revert IEscrow.MilestonesSum(Clean.amount(milestones, 0), price);
    }

    function checkTerms(IEscrow.Deal calldata deal) private view returns (uint256 fees) {
        Clean.check(deal);
        bool wrong;
        // One jump for all that is hardly ever wrong; what it is, is asked only then.
        assembly ("memory-safe") {
            // buyer, seller, arbiter
            wrong := or(iszero(calldataload(deal)), iszero(calldataload(add(deal, 0x20))))
            wrong := or(wrong, eq(calldataload(deal), calldataload(add(deal, 0x20))))
            wrong := or(wrong, eq(calldataload(deal), calldataload(add(deal, 0x40))))
            wrong := or(wrong, eq(calldataload(add(deal, 0x20)), calldataload(add(deal, 0x40))))
            wrong := or(wrong, iszero(extcodesize(calldataload(add(deal, 0x80)))))
            wrong := or(wrong, gt(timestamp(), calldataload(add(deal, 0x120))))
            // Zero wraps to the largest number.
            wrong := or(wrong, iszero(lt(sub(calldataload(add(deal, 0x160)), 1), MAX_WINDOW)))
            wrong := or(wrong, iszero(lt(sub(calldataload(add(deal, 0x180)), 1), MAX_WINDOW)))
            wrong := or(wrong, iszero(lt(sub(calldataload(add(deal, 0x1a0)), 1), MAX_WINDOW)))
            wrong := or(wrong, gt(calldataload(add(deal, 0x1c0)), BPS))
            wrong := or(wrong, gt(calldataload(add(deal, 0x1e0)), BPS))
            wrong := or(wrong, gt(calldataload(add(deal, 0x200)), BPS))
            wrong := or(wrong, gt(calldataload(add(deal, 0x220)), PAYOUT_BITS))
        }
        if (wrong) revertTerms(deal);
        IEscrow.Milestone[] calldata milestones = Clean.milestones(deal);
        checkMilestones(milestones, Clean.price(deal), Clean.reviewWindow(deal), Clean.openBy(deal));
        return checkFees(deal, milestones.length);
    }

    /// @dev Names the first thing that is wrong.
    function revertTerms(IEscrow.Deal calldata deal) private view {
        Clean.checkBounded(deal);
        if (Clean.payout(deal) > PAYOUT_BITS) revert IEscrow.PayoutUnknown(deal.payout);
        checkTime(deal);
        checkParties(Clean.buyer(deal), Clean.seller(deal), Clean.arbiter(deal));
        address token = Clean.token(deal);
        if (token.code.length == 0) revert IEscrow.TokenWithoutCode(token);
        checkWindow(Clean.reviewWindow(deal));
        checkWindow(Clean.disputeWindow(deal));
        checkWindow(Clean.rulingWindow(deal));
        uint256 bps = Clean.walkAwayBps(deal);
        if (Clean.lapsedSellerBps(deal) > BPS) bps = Clean.lapsedSellerBps(deal);
        if (Clean.rejectedSellerBps(deal) > BPS) bps = Clean.rejectedSellerBps(deal);
        revert IEscrow.BpsOutOfRange(bps);
    }

    function checkTime(IEscrow.Deal calldata deal) private view {
        uint256 openBy = Clean.openBy(deal);
        if (block.timestamp > openBy) revert IEscrow.OpenByPassed(openBy, block.timestamp);
    }

    function checkParties(address buyer, address seller, address arbiter) private pure {
        if (buyer == address(0) || seller == address(0)) revert IEscrow.PartyZero(buyer, seller);
        if (buyer == seller || arbiter == buyer || arbiter == seller) {
            revert IEscrow.PartiesNotDistinct(buyer, seller, arbiter);
        }
    }

    function checkWindow(uint256 window) private pure {
        if (window == 0 || window > MAX_WINDOW) revert IEscrow.WindowOutOfRange(window, MAX_WINDOW);
    }

    function checkMilestones(
        IEscrow.Milestone[] calldata milestones,
        uint256 price,
        uint256 reviewWindow,
        uint256 openBy
    ) private pure {
        if (price == 0) revert IEscrow.PriceZero();
        uint256 count = milestones.length;
        if (count == 0 || count > MAX_MILESTONES) revert IEscrow.MilestoneCount(count, MAX_MILESTONES);
        uint256 sum = 0;
        uint256 dirty = 0;
        // At most 16 amounts of 128 bits, times of 40 bits: nothing can overflow before what is wider is refused.
        unchecked {
            // Whenever it opens, the first delivery is still to come.
            uint256 earliest = openBy + 1;
            for (uint256 i; i < count; ++i) {
                uint256 amount = Clean.amount(milestones, i);
                uint256 deliverBy = Clean.deliverBy(milestones, i);
                dirty |= (amount >> 128) | (deliverBy >> 40);
                if (amount == 0) revert IEscrow.MilestoneAmountZero(i);
                if (deliverBy < earliest) {
                    if (i == 0) revert IEscrow.DeadlineBeforeOpening(deliverBy, openBy);
                    revert IEscrow.MilestoneOrder(i, deliverBy, earliest);
                }
                sum += amount;
                earliest = deliverBy + reviewWindow;
            }
        }
        Clean.requireNone(dirty);
        if (sum != price) revert IEscrow.MilestonesSum(sum, price);
    }

    function checkFees(IEscrow.Deal calldata deal, uint256 count) private pure returns (uint256 fees) {
        uint256 fee = Clean.arbiterFee(deal);
        if (Clean.arbiter(deal) == address(0)) {
            if (fee != 0) revert IEscrow.FeeWithoutArbiter(fee);
            return 0;
        }
        // 128 bits times at most 16.
        unchecked {
            fees = fee * count;
        }
        if (Clean.sellerBond(deal) < fees) revert IEscrow.BondBelowFees(Clean.sellerBond(deal), fees);
    }
}
