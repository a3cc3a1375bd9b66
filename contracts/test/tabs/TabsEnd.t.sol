// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {ITabs} from "../../src/interfaces/ITabs.sol";
import {TabsTest} from "./TabsTest.sol";

/// @notice Tree: trees/Tabs.close.tree
contract TabsCloseTest is TabsTest {
    function test_startTheChallengeWindow() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        redeemed(tab, 7);
        vm.expectEmit(address(tabs));
        emit ITabs.TabClosing(idOf(tab), uint40(START + WINDOW));
        vm.prank(buyer);
        tabs.close(tab, 0, 0, "");
        assertState(tab, ITabs.Status.Closing, 7, DEPOSIT);
        assertEq(state(tab).closesAt, START + WINDOW);
        assertBooks(DEPOSIT - 7);
    }

    function test_relayACloseForAFeeOutOfTheInternalBalance() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes memory given = signed(buyerKey, closingDigest(tab, 40, EXPIRY));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), buyer, 0, 40));
        vm.prank(relayer);
        tabs.close(tab, 40, EXPIRY, given);
        put(buyer, 100);
        vm.prank(relayer);
        tabs.close(tab, 40, EXPIRY, given);
        assertEq(inside(relayer), 40);
        assertEq(inside(buyer), 60);
        assertState(tab, ITabs.Status.Closing, 0, DEPOSIT);
        assertBooks(DEPOSIT);
    }

    function test_refuseACloseByTheSellerOrAnybodyElse() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes32 digest = closingDigest(tab, 0, 0);
        address[2] memory others = [seller, stranger];
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
            vm.prank(others[i]);
            tabs.close(tab, 0, 0, "");
        }
    }

    function test_refuseAnExpiredClose() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes memory given = signed(buyerKey, closingDigest(tab, 0, uint40(START - 1)));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, START - 1, START));
        tabs.close(tab, 0, uint40(START - 1), given);
    }

    function test_refuseAnythingButAnOpenTab() external {
        for (uint8 status; status <= 3; ++status) {
            if (status == 1) continue;
            ITabs.Tab memory tab = tabWith(EXPIRY, WINDOW, 0, 0, status);
            inStatus(tab, ITabs.Status(status));
            vm.expectRevert(wrongStatus(tab, ITabs.Status(status)));
            vm.prank(buyer);
            tabs.close(tab, 0, 0, "");
        }
    }
}

/// @notice Tree: trees/Tabs.release.tree
contract TabsReleaseTest is TabsTest {
    function releaseAs(address caller, ITabs.Tab memory tab) internal {
        vm.prank(caller);
        tabs.release(tab);
    }

    function test_returnTheRestAfterTheWindow() external {
        ITabs.Tab memory tab = plainTab();
        closing(tab);
        redeemed(tab, 300);
        skip(WINDOW);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, START + WINDOW + 1, vm.getBlockTimestamp()));
        releaseAs(buyer, tab);
        skip(1);
        vm.expectEmit(address(tabs));
        emit ITabs.TabClosed(idOf(tab), DEPOSIT - 300);
        releaseAs(stranger, tab);
        assertState(tab, ITabs.Status.Closed, 300, DEPOSIT);
        assertEq(token.balanceOf(buyer), FUNDS - 300);
        assertBooks(0);
    }

    function test_returnTheRestAfterTheExpiry() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        vm.warp(EXPIRY);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, EXPIRY + 1, EXPIRY));
        releaseAs(stranger, tab);
        vm.warp(EXPIRY + 1);
        releaseAs(stranger, tab);
        assertEq(token.balanceOf(buyer), FUNDS);
        assertBooks(0);
    }

    function test_notWaitForAWindowBeyondTheExpiry() external {
        ITabs.Tab memory tab = tabWith(uint40(START + 10), 365 days, 0, 0, NONCE);
        closing(tab);
        vm.warp(START + 11);
        releaseAs(stranger, tab);
        assertEq(token.balanceOf(buyer), FUNDS);
    }

    function test_refundIntoTheInternalBalance() external {
        ITabs.Tab memory tab = tabPaying(2);
        opened(tab);
        vm.warp(EXPIRY + 1);
        releaseAs(stranger, tab);
        assertEq(inside(buyer), DEPOSIT);
        assertBooks(0);
    }

    function testFuzz_payAStrangerTheExitFeeAtMostTheRest(uint104 exitFee, uint128 spent) external {
        spent = uint128(bound(spent, 1, DEPOSIT));
        exitFee = uint104(bound(exitFee, 0, 2 * DEPOSIT));
        ITabs.Tab memory tab = tabWith(EXPIRY, WINDOW, 0, exitFee, NONCE);
        opened(tab);
        redeemed(tab, spent);
        vm.warp(EXPIRY + 1);
        releaseAs(stranger, tab);
        uint256 rest = DEPOSIT - spent;
        uint256 earned = exitFee < rest ? exitFee : rest;
        assertEq(inside(stranger), earned);
        assertEq(token.balanceOf(buyer), FUNDS - spent - earned);
        assertEq(token.balanceOf(seller), spent);
        assertBooks(0);
    }

    function test_payAPartyNoExitFee() external {
        address[2] memory parties = [buyer, seller];
        for (uint72 i; i < 2; ++i) {
            ITabs.Tab memory tab = tabWith(uint40(START), WINDOW, 0, 50, i);
            vm.warp(START);
            opened(tab);
            vm.warp(START + 1);
            releaseAs(parties[i], tab);
            assertEq(token.balanceOf(buyer), FUNDS);
            assertBooks(0);
        }
    }

    function test_refuseToReleaseTwiceOrNothing() external {
        ITabs.Tab memory tab = plainTab();
        vm.expectRevert(wrongStatus(tab, ITabs.Status.Unopened));
        releaseAs(buyer, tab);
        closing(tab);
        skip(WINDOW + 1);
        releaseAs(buyer, tab);
        vm.expectRevert(wrongStatus(tab, ITabs.Status.Closed));
        releaseAs(buyer, tab);
    }
}

