// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {ITabs} from "../../src/interfaces/ITabs.sol";
import {GasBurnerWallet, ReturnBombWallet, SlowWallet} from "../tokens/wallets/HostileWallets.sol";
import {OwnerWallet} from "../tokens/wallets/OwnerWallet.sol";
import {TabsTest} from "./TabsTest.sol";

/// @notice Tree: trees/Tabs.redeem.tree
contract TabsRedeemTest is TabsTest {
    function redeemAs(address caller, ITabs.Tab memory tab, uint128 cumulative, bytes memory given) internal {
        vm.prank(caller);
        tabs.redeemFor(tab, cumulative, given, 0, 0, "");
    }

    function testFuzz_payWhatTheVoucherAdds(uint128 first, uint128 second) external {
        first = uint128(bound(first, 1, DEPOSIT - 1));
        second = uint128(bound(second, first + 1, DEPOSIT));
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        vm.expectEmit(address(tabs));
        emit ITabs.Redeemed(idOf(tab), first);
        redeemed(tab, first);
        assertEq(token.balanceOf(seller), first);
        assertBooks(DEPOSIT - first);
        redeemed(tab, second);
        assertEq(token.balanceOf(seller), second);
        assertState(tab, ITabs.Status.Open, second, DEPOSIT);
        assertBooks(DEPOSIT - second);
    }

    function test_payIntoTheInternalBalance() external {
        ITabs.Tab memory tab = tabPaying(1);
        opened(tab);
        redeemed(tab, 1000);
        assertEq(inside(seller), 1000);
        assertEq(token.balanceOf(seller), 0);
        assertBooks(DEPOSIT - 1000);
    }

    function testFuzz_refuseAVoucherThatAddsNothing(uint128 cumulative) external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        redeemed(tab, 1000);
        cumulative = uint128(bound(cumulative, 0, 1000));
        (bytes32 r, bytes32 vs) = vm.signCompact(buyerKey, voucherDigest(tab, cumulative));
        vm.expectRevert(abi.encodeWithSelector(ITabs.VoucherSpent.selector, cumulative, 1000));
        tabs.redeem(tab, cumulative, r, vs);
        bytes memory given = voucher(tab, cumulative);
        vm.expectRevert(abi.encodeWithSelector(ITabs.VoucherSpent.selector, cumulative, 1000));
        redeemAs(seller, tab, cumulative, given);
    }

    function testFuzz_refuseAVoucherAboveTheDeposit(uint128 cumulative) external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        cumulative = uint128(bound(cumulative, DEPOSIT + 1, type(uint128).max));
        (bytes32 r, bytes32 vs) = vm.signCompact(buyerKey, voucherDigest(tab, cumulative));
        vm.expectRevert(abi.encodeWithSelector(ITabs.VoucherAboveDeposit.selector, cumulative, DEPOSIT));
        tabs.redeem(tab, cumulative, r, vs);
    }

    function testFuzz_refuseAVoucherOfAnotherKey(uint256 key) external {
        key = bound(key, 1, type(uint128).max);
        vm.assume(key != buyerKey);
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes32 digest = voucherDigest(tab, 5);
        (bytes32 r, bytes32 vs) = vm.signCompact(key, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        tabs.redeem(tab, 5, r, vs);
        bytes memory given = signed(key, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        redeemAs(relayer, tab, 5, given);
        // The seller is no signer either, whoever calls.
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        redeemAs(seller, tab, 5, "");
    }

    function test_refuseAVoucherOfAnotherTab() external {
        ITabs.Tab memory tab = plainTab();
        ITabs.Tab memory other = tabPaying(1);
        opened(tab);
        opened(other);
        bytes memory given = voucher(other, 5);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, voucherDigest(tab, 5)));
        redeemAs(seller, tab, 5, given);
    }

    function test_refuseAVoucherOfAnotherChain() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes memory given = voucher(tab, 5);
        vm.chainId(99);
        vm.expectPartialRevert(IEscrow.SignatureInvalid.selector);
        redeemAs(seller, tab, 5, given);
    }

    function test_refuseTheHighSTwin() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(buyerKey, voucherDigest(tab, 5));
        bytes32 twin = bytes32(0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 - uint256(s));
        vm.expectPartialRevert(IEscrow.SignatureInvalid.selector);
        tabs.redeem(tab, 5, r, twin | bytes32(uint256(v == 27 ? 1 : 0) << 255));
        vm.expectPartialRevert(IEscrow.SignatureInvalid.selector);
        redeemAs(seller, tab, 5, abi.encodePacked(hex"00", r, twin, v == 27 ? uint8(28) : uint8(27)));
    }

    function test_takeWhatAWalletAccepts() external {
        OwnerWallet wallet = new OwnerWallet(buyer);
        ITabs.Tab memory tab = plainTab();
        tab.buyer = address(wallet);
        endow(address(wallet));
        opened(tab);
        redeemAs(seller, tab, 5, voucher(tab, 5));
        assertEq(token.balanceOf(seller), 5);
        // The short way is for keys.
        bytes32 digest = voucherDigest(tab, 6);
        (bytes32 r, bytes32 vs) = vm.signCompact(buyerKey, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, address(wallet), digest));
        tabs.redeem(tab, 6, r, vs);
    }

    function test_leaveAFeeToTheSubmitterOnTheSellersSignature() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes memory ofSeller = signed(sellerKey, redemptionDigest(tab, 1000, 30, EXPIRY));
        bytes memory given = voucher(tab, 1000);
        vm.prank(relayer);
        tabs.redeemFor(tab, 1000, given, 30, EXPIRY, ofSeller);
        assertEq(inside(relayer), 30);
        assertEq(token.balanceOf(seller), 970);
        assertBooks(DEPOSIT - 1000);
    }

    function test_takeNoFeeFromASellerThatSubmits() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes memory given = voucher(tab, 1000);
        vm.prank(seller);
        tabs.redeemFor(tab, 1000, given, 30, 0, "");
        assertEq(token.balanceOf(seller), 1000);
    }

    function test_refuseAFeeTheSellerDidNotSign() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes memory ofSeller = signed(sellerKey, redemptionDigest(tab, 1000, 30, EXPIRY));
        bytes memory given = voucher(tab, 1000);
        bytes32 digest = redemptionDigest(tab, 1000, 31, EXPIRY);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
        tabs.redeemFor(tab, 1000, given, 31, EXPIRY, ofSeller);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
        tabs.redeemFor(tab, 1000, given, 31, EXPIRY, "");
    }

    function test_refuseAFeeAboveThePayment() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        redeemed(tab, 990);
        bytes memory ofSeller = signed(sellerKey, redemptionDigest(tab, 1000, 11, EXPIRY));
        bytes memory given = voucher(tab, 1000);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), seller, 10, 11));
        tabs.redeemFor(tab, 1000, given, 11, EXPIRY, ofSeller);
    }

    function test_refuseAnExpiredRedemption() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes memory ofSeller = signed(sellerKey, redemptionDigest(tab, 1000, 30, uint40(START - 1)));
        bytes memory given = voucher(tab, 1000);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, START - 1, START));
        tabs.redeemFor(tab, 1000, given, 30, uint40(START - 1), ofSeller);
    }

    function test_payWhileTheTabIsClosingOrPastItsExpiry() external {
        ITabs.Tab memory tab = plainTab();
        closing(tab);
        redeemed(tab, 10);
        assertState(tab, ITabs.Status.Closing, 10, DEPOSIT);
        assertEq(state(tab).closesAt, START + WINDOW);
        vm.warp(EXPIRY + 100);
        redeemed(tab, 20);
        assertEq(token.balanceOf(seller), 20);
    }

    function test_refuseWhereNothingIsOpen() external {
        ITabs.Tab memory tab = plainTab();
        vm.expectRevert(wrongStatus(tab, ITabs.Status.Unopened));
        tabs.redeem(tab, 5, 0, 0);
        ended(tab);
        bytes memory given = voucher(tab, 5);
        vm.expectRevert(wrongStatus(tab, ITabs.Status.Closed));
        redeemAs(seller, tab, 5, given);
    }
}

