// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.deliver.tree
contract DeliverTest is EscrowTest {
    function deliverAs(address caller, IEscrow.Deal memory deal, uint8 milestone, uint8 number) internal {
        vm.prank(caller);
        escrow.deliver(deal, milestone, number, GOODS, 0, 0, "");
    }

    function test_startTheReview() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        skip(3 days);
        vm.expectEmit(address(escrow));
        emit IEscrow.Delivered(id, 0, 1, GOODS);
        deliverAs(seller, deal, 0, 1);
        IEscrow.DealState memory s = escrow.stateOf(id);
        assertEq(uint256(s.status), uint256(IEscrow.Status.Delivered));
        assertEq(s.deliveries, 1);
        assertEq(s.since, START + 3 days);
        assertEq(s.shift, 0);
        assertEq(s.locked, lockedOf(deal));
        assertBooks(lockedOf(deal));
    }

    function test_relayADeliveryForItsFee() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        deposited(seller, 9);
        uint40 until = uint40(block.timestamp);
        bytes memory ofSeller = signed(sellerKey, delivery(id, 0, 1, GOODS, Action(9, until)));
        vm.prank(relayer);
        escrow.deliver(deal, 0, 1, GOODS, 9, until, ofSeller);
        assertEq(credit(relayer), 9);
        assertEq(credit(seller), 0);
        assertBooks(PRICE);
    }

    function test_refuseASignatureWithAnyFieldChanged() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        uint40 until = uint40(block.timestamp + 5);
        bytes memory ofSeller = signed(sellerKey, delivery(id, 0, 1, GOODS, Action(9, until)));
        bytes4 invalid = IEscrow.SignatureInvalid.selector;
        vm.expectRevert(abi.encodeWithSelector(invalid, seller, delivery(id, 0, 1, REASON, Action(9, until))));
        escrow.deliver(deal, 0, 1, REASON, 9, until, ofSeller);
        vm.expectRevert(abi.encodeWithSelector(invalid, seller, delivery(id, 0, 1, GOODS, Action(8, until))));
        escrow.deliver(deal, 0, 1, GOODS, 8, until, ofSeller);
        vm.expectRevert(abi.encodeWithSelector(invalid, seller, delivery(id, 0, 1, GOODS, Action(9, until + 1))));
        escrow.deliver(deal, 0, 1, GOODS, 9, until + 1, ofSeller);
    }

    function test_refuseAnExpiredSignature() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        uint40 until = uint40(block.timestamp);
        bytes memory ofSeller = signed(sellerKey, delivery(id, 0, 1, GOODS, Action(0, until)));
        skip(1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, until, until + 1));
        escrow.deliver(deal, 0, 1, GOODS, 0, until, ofSeller);
    }

    function test_refuseAnybodyElse() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        bytes32 digest = delivery(id, 0, 1, GOODS, Action(0, 0));
        address[3] memory others = [buyer, arbiter, stranger];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
            deliverAs(others[i], deal, 0, 1);
        }
    }

    function test_refuseWhereNothingCanBeDelivered() external {
        IEscrow.Status[4] memory statuses =
            [IEscrow.Status.Unopened, IEscrow.Status.Disputed, IEscrow.Status.Closed, IEscrow.Status.Cancelled];
        for (uint256 i; i < 4; ++i) {
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(statuses[i]);
            uint8 next = escrow.stateOf(id).deliveries + 1;
            vm.expectRevert(wrongStatus(id, statuses[i]));
            deliverAs(seller, deal, 0, next);
        }
    }

    function test_takeTheLastSecond() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        vm.warp(deal.milestones[0].deliverBy);
        delivered(deal);
    }

    function test_refuseAfterTheDeadline() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        uint256 deadline = deal.milestones[0].deliverBy;
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, deadline, deadline + 1));
        deliverAs(seller, deal, 0, 1);
    }

    function test_takeAnotherDeliveryDuringTheReview() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        skip(1 days);
        deliverAs(seller, deal, 0, 2);
        IEscrow.DealState memory s = escrow.stateOf(id);
        assertEq(s.deliveries, 2);
        assertEq(s.since, START + 1 days, "a fresh window");
        assertEq(s.shift, 0);
    }

    function test_refuseAnotherDeliveryDuringTheReviewAfterTheDeadline() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        uint256 deadline = deal.milestones[0].deliverBy;
        vm.warp(deadline);
        delivered(deal);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, deadline, deadline + 1));
        deliverAs(seller, deal, 0, 2);
    }

    function test_takeAnotherDeliveryAfterARejection() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Rejected);
        skip(1 hours);
        deliverAs(seller, deal, 0, 2);
        IEscrow.DealState memory s = escrow.stateOf(id);
        assertEq(uint256(s.status), uint256(IEscrow.Status.Delivered));
        assertEq(s.shift, 0, "the seller's own time");
    }

    function test_giveBackTheTimeOfTheReview() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        uint256 deadline = deal.milestones[0].deliverBy;
        vm.warp(deadline - 10);
        delivered(deal);
        skip(deal.reviewWindow);
        rejected(deal);
        skip(10);
        deliverAs(seller, deal, 0, 2);
        rejected(deal);
        skip(1);
        uint256 shifted = deadline + deal.reviewWindow;
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, shifted, shifted + 1));
        deliverAs(seller, deal, 0, 3);
    }

    function test_refuseAFifthDelivery() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        for (uint256 i; i < 4; ++i) {
            delivered(deal);
        }
        vm.expectRevert(abi.encodeWithSelector(IEscrow.DeliveryLimit.selector, 4));
        deliverAs(seller, deal, 0, 5);
    }

    function test_countDeliveriesAnewForTheNextMilestone() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        for (uint256 i; i < 4; ++i) {
            delivered(deal);
        }
        settled(deal);
        assertEq(state(deal).deliveries, 0);
        deliverAs(seller, deal, 1, 1);
    }

    function testFuzz_refuseAnotherNumber(uint8 number) external {
        IEscrow.Deal memory deal = simpleDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        vm.assume(number != 2);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.DeliveryMismatch.selector, number, 2));
        deliverAs(seller, deal, 0, number);
    }

    function testFuzz_refuseAnotherMilestone(uint8 milestone) external {
        IEscrow.Deal memory deal = milestoneDeal(3);
        opened(deal);
        settled(deal);
        vm.assume(milestone != 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MilestoneMismatch.selector, milestone, 1));
        deliverAs(seller, deal, milestone, 1);
    }
}
