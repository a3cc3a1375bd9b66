// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.dispute.tree
contract DisputeTest is EscrowTest {
    function disputeAs(address caller, IEscrow.Deal memory deal, address party, uint8 milestone) internal {
        vm.prank(caller);
        escrow.dispute(deal, party, milestone, REASON, 0, 0, "");
    }

    function test_letEitherPartyGoToTheArbiter() external {
        address[2] memory parties = [buyer, seller];
        for (uint256 i; i < 2; ++i) {
            IEscrow.Deal memory deal = arbitratedDeal();
            deal.nonce = i;
            bytes32 id = broughtTo(deal, IEscrow.Status.Rejected);
            vm.expectEmit(address(escrow));
            emit IEscrow.Disputed(id, parties[i], 0, REASON);
            disputeAs(parties[i], deal, parties[i], 0);
            IEscrow.DealState memory s = escrow.stateOf(id);
            assertEq(uint256(s.status), uint256(IEscrow.Status.Disputed));
            assertEq(s.deliveries, 1);
            assertEq(s.locked, lockedOf(deal));
        }
    }

    function test_stopTheClockFromTheRejectionOn() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        skip(100);
        rejected(deal);
        skip(30);
        disputeAs(seller, deal, seller, 0);
        assertEq(state(deal).shift, 130);
        assertEq(state(deal).since, block.timestamp);
    }

    function test_takeTheLastSecondOfTheWindow() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Rejected);
        skip(deal.disputeWindow);
        disputeAs(seller, deal, seller, 0);
        assertStatus(idOf(deal), IEscrow.Status.Disputed);
    }

    function test_refuseAfterTheWindow() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Rejected);
        uint256 last = block.timestamp + deal.disputeWindow;
        vm.warp(last + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, last, last + 1));
        disputeAs(seller, deal, seller, 0);
    }

    function test_refuseWithoutAnArbiter() external {
        IEscrow.Deal memory deal = simpleDeal();
        broughtTo(deal, IEscrow.Status.Rejected);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NoArbiter.selector));
        disputeAs(seller, deal, seller, 0);
    }

    function test_relayADisputeForItsFee() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Rejected);
        deposited(seller, 6);
        bytes memory ofSeller = signed(sellerKey, disputeDigest(id, seller, 0, REASON, Action(6, deal.openBy)));
        vm.prank(relayer);
        escrow.dispute(deal, seller, 0, REASON, 6, deal.openBy, ofSeller);
        assertEq(credit(relayer), 6);
        assertEq(credit(seller), 0);
        assertStatus(id, IEscrow.Status.Disputed);
    }

    function test_refuseTheOtherPartysSignature() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Rejected);
        bytes32 digest = disputeDigest(id, seller, 0, REASON, Action(0, deal.openBy));
        bytes memory ofBuyer = signed(buyerKey, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
        escrow.dispute(deal, seller, 0, REASON, 0, deal.openBy, ofBuyer);
    }

    function test_refuseAnExpiredSignature() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Rejected);
        bytes memory ofSeller = signed(sellerKey, disputeDigest(id, seller, 0, REASON, Action(0, deal.openBy)));
        vm.warp(deal.openBy + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, deal.openBy, deal.openBy + 1));
        escrow.dispute(deal, seller, 0, REASON, 0, deal.openBy, ofSeller);
    }

    function test_refuseAnybodyElse() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Rejected);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotParty.selector, arbiter));
        disputeAs(arbiter, deal, arbiter, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotParty.selector, address(0)));
        disputeAs(stranger, deal, address(0), 0);
    }

    function test_refuseAnotherMilestone() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        broughtTo(deal, IEscrow.Status.Rejected);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MilestoneMismatch.selector, 1, 0));
        disputeAs(seller, deal, seller, 1);
    }

    function test_refuseWhereNothingWasRejected() external {
        for (uint8 i; i <= uint8(IEscrow.Status.Cancelled); ++i) {
            if (i == uint8(IEscrow.Status.Rejected)) continue;
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(IEscrow.Status(i));
            vm.expectRevert(wrongStatus(id, IEscrow.Status(i)));
            disputeAs(seller, deal, seller, 0);
        }
    }
}
