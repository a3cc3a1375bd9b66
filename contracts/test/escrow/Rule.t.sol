// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.rule.tree
contract RuleTest is EscrowTest {
    function ruleAs(address caller, IEscrow.Deal memory deal, uint8 milestone, uint16 sellerBps) internal {
        vm.prank(caller);
        escrow.rule(deal, milestone, sellerBps, REASON, 0, 0, "");
    }

    function test_divideAndCloseAtTheLastMilestone() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        uint128 toSeller = PRICE * 7001 / 10_000;
        uint128 sellersPart = FEE * (10_000 - 7001) / 10_000;
        uint128 sellerGets = toSeller + BOND - sellersPart;
        uint128 buyerGets = PRICE - toSeller + sellersPart;
        vm.expectEmit(address(escrow));
        emit IEscrow.Ruled(id, arbiter, 0, 7001, toSeller, PRICE - toSeller, FEE, REASON);
        vm.expectEmit(address(escrow));
        emit IEscrow.Credited(address(token), arbiter, FEE);
        vm.expectEmit(address(escrow));
        emit IEscrow.Closed(id, IEscrow.Outcome.Settled, sellerGets, buyerGets, FEE);
        ruleAs(arbiter, deal, 0, 7001);
        assertClosed(id);
        assertEq(token.balanceOf(seller), FUNDS - BOND + sellerGets);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - FEE + buyerGets);
        assertEq(credit(arbiter), FEE);
        assertBooks(0);
    }

    function test_divideAndGoOnToTheNextMilestone() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        skip(3 days);
        uint128 amount = deal.milestones[0].amount;
        uint128 toSeller = amount * 4000 / 10_000;
        ruleAs(arbiter, deal, 0, 4000);
        IEscrow.DealState memory s = escrow.stateOf(id);
        assertEq(uint256(s.status), uint256(IEscrow.Status.Open));
        assertEq(s.milestone, 1);
        assertEq(s.deliveries, 0);
        assertEq(s.sellerLostBps, 6000);
        assertEq(s.shift, 3 days, "the time of the dispute");
        assertEq(s.locked, lockedOf(deal) - amount - FEE);
        assertEq(token.balanceOf(seller), FUNDS - BOND + toSeller);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - 2 * FEE + amount - toSeller);
        assertBooks(s.locked);
    }

    function test_keepWhatIsKnownOfADealThatCloses() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        skip(3 days + 1);
        ruleAs(arbiter, deal, 0, 4000);
        delivered(deal);
        delivered(deal);
        skip(1 days);
        settled(deal);
        IEscrow.DealState memory s = escrow.stateOf(id);
        assertClosed(id);
        assertEq(s.milestone, 1);
        assertEq(s.deliveries, 2);
        assertEq(s.sellerLostBps, 6000);
        assertEq(s.shift, 3 days + 1);
    }

    function test_letTheLoserPayTheArbiter() external {
        uint16[2] memory shares = [uint16(10_000), uint16(0)];
        for (uint256 i; i < 2; ++i) {
            IEscrow.Deal memory deal = arbitratedDeal();
            deal.nonce = i;
            uint256 ofSeller = token.balanceOf(seller);
            uint256 ofBuyer = token.balanceOf(buyer);
            broughtTo(deal, IEscrow.Status.Disputed);
            ruleAs(arbiter, deal, 0, shares[i]);
            if (shares[i] == 0) {
                assertEq(token.balanceOf(seller), ofSeller - FEE);
                assertEq(token.balanceOf(buyer), ofBuyer);
            } else {
                assertEq(token.balanceOf(seller), ofSeller + PRICE);
                assertEq(token.balanceOf(buyer), ofBuyer - PRICE - FEE);
            }
        }
    }

    function test_chargeTheSellerForALossOfOneBasisPoint() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Disputed);
        ruleAs(arbiter, deal, 0, 9999);
        assertEq(token.balanceOf(seller), FUNDS + uint256(PRICE) * 9999 / 10_000 - FEE / 10_000);
        assertBooks(0);
    }

    function test_relayARulingForAFeeOutOfWhatItEarns() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        bytes memory ofArbiter = signed(arbiterKey, ruling(id, 0, 5000, REASON, Action(77, deal.openBy)));
        vm.prank(relayer);
        escrow.rule(deal, 0, 5000, REASON, 77, deal.openBy, ofArbiter);
        assertEq(credit(relayer), 77);
        assertEq(credit(arbiter), FEE - 77);
        assertBooks(0);
    }

    function test_refuseASignatureOverAnotherShare() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        bytes memory ofArbiter = signed(arbiterKey, ruling(id, 0, 5000, REASON, Action(0, deal.openBy)));
        bytes32 other = ruling(id, 0, 5001, REASON, Action(0, deal.openBy));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, arbiter, other));
        escrow.rule(deal, 0, 5001, REASON, 0, deal.openBy, ofArbiter);
    }

    function test_refuseAnExpiredSignature() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        bytes memory ofArbiter = signed(arbiterKey, ruling(id, 0, 5000, REASON, Action(0, deal.openBy)));
        vm.warp(deal.openBy + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, deal.openBy, deal.openBy + 1));
        escrow.rule(deal, 0, 5000, REASON, 0, deal.openBy, ofArbiter);
    }

    function test_refuseAnybodyElse() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        bytes32 digest = ruling(id, 0, 5000, REASON, Action(0, 0));
        address[3] memory others = [seller, buyer, stranger];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, arbiter, digest));
            ruleAs(others[i], deal, 0, 5000);
        }
    }

    function testFuzz_refuseMoreThanEverything(uint16 bps) external {
        vm.assume(bps > 10_000);
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Disputed);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BpsOutOfRange.selector, bps));
        ruleAs(arbiter, deal, 0, bps);
    }

    function test_takeTheLastSecondOfTheWindow() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Disputed);
        skip(deal.rulingWindow);
        ruleAs(arbiter, deal, 0, 5000);
        assertClosed(idOf(deal));
    }

    function test_refuseAfterTheWindow() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Disputed);
        uint256 last = block.timestamp + deal.rulingWindow;
        vm.warp(last + 1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooLate.selector, last, last + 1));
        ruleAs(arbiter, deal, 0, 5000);
    }

    function test_refuseARulingOfAnotherMilestone() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        broughtTo(deal, IEscrow.Status.Disputed);
        ruled(deal, 5000);
        delivered(deal);
        rejected(deal);
        disputed(deal);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MilestoneMismatch.selector, 0, 1));
        ruleAs(arbiter, deal, 0, 5000);
    }

    function test_refuseWhereNothingIsDisputed() external {
        for (uint8 i; i <= uint8(IEscrow.Status.Cancelled); ++i) {
            if (i == uint8(IEscrow.Status.Disputed)) continue;
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(IEscrow.Status(i));
            vm.expectRevert(wrongStatus(id, IEscrow.Status(i)));
            ruleAs(arbiter, deal, 0, 5000);
        }
    }

    function test_countTheRuling() external {
        uint16[3] memory shares = [uint16(4999), uint16(5000), uint16(5001)];
        for (uint256 i; i < 3; ++i) {
            IEscrow.Deal memory deal = arbitratedDeal();
            deal.nonce = i;
            broughtTo(deal, IEscrow.Status.Disputed);
            ruleAs(arbiter, deal, 0, shares[i]);
        }
        assertEq(escrow.accountOf(address(token), seller).disputesLost, 1);
        assertEq(escrow.accountOf(address(token), buyer).disputesLost, 1);
        assertEq(escrow.recordOf(address(token), seller).disputesWon, 2);
        assertEq(escrow.recordOf(address(token), buyer).disputesWon, 2);
        assertEq(escrow.recordOf(address(token), arbiter).ruled, 3);
        assertEq(escrow.accountOf(address(token), seller).settledAsSeller, 0, "rulings are counted apart");
    }

    /// @dev Any number of rulings, any shares, any odd fee: the arbiter earns one fee a ruling, each side bears its
    /// part, and nothing is left or missing.
    function testFuzz_chargeEachSideForWhatItLost(uint16[4] memory shares, uint128 fee, uint8 payout) external {
        IEscrow.Deal memory deal = milestoneDeal(4);
        deal.arbiterFee = uint128(bound(fee, 1, BOND / 4));
        deal.payout = payout & 3;
        opened(deal);
        uint256 lost;
        uint256 earned;
        for (uint256 i; i < 4; ++i) {
            uint16 share = uint16(bound(shares[i], 0, 10_000));
            delivered(deal);
            rejected(deal);
            disputed(deal);
            ruled(deal, share);
            lost += 10_000 - share;
            earned += uint256(deal.milestones[i].amount) * share / 10_000;
            assertBooks(state(deal).locked);
        }
        uint256 sellersPart = deal.arbiterFee * lost / 10_000;
        assertEq(credit(arbiter), 4 * uint256(deal.arbiterFee));
        assertEq(token.balanceOf(seller) + credit(seller), FUNDS + earned - sellersPart);
        assertEq(token.balanceOf(buyer) + credit(buyer), FUNDS - earned - (4 * uint256(deal.arbiterFee) - sellersPart));
    }
}
