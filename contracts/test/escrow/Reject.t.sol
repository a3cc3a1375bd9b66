// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.reject.tree
contract RejectTest is EscrowTest {
    function rejectAs(address caller, IEscrow.Deal memory deal, uint8 milestone, uint8 number) internal {
        vm.prank(caller);
        escrow.reject(deal, milestone, number, REASON, 0, 0, "");
    }

    function test_stopThePayment() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        skip(1 days);
        vm.expectEmit(address(escrow));
        emit IEscrow.Rejected(id, 0, 1, REASON);
        rejectAs(buyer, deal, 0, 1);
        IEscrow.DealState memory s = escrow.stateOf(id);
        assertEq(uint256(s.status), uint256(IEscrow.Status.Rejected));
        assertEq(s.since, START + 1 days);
        assertEq(s.deliveries, 1);
        assertEq(s.locked, lockedOf(deal));
        skip(400 days);
        vm.expectRevert(wrongStatus(id, IEscrow.Status.Rejected));
        escrow.settleBySilence(deal);
    }

    function testFuzz_stopTheClockWhileTheDeliveryWaited(uint256 waited) external {
        IEscrow.Deal memory deal = simpleDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        waited = bound(waited, 0, deal.reviewWindow);
        skip(waited);
        rejectAs(buyer, deal, 0, 1);
        assertEq(state(deal).shift, waited);
    }

    function test_takeTheLastSecondOfTheWindow() external {
        IEscrow.Deal memory deal = simpleDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        skip(deal.reviewWindow);
        rejectAs(buyer, deal, 0, 1);
        assertStatus(idOf(deal), IEscrow.Status.Rejected);
    }

    function test_refuseAfterTheWindow() external {
        IEscrow.Deal memory deal = simpleDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        uint256 last = block.timestamp + deal.reviewWindow;
        vm.warp(last + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, last, last + 1));
        rejectAs(buyer, deal, 0, 1);
    }

    function test_relayARejectionForItsFee() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        deposited(buyer, 4);
        bytes memory ofBuyer = signed(buyerKey, rejection(id, 0, 1, REASON, Action(4, deal.openBy)));
        vm.prank(relayer);
        escrow.reject(deal, 0, 1, REASON, 4, deal.openBy, ofBuyer);
        assertEq(credit(relayer), 4);
        assertStatus(id, IEscrow.Status.Rejected);
    }

    function test_refuseADeliveryAsARejection() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        bytes memory ofBuyer = signed(buyerKey, delivery(id, 0, 1, REASON, Action(0, deal.openBy)));
        bytes32 digest = rejection(id, 0, 1, REASON, Action(0, deal.openBy));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        escrow.reject(deal, 0, 1, REASON, 0, deal.openBy, ofBuyer);
    }

    function test_refuseAnExpiredSignature() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        bytes memory ofBuyer = signed(buyerKey, rejection(id, 0, 1, REASON, Action(0, deal.openBy)));
        vm.warp(deal.openBy + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, deal.openBy, deal.openBy + 1));
        escrow.reject(deal, 0, 1, REASON, 0, deal.openBy, ofBuyer);
    }

    function test_refuseAnybodyElse() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        bytes32 digest = rejection(id, 0, 1, REASON, Action(0, 0));
        address[3] memory others = [seller, arbiter, stranger];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
            rejectAs(others[i], deal, 0, 1);
        }
    }

    function test_refuseToRejectADeliveryThatWasReplaced() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        bytes memory ofBuyer = signed(buyerKey, rejection(id, 0, 1, REASON, Action(0, deal.openBy)));
        delivered(deal);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.DeliveryMismatch.selector, 1, 2));
        escrow.reject(deal, 0, 1, REASON, 0, deal.openBy, ofBuyer);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.DeliveryMismatch.selector, 1, 2));
        rejectAs(buyer, deal, 0, 1);
    }

    function test_refuseAnotherMilestone() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        broughtTo(deal, IEscrow.Status.Delivered);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MilestoneMismatch.selector, 1, 0));
        rejectAs(buyer, deal, 1, 1);
    }

    function test_refuseWhereNothingWaitsForTheBuyer() external {
        for (uint8 i; i <= uint8(IEscrow.Status.Cancelled); ++i) {
            if (i == uint8(IEscrow.Status.Delivered)) continue;
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(IEscrow.Status(i));
            vm.expectRevert(wrongStatus(id, IEscrow.Status(i)));
            rejectAs(buyer, deal, 0, 1);
        }
    }
}
