// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {SplitTestBase} from "./SplitTestBase.sol";

/// @notice Tree: trees/Escrow.split.tree
contract SplitTest is SplitTestBase {
    function test_closeInAnyLiveStatus() external {
        for (uint8 i = 1; i <= uint8(IEscrow.Status.Disputed); ++i) {
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(IEscrow.Status(i));
            IEscrow.Split memory terms = termsFor(deal, 123, FEE);
            uint256 ofSeller = token.balanceOf(seller);
            uint256 ofBuyer = token.balanceOf(buyer);
            vm.expectEmit(address(escrow));
            emit IEscrow.Closed(id, IEscrow.Outcome.Split, 123, terms.toBuyer, FEE);
            splitBy(relayer, deal, terms);
            assertClosed(id);
            assertEq(token.balanceOf(seller), ofSeller + 123);
            assertEq(token.balanceOf(buyer), ofBuyer + terms.toBuyer);
            assertEq(credit(arbiter), uint256(FEE) * i);
            assertBooks(0);
        }
    }

    function test_takeAnEmptySignatureOfThePartyThatCalls() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        IEscrow.Split memory terms = termsFor(deal, 1, 0);
        bytes memory ofSeller = signed(sellerKey, splitDigest(terms));
        vm.prank(buyer);
        escrow.split(deal, terms, "", ofSeller);
        assertClosed(idOf(deal));
    }

    function test_shareTheRelayFee() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        deposited(buyer, 50);
        deposited(seller, 50);
        IEscrow.Split memory terms = termsFor(deal, 1, 0);
        terms.fee = 5;
        splitBy(relayer, deal, terms);
        assertEq(credit(seller), 48, "half, floored");
        assertEq(credit(buyer), 47, "the rest");
        assertEq(credit(relayer), 5);
        assertBooks(0);
    }

    function test_takeNoRelayFeeFromParties() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        IEscrow.Split memory terms = termsFor(deal, 1, 0);
        terms.fee = 5;
        vm.recordLogs();
        splitBy(seller, deal, terms);
        assertEq(vm.getRecordedLogs().length, 3, "two transfers and the end: no credit of nothing");
        assertClosed(idOf(deal));
        assertEq(credit(seller), 0);
    }

    function test_creditWhereThePayoutBitsSaySo() external {
        uint256 inBuyer;
        uint256 inSeller;
        for (uint8 payout; payout < 4; ++payout) {
            IEscrow.Deal memory deal = arbitratedDeal();
            deal.payout = payout;
            deal.nonce = payout;
            opened(deal);
            splitBy(relayer, deal, termsFor(deal, 777, 0));
            if (payout & 1 != 0) inSeller += 777;
            if (payout & 2 != 0) inBuyer += lockedOf(deal) - 777;
            assertEq(credit(seller), inSeller);
            assertEq(credit(buyer), inBuyer);
            assertBooks(0);
        }
    }

    function test_refuseTermsOfAnotherMoment() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        IEscrow.Split memory terms = termsFor(deal, 5, 0);
        delivered(deal);
        uint128 locked = lockedOf(deal);
        refuses(deal, terms, abi.encodeWithSelector(IEscrow.SplitMismatch.selector, 0, 2, locked));
        settled(deal);
        uint128 left = locked - deal.milestones[0].amount;
        refuses(deal, terms, abi.encodeWithSelector(IEscrow.SplitMismatch.selector, 1, 1, left));
    }

    function test_refuseTermsWithAnyPlaceChanged() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        bytes memory why = abi.encodeWithSelector(IEscrow.SplitMismatch.selector, 0, 1, lockedOf(deal));
        IEscrow.Split memory terms = termsFor(deal, 5, 0);
        terms.dealId = keccak256("another");
        refuses(deal, terms, why);
        terms = termsFor(deal, 5, 0);
        terms.milestone = 1;
        refuses(deal, terms, why);
        terms = termsFor(deal, 5, 0);
        terms.status = 2;
        refuses(deal, terms, why);
        terms = termsFor(deal, 5, 0);
        terms.locked -= 1;
        terms.toBuyer -= 1;
        refuses(deal, terms, why);
    }

    function testFuzz_refuseAmountsThatDoNotSum(uint128 toSeller, uint128 toBuyer, uint128 toArbiter) external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        IEscrow.Split memory terms = termsFor(deal, 0, 0);
        terms.toSeller = toSeller;
        terms.toBuyer = toBuyer;
        terms.toArbiter = toArbiter;
        uint256 sum = uint256(toSeller) + toBuyer + toArbiter;
        vm.assume(sum != terms.locked);
        refuses(deal, terms, abi.encodeWithSelector(IEscrow.SplitSum.selector, sum, terms.locked));
    }

    function test_refuseToPayAnArbiterThatIsNotNamed() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        refuses(deal, termsFor(deal, 0, 1), abi.encodeWithSelector(IEscrow.NoArbiter.selector));
    }

    function test_takeTermsInTheirLastSecond() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        IEscrow.Split memory terms = termsFor(deal, 1, 0);
        vm.warp(terms.validUntil);
        splitBy(relayer, deal, terms);
        assertClosed(idOf(deal));
    }

    function test_refuseExpiredTerms() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        IEscrow.Split memory terms = termsFor(deal, 1, 0);
        vm.warp(terms.validUntil + 1);
        refuses(
            deal, terms, abi.encodeWithSelector(IEscrow.ActionExpired.selector, terms.validUntil, terms.validUntil + 1)
        );
    }

    function test_refuseWithoutBothSignatures() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        IEscrow.Split memory terms = termsFor(deal, 1, 0);
        bytes32 digest = splitDigest(terms);
        bytes memory ofBuyer = signed(buyerKey, digest);
        bytes memory ofSeller = signed(sellerKey, digest);
        bytes memory ofArbiter = signed(arbiterKey, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
        escrow.split(deal, terms, ofBuyer, ofArbiter);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        escrow.split(deal, terms, ofSeller, ofSeller);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
        vm.prank(buyer);
        escrow.split(deal, terms, "", "");
    }

    function test_refuseADealThatIsNotLive() external {
        IEscrow.Status[3] memory statuses = [IEscrow.Status.Unopened, IEscrow.Status.Closed, IEscrow.Status.Cancelled];
        for (uint256 i; i < 3; ++i) {
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(statuses[i]);
            refuses(deal, termsFor(deal, 0, 0), wrongStatus(id, statuses[i]));
        }
    }

    function test_noteTheSplitForBoth() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        splitBy(relayer, deal, termsFor(deal, 1, 0));
        assertEq(escrow.recordOf(address(token), buyer).splits, 1);
        assertEq(escrow.recordOf(address(token), seller).splits, 1);
    }
}
