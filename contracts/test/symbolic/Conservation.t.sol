// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {SymbolicTest} from "./SymbolicTest.sol";

/// @notice Whatever the amounts, each way in which a milestone or a deal ends gives each party what the formulas of the
/// specification say, and leaves locked what they say. Sums.t.sol proves of these formulas that nothing is lost.
contract ConservationProof is SymbolicTest {
    IEscrow.Status private constant OPEN = IEscrow.Status.Open;
    IEscrow.Status private constant CLOSED = IEscrow.Status.Closed;

    /// @dev What Sums.t.sol proves of the formulas below (`check_aMilestonePaidInFull`, `check_aLastDivision`), said here so that
    /// no solver has to find it out among all the rest. It holds as what those ask for does: a share is at most its milestone
    /// (floor(a · b / BPS) <= a), what is left of the bond is at most the bond (`check_theBondIsNeverOverdrawn`), and what is
    /// locked is the milestone, the bond and a fee at least (`lockedIn`).
    function fit(uint256 toSeller, uint256 toBuyer) private pure {
        vm.assume(toSeller <= type(uint128).max && toBuyer <= type(uint128).max);
    }

    /// @dev The deal closes, and what is not the seller's is the buyer's.
    function ended(uint256 locked, uint256 toSeller) private pure returns (Outcome memory) {
        unchecked {
            fit(toSeller, locked - toSeller);
            return Outcome(CLOSED, 0, toSeller, locked - toSeller, 0);
        }
    }

    // ---- milestones paid in full ----

    /// @dev The bond returns with the last milestone.
    function paidInFull(IEscrow.Deal memory deal, uint256 locked, uint256 milestone, uint256 lost)
        private
        pure
        returns (Outcome memory)
    {
        uint256 amount = deal.milestones[milestone].amount;
        unchecked {
            if (milestone + 1 != deal.milestones.length) return Outcome(OPEN, locked - amount, amount, 0, 0);
            return ended(locked, amount + bondLeft(deal, lost));
        }
    }

    function settles(Numbers memory n, uint256 count, uint256 milestone, uint256 rulings) private {
        IEscrow.Deal memory deal = dealOf(n, count);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Delivered, milestone, rulings, n.lost);
        Outcome memory due = paidInFull(deal, locked, milestone, n.lost);
        vm.prank(BUYER);
        escrow.settle(deal, uint8(milestone), 0, 0, 0, "");
        assertPaid(id, due);
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
        Outcome memory due = paidInFull(deal, locked, 1, n.lost);
        vm.warp(START + WINDOW + 1);
        escrow.settleBySilence(deal);
        assertPaid(id, due);
    }

    // ---- milestones divided ----

    /// @param share of the milestone, to the seller
    /// @param lost bps that the seller has lost by now
    function divided(
        IEscrow.Deal memory deal,
        uint256 locked,
        uint256 milestone,
        uint256 share,
        uint256 lost,
        uint256 charged
    ) private pure returns (Outcome memory) {
        unchecked {
            uint256 rest = deal.milestones[milestone].amount - share;
            uint256 remaining = locked - share - rest - charged;
            if (milestone + 1 != deal.milestones.length) return Outcome(OPEN, remaining, share, rest, charged);
            uint256 bond = bondLeft(deal, lost);
            uint256 toBuyer = rest + (remaining - bond);
            fit(share + bond, toBuyer);
            return Outcome(CLOSED, 0, share + bond, toBuyer, charged);
        }
    }

    function rules(Numbers memory n, uint16 bps, uint256 count, uint256 milestone, uint256 rulings) private {
        IEscrow.Deal memory deal = dealOf(n, count);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Disputed, milestone, rulings, n.lost);
        vm.assume(bps <= BPS);
        uint256 lost;
        uint256 share;
        unchecked {
            lost = n.lost + BPS - bps;
            share = uint256(deal.milestones[milestone].amount) * bps / BPS;
        }
        boundLoss(deal, lost, rulings + 1);
        Outcome memory due = divided(deal, locked, milestone, share, lost, n.fee);
        vm.prank(ARBITER);
        escrow.rule(deal, uint8(milestone), bps, 0, 0, 0, "");
        assertPaid(id, due);
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
        uint256 share;
        unchecked {
            share = uint256(deal.milestones[milestone].amount) * SHARE / BPS;
        }
        Outcome memory due = divided(deal, locked, milestone, share, n.lost, 0);
        vm.warp(START + WINDOW + 1);
        escrow.lapse(deal);
        assertPaid(id, due);
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
        uint256 toSeller;
        unchecked {
            toSeller = uint256(n.second) * SHARE / BPS + bondLeft(deal, n.lost);
        }
        Outcome memory due = ended(locked, toSeller);
        vm.warp(START + WINDOW + 1);
        escrow.closeRejected(deal);
        assertPaid(id, due);
    }

    function refunds(Numbers memory n, address party) private {
        IEscrow.Deal memory deal = dealOf(n, 3);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Open, 1, 1, n.lost);
        uint256 toSeller = party == address(0) ? 0 : bondLeft(deal, n.lost);
        unchecked {
            if (party == SELLER) toSeller -= toSeller * SHARE / BPS;
        }
        Outcome memory due = ended(locked, toSeller);
        if (party == address(0)) vm.warp(START + 14 days + 1);
        vm.prank(party);
        escrow.refund(deal, party, 1, 0, 0, "");
        assertPaid(id, due);
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

    /// @dev Whatever both signed: where it goes through, it was all that is locked, and each has its part.
    function check_split(Numbers memory n, uint128 toSeller, uint128 toBuyer, uint128 toArbiter) external {
        IEscrow.Deal memory deal = dealOf(n, 3);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Disputed, 1, 1, n.lost);
        IEscrow.Split memory terms;
        (terms.dealId, terms.milestone, terms.status) = (id, 1, uint8(IEscrow.Status.Disputed));
        (terms.locked, terms.toSeller, terms.toBuyer, terms.toArbiter) = (uint128(locked), toSeller, toBuyer, toArbiter);
        terms.validUntil = uint40(START);
        agree();
        escrow.split(deal, terms, SIGNED, SIGNED);
        assertEq(uint256(toSeller) + toBuyer + toArbiter, locked);
        assertPaid(id, Outcome(IEscrow.Status.Closed, 0, toSeller, toBuyer, toArbiter));
    }
}
