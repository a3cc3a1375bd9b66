// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.lapse.tree
contract LapseTest is EscrowTest {
    function test_applyTheSignedShareAndClose() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        skip(deal.rulingWindow + 1);
        uint128 toSeller = PRICE / 2;
        vm.expectEmit(address(escrow));
        emit IEscrow.Lapsed(id, arbiter, 0, toSeller, PRICE - toSeller);
        vm.expectEmit(address(escrow));
        emit IEscrow.Closed(id, IEscrow.Outcome.Settled, toSeller + BOND, PRICE - toSeller + FEE, 0);
        vm.prank(stranger);
        escrow.lapse(deal);
        assertClosed(id);
        assertEq(token.balanceOf(seller), FUNDS + toSeller);
        assertEq(token.balanceOf(buyer), FUNDS - toSeller);
        assertEq(credit(arbiter), 0, "the silent earn nothing");
        assertBooks(0);
    }

    function test_keepTheFeesForTheNextMilestone() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        skip(deal.rulingWindow + 1);
        escrow.lapse(deal);
        IEscrow.DealState memory s = escrow.stateOf(id);
        assertEq(uint256(s.status), uint256(IEscrow.Status.Open));
        assertEq(s.milestone, 1);
        assertEq(s.sellerLostBps, 0);
        assertEq(s.shift, deal.rulingWindow + 1);
        assertEq(s.locked, lockedOf(deal) - deal.milestones[0].amount);
        delivered(deal);
        rejected(deal);
        disputed(deal);
        ruled(deal, 0);
        assertEq(credit(arbiter), FEE);
        assertBooks(0);
    }

    function test_refuseInTheLastSecondOfTheWindow() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Disputed);
        uint256 last = block.timestamp + deal.rulingWindow;
        vm.warp(last);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, last + 1, last));
        escrow.lapse(deal);
    }

    function test_refuseWhereNothingIsDisputed() external {
        for (uint8 i; i <= uint8(IEscrow.Status.Cancelled); ++i) {
            if (i == uint8(IEscrow.Status.Disputed)) continue;
            vm.warp(START);
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(IEscrow.Status(i));
            skip(400 days);
            vm.expectRevert(wrongStatus(id, IEscrow.Status(i)));
            escrow.lapse(deal);
        }
    }

    function test_countItAgainstTheArbiter() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Disputed);
        skip(deal.rulingWindow + 1);
        escrow.lapse(deal);
        assertEq(escrow.recordOf(address(token), arbiter).lapsed, 1);
        assertEq(escrow.recordOf(address(token), arbiter).ruled, 0);
        assertEq(escrow.accountOf(address(token), seller).disputesLost, 0);
        assertEq(escrow.accountOf(address(token), buyer).disputesLost, 0);
    }

    function testFuzz_floorTheSellersShareAndLoseNothing(uint16 bps, uint8 payout) external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.lapsedSellerBps = uint16(bound(bps, 0, 10_000));
        deal.payout = payout & 3;
        broughtTo(deal, IEscrow.Status.Disputed);
        skip(deal.rulingWindow + 1);
        escrow.lapse(deal);
        uint256 share = uint256(PRICE) * deal.lapsedSellerBps / 10_000;
        assertEq(token.balanceOf(seller) + credit(seller), FUNDS + share);
        assertEq(token.balanceOf(buyer) + credit(buyer), FUNDS - share);
        assertBooks(0);
    }
}