/// @notice Tree: trees/Tabs.end.tree
contract TabsEndTest is TabsTest {
    function endAs(address caller, ITabs.Tab memory tab, uint128 cumulative, bytes memory given) internal {
        vm.prank(caller);
        tabs.end(tab, cumulative, given, 0, 0, "");
    }

    function testFuzz_payBothAtOnce(uint128 first, uint128 last, uint8 payout) external {
        first = uint128(bound(first, 0, DEPOSIT));
        last = uint128(bound(last, first, DEPOSIT));
        ITabs.Tab memory tab = tabPaying(payout % 4);
        opened(tab);
        if (first != 0) redeemed(tab, first);
        bytes memory given = voucher(tab, last);
        vm.expectEmit(address(tabs));
        emit ITabs.TabClosed(idOf(tab), DEPOSIT - last);
        endAs(seller, tab, last, given);
        assertState(tab, ITabs.Status.Closed, last, DEPOSIT);
        assertEq(token.balanceOf(seller) + inside(seller), last);
        assertEq(token.balanceOf(buyer) + inside(buyer), FUNDS - last);
        if (payout & 1 != 0) assertEq(token.balanceOf(seller), 0);
        if (payout & 2 != 0) assertEq(token.balanceOf(buyer), FUNDS - DEPOSIT);
        assertBooks(0);
    }

    function test_endWhileClosingToo() external {
        ITabs.Tab memory tab = plainTab();
        closing(tab);
        endAs(seller, tab, 500, voucher(tab, 500));
        assertEq(token.balanceOf(seller), 500);
        assertBooks(0);
    }

    function test_relayAnEndForAFee() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes memory given = voucher(tab, 500);
        bytes memory ofSeller = signed(sellerKey, endDigest(tab, 500, 20, EXPIRY));
        vm.prank(relayer);
        tabs.end(tab, 500, given, 20, EXPIRY, ofSeller);
        assertEq(inside(relayer), 20);
        assertEq(token.balanceOf(seller), 480);
        assertEq(token.balanceOf(buyer), FUNDS - 500);
        assertBooks(0);
    }

    function test_refuseAFeeAboveTheLastPayment() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        redeemed(tab, 500);
        bytes memory ofSeller = signed(sellerKey, endDigest(tab, 500, 1, EXPIRY));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), seller, 0, 1));
        vm.prank(relayer);
        tabs.end(tab, 500, "", 1, EXPIRY, ofSeller);
    }

    function testFuzz_refuseToTakeBackWhatWasRedeemed(uint128 cumulative) external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        redeemed(tab, 500);
        cumulative = uint128(bound(cumulative, 0, 499));
        bytes memory given = voucher(tab, cumulative);
        vm.expectRevert(abi.encodeWithSelector(ITabs.VoucherSpent.selector, cumulative, 500));
        endAs(seller, tab, cumulative, given);
    }

    function test_refuseAnEndWithoutAGoodVoucher() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes memory given = signed(sellerKey, voucherDigest(tab, 500));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, voucherDigest(tab, 500)));
        endAs(seller, tab, 500, given);
        given = voucher(tab, DEPOSIT + 1);
        vm.expectRevert(abi.encodeWithSelector(ITabs.VoucherAboveDeposit.selector, DEPOSIT + 1, DEPOSIT));
        endAs(seller, tab, DEPOSIT + 1, given);
    }

    function test_refuseAnEndByTheBuyerOrAnybodyElse() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes32 digest = endDigest(tab, 0, 0, 0);
        address[2] memory others = [buyer, stranger];
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
            endAs(others[i], tab, 0, "");
        }
    }

    function test_refuseToEndWhatIsNotOpen() external {
        ITabs.Tab memory tab = plainTab();
        vm.expectRevert(wrongStatus(tab, ITabs.Status.Unopened));
        endAs(seller, tab, 0, "");
        ended(tab);
        vm.expectRevert(wrongStatus(tab, ITabs.Status.Closed));
        endAs(seller, tab, 0, "");
    }
}
