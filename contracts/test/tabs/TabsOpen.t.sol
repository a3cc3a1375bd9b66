// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IPurse} from "../../src/interfaces/IPurse.sol";
import {ITabs} from "../../src/interfaces/ITabs.sol";
import {TabTerms} from "../../src/periphery/TabTerms.sol";
import {AnyAuthorizationToken} from "../tokens/AnyAuthorizationToken.sol";
import {TabsTest} from "./TabsTest.sol";

/// @notice Tree: trees/Tabs.open.tree
contract TabsOpenTest is TabsTest {
    function refuses(ITabs.Tab memory tab, bytes memory why) internal {
        vm.expectRevert(why);
        vm.prank(tab.buyer);
        tabs.open(tab, DEPOSIT);
    }

    function openAs(address caller, ITabs.Tab memory tab, uint128 fee, ITabs.Source source, bytes memory signature)
        internal
    {
        vm.prank(caller);
        tabs.openFor(tab, DEPOSIT, fee, EXPIRY, source, signature);
    }

    function test_lockTheDepositOfTheBuyer() external {
        ITabs.Tab memory tab = plainTab();
        vm.expectEmit(address(tabs));
        emit ITabs.TabOpened(idOf(tab), buyer, seller, address(token), DEPOSIT);
        opened(tab);
        assertState(tab, ITabs.Status.Open, 0, DEPOSIT);
        assertEq(state(tab).closesAt, 0);
        assertEq(tabs.tabIdOf(tab), idOf(tab));
        assertEq(token.balanceOf(buyer), FUNDS - DEPOSIT);
        assertBooks(DEPOSIT);
    }

    function testFuzz_refuseAnybodyElse(address caller) external {
        vm.assume(caller != buyer);
        ITabs.Tab memory tab = plainTab();
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, idOf(tab)));
        vm.prank(caller);
        tabs.open(tab, DEPOSIT);
        bytes32 digest = fundingDigest(tab, 0, DEPOSIT, 0, EXPIRY);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        openAs(caller, tab, 0, ITabs.Source.Allowance, "");
    }

    function test_refuseZeroParties() external {
        ITabs.Tab memory tab = plainTab();
        tab.seller = address(0);
        refuses(tab, abi.encodeWithSelector(IEscrow.PartyZero.selector, buyer, address(0)));
        tab.buyer = address(0);
        tab.seller = seller;
        refuses(tab, abi.encodeWithSelector(IEscrow.PartyZero.selector, address(0), seller));
    }

    function test_refuseATabWithOneself() external {
        ITabs.Tab memory tab = plainTab();
        tab.seller = buyer;
        refuses(tab, abi.encodeWithSelector(IEscrow.PartiesNotDistinct.selector, buyer, buyer, address(0)));
    }

    function test_refuseTheContractItselfAsSeller() external {
        ITabs.Tab memory tab = plainTab();
        tab.seller = address(tabs);
        refuses(tab, abi.encodeWithSelector(IEscrow.RecipientEscrow.selector));
    }

    function test_refuseATokenWithoutCode() external {
        ITabs.Tab memory tab = plainTab();
        tab.token = stranger;
        refuses(tab, abi.encodeWithSelector(IEscrow.TokenWithoutCode.selector, stranger));
    }

    function testFuzz_refuseUnknownPayouts(uint8 payout) external {
        vm.assume(payout > 3);
        refuses(tabPaying(payout), abi.encodeWithSelector(IEscrow.PayoutUnknown.selector, payout));
    }

    function testFuzz_refuseWindowsOutOfRange(uint32 window) external {
        if (window <= 365 days) window = 0;
        ITabs.Tab memory tab = tabWith(EXPIRY, window, 0, 0, NONCE);
        refuses(tab, abi.encodeWithSelector(IEscrow.WindowOutOfRange.selector, window, 365 days));
    }

    function testFuzz_refuseATabThatHasExpired(uint40 expiresAt) external {
        expiresAt = uint40(bound(expiresAt, 0, START - 1));
        ITabs.Tab memory tab = tabWith(expiresAt, WINDOW, 0, 0, NONCE);
        refuses(tab, abi.encodeWithSelector(ITabs.TabExpired.selector, expiresAt, START));
    }

    function test_takeBothEdgesOfTheTerms() external {
        opened(tabWith(uint40(START), 1, 3, type(uint104).max, 0));
        opened(tabWith(type(uint40).max, 365 days, 0, 0, type(uint72).max));
    }

    function test_refuseDirtyAddresses() external {
        ITabs.Tab memory tab = plainTab();
        bytes memory data = abi.encodeWithSignature("open((address,address,address,uint256),uint128)", tab, DEPOSIT);
        for (uint256 i; i < 3; ++i) {
            bytes memory dirty = bytes.concat(data);
            dirty[4 + 32 * i] = 0x01;
            vm.prank(buyer);
            (bool ok,) = address(tabs).call(dirty);
            assertFalse(ok, "bits beyond an address");
        }
        vm.prank(buyer);
        (bool clean,) = address(tabs).call(data);
        assertTrue(clean);
    }

    function test_refuseAnEmptyDeposit() external {
        ITabs.Tab memory tab = plainTab();
        vm.expectRevert(IEscrow.AmountZero.selector);
        vm.prank(buyer);
        tabs.open(tab, 0);
    }

    function testFuzz_refuseADepositBeyondItsWidth(uint128 amount) external {
        uint256 most = type(uint104).max;
        amount = uint128(bound(amount, most + 1, type(uint128).max));
        ITabs.Tab memory tab = plainTab();
        vm.expectRevert(abi.encodeWithSelector(ITabs.DepositTooLarge.selector, amount, most));
        vm.prank(buyer);
        tabs.open(tab, amount);
    }

    function test_refuseToOpenTwice() external {
        for (uint8 status = 1; status <= 3; ++status) {
            ITabs.Tab memory tab = tabWith(EXPIRY, WINDOW, 0, 0, status);
            inStatus(tab, ITabs.Status(status));
            refuses(tab, wrongStatus(tab, ITabs.Status(status)));
        }
    }

    function test_relayOnTheBuyersSignatureForAFee() external {
        ITabs.Tab memory tab = plainTab();
        bytes memory given = signed(buyerKey, fundingDigest(tab, 0, DEPOSIT, 77, EXPIRY));
        openAs(relayer, tab, 77, ITabs.Source.Allowance, given);
        assertEq(inside(relayer), 77);
        assertEq(token.balanceOf(buyer), FUNDS - DEPOSIT - 77);
        assertState(tab, ITabs.Status.Open, 0, DEPOSIT);
        assertBooks(DEPOSIT);
    }

    function test_takeNoFeeFromABuyerThatSubmits() external {
        ITabs.Tab memory tab = plainTab();
        openAs(buyer, tab, 77, ITabs.Source.Allowance, "");
        assertEq(token.balanceOf(buyer), FUNDS - DEPOSIT);
        assertBooks(DEPOSIT);
    }

    function test_fundFromTheInternalBalance() external {
        put(buyer, DEPOSIT + 100);
        ITabs.Tab memory tab = plainTab();
        vm.expectEmit(address(tabs));
        emit IPurse.Debited(address(token), buyer, DEPOSIT + 100);
        openAs(relayer, tab, 100, ITabs.Source.Balance, signed(buyerKey, fundingDigest(tab, 0, DEPOSIT, 100, EXPIRY)));
        assertEq(inside(buyer), 0);
        assertEq(inside(relayer), 100);
        assertBooks(DEPOSIT);
    }

    function test_refuseABalanceThatIsTooShort() external {
        put(buyer, DEPOSIT - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), buyer, DEPOSIT - 1, DEPOSIT)
        );
        openAs(buyer, plainTab(), 0, ITabs.Source.Balance, "");
    }

    function test_openOnAnAuthorizationAlone() external {
        ITabs.Tab memory tab = plainTab();
        vm.prank(buyer);
        token.approve(address(tabs), 0);
        bytes memory given = authorized(tab, 0, DEPOSIT, 77, EXPIRY, buyerKey);
        openAs(relayer, tab, 77, ITabs.Source.Authorization, given);
        assertEq(inside(relayer), 77);
        assertEq(token.balanceOf(buyer), FUNDS - DEPOSIT - 77);
        assertBooks(DEPOSIT);
    }

    function test_returnTheFeeToABuyerThatSubmitsItsAuthorization() external {
        ITabs.Tab memory tab = plainTab();
        bytes memory given = authorized(tab, 0, DEPOSIT, 77, EXPIRY, buyerKey);
        openAs(buyer, tab, 77, ITabs.Source.Authorization, given);
        assertEq(inside(buyer), 77);
        assertBooks(DEPOSIT);
    }

    function test_refuseAnAuthorizationOfAnotherKey() external {
        ITabs.Tab memory tab = plainTab();
        bytes memory given = authorized(tab, 0, DEPOSIT, 0, EXPIRY, sellerKey);
        vm.expectPartialRevert(IEscrow.AuthorizationInvalid.selector);
        openAs(relayer, tab, 0, ITabs.Source.Authorization, given);
    }

    function test_refuseAnAuthorizationForOtherTerms() external {
        ITabs.Tab memory tab = plainTab();
        bytes memory given = authorized(tab, 0, DEPOSIT, 0, EXPIRY, buyerKey);
        vm.expectPartialRevert(IEscrow.AuthorizationInvalid.selector);
        openAs(relayer, tabPaying(1), 0, ITabs.Source.Authorization, given);
        vm.expectPartialRevert(IEscrow.AuthorizationInvalid.selector);
        openAs(relayer, tab, 1, ITabs.Source.Authorization, given);
    }

    function test_refuseATokenThatAcceptsAnySignature() external {
        AnyAuthorizationToken any = new AnyAuthorizationToken();
        any.mint(buyer, DEPOSIT);
        ITabs.Tab memory tab = plainTab();
        tab.token = address(any);
        vm.expectPartialRevert(IEscrow.AuthorizationInvalid.selector);
        openAs(relayer, tab, 0, ITabs.Source.Authorization, new bytes(65));
        assertEq(any.balanceOf(buyer), DEPOSIT, "nothing is taken from who did not sign");
    }

    function test_refuseAnExpiredSignature() external {
        ITabs.Tab memory tab = plainTab();
        uint40 until = uint40(START - 1);
        bytes memory bySignature = signed(buyerKey, fundingDigest(tab, 0, DEPOSIT, 0, until));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, until, START));
        tabs.openFor(tab, DEPOSIT, 0, until, ITabs.Source.Allowance, bySignature);
        bytes memory byToken = authorized(tab, 0, DEPOSIT, 0, until, buyerKey);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, until, START));
        tabs.openFor(tab, DEPOSIT, 0, until, ITabs.Source.Authorization, byToken);
    }

    function test_refuseASignatureOfAnUnknownKind() external {
        ITabs.Tab memory tab = plainTab();
        bytes memory given = bytes.concat(hex"01", bare(buyerKey, fundingDigest(tab, 0, DEPOSIT, 0, EXPIRY)));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureKindUnknown.selector, 1));
        openAs(relayer, tab, 0, ITabs.Source.Allowance, given);
    }

    function test_refuseWithoutAllowance() external {
        vm.prank(buyer);
        token.approve(address(tabs), DEPOSIT - 1);
        refuses(plainTab(), abi.encodeWithSelector(IEscrow.FundingRefused.selector, address(token), buyer, DEPOSIT));
    }

    function test_readTheTermsAsTheyWerePacked() external pure {
        TabTerms terms = tabWithTerms();
        assertEq(terms.expiresAt(), 1);
        assertEq(terms.closeWindow(), 2);
        assertEq(terms.payout(), 3);
        assertTrue(terms.sellerInside() && terms.buyerInside());
        assertEq(terms.exitFee(), 4);
        assertEq(TabTerms.unwrap(terms), 1 | 2 << 40 | 3 << 72 | 4 << 80 | 5 << 184);
    }

    function tabWithTerms() private pure returns (TabTerms) {
        return TabTerms.wrap(1 | 2 << 40 | 3 << 72 | 4 << 80 | 5 << 184);
    }
}

