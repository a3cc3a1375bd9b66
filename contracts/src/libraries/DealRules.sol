// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {DealHash} from "./DealHash.sol";

/// @notice What a deal must satisfy to be opened now, whoever signed it. Epochs and signatures are checked elsewhere.
library DealRules {
    uint256 internal constant MAX_MILESTONES = 16;
    uint256 internal constant MAX_WINDOW = 365 days;
    uint256 internal constant BPS = 10_000;
    /// @dev Bits 0 and 1 of `payout`; bit 2 belongs to instant deals.
    uint256 internal constant PAYOUT_BITS = 3;
    uint256 internal constant INSTANT = 4;

    /// @dev Every field is read here or in `open` through typed access, which refuses bits beyond its type, but for the
    /// ones that `requireCleanRest` looks at: a deal has one encoding, hence one id.
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
        if (deal.bundle != 0) revert IEscrow.LinkedDealAlone(deal.bundle);
        if (deal.amends != 0) revert IEscrow.AmendmentNotHere(deal.amends);
        uint256 payout = deal.payout;
        if (payout & INSTANT == 0 || payout > INSTANT + PAYOUT_BITS) revert IEscrow.NotInstant(deal.payout);
        if (block.timestamp > deal.openBy) revert IEscrow.OpenByPassed(deal.openBy, block.timestamp);
        checkParties(deal.buyer, deal.seller, address(0));
        uint256 count = deal.milestones.length;
        if (deal.arbiter != address(0) || deal.sellerBond != 0 || deal.arbiterFee != 0 || count != 1) {
            revert IEscrow.InstantDealBound(deal.arbiter, deal.arbiterFee, deal.sellerBond, count);
        }
        if (deal.price == 0) revert IEscrow.PriceZero();
        uint256 amount = deal.milestones[0].amount;
        if (amount != deal.price) revert IEscrow.MilestonesSum(amount, deal.price);
    }

    function checkTerms(IEscrow.Deal calldata deal) private view returns (uint256 fees) {
        DealHash.requireCleanRest(deal);
        if (deal.payout > PAYOUT_BITS) revert IEscrow.PayoutUnknown(deal.payout);
        if (block.timestamp > deal.openBy) revert IEscrow.OpenByPassed(deal.openBy, block.timestamp);
        checkParties(deal.buyer, deal.seller, deal.arbiter);
        if (deal.token.code.length == 0) revert IEscrow.TokenWithoutCode(deal.token);
        uint256 reviewWindow = deal.reviewWindow;
        if (outOfRange(reviewWindow) || outOfRange(deal.disputeWindow) || outOfRange(deal.rulingWindow)) {
            revertWindow(deal);
        }
        if (deal.rejectedSellerBps > BPS || deal.lapsedSellerBps > BPS || deal.walkAwayBps > BPS) revertBps(deal);
        IEscrow.Milestone[] calldata milestones = deal.milestones;
        checkMilestones(milestones, deal.price, reviewWindow, deal.openBy);
        return checkFees(deal, milestones.length);
    }

    function checkParties(address buyer, address seller, address arbiter) private pure {
        if (buyer == address(0) || seller == address(0)) revert IEscrow.PartyZero(buyer, seller);
        if (buyer == seller || arbiter == buyer || arbiter == seller) {
            revert IEscrow.PartiesNotDistinct(buyer, seller, arbiter);
        }
    }

    /// @dev 1 to MAX_WINDOW is in range; zero wraps to the largest number.
    function outOfRange(uint256 window) private pure returns (bool) {
        unchecked {
            return window - 1 >= MAX_WINDOW;
        }
    }

    /// @dev Names the window that is out of range.
    function revertWindow(IEscrow.Deal calldata deal) private pure {
        uint256 window = deal.rulingWindow;
        if (outOfRange(deal.disputeWindow)) window = deal.disputeWindow;
        if (outOfRange(deal.reviewWindow)) window = deal.reviewWindow;
        revert IEscrow.WindowOutOfRange(window, MAX_WINDOW);
    }

    /// @dev Names the share that is above the whole.
    function revertBps(IEscrow.Deal calldata deal) private pure {
        uint256 bps = deal.walkAwayBps;
        if (deal.lapsedSellerBps > BPS) bps = deal.lapsedSellerBps;
        if (deal.rejectedSellerBps > BPS) bps = deal.rejectedSellerBps;
        revert IEscrow.BpsOutOfRange(bps);
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
        // Whenever it opens, the first delivery is still to come.
        uint256 earliest = openBy + 1;
        for (uint256 i; i < count; ++i) {
            IEscrow.Milestone calldata milestone = milestones[i];
            uint256 amount = milestone.amount;
            uint256 deliverBy = milestone.deliverBy;
            if (amount == 0) revert IEscrow.MilestoneAmountZero(i);
            if (deliverBy < earliest) {
                if (i == 0) revert IEscrow.DeadlineBeforeOpening(deliverBy, openBy);
                revert IEscrow.MilestoneOrder(i, deliverBy, earliest);
            }
            // At most 16 amounts of 128 bits, times of 40 bits: neither sum can overflow.
            unchecked {
                sum += amount;
                earliest = deliverBy + reviewWindow;
            }
        }
        if (sum != price) revert IEscrow.MilestonesSum(sum, price);
    }

    function checkFees(IEscrow.Deal calldata deal, uint256 count) private pure returns (uint256 fees) {
        if (deal.arbiter == address(0)) {
            if (deal.arbiterFee != 0) revert IEscrow.FeeWithoutArbiter(deal.arbiterFee);
            return 0;
        }
        // 128 bits times at most 16.
        unchecked {
            fees = uint256(deal.arbiterFee) * count;
        }
        if (deal.sellerBond < fees) revert IEscrow.BondBelowFees(deal.sellerBond, fees);
    }
}
