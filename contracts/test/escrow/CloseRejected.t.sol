// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.closeRejected.tree
contract CloseRejectedTest is EscrowTest {
    function test_closeAtOnceWithoutAnArbiter() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Rejected);
        uint128 toSeller = PRICE * 2500 / 10_000;
        vm.expectEmit(address(escrow));
        emit IEscrow.Closed(id, IEscrow.Outcome.RejectionClosed, toSeller, PRICE - toSeller, 0);
        vm.prank(stranger);
        escrow.closeRejected(deal);
        assertClosed(id);
        assertEq(token.balanceOf(seller), FUNDS + toSeller);
        assertEq(token.balanceOf(buyer), FUNDS - toSeller);
        assertBooks(0);
    }

    function test_refuseInsideTheDisputeWindow() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Rejected);
        uint256 last = block.timestamp + deal.disputeWindow;
        vm.warp(last);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, last + 1, last));
        escrow.closeRejected(deal);
    }

    function test_giveBondAndFeesBackAfterTheDisputeWindow() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Rejected);
        skip(deal.disputeWindow + 1);
        uint128 share = PRICE * 2500 / 10_000;
        vm.expectEmit(address(escrow));
        emit IEscrow.Closed(id, IEscrow.Outcome.RejectionClosed, share + BOND, PRICE - share + FEE, 0);
        escrow.closeRejected(deal);
        assertEq(token.balanceOf(seller), FUNDS + share);
        assertEq(token.balanceOf(buyer), FUNDS - share);
        assertBooks(0);
    }

    function test_refundTheMilestonesToCome() external {
        IEscrow.Deal memory deal = milestoneDeal(3);
        opened(deal);
        settled(deal);
        delivered(deal);
        rejected(deal);
        skip(deal.disputeWindow + 1);
        escrow.closeRejected(deal);
        uint256 toSeller =
            deal.milestones[0].amount + uint256(deal.milestones[1].amount) * deal.rejectedSellerBps / 10_000;
        assertEq(token.balanceOf(seller), FUNDS + toSeller);
        assertEq(token.balanceOf(buyer), FUNDS - toSeller);
        assertBooks(0);
    }

    function test_chargeOnlyTheRulingsThatWere() external {
        IEscrow.Deal memory deal = milestoneDeal(3);
        broughtTo(deal, IEscrow.Status.Disputed);
        ruled(deal, 3333);
        delivered(deal);
        rejected(deal);
        skip(deal.disputeWindow + 1);
        escrow.closeRejected(deal);
        uint256 sellersPart = uint256(FEE) * (10_000 - 3333) / 10_000;
        uint256 first = uint256(deal.milestones[0].amount) * 3333 / 10_000;
        uint256 second = uint256(deal.milestones[1].amount) * deal.rejectedSellerBps / 10_000;
        assertEq(token.balanceOf(seller), FUNDS + first + second - sellersPart);
        assertEq(token.balanceOf(buyer), FUNDS - first - second - (FEE - sellersPart));
        assertEq(credit(arbiter), FEE);
        assertBooks(0);
    }

    function test_noteTheRejectionLetStand() external {
        IEscrow.Deal memory deal = simpleDeal();
        broughtTo(deal, IEscrow.Status.Rejected);
        escrow.closeRejected(deal);
        assertEq(escrow.recordOf(address(token), seller).rejectionsUndisputed, 1);
        assertEq(escrow.accountOf(address(token), seller).settledAsSeller, 0);
        assertEq(escrow.accountOf(address(token), buyer).settledAsBuyer, 0);
    }

    function test_refuseWhereNothingWasRejected() external {
        for (uint8 i; i <= uint8(IEscrow.Status.Cancelled); ++i) {
            if (i == uint8(IEscrow.Status.Rejected)) continue;
            vm.warp(START);
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(IEscrow.Status(i));
            skip(400 days);
            vm.expectRevert(wrongStatus(id, IEscrow.Status(i)));
            escrow.closeRejected(deal);
        }
    }

    function testFuzz_floorTheSellersShareAndLoseNothing(uint16 bps, uint8 payout) external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.rejectedSellerBps = uint16(bound(bps, 0, 10_000));
        deal.payout = payout & 3;
        broughtTo(deal, IEscrow.Status.Rejected);
        skip(deal.disputeWindow + 1);
        escrow.closeRejected(deal);
        uint256 share = uint256(PRICE) * deal.rejectedSellerBps / 10_000;
        assertEq(token.balanceOf(seller) + credit(seller), FUNDS + share);
        assertEq(token.balanceOf(buyer) + credit(buyer), FUNDS - share);
        assertEq(credit(seller), deal.payout & 1 != 0 ? share + BOND : 0);
        assertEq(credit(buyer), deal.payout & 2 != 0 ? PRICE - share + FEE : 0);
        assertBooks(0);
    }
}
