// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.refund.tree
contract RefundTest is EscrowTest {
    function refundAs(address caller, IEscrow.Deal memory deal, address party, uint8 milestone) internal {
        vm.prank(caller);
        escrow.refund(deal, party, milestone, 0, 0, "");
    }

    // ---- anyone, after the deadline ----

    function test_giveEverythingToTheBuyerOnADefault() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        vm.warp(deal.milestones[0].deliverBy + 1);
        vm.expectEmit(address(escrow));
        emit IEscrow.Closed(id, IEscrow.Outcome.Defaulted, 0, PRICE + BOND + FEE, 0);
        refundAs(stranger, deal, address(0), 0);
        assertClosed(id);
        assertEq(token.balanceOf(buyer), FUNDS + BOND);
        assertEq(token.balanceOf(seller), FUNDS - BOND);
        assertEq(escrow.accountOf(address(token), seller).defaulted, 1);
        assertBooks(0);
    }

    function test_refuseADefaultInTheLastSecond() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        uint256 deadline = deal.milestones[0].deliverBy;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, deadline + 1, deadline));
        refundAs(buyer, deal, address(0), 0);
    }

    function test_waitForTheShiftedDeadline() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        broughtTo(deal, IEscrow.Status.Disputed);
        skip(4 days);
        ruled(deal, 10_000);
        uint256 deadline = deal.milestones[1].deliverBy + 4 days;
        vm.warp(deadline);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, deadline + 1, deadline));
        refundAs(buyer, deal, address(0), 1);
        vm.warp(deadline + 1);
        refundAs(buyer, deal, address(0), 1);
        assertClosed(idOf(deal));
    }

    function test_ignoreFeeAndSignatureOfADefault() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        vm.warp(deal.milestones[0].deliverBy + 1);
        vm.prank(relayer);
        escrow.refund(deal, address(0), 0, 99, 0, hex"00");
        assertClosed(idOf(deal));
        assertEq(credit(relayer), 0);
    }

    // ---- the buyer, until cancelBy ----

    function test_letTheBuyerLeaveAtNoCostUntilCancelBy() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.cancelBy = uint40(block.timestamp + 1 hours);
        bytes32 id = opened(deal);
        vm.warp(deal.cancelBy);
        vm.expectEmit(address(escrow));
        emit IEscrow.Closed(id, IEscrow.Outcome.CancelledByBuyer, BOND, PRICE + FEE, 0);
        refundAs(buyer, deal, buyer, 0);
        assertClosed(id);
        assertEq(token.balanceOf(buyer), FUNDS);
        assertEq(token.balanceOf(seller), FUNDS);
        assertEq(escrow.recordOf(address(token), buyer).cancelled, 1);
        assertBooks(0);
    }

    function test_refuseTheBuyerAfterCancelBy() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.cancelBy = uint40(block.timestamp + 1 hours);
        opened(deal);
        vm.warp(deal.cancelBy + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, deal.cancelBy, deal.cancelBy + 1));
        refundAs(buyer, deal, buyer, 0);
    }

    function test_refuseTheBuyerWhereCancelByIsZero() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, 0, block.timestamp));
        refundAs(buyer, deal, buyer, 0);
    }

    function test_relayTheBuyersRefundForItsFee() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.cancelBy = deal.openBy;
        deal.payout = 2;
        bytes32 id = opened(deal);
        bytes memory ofBuyer = signed(buyerKey, refundDigest(id, buyer, 0, Action(33, deal.openBy)));
        vm.prank(relayer);
        escrow.refund(deal, buyer, 0, 33, deal.openBy, ofBuyer);
        assertEq(credit(relayer), 33, "out of what came back");
        assertEq(credit(buyer), PRICE - 33);
        assertBooks(0);
    }

    // ---- the seller, before the deadline ----

    function test_takeTheSignedShareOfTheBondFromASellerThatLeaves() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        vm.warp(deal.milestones[0].deliverBy);
        uint128 penalty = BOND * 3000 / 10_000;
        vm.expectEmit(address(escrow));
        emit IEscrow.Closed(id, IEscrow.Outcome.WalkedAway, BOND - penalty, PRICE + FEE + penalty, 0);
        refundAs(seller, deal, seller, 0);
        assertClosed(id);
        assertEq(token.balanceOf(seller), FUNDS - penalty);
        assertEq(token.balanceOf(buyer), FUNDS + penalty);
        assertEq(escrow.recordOf(address(token), seller).walkedAway, 1);
        assertEq(escrow.accountOf(address(token), seller).defaulted, 0);
        assertBooks(0);
    }

    function test_refuseTheSellerAfterTheDeadline() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        uint256 deadline = deal.milestones[0].deliverBy;
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, deadline, deadline + 1));
        refundAs(seller, deal, seller, 0);
    }

    function test_relayTheSellersRefundForItsFee() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        deposited(seller, 5);
        bytes memory ofSeller = signed(sellerKey, refundDigest(id, seller, 0, Action(5, deal.openBy)));
        vm.prank(relayer);
        escrow.refund(deal, seller, 0, 5, deal.openBy, ofSeller);
        assertEq(credit(relayer), 5);
        assertEq(token.balanceOf(buyer), FUNDS);
    }

    // ---- all ----

    function test_refundTheMilestonesThatAreLeft() external {
        IEscrow.Deal memory deal = milestoneDeal(3);
        opened(deal);
        settled(deal);
        refundAs(seller, deal, seller, 1);
        uint256 paid = deal.milestones[0].amount;
        uint256 penalty = uint256(BOND) * 3000 / 10_000;
        assertEq(token.balanceOf(seller), FUNDS + paid - penalty);
        assertEq(token.balanceOf(buyer), FUNDS - paid + penalty);
        assertBooks(0);
    }

    function test_takeTheShareOfTheBondThatRulingsLeft() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        broughtTo(deal, IEscrow.Status.Disputed);
        ruled(deal, 0); // the seller bears this fee
        refundAs(seller, deal, seller, 1);
        uint256 left = BOND - FEE;
        uint256 penalty = left * 3000 / 10_000;
        assertEq(token.balanceOf(seller), FUNDS - FEE - penalty);
        assertEq(token.balanceOf(buyer), FUNDS + penalty);
        assertEq(credit(arbiter), FEE);
        assertBooks(0);
    }

    function test_refuseASignatureOfTheOtherParty() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        bytes32 digest = refundDigest(id, seller, 0, Action(0, deal.openBy));
        bytes memory ofBuyer = signed(buyerKey, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
        escrow.refund(deal, seller, 0, 0, deal.openBy, ofBuyer);
    }

    function test_refuseAnExpiredSignature() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        bytes memory ofSeller = signed(sellerKey, refundDigest(id, seller, 0, Action(0, deal.openBy)));
        vm.warp(deal.openBy + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, deal.openBy, deal.openBy + 1));
        escrow.refund(deal, seller, 0, 0, deal.openBy, ofSeller);
    }

    function test_refuseAnybodyElse() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotParty.selector, arbiter));
        refundAs(arbiter, deal, arbiter, 0);
    }

    function test_refuseAnotherMilestone() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        settled(deal);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MilestoneMismatch.selector, 0, 1));
        refundAs(seller, deal, seller, 0);
    }

    function test_refuseWhereADeliveryOrAnEndWasMade() external {
        for (uint8 i; i <= uint8(IEscrow.Status.Cancelled); ++i) {
            if (i == uint8(IEscrow.Status.Open)) continue;
            vm.warp(START);
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(IEscrow.Status(i));
            skip(400 days);
            vm.expectRevert(wrongStatus(id, IEscrow.Status(i)));
            refundAs(buyer, deal, address(0), 0);
        }
    }

    function testFuzz_loseNothing(uint16 bps, uint8 payout, uint8 who) external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.walkAwayBps = uint16(bound(bps, 0, 10_000));
        deal.payout = payout & 3;
        deal.cancelBy = deal.openBy;
        opened(deal);
        address party = [buyer, seller, address(0)][who % 3];
        if (party == address(0)) vm.warp(deal.milestones[0].deliverBy + 1);
        refundAs(party, deal, party, 0);
        uint256 ofSeller = token.balanceOf(seller) + credit(seller);
        assertEq(ofSeller + token.balanceOf(buyer) + credit(buyer), 2 * FUNDS);
        uint256 penalty = party == buyer ? 0 : party == seller ? uint256(BOND) * deal.walkAwayBps / 10_000 : BOND;
        // The kept part is floored for the penalty: the remainder is the seller's.
        assertEq(ofSeller, FUNDS - penalty);
        assertBooks(0);
    }
}
