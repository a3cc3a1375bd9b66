// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.settleBySilence.tree
contract SilenceTest is EscrowTest {
    function test_payAfterTheReviewWindow() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        skip(deal.reviewWindow + 1);
        vm.expectEmit(address(escrow));
        emit IEscrow.Settled(id, 0, IEscrow.Acceptance.Silence, PRICE, 0, bytes32(0));
        vm.prank(stranger);
        escrow.settleBySilence(deal);
        assertClosed(id);
        assertEq(token.balanceOf(seller), FUNDS + PRICE);
        assertEq(credit(buyer), FEE);
        assertBooks(0);
    }

    function test_refuseInTheLastSecondOfTheWindow() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        uint256 last = block.timestamp + deal.reviewWindow;
        vm.warp(last);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, last + 1, last));
        escrow.settleBySilence(deal);
    }

    function test_countTheWindowFromTheLastDelivery() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        skip(1 days);
        delivered(deal);
        uint256 last = block.timestamp + deal.reviewWindow;
        vm.warp(last);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, last + 1, last));
        escrow.settleBySilence(deal);
    }

    function test_refuseWhereNothingWaitsForTheBuyer() external {
        for (uint8 i; i <= uint8(IEscrow.Status.Cancelled); ++i) {
            if (i == uint8(IEscrow.Status.Delivered)) continue;
            vm.warp(START);
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(IEscrow.Status(i));
            skip(400 days);
            vm.expectRevert(wrongStatus(id, IEscrow.Status(i)));
            escrow.settleBySilence(deal);
        }
    }

    function test_goOnToTheNextMilestoneWithTheClockStopped() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        broughtTo(deal, IEscrow.Status.Delivered);
        skip(deal.reviewWindow + 9);
        escrow.settleBySilence(deal);
        IEscrow.DealState memory s = state(deal);
        assertEq(uint256(s.status), uint256(IEscrow.Status.Open));
        assertEq(s.milestone, 1);
        assertEq(s.deliveries, 0);
        assertEq(s.shift, deal.reviewWindow + 9);
        assertBooks(lockedOf(deal) - deal.milestones[0].amount);
    }

    function test_countEverySilentMilestone() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        for (uint256 i; i < 2; ++i) {
            delivered(deal);
            skip(deal.reviewWindow + 1);
            escrow.settleBySilence(deal);
        }
        IEscrow.Account memory ofBuyer = escrow.accountOf(address(token), buyer);
        assertEq(ofBuyer.bySilence, 2);
        assertEq(ofBuyer.settledAsBuyer, 1);
        assertEq(escrow.accountOf(address(token), seller).settledAsSeller, 1);
        assertEq(escrow.accountOf(address(token), seller).bySilence, 0);
    }
}
