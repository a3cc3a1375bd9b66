// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {AmendTestBase} from "./AmendTestBase.sol";

/// @notice Tree: trees/Escrow.amend.tree
contract AmendTest is AmendTestBase {
    // ---- what it changes ----

    function test_replaceADealThatWaits() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 old = opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        bytes32 id = idOf(amendment);
        vm.expectEmit(address(escrow));
        emit IEscrow.Closed(old, IEscrow.Outcome.Amended, 0, 0, 0);
        vm.expectEmit(address(escrow));
        emit IEscrow.Opened(id, buyer, seller, address(token), PRICE, lockedOf(deal), amendment.transcriptRoot);
        vm.expectEmit(address(escrow));
        emit IEscrow.Amended(old, id);
        amended(deal, amendment);
        assertClosed(old);
        assertStatus(id, IEscrow.Status.Open);
        assertEq(state(amendment).locked, lockedOf(deal));
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - FEE, "nothing moved");
        assertBooks(lockedOf(deal));
    }

    function test_replaceADealThatWasRejected() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 old = broughtTo(deal, IEscrow.Status.Rejected);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        bytes32 id = amended(deal, amendment);
        assertClosed(old);
        assertEq(state(amendment).deliveries, 0, "four deliveries again");
        assertStatus(id, IEscrow.Status.Open);
    }

    function test_keepTheDatesThatWereSigned() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        delivered(deal);
        skip(deal.reviewWindow);
        rejected(deal);
        disputed(deal);
        skip(1 days);
        ruled(deal, 5000);
        uint40 shift = state(deal).shift;
        assertEq(shift, uint40(deal.reviewWindow) + 1 days);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        amended(deal, amendment);
        assertEq(state(amendment).shift, 0, "the shift is in the dates by now");
        vm.warp(deal.milestones[1].deliverBy + shift);
        delivered(amendment);
        assertStatus(idOf(amendment), IEscrow.Status.Delivered);
    }

    function test_goOnWithWhatRemains() external {
        IEscrow.Deal memory deal = milestoneDeal(3);
        opened(deal);
        settled(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        amended(deal, amendment);
        uint256 before = token.balanceOf(seller);
        settled(amendment);
        settled(amendment);
        assertClosed(idOf(amendment));
        uint256 rest = uint256(deal.milestones[1].amount) + deal.milestones[2].amount;
        assertEq(token.balanceOf(seller) - before, rest + BOND);
        assertEq(credit(buyer), 2 * FEE, "at the end");
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - 2 * FEE, "one paid back with the amendment");
        assertBooks(0);
    }

    function test_touchNoCounter() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        settled(deal);
        bytes32 ofBuyer = keccak256(abi.encode(escrow.recordOf(address(token), buyer)));
        bytes32 ofSeller = keccak256(abi.encode(escrow.recordOf(address(token), seller)));
        amended(deal, amendmentOf(deal));
        IEscrow.Account memory account = escrow.accountOf(address(token), seller);
        assertEq(account.settledAsSeller + escrow.accountOf(address(token), buyer).settledAsBuyer, 0);
        assertEq(keccak256(abi.encode(escrow.recordOf(address(token), buyer))), ofBuyer);
        assertEq(keccak256(abi.encode(escrow.recordOf(address(token), seller))), ofSeller);
    }

    function test_letTheArbiterChange() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        amendment.arbiter = stranger;
        amended(deal, amendment);
        IEscrow.Deal memory none = amendmentOf(amendment);
        none.arbiter = address(0);
        none.arbiterFee = 0;
        none.sellerBond = 0;
        amended(amendment, none);
        assertEq(state(none).locked, PRICE);
        assertEq(token.balanceOf(seller), FUNDS, "the bond is back");
        assertEq(token.balanceOf(buyer), FUNDS - PRICE, "and the fee");
        assertBooks(PRICE);
    }

    // ---- what it moves ----

    function test_takeTheDifferenceOnly() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        priced(amendment, PRICE + 500);
        amendment.sellerBond = BOND + 70;
        amended(deal, amendment);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - FEE - 500);
        assertEq(token.balanceOf(seller), FUNDS - BOND - 70);
        assertBooks(lockedOf(amendment));
    }

    function test_payTheDifferenceBack() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 old = opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        priced(amendment, PRICE - 500);
        amendment.sellerBond = BOND - 70;
        vm.expectEmit(address(escrow));
        emit IEscrow.Closed(old, IEscrow.Outcome.Amended, 70, 500, 0);
        amended(deal, amendment);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - FEE + 500);
        assertEq(token.balanceOf(seller), FUNDS - BOND + 70);
        assertBooks(lockedOf(amendment));
    }

    function test_payBackAsTheAmendmentSays() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        priced(amendment, PRICE - 500);
        amendment.sellerBond = BOND - 70;
        amendment.payout = 3;
        amended(deal, amendment);
        assertEq(credit(buyer), 500);
        assertEq(credit(seller), 70);
        assertBooks(lockedOf(amendment));
    }

    function testFuzz_conserveEveryUnit(uint128 price, uint128 bond, uint128 relayFee, uint16 bps, bool ruledOnce)
        external
    {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        if (ruledOnce) {
            delivered(deal);
            rejected(deal);
            disputed(deal);
            ruled(deal, uint16(bound(bps, 0, 10_000)));
        } else {
            settled(deal);
        }
        IEscrow.Deal memory amendment = amendmentOf(deal);
        priced(amendment, uint128(bound(price, 1, 3 * uint256(PRICE))));
        amendment.sellerBond = uint128(bound(bond, FEE, 3 * uint256(BOND)));
        amendment.relayFee = uint128(bound(relayFee, 0, 3 * uint256(PRICE)));
        amended(deal, amendment);
        assertEq(state(deal).locked, 0);
        assertEq(state(amendment).locked, lockedOf(amendment));
        assertEq(credit(relayer), amendment.relayFee);
        assertBooks(lockedOf(amendment));
        settled(amendment);
        assertBooks(0);
    }

    function test_takeTheRelayFeeOutOfWhatIsPaidBack() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        priced(amendment, PRICE - 500);
        amendment.relayFee = 1; // the least there is
        amended(deal, amendment);
        assertEq(credit(relayer), 1);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - FEE + 499);
        assertBooks(lockedOf(amendment));
    }

    function test_fundTheDifferenceFromAnInternalBalance() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        deposited(buyer, 500);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        priced(amendment, PRICE + 500);
        bytes32 id = idOf(amendment);
        escrow.amend(deal, amendment, signed(buyerKey, id), signed(sellerKey, id), balance(), allowance());
        assertEq(credit(buyer), 0);
        assertBooks(lockedOf(amendment));
    }

    function test_takeAnAuthorisationOfTheDifferenceForConsent() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        priced(amendment, PRICE + 500);
        amendment.sellerBond = BOND - 9; // paid back: its authorisation is of nothing
        IEscrow.Funding memory ofBuyer = authorized(buyerKey, amendment, 500);
        IEscrow.Funding memory ofSeller = authorized(sellerKey, amendment, 0);
        vm.prank(relayer);
        escrow.amend(deal, amendment, "", "", ofBuyer, ofSeller);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - FEE - 500);
        assertEq(token.balanceOf(seller), FUNDS - BOND + 9);
        assertBooks(lockedOf(amendment));
    }

    function test_moveNothingWhereTheDifferenceIsNotThere() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 old = opened(deal);
        vm.prank(seller);
        token.approve(address(escrow), 0);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        priced(amendment, PRICE + 500);
        amendment.sellerBond = BOND + 1;
        bytes memory why = abi.encodeWithSelector(IEscrow.FundingRefused.selector, address(token), seller, 1);
        refusesToAmend(deal, amendment, why);
        assertStatus(old, IEscrow.Status.Open);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - FEE);
    }

    // ---- what it refuses ----

    function test_refuseADealThatIsNotItsToReplace() external {
        IEscrow.Status[5] memory statuses = [
            IEscrow.Status.Unopened,
            IEscrow.Status.Delivered,
            IEscrow.Status.Disputed,
            IEscrow.Status.Closed,
            IEscrow.Status.Cancelled
        ];
        for (uint256 i; i < statuses.length; ++i) {
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(statuses[i]);
            IEscrow.DealState memory s = state(deal);
            s.milestone = 0;
            IEscrow.Deal memory amendment = arbitratedDeal();
            amendment.amends = id;
            amendment.amendsLocked = s.locked;
            refusesToAmend(deal, amendment, wrongStatus(id, statuses[i]));
        }
    }

    function test_refuseAnAmendmentOfAnotherState() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        bytes32 id = opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        bytes memory why = abi.encodeWithSelector(IEscrow.AmendmentMismatch.selector, id, 0, lockedOf(deal));
        amendment.amendsMilestone = 1;
        refusesToAmend(deal, amendment, why);
        amendment = amendmentOf(deal);
        amendment.amendsLocked -= 1;
        refusesToAmend(deal, amendment, why);
        amendment = amendmentOf(deal);
        amendment.amends = keccak256("another deal");
        refusesToAmend(deal, amendment, why);
        amendment.amends = 0;
        refusesToAmend(deal, amendment, why);
        amendment = amendmentOf(deal);
        settled(deal);
        uint128 left = lockedOf(deal) - deal.milestones[0].amount;
        refusesToAmend(deal, amendment, abi.encodeWithSelector(IEscrow.AmendmentMismatch.selector, id, 1, left));
    }

    function test_refuseOtherPartiesOrAnotherToken() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        bytes memory why = abi.encodeWithSelector(IEscrow.AmendmentParties.selector, buyer, seller, address(token));
        IEscrow.Deal memory amendment = amendmentOf(deal);
        amendment.buyer = stranger;
        refusesToAmend(deal, amendment, why);
        amendment = amendmentOf(deal);
        amendment.seller = stranger;
        refusesToAmend(deal, amendment, why);
        amendment = amendmentOf(deal);
        amendment.token = address(escrow);
        refusesToAmend(deal, amendment, why);
    }

    function test_holdItToTheRulesOfOpening() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        amendment.sellerBond = FEE - 1;
        refusesToAmend(deal, amendment, abi.encodeWithSelector(IEscrow.BondBelowFees.selector, FEE - 1, FEE));
        amendment = amendmentOf(deal);
        amendment.price += 1;
        refusesToAmend(deal, amendment, abi.encodeWithSelector(IEscrow.MilestonesSum.selector, PRICE, PRICE + 1));
        amendment = amendmentOf(deal);
        amendment.openBy = uint40(block.timestamp - 1);
        bytes memory why = abi.encodeWithSelector(IEscrow.OpenByPassed.selector, START - 1, START);
        refusesToAmend(deal, amendment, why);
        amendment = amendmentOf(deal);
        amendment.bundle = REASON;
        refusesToAmend(deal, amendment, abi.encodeWithSelector(IEscrow.LinkedDealAlone.selector, REASON));
        amendment = amendmentOf(deal);
        priced(amendment, type(uint128).max);
        why = abi.encodeWithSelector(IEscrow.LockedTooLarge.selector, uint256(type(uint128).max) + BOND + FEE);
        refusesToAmend(deal, amendment, why);
    }

    function test_refuseAnEpochThatIsOver() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        vm.prank(seller);
        escrow.advanceEpoch(seller, 1, 0, "");
        refusesToAmend(deal, amendment, abi.encodeWithSelector(IEscrow.EpochStale.selector, seller, 0, 1));
        amendment.sellerEpoch = 1;
        amended(deal, amendment);
    }

    function test_refuseAnAmendmentThatWasCancelled() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        vm.prank(seller);
        escrow.cancel(amendment, seller, 0, 0, "");
        refusesToAmend(deal, amendment, wrongStatus(idOf(amendment), IEscrow.Status.Cancelled));
    }

    function test_refuseToAmendTwice() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        amended(deal, amendment);
        refusesToAmend(deal, amendment, wrongStatus(id, IEscrow.Status.Closed));
    }

    function test_refuseASignatureThatIsMissing() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        bytes32 id = idOf(amendment);
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, id));
        escrow.amend(deal, amendment, ofSeller, ofSeller, allowance(), allowance());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, id));
        escrow.amend(deal, amendment, "", ofSeller, allowance(), allowance());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, id));
        escrow.amend(deal, amendment, ofBuyer, "", allowance(), allowance());
        // A payment that consents takes no bad signature beside it.
        IEscrow.Funding memory consenting = authorized(buyerKey, amendment, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, id));
        escrow.amend(deal, amendment, hex"00", ofSeller, consenting, allowance());
        consenting = authorized(sellerKey, amendment, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, id));
        escrow.amend(deal, amendment, ofBuyer, hex"00", allowance(), consenting);
        vm.prank(seller);
        escrow.amend(deal, amendment, ofBuyer, "", allowance(), allowance());
        assertStatus(id, IEscrow.Status.Open);
    }

    function test_notOpenAsANewDeal() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = opened(deal);
        refusesToOpen(amendmentOf(deal), abi.encodeWithSelector(IEscrow.AmendmentNotHere.selector, id));
    }
}