/// @notice Tree: trees/Tabs.topUp.tree
contract TabsTopUpTest is TabsTest {
    function top(address caller, ITabs.Tab memory tab, uint128 deposited, uint128 fee, bytes memory signature)
        internal
    {
        vm.prank(caller);
        tabs.topUp(tab, deposited, 500, fee, EXPIRY, ITabs.Source.Allowance, signature);
    }

    function test_addToTheDeposit() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        redeemed(tab, 123);
        vm.expectEmit(address(tabs));
        emit ITabs.TabToppedUp(idOf(tab), 500, DEPOSIT + 500);
        top(buyer, tab, DEPOSIT, 0, "");
        assertState(tab, ITabs.Status.Open, 123, DEPOSIT + 500);
        redeemed(tab, DEPOSIT + 500);
        assertBooks(0);
    }

    function test_relayATopUpForAFee() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        top(relayer, tab, DEPOSIT, 9, signed(buyerKey, fundingDigest(tab, DEPOSIT, 500, 9, EXPIRY)));
        assertEq(inside(relayer), 9);
        assertBooks(DEPOSIT + 500);
    }

    function test_topUpOnAnAuthorizationAlone() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes memory given = authorized(tab, DEPOSIT, 500, 0, EXPIRY, buyerKey);
        tabs.topUp(tab, DEPOSIT, 500, 0, EXPIRY, ITabs.Source.Authorization, given);
        assertState(tab, ITabs.Status.Open, 0, DEPOSIT + 500);
    }

    function test_countASignedTopUpOnce() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes memory given = signed(buyerKey, fundingDigest(tab, DEPOSIT, 500, 0, EXPIRY));
        top(relayer, tab, DEPOSIT, 0, given);
        vm.expectRevert(abi.encodeWithSelector(ITabs.DepositMismatch.selector, DEPOSIT, DEPOSIT + 500));
        top(relayer, tab, DEPOSIT, 0, given);
    }

    function test_refuseToOpenByATopUp() external {
        ITabs.Tab memory tab = plainTab();
        vm.expectRevert(wrongStatus(tab, ITabs.Status.Unopened));
        top(buyer, tab, 0, 0, "");
    }

    function test_refuseWhereTheTabIsClosingOrClosed() external {
        for (uint8 status = 2; status <= 3; ++status) {
            ITabs.Tab memory tab = tabWith(EXPIRY, WINDOW, 0, 0, status);
            inStatus(tab, ITabs.Status(status));
            vm.expectRevert(wrongStatus(tab, ITabs.Status(status)));
            top(buyer, tab, DEPOSIT, 0, "");
        }
    }

    function test_refuseATopUpAfterTheExpiry() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        vm.warp(EXPIRY);
        top(buyer, tab, DEPOSIT, 0, "");
        vm.warp(EXPIRY + 1);
        vm.expectRevert(abi.encodeWithSelector(ITabs.TabExpired.selector, EXPIRY, EXPIRY + 1));
        top(buyer, tab, DEPOSIT + 500, 0, "");
    }

    function test_refuseATopUpBySomebodyElse() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        bytes32 digest = fundingDigest(tab, DEPOSIT, 500, 0, EXPIRY);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        top(seller, tab, DEPOSIT, 0, "");
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        top(relayer, tab, DEPOSIT, 0, signed(sellerKey, digest));
    }
}
