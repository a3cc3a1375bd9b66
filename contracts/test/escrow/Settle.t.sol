// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.settle.tree
contract SettleTest is EscrowTest {
    function settleAs(address caller, IEscrow.Deal memory deal, uint8 milestone) internal {
        vm.prank(caller);
        escrow.settle(deal, milestone, GOODS, 0, 0, "");
    }

    function test_payAndCloseAtTheLastMilestone() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        delivered(deal);
        skip(1 hours);
        vm.expectEmit(address(escrow));
        emit IEscrow.Settled(id, 0, IEscrow.Acceptance.Receipt, PRICE, 0, GOODS);
        settleAs(buyer, deal, 0);
        assertClosed(id);
        assertEq(token.balanceOf(seller), FUNDS + PRICE, "price, and the bond back");
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - FEE);
        assertEq(credit(buyer), FEE, "the fee no arbiter earned");
        assertBooks(0);
    }

    function test_logNoCreditOfNothing() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        vm.recordLogs();
        settleAs(buyer, deal, 0);
        assertEq(vm.getRecordedLogs().length, 2, "the settlement and the transfer");
    }

    function test_payAndGoOnToTheNextMilestone() external {
        IEscrow.Deal memory deal = milestoneDeal(3);
        bytes32 id = opened(deal);
        uint128 amount = deal.milestones[0].amount;
        uint128 left = lockedOf(deal) - amount;
        vm.expectEmit(address(escrow));
        emit IEscrow.Settled(id, 0, IEscrow.Acceptance.Receipt, amount, left, GOODS);
        settleAs(buyer, deal, 0);
        IEscrow.DealState memory s = escrow.stateOf(id);
        assertEq(uint256(s.status), uint256(IEscrow.Status.Open));
        assertEq(s.milestone, 1);
        assertEq(s.locked, left);
        assertEq(s.shift, 0);
        assertEq(token.balanceOf(seller), FUNDS - BOND + amount);
        assertBooks(left);
    }

    function test_payInAnyLiveStatus() external {
        for (uint8 i = 1; i <= uint8(IEscrow.Status.Disputed); ++i) {
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(IEscrow.Status(i));
            uint256 before = token.balanceOf(seller);
            settleAs(buyer, deal, 0);
            assertClosed(id);
            assertEq(token.balanceOf(seller), before + PRICE + BOND);
        }
        assertEq(escrow.recordOf(address(token), arbiter).ruled, 0);
    }

    function test_refuseADealThatIsNotLive() external {
        IEscrow.Status[3] memory statuses = [IEscrow.Status.Unopened, IEscrow.Status.Closed, IEscrow.Status.Cancelled];
        for (uint256 i; i < 3; ++i) {
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(statuses[i]);
            vm.expectRevert(wrongStatus(id, statuses[i]));
            settleAs(buyer, deal, 0);
        }
    }

    function test_relayAReceiptForItsFee() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        deposited(buyer, 12);
        bytes memory ofBuyer = signed(buyerKey, receipt(id, 0, GOODS, Action(1, deal.openBy)));
        vm.prank(relayer);
        escrow.settle(deal, 0, GOODS, 1, deal.openBy, ofBuyer);
        assertEq(credit(relayer), 1);
        assertEq(credit(buyer), 11);
        assertBooks(0);
    }

    function test_payTheFeeOutOfWhatTheCallReturns() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        bytes memory ofBuyer = signed(buyerKey, receipt(id, 0, GOODS, Action(FEE, deal.openBy)));
        vm.prank(relayer);
        escrow.settle(deal, 0, GOODS, FEE, deal.openBy, ofBuyer);
        assertEq(credit(relayer), FEE);
        assertEq(credit(buyer), 0);
    }

    function test_takeNoFeeFromACallerThatSigned() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        bytes memory ofBuyer = signed(buyerKey, receipt(id, 0, GOODS, Action(12, deal.openBy)));
        vm.prank(buyer);
        escrow.settle(deal, 0, GOODS, 12, deal.openBy, ofBuyer);
        assertClosed(id);
    }

    function test_refuseAnotherDeliverable() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        bytes memory ofBuyer = signed(buyerKey, receipt(id, 0, GOODS, Action(0, deal.openBy)));
        bytes32 other = receipt(id, 0, REASON, Action(0, deal.openBy));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, other));
        escrow.settle(deal, 0, REASON, 0, deal.openBy, ofBuyer);
    }

    function test_refuseAReceiptOfAnotherDeal() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        deal.nonce += 1;
        opened(deal);
        bytes memory ofBuyer = signed(buyerKey, receipt(id, 0, GOODS, Action(0, deal.openBy)));
        bytes32 other = receipt(idOf(deal), 0, GOODS, Action(0, deal.openBy));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, other));
        escrow.settle(deal, 0, GOODS, 0, deal.openBy, ofBuyer);
    }

    function test_payAMilestoneOnceForOneReceipt() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        bytes32 id = opened(deal);
        bytes memory ofBuyer = signed(buyerKey, receipt(id, 0, GOODS, Action(0, deal.openBy)));
        escrow.settle(deal, 0, GOODS, 0, deal.openBy, ofBuyer);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MilestoneMismatch.selector, 0, 1));
        escrow.settle(deal, 0, GOODS, 0, deal.openBy, ofBuyer);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MilestoneMismatch.selector, 0, 1));
        settleAs(buyer, deal, 0);
    }

    function test_refuseAnExpiredReceipt() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        bytes memory ofBuyer = signed(buyerKey, receipt(id, 0, GOODS, Action(0, deal.openBy)));
        vm.warp(deal.openBy + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, deal.openBy, deal.openBy + 1));
        escrow.settle(deal, 0, GOODS, 0, deal.openBy, ofBuyer);
    }

    function test_refuseAnybodyElse() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        bytes32 digest = receipt(id, 0, GOODS, Action(0, 0));
        address[3] memory others = [seller, arbiter, stranger];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
            settleAs(others[i], deal, 0);
        }
    }

    function test_stopTheClockWhileTheDeliveryWaited() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        uint256 first = deal.milestones[0].deliverBy;
        vm.warp(first);
        delivered(deal);
        skip(deal.reviewWindow + 40 days); // nobody called
        settled(deal);
        assertEq(state(deal).shift, deal.reviewWindow + 40 days);
        // The next deadline lies exactly one review window after the first: so much is left.
        skip(deal.reviewWindow);
        delivered(deal);
    }

    function test_notStopTheClockInOpen() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        skip(5 days);
        settled(deal);
        assertEq(state(deal).shift, 0);
    }

    function test_countOneSettledDealForBoth() external {
        IEscrow.Deal memory deal = milestoneDeal(3);
        opened(deal);
        settled(deal);
        settled(deal);
        assertEq(escrow.accountOf(address(token), buyer).settledAsBuyer, 0, "not yet");
        settled(deal);
        IEscrow.Account memory ofBuyer = escrow.accountOf(address(token), buyer);
        IEscrow.Account memory ofSeller = escrow.accountOf(address(token), seller);
        assertEq(ofBuyer.settledAsBuyer, 1);
        assertEq(ofBuyer.settledAsSeller, 0);
        assertEq(ofBuyer.bySilence, 0);
        assertEq(ofSeller.settledAsSeller, 1);
        assertEq(ofSeller.settledAsBuyer, 0);
        assertEq(ofSeller.balance, 0);
    }

    function test_creditTheSellerWhereThePayoutBitSaysSo() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        deal.payout = 1;
        opened(deal);
        settled(deal);
        assertEq(credit(seller), deal.milestones[0].amount);
        settled(deal);
        assertEq(credit(seller), PRICE + BOND);
        assertEq(token.balanceOf(seller), FUNDS - BOND);
        assertBooks(0);
    }

    function testFuzz_payOutWhatCameIn(uint128 price, uint128 fee, uint128 bond, uint8 count, uint8 payout) external {
        IEscrow.Deal memory deal = milestoneDeal(bound(count, 1, 16));
        uint256 n = deal.milestones.length;
        deal.price = uint128(bound(price, n, FUNDS / 4));
        deal.arbiterFee = uint128(bound(fee, 0, FUNDS / 100));
        deal.sellerBond = uint128(bound(bond, n * deal.arbiterFee, FUNDS / 4));
        deal.payout = payout & 3;
        for (uint256 i; i < n; ++i) {
            deal.milestones[i].amount = i + 1 == n ? deal.price - uint128(n - 1) : 1;
        }
        opened(deal);
        for (uint256 i; i < n; ++i) {
            settled(deal);
        }
        assertEq(token.balanceOf(seller) + credit(seller), FUNDS + deal.price);
        assertEq(token.balanceOf(buyer) + credit(buyer), FUNDS - deal.price);
        assertBooks(0);
    }
}
