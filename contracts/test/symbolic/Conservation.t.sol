// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {SymbolicTest} from "./SymbolicTest.sol";

/// @notice Whatever the amounts, each way in which a milestone or a deal ends pays out what was locked, to the unit, or
/// leaves it locked; and it leaves a deal that goes on with exactly what must be locked in it.
contract ConservationProof is SymbolicTest {
    // ---- milestones paid in full ----

    function settles(Numbers memory n, uint256 count, uint256 milestone, uint256 rulings) private {
        IEscrow.Deal memory deal = dealOf(n, count);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Delivered, milestone, rulings, n.lost);
        vm.prank(BUYER);
        escrow.settle(deal, uint8(milestone), 0, 0, 0, "");
        if (milestone + 1 == count) assertClosed(id, locked, 0);
        else assertGoesOn(deal, id, locked, milestone + 1, rulings, 0);
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
        assertClosed(id, locked, 0);
    }

    // ---- milestones divided ----

    function rules(Numbers memory n, uint16 bps, uint256 count, uint256 milestone, uint256 rulings) private {
        IEscrow.Deal memory deal = dealOf(n, count);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Disputed, milestone, rulings, n.lost);
        vm.assume(bps <= BPS);
        // The lemma again, for the sum that this ruling makes.
        vm.assume(uint256(n.fee) * (n.lost + BPS - bps) / BPS <= uint256(n.fee) * (rulings + 1));
        vm.prank(ARBITER);
        escrow.rule(deal, uint8(milestone), bps, 0, 0, 0, "");
        if (milestone + 1 == count) assertClosed(id, locked, n.fee);
        else assertGoesOn(deal, id, locked, milestone + 1, rulings + 1, n.fee);
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
        if (milestone + 1 == count) assertClosed(id, locked, 0);
        else assertGoesOn(deal, id, locked, milestone + 1, rulings, 0);
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
        assertClosed(id, locked, 0);
    }

    function refunds(Numbers memory n, address party) private {
        IEscrow.Deal memory deal = dealOf(n, 3);
        (bytes32 id, uint256 locked) = begin(deal, IEscrow.Status.Open, 1, 1, n.lost);
        if (party == address(0)) vm.warp(START + 14 days + 1);
        vm.prank(party);
        escrow.refund(deal, party, 1, 0, 0, "");
        assertClosed(id, locked, 0);
        if (party == address(0)) assertEq(credit(SELLER), 0);
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
