// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {SymbolicTest} from "./SymbolicTest.sol";

/// @notice Whatever the amounts, each way in which a milestone or a deal ends gives each party what the formulas of the
/// specification say, and leaves locked what they say. Sums.t.sol proves of these formulas that nothing is lost.
contract ConservationProof is SymbolicTest {
    IEscrow.Status private constant OPEN = IEscrow.Status.Open;
    IEscrow.Status private constant CLOSED = IEscrow.Status.Closed;

    // ---- milestones paid in full ----

    /// @dev The bond returns with the last milestone, and what is neither is the buyer's.
    function assertPaidInFull(IEscrow.Deal memory deal, bytes32 id, uint256 locked, uint256 milestone, uint256 lost)
        private
        view
    {
        uint256 amount = deal.milestones[milestone].amount;
        unchecked {
            if (milestone + 1 != deal.milestones.length) return assertPaid(id, OPEN, locked - amount, amount, 0, 0);
            uint256 toSeller = amount + bondLeft(deal, lost);
            assertPaid(id, CLOSED, 0, toSeller, locked - toSeller, 0);
        }
    }

    function settles(Numbers memory n, uint256 count, uint256 milestone, uint256 rulings) private {
        IEscrow.Deal memory deal = dealOf(n, count);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Delivered, milestone, rulings, n.lost);
        vm.prank(BUYER);
        escrow.settle(deal, uint8(milestone), 0, 0, 0, "");
        assertPaidInFull(deal, id, locked, milestone, n.lost);
    }

    function check_receiptForTheOnlyMilestone(Numbers memory n) external {
        settles(n, 1, 0, 0);
    }

    function check_receiptForTheFirstOfThree(Numbers memory n) external {
        settles(n, 3, 0, 0);
    }

    function check_receiptForTheLastOfThreeAfterTwoRulings(Numbers memory n) external {
        settles(n, 3, 2, 2);
    }

    function check_silenceAfterARuling(Numbers memory n) external {
        IEscrow.Deal memory deal = dealOf(n, 2);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Delivered, 1, 1, n.lost);
        vm.warp(START + WINDOW + 1);
        escrow.settleBySilence(deal);
        assertPaidInFull(deal, id, locked, 1, n.lost);
    }

    // ---- milestones divided ----

    /// @param share of the milestone, to the seller
    /// @param lost bps that the seller has lost by now
    function assertDivided(
        IEscrow.Deal memory deal,
        bytes32 id,
        uint256 locked,
        uint256 milestone,
        uint256 share,
        uint256 lost,
        uint256 charged
    ) private view {
        unchecked {
            uint256 rest = deal.milestones[milestone].amount - share;
            uint256 remaining = locked - share - rest - charged;
            if (milestone + 1 != deal.milestones.length) return assertPaid(id, OPEN, remaining, share, rest, charged);
            uint256 bond = bondLeft(deal, lost);
            assertPaid(id, CLOSED, 0, share + bond, rest + (remaining - bond), charged);
        }
    }

    function rules(Numbers memory n, uint16 bps, uint256 count, uint256 milestone, uint256 rulings) private {
        IEscrow.Deal memory deal = dealOf(n, count);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Disputed, milestone, rulings, n.lost);
        vm.assume(bps <= BPS);
        // As in `begin`, for the sum that this ruling makes.
        vm.assume(uint256(n.fee) * (n.lost + BPS - bps) / BPS <= uint256(n.fee) * (rulings + 1));
        vm.prank(ARBITER);
        escrow.rule(deal, uint8(milestone), bps, 0, 0, 0, "");
        unchecked {
            uint256 share = uint256(deal.milestones[milestone].amount) * bps / BPS;
            assertDivided(deal, id, locked, milestone, share, n.lost + BPS - bps, n.fee);
        }
    }

    function check_rulingOnTheOnlyMilestone(Numbers memory n, uint16 bps) external {
        rules(n, bps, 1, 0, 0);
    }

    function check_rulingOnTheFirstOfThree(Numbers memory n, uint16 bps) external {
        rules(n, bps, 3, 0, 0);
    }

    function check_rulingOnTheLastOfThreeAfterTwo(Numbers memory n, uint16 bps) external {
        rules(n, bps, 3, 2, 2);
    }

    function lapses(Numbers memory n, uint256 count, uint256 milestone, uint256 rulings) private {
        IEscrow.Deal memory deal = dealOf(n, count);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Disputed, milestone, rulings, n.lost);
        vm.warp(START + WINDOW + 1);
        escrow.lapse(deal);
        unchecked {
            uint256 share = uint256(deal.milestones[milestone].amount) * SHARE / BPS;
            assertDivided(deal, id, locked, milestone, share, n.lost, 0);
        }
    }

    function check_lapseOnTheOnlyMilestone(Numbers memory n) external {
        lapses(n, 1, 0, 0);
    }

    function check_lapseOnTheSecondOfThreeAfterARuling(Numbers memory n) external {
        lapses(n, 3, 1, 1);
    }

    function check_lapseOnTheLastOfThreeAfterTwoRulings(Numbers memory n) external {
        lapses(n, 3, 2, 2);
    }

    // ---- the whole deal ends ----

    function check_rejectionLetStand(Numbers memory n) external {
        IEscrow.Deal memory deal = dealOf(n, 3);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Rejected, 1, 1, n.lost);
        vm.warp(START + WINDOW + 1);
        escrow.closeRejected(deal);
        unchecked {
            uint256 toSeller = uint256(n.second) * SHARE / BPS + bondLeft(deal, n.lost);
            assertPaid(id, CLOSED, 0, toSeller, locked - toSeller, 0);
        }
    }

    function refunds(Numbers memory n, address party) private {
        IEscrow.Deal memory deal = dealOf(n, 3);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Open, 1, 1, n.lost);
        if (party == address(0)) vm.warp(START + 14 days + 1);
        vm.prank(party);
        escrow.refund(deal, party, 1, 0, 0, "");
        unchecked {
            uint256 toSeller = party == address(0) ? 0 : bondLeft(deal, n.lost);
            if (party == SELLER) toSeller -= toSeller * SHARE / BPS;
            assertPaid(id, CLOSED, 0, toSeller, locked - toSeller, 0);
        }
    }

    function check_default(Numbers memory n) external {
        refunds(n, address(0));
    }

    function check_buyerCancels(Numbers memory n) external {
        refunds(n, BUYER);
    }

    function check_sellerLeaves(Numbers memory n) external {
        refunds(n, SELLER);
    }
}
