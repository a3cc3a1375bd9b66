// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.openAndSettle.tree
contract InstantTest is EscrowTest {
    function instantDeal() internal view returns (IEscrow.Deal memory deal) {
        deal = simpleDeal();
        deal.payout = 4;
        deal.nonce = 77;
    }

    function exchanged(IEscrow.Deal memory deal, IEscrow.Funding memory funding) internal {
        bytes32 id = idOf(deal);
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.prank(relayer);
        assertEq(escrow.openAndSettle(deal, ofBuyer, ofSeller, funding), id, "deal id");
    }

    function refuses(IEscrow.Deal memory deal, bytes memory why) internal {
        bytes32 id = idOf(deal);
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.expectRevert(why);
        vm.prank(relayer);
        escrow.openAndSettle(deal, ofBuyer, ofSeller, allowance());
    }

    // ---- what it does

    function test_payTheSellerAtOnce() external {
        IEscrow.Deal memory deal = instantDeal();
        vm.expectEmit(address(escrow));
        emit IEscrow.InstantSettled(
            idOf(deal), buyer, seller, address(token), PRICE, 77, deal.transcriptRoot, false, false
        );
        exchanged(deal, allowance());
        assertEq(token.balanceOf(buyer), FUNDS - PRICE);
        assertEq(token.balanceOf(seller), FUNDS + PRICE);
        assertBooks(0);
    }

    function test_leaveNoStateAndCountApart() external {
        IEscrow.Deal memory deal = instantDeal();
        exchanged(deal, allowance());
        assertStatus(idOf(deal), IEscrow.Status.Unopened);
        assertTrue(escrow.instantUsed(buyer, seller, 77));
        assertFalse(escrow.instantUsed(buyer, seller, 78));
        assertFalse(escrow.instantUsed(seller, buyer, 77));
        address[2] memory parties = [buyer, seller];
        for (uint256 i; i < 2; ++i) {
            IEscrow.Account memory account = escrow.accountOf(address(token), parties[i]);
            assertEq(account.instant, 1);
            assertEq(account.settledAsBuyer + account.settledAsSeller, 0);
        }
    }

    function test_takeAnAuthorisationAsTheBuyersConsent() external {
        IEscrow.Deal memory deal = instantDeal();
        IEscrow.Funding memory funding = authorized(buyerKey, deal, PRICE);
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.prank(relayer);
        escrow.openAndSettle(deal, "", ofSeller, funding);
        assertEq(token.balanceOf(seller), FUNDS + PRICE);
        assertBooks(0);
    }

    function test_moveBetweenInternalBalances() external {
        IEscrow.Deal memory deal = instantDeal();
        deal.payout = 7;
        deposited(buyer, PRICE + 5);
        vm.expectEmit(address(escrow));
        emit IEscrow.InstantSettled(
            idOf(deal), buyer, seller, address(token), PRICE, 77, deal.transcriptRoot, true, true
        );
        exchanged(deal, balance());
        assertEq(credit(buyer), 5);
        assertEq(credit(seller), PRICE);
        deposited(buyer, PRICE);
        deal.nonce = 78;
        vm.recordLogs();
        exchanged(deal, balance());
        assertEq(vm.getRecordedLogs().length, 1, "no debit of nothing");
        assertEq(escrow.accountOf(address(token), seller).instant, 2);
        assertBooks(0);
    }

    function test_keepInsideWhatTheSellerWantsInside() external {
        IEscrow.Deal memory deal = instantDeal();
        deal.payout = 4 | 1;
        exchanged(deal, allowance());
        assertEq(credit(seller), PRICE);
        (deal.payout, deal.nonce) = (4 | 2, 78); // what the buyer wants inside is of no account: it gets nothing
        exchanged(deal, allowance());
        assertEq(credit(seller), PRICE);
        assertEq(token.balanceOf(seller), FUNDS + PRICE);
        assertBooks(0);
    }

    function test_exchangeASingleUnitInTheLastSecond() external {
        IEscrow.Deal memory deal = instantDeal();
        deal.price = 1;
        deal.milestones[0].amount = 1;
        vm.warp(deal.openBy);
        exchanged(deal, allowance());
        assertEq(token.balanceOf(seller), FUNDS + 1);
        assertBooks(0);
    }

    function test_refuseABalanceThatIsTooShort() external {
        IEscrow.Deal memory deal = instantDeal();
        deposited(buyer, PRICE - 1);
        bytes memory ofBuyer = signed(buyerKey, idOf(deal));
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), buyer, PRICE - 1, PRICE));
        escrow.openAndSettle(deal, ofBuyer, ofSeller, balance());
        assertFalse(escrow.instantUsed(buyer, seller, 77));
    }

    function test_payTheRelayFee() external {
        IEscrow.Deal memory deal = instantDeal();
        deal.relayFee = 1; // the least there is
        exchanged(deal, allowance());
        assertEq(credit(relayer), 1);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - 1);
        deal.nonce = 78;
        IEscrow.Funding memory funding = authorized(buyerKey, deal, PRICE + 1);
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.prank(seller);
        escrow.openAndSettle(deal, "", ofSeller, funding);
        assertEq(credit(buyer), 1, "an authorised fee that nobody earned");
        assertBooks(0);
    }

    function testFuzz_keepTheBooks(uint128 price, uint64 relayFee, uint8 options) external {
        IEscrow.Deal memory deal = instantDeal();
        deal.price = uint128(bound(price, 1, 1e12));
        deal.milestones[0].amount = deal.price;
        deal.relayFee = relayFee % 1e9;
        deal.payout = 4 + options % 4;
        deposited(buyer, 3e12);
        exchanged(deal, options & 4 == 0 ? allowance() : balance());
        assertEq(credit(seller) + token.balanceOf(seller), FUNDS + deal.price);
        assertEq(credit(buyer) + token.balanceOf(buyer), FUNDS + 3e12 - deal.price - deal.relayFee);
        assertEq(credit(relayer), deal.relayFee);
        assertBooks(0);
    }

    // ---- once

    function test_refuseTheSameDealTwice() external {
        IEscrow.Deal memory deal = instantDeal();
        // The first and last bits of a word of nonces, and the same bit of two words.
        uint256[4] memory nonces = [uint256(0), 255, 44, 300];
        for (uint256 i; i < 4; ++i) {
            deal.nonce = nonces[i];
            exchanged(deal, allowance());
            refuses(deal, abi.encodeWithSelector(IEscrow.InstantNonceUsed.selector, buyer, seller, nonces[i]));
        }
    }

    function test_refuseAnotherDealUnderTheSameNonce() external {
        exchanged(instantDeal(), allowance());
        IEscrow.Deal memory deal = instantDeal();
        deal.termsHash = keccak256("other terms");
        refuses(deal, abi.encodeWithSelector(IEscrow.InstantNonceUsed.selector, buyer, seller, 77));
    }

    function testFuzz_takeNoncesInAnyOrder(uint256 one, uint256 other) external {
        vm.assume(one != other);
        IEscrow.Deal memory deal = instantDeal();
        deal.nonce = one;
        exchanged(deal, allowance());
        deal.nonce = other;
        exchanged(deal, allowance());
        assertTrue(escrow.instantUsed(buyer, seller, one) && escrow.instantUsed(buyer, seller, other));
        for (uint256 i = 0; i < 256; i += 85) {
            assertFalse(escrow.instantUsed(buyer, seller, other ^ (1 << i)) && one != other ^ (1 << i), "one bit away");
        }
    }

    function test_notOpenAnInstantDeal() external {
        refusesToOpen(instantDeal(), abi.encodeWithSelector(IEscrow.PayoutUnknown.selector, 4));
    }

    function test_refuseADealThatIsNotInstant() external {
        IEscrow.Deal memory deal = instantDeal();
        deal.payout = 3;
        refuses(deal, abi.encodeWithSelector(IEscrow.NotInstant.selector, 3));
        deal.payout = 8;
        refuses(deal, abi.encodeWithSelector(IEscrow.NotInstant.selector, 8));
    }

    // ---- taken back

    function test_letEitherPartyCancelIt() external {
        address[2] memory parties = [buyer, seller];
        for (uint256 i; i < 2; ++i) {
            IEscrow.Deal memory deal = instantDeal();
            deal.nonce = 1000 + i;
            vm.expectEmit(address(escrow));
            emit IEscrow.InstantCancelled(idOf(deal), buyer, seller, parties[i], deal.nonce);
            vm.prank(parties[i]);
            escrow.cancel(deal, parties[i], 0, 0, "");
            refuses(deal, abi.encodeWithSelector(IEscrow.InstantNonceUsed.selector, buyer, seller, deal.nonce));
        }
    }

    function test_refuseToCancelWhatIsDone() external {
        IEscrow.Deal memory deal = instantDeal();
        exchanged(deal, allowance());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.InstantNonceUsed.selector, buyer, seller, 77));
        vm.prank(seller);
        escrow.cancel(deal, seller, 0, 0, "");
    }

    function test_notLetAStrangerUseUpTheirNonces() external {
        IEscrow.Deal memory deal = instantDeal();
        deal.seller = stranger;
        vm.prank(stranger);
        escrow.cancel(deal, stranger, 0, 0, "");
        assertFalse(escrow.instantUsed(buyer, seller, 77));
        exchanged(instantDeal(), allowance());
    }

    function test_voidItByANewEpoch() external {
        vm.prank(seller);
        escrow.advanceEpoch(seller, 1, 0, "");
        refuses(instantDeal(), abi.encodeWithSelector(IEscrow.EpochStale.selector, seller, 0, 1));
    }

    // ---- refusals

    function test_refuseWhatHasALife() external {
        IEscrow.Deal memory deal = instantDeal();
        deal.arbiter = arbiter;
        refuses(deal, abi.encodeWithSelector(IEscrow.InstantDealBound.selector, arbiter, 0, 0, 1));
        deal = instantDeal();
        deal.arbiterFee = 3;
        refuses(deal, abi.encodeWithSelector(IEscrow.InstantDealBound.selector, address(0), 3, 0, 1));
        deal = instantDeal();
        deal.sellerBond = 4;
        refuses(deal, abi.encodeWithSelector(IEscrow.InstantDealBound.selector, address(0), 0, 4, 1));
        deal = instantDeal();
        deal.milestones = milestoneDeal(2).milestones;
        refuses(deal, abi.encodeWithSelector(IEscrow.InstantDealBound.selector, address(0), 0, 0, 2));
        deal.milestones = new IEscrow.Milestone[](0);
        refuses(deal, abi.encodeWithSelector(IEscrow.InstantDealBound.selector, address(0), 0, 0, 0));
    }

    function test_refuseAnotherAmountThanThePrice() external {
        IEscrow.Deal memory deal = instantDeal();
        deal.milestones[0].amount = PRICE - 1;
        refuses(deal, abi.encodeWithSelector(IEscrow.MilestonesSum.selector, PRICE - 1, PRICE));
        // What is at its edge is not what is named.
        deal.payout = 7;
        vm.warp(deal.openBy);
        refuses(deal, abi.encodeWithSelector(IEscrow.MilestonesSum.selector, PRICE - 1, PRICE));
        deal.price = 0;
        refuses(deal, abi.encodeWithSelector(IEscrow.PriceZero.selector));
    }

    function test_refuseAfterOpenBy() external {
        IEscrow.Deal memory deal = instantDeal();
        vm.warp(deal.openBy + 1);
        refuses(deal, abi.encodeWithSelector(IEscrow.OpenByPassed.selector, deal.openBy, deal.openBy + 1));
    }

    function test_refuseOneAccountOnBothSides() external {
        IEscrow.Deal memory deal = instantDeal();
        deal.seller = buyer;
        refuses(deal, abi.encodeWithSelector(IEscrow.PartiesNotDistinct.selector, buyer, buyer, address(0)));
        deal.seller = address(0);
        refuses(deal, abi.encodeWithSelector(IEscrow.PartyZero.selector, buyer, address(0)));
    }

    function test_refuseLinkedAndAmendingDeals() external {
        IEscrow.Deal memory deal = instantDeal();
        deal.bundle = REASON;
        refuses(deal, abi.encodeWithSelector(IEscrow.LinkedDealAlone.selector, REASON));
        deal.bundle = 0;
        deal.amends = REASON;
        refuses(deal, abi.encodeWithSelector(IEscrow.AmendmentNotHere.selector, REASON));
    }

    function test_refuseATokenWithoutCode() external {
        IEscrow.Deal memory deal = instantDeal();
        deal.token = stranger;
        refuses(deal, abi.encodeWithSelector(IEscrow.FundingRefused.selector, stranger, buyer, PRICE));
        bytes memory ofBuyer = signed(buyerKey, idOf(deal));
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, stranger, buyer, 0, PRICE));
        escrow.openAndSettle(deal, ofBuyer, ofSeller, balance());
    }

    function test_refuseAMissingSignature() external {
        IEscrow.Deal memory deal = instantDeal();
        bytes32 id = idOf(deal);
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.startPrank(relayer);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, id));
        escrow.openAndSettle(deal, ofSeller, ofSeller, allowance());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, id));
        escrow.openAndSettle(deal, "", ofSeller, allowance());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, id));
        escrow.openAndSettle(deal, ofBuyer, "", allowance());
        // A payment that consents takes no bad signature beside it.
        IEscrow.Funding memory funding = authorized(buyerKey, deal, PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, id));
        escrow.openAndSettle(deal, hex"00", ofSeller, funding);
        vm.stopPrank();
    }

    function test_letAPartyCallForItself() external {
        IEscrow.Deal memory deal = instantDeal();
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.prank(buyer);
        escrow.openAndSettle(deal, "", ofSeller, allowance());
        assertTrue(escrow.instantUsed(buyer, seller, 77));
    }
}