/// @notice Tree: trees/Tabs.redeemMany.tree
contract TabsRedeemManyTest is TabsTest {
    /// @dev An opened tab of its own nonce.
    function nth(uint72 nonce) internal returns (ITabs.Tab memory tab) {
        tab = tabWith(EXPIRY, WINDOW, 0, 0, nonce);
        opened(tab);
    }

    function test_paySeveralTabs() external {
        ITabs.Redemption[] memory items = new ITabs.Redemption[](3);
        for (uint72 i; i < 3; ++i) {
            items[i] = item(nth(i), 100 + i);
        }
        vm.prank(relayer);
        bytes[] memory failures = tabs.redeemMany(items);
        for (uint256 i; i < 3; ++i) {
            assertEq(failures[i], bytes(""));
        }
        assertEq(token.balanceOf(seller), 303);
        assertBooks(3 * DEPOSIT - 303);
    }

    function test_reportAnItemThatFailsAndPayTheOthers() external {
        ITabs.Redemption[] memory items = new ITabs.Redemption[](5);
        items[0] = item(nth(0), 100);
        items[1] = item(nth(1), 100);
        items[1].voucher[40] ^= 0x01;
        items[2] = item(nth(2), 100);
        items[3] = items[0];
        items[4] = item(nth(4), 100);
        items[4].fee = 1;
        bytes[5] memory reasons;
        reasons[1] = abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, voucherDigest(items[1].tab, 100));
        reasons[3] = abi.encodeWithSelector(ITabs.VoucherSpent.selector, 100, 100);
        reasons[4] = abi.encodeWithSelector(IEscrow.ActionExpired.selector, 0, START);
        vm.expectEmit(address(tabs));
        emit ITabs.RedemptionFailed(1, idOf(items[1].tab), reasons[1]);
        vm.expectEmit(address(tabs));
        emit ITabs.RedemptionFailed(3, idOf(items[3].tab), reasons[3]);
        vm.prank(relayer);
        bytes[] memory failures = tabs.redeemMany(items);
        for (uint256 i; i < 5; ++i) {
            assertEq(failures[i], reasons[i]);
        }
        assertEq(token.balanceOf(seller), 200);
        assertBooks(4 * DEPOSIT - 200);
    }

    function test_takeTheFeesTheSellersSigned() external {
        ITabs.Redemption[] memory items = new ITabs.Redemption[](2);
        for (uint72 i; i < 2; ++i) {
            items[i] = item(nth(i), 100);
            items[i].fee = 7;
            items[i].validUntil = EXPIRY;
            items[i].signature = signed(sellerKey, redemptionDigest(items[i].tab, 100, 7, EXPIRY));
        }
        items[1].fee = 8;
        vm.prank(relayer);
        bytes[] memory failures = tabs.redeemMany(items);
        assertEq(failures[0], bytes(""));
        assertEq(bytes4(failures[1]), IEscrow.SignatureInvalid.selector);
        assertEq(inside(relayer), 7);
        assertEq(token.balanceOf(seller), 93);
    }

    function test_surviveAWalletThatBurnsItsGas() external {
        ITabs.Redemption[] memory items = new ITabs.Redemption[](2);
        address[2] memory wallets = [address(new GasBurnerWallet()), address(new ReturnBombWallet(100_000))];
        for (uint72 i; i < 2; ++i) {
            endow(wallets[i]);
            ITabs.Tab memory tab = tabWith(EXPIRY, WINDOW, 0, 0, i);
            tab.buyer = wallets[i];
            opened(tab);
            items[i] = item(tab, 100);
        }
        bytes[] memory failures = tabs.redeemMany(items);
        assertEq(bytes4(failures[0]), IEscrow.SignatureInvalid.selector);
        assertEq(failures[1], bytes(""), "it says yes");
        assertEq(token.balanceOf(seller), 100);
    }

    /// @dev Whatever gas the sender brings: each item that is valid is paid, or nothing happens at all. The last one is of a
    /// wallet that needs most of what a signature may cost: with less it says no, and enough is left to go on.
    function testFuzz_neverSkipAValidItemForWantOfGas(uint256 gas_) external {
        ITabs.Redemption[] memory items = new ITabs.Redemption[](2);
        items[0] = item(nth(0), 100);
        SlowWallet probe = new SlowWallet(100);
        uint256 before = gasleft();
        probe.isValidSignature(0, "");
        uint256 round = (before - gasleft()) / 100;
        ITabs.Tab memory tab = plainTab();
        tab.buyer = address(new SlowWallet(420_000 / round));
        endow(tab.buyer);
        opened(tab);
        items[1] = item(tab, 100);
        gas_ = bound(gas_, 100_000, 2_500_000);
        try tabs.redeemMany{gas: gas_}(items) returns (bytes[] memory failures) {
            assertEq(failures[0], bytes(""), "left out");
            assertEq(failures[1], bytes(""), "left out");
            assertEq(token.balanceOf(seller), 200);
        } catch {
            assertEq(token.balanceOf(seller), 0, "all or nothing");
            assertLt(gas_, 1_600_000, "enough for anything");
        }
    }

    function test_sayThatTheGasWasShort() external {
        ITabs.Redemption[] memory items = new ITabs.Redemption[](1);
        items[0] = item(nth(0), 100);
        items[0].voucher[40] ^= 0x01;
        vm.expectPartialRevert(IEscrow.GasShort.selector);
        tabs.redeemMany{gas: 500_000}(items);
    }

    function test_takeAnEmptyBatch() external {
        assertEq(tabs.redeemMany(new ITabs.Redemption[](0)).length, 0);
    }

    function testFuzz_refuseAnybodyTheSingleItem(address caller) external {
        vm.assume(caller != address(tabs));
        ITabs.Redemption memory only = item(nth(0), 100);
        string memory signature =
            "redeemItem(((address,address,address,uint256),uint128,uint128,uint40,bytes,bytes),address)";
        vm.prank(caller);
        (bool ok, bytes memory why) = address(tabs).call(abi.encodeWithSignature(signature, only, caller));
        assertFalse(ok);
        assertEq(why, abi.encodeWithSelector(ITabs.OnlySelf.selector, caller));
    }
}
