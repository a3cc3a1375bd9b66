// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {HookedToken, ReenteringHook} from "../tokens/HookedToken.sol";
import {RebasingToken} from "../tokens/RebasingToken.sol";
import {ReenteringWallet} from "../tokens/wallets/HostileWallets.sol";
import {OwnerWallet} from "../tokens/wallets/OwnerWallet.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice What broke other escrows, tried here. Tree: trees/Escrow.attacks.tree
contract AttacksTest is EscrowTest {
    /// @dev An escrow that took `amount > 0` for "funded" paid refunds of jobs nobody had funded out of other people's
    /// money.
    function test_refundNothingThatWasNeverFunded() external {
        IEscrow.Deal memory honest = arbitratedDeal();
        opened(honest);
        IEscrow.Deal memory deal = simpleDeal();
        deal.cancelBy = uint40(block.timestamp + 365 days);
        bytes32 id = idOf(deal);
        bytes memory why = wrongStatus(id, IEscrow.Status.Unopened);
        vm.expectRevert(why);
        vm.prank(buyer);
        escrow.refund(deal, buyer, 0, 0, 0, "");
        vm.warp(deal.milestones[0].deliverBy + 1);
        vm.expectRevert(why);
        escrow.refund(deal, address(0), 0, 0, 0, "");
        assertBooks(lockedOf(honest));
    }

    /// @dev Delivered and unanswered must pay the seller: silence of whoever judges never refunds the buyer.
    function test_letSilenceAfterADeliveryPayTheSeller() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        vm.warp(block.timestamp + 3650 days);
        vm.expectRevert(wrongStatus(id, IEscrow.Status.Delivered));
        escrow.refund(deal, address(0), 0, 0, 0, "");
        escrow.settleBySilence(deal);
        assertEq(token.balanceOf(seller), FUNDS + PRICE);
    }

    /// @dev Neither side alone can open: the terms carry both signatures.
    function test_openForNobodyWithOneSignature() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = idOf(deal);
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, id));
        vm.prank(buyer);
        escrow.open(deal, "", "", allowance(), allowance());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, id));
        vm.prank(seller);
        escrow.open(deal, "", "", allowance(), allowance());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, id));
        escrow.open(deal, ofBuyer, ofBuyer, allowance(), allowance());
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, id));
        escrow.open(deal, ofSeller, ofSeller, allowance(), allowance());
    }

    /// @dev Two wallets of one owner accept the same key: what one signed must not serve for the other.
    function test_keepTwoWalletsOfOneOwnerApart() external {
        address first = address(new OwnerWallet(seller));
        address second = address(new OwnerWallet(seller));
        IEscrow.Deal memory deal = simpleDeal();
        deal.seller = first;
        bytes32 id = idOf(deal);
        bytes memory ofFirst = signed(sellerKey, id);
        deal.seller = second;
        bytes32 other = idOf(deal);
        bytes memory ofBuyer = signed(buyerKey, other);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, second, other));
        escrow.open(deal, ofBuyer, ofFirst, allowance(), allowance());
    }

    /// @dev Parallel negotiations: signing one deal neither waits for nor kills another.
    function test_openParallelDealsInAnyOrder() external {
        IEscrow.Deal memory first = simpleDeal();
        IEscrow.Deal memory second = simpleDeal();
        second.nonce = first.nonce - 1;
        opened(first);
        opened(second);
        settled(second);
        settled(first);
        assertBooks(0);
    }

    /// @dev Milestone 1 delivered on time, the second deadline passes during its review, and the buyer takes the rest
    /// and the bond: whatever the buyer does with its windows, the seller keeps a review window for the next milestone.
    function testFuzz_leaveTheSellerTimeForTheNextMilestone(uint256 review, uint256 wait, uint8 way) external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        vm.warp(deal.milestones[0].deliverBy);
        delivered(deal);
        way = way % 4;
        if (way == 0) {
            skip(deal.reviewWindow + 1 + bound(wait, 0, 1000 days));
            escrow.settleBySilence(deal);
        } else {
            skip(bound(review, 0, deal.reviewWindow));
            if (way != 1) rejected(deal);
            skip(bound(wait, 0, deal.disputeWindow));
            if (way == 3) {
                disputed(deal);
                skip(bound(wait, 0, deal.rulingWindow));
                ruled(deal, 5000);
            } else {
                settled(deal);
            }
        }
        skip(deal.reviewWindow);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TooEarly.selector, block.timestamp + 1, block.timestamp));
        escrow.refund(deal, address(0), 1, 0, 0, "");
        delivered(deal);
    }

    /// @dev A split in a dispute must not strand the arbiter's fee: it has to divide everything that is locked.
    function test_leaveNothingLockedAfterASplitInADispute() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Disputed);
        IEscrow.Split memory terms;
        terms.dealId = idOf(deal);
        terms.status = uint8(IEscrow.Status.Disputed);
        terms.locked = lockedOf(deal);
        terms.toSeller = PRICE;
        terms.toBuyer = BOND;
        terms.validUntil = uint40(block.timestamp);
        bytes32 digest = splitDigest(terms);
        bytes memory ofBuyer = signed(buyerKey, digest);
        bytes memory ofSeller = signed(sellerKey, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SplitSum.selector, uint256(PRICE) + BOND, lockedOf(deal)));
        escrow.split(deal, terms, ofBuyer, ofSeller);
    }

    /// @dev A seller that leaves one second before the deadline pays the share of the bond it signed for.
    function test_chargeASellerThatLeavesInTheLastSecond() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        vm.warp(deal.milestones[0].deliverBy);
        vm.prank(seller);
        escrow.refund(deal, seller, 0, 0, 0, "");
        assertEq(token.balanceOf(seller), FUNDS - uint256(BOND) * 3000 / 10_000);
    }

    /// @dev Junk delivered where nobody judges: a rejection costs the buyer no more than the share it signed for.
    function test_boundWhatJunkEarnsWithoutAnArbiter() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.rejectedSellerBps = 0;
        broughtTo(deal, IEscrow.Status.Rejected);
        vm.prank(buyer);
        escrow.closeRejected(deal);
        assertEq(token.balanceOf(buyer), FUNDS);
    }

    /// @dev Somebody submits first: the deal opens as it was signed, and the relayer's own call just reverts.
    function test_gainNothingByOpeningFirst() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.relayer = relayer;
        deal.relayFee = 10;
        IEscrow.Funding memory funding = authorized(buyerKey, deal, PRICE + 10);
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.prank(stranger);
        escrow.open(deal, "", ofSeller, funding, allowance());
        assertEq(credit(stranger), 0);
        assertEq(token.balanceOf(address(escrow)), PRICE + 10);
        assertEq(credit(buyer), 10);
    }

    // ---- reentrancy ----

    function hookedDeal(HookedToken hooked) internal returns (IEscrow.Deal memory deal) {
        deal = simpleDeal();
        deal.token = address(hooked);
        hooked.mint(buyer, 10 * uint256(PRICE));
        vm.prank(buyer);
        hooked.approve(address(escrow), type(uint256).max);
    }

    /// @dev The seller's hook calls back while its payout is on the way, and again through every other door.
    function test_refuseToBeReenteredDuringAPayout() external {
        HookedToken hooked = new HookedToken();
        IEscrow.Deal memory deal = hookedDeal(hooked);
        IEscrow.Deal memory second = hookedDeal(hooked);
        second.nonce += 1;
        second.milestones[0].deliverBy += 1;
        ReenteringHook hook = new ReenteringHook();
        bytes[7] memory doors = [
            abi.encodeCall(escrow.settle, (second, 0, GOODS, 0, deal.openBy, "")),
            abi.encodeCall(escrow.settleBySilence, (second)),
            abi.encodeCall(escrow.refund, (second, address(0), 0, 0, 0, "")),
            abi.encodeCall(escrow.withdraw, (address(hooked), address(hook), address(hook), 1, 0, 0, 0, "")),
            abi.encodeCall(escrow.deposit, (address(hooked), address(hook), 1)),
            abi.encodeCall(escrow.closeRejected, (second)),
            abi.encodeCall(escrow.cancel, (second, address(hook), 0, 0, ""))
        ];
        for (uint256 i; i < doors.length; ++i) {
            deal.nonce = 100 + i;
            opened(deal);
            hooked.setHook(seller, hook);
            hook.arm(address(escrow), doors[i]);
            settled(deal);
            assertEq(hook.calls(), 1, "struck");
            assertEq(hook.successes(), 0, "and failed");
            assertEq(hook.lastReturn(), abi.encodeWithSelector(IEscrow.Reentrant.selector));
            hooked.setHook(seller, ReenteringHook(address(0)));
        }
        assertEq(hooked.balanceOf(seller), doors.length * uint256(PRICE));
        assertEq(hooked.balanceOf(address(escrow)), 0);
    }

    /// @dev The buyer's hook tries to have the same money counted twice while it is being pulled.
    function test_refuseToBeReenteredDuringAnOpening() external {
        HookedToken hooked = new HookedToken();
        IEscrow.Deal memory deal = hookedDeal(hooked);
        IEscrow.Deal memory second = hookedDeal(hooked);
        second.nonce += 1;
        bytes memory ofBuyer = signed(buyerKey, idOf(second));
        bytes memory ofSeller = signed(sellerKey, idOf(second));
        ReenteringHook hook = new ReenteringHook();
        hook.arm(address(escrow), abi.encodeCall(escrow.open, (second, ofBuyer, ofSeller, allowance(), allowance())));
        hooked.setHook(buyer, hook);
        opened(deal);
        assertEq(hook.successes(), 0);
        assertEq(hook.lastReturn(), abi.encodeWithSelector(IEscrow.Reentrant.selector));
        assertStatus(idOf(second), IEscrow.Status.Unopened);
        assertEq(hooked.balanceOf(address(escrow)), PRICE);
    }

    /// @dev The check of a wallet's signature is a static call: reading back is all it can do.
    function test_letAHostileWalletChangeNothingWhileItSigns() external {
        ReenteringWallet wallet = new ReenteringWallet();
        token.transfer(address(wallet), PRICE);
        vm.prank(address(wallet));
        token.approve(address(escrow), type(uint256).max);
        IEscrow.Deal memory deal = simpleDeal();
        deal.buyer = address(wallet);
        bytes32 id = idOf(deal);
        bytes memory ofSeller = signed(sellerKey, id);
        escrow.open(deal, hex"00aa", ofSeller, allowance(), allowance());
        // Its receipt is asked for: it tries to settle a second time from inside.
        bytes memory again = abi.encodeCall(escrow.settle, (deal, 0, GOODS, 0, deal.openBy, ""));
        wallet.arm(address(escrow), again, true);
        vm.expectPartialRevert(IEscrow.SignatureInvalid.selector);
        escrow.settle(deal, 0, GOODS, 0, deal.openBy, hex"00aa");
        wallet.arm(address(escrow), again, false);
        escrow.settle(deal, 0, GOODS, 0, deal.openBy, hex"00aa");
        assertEq(token.balanceOf(seller), FUNDS + PRICE);
        assertBooks(0);
    }

    // ---- one token never pays for another ----

    function test_keepARebasingTokensLossToItself() external {
        IEscrow.Deal memory honest = arbitratedDeal();
        opened(honest);
        RebasingToken rebasing = new RebasingToken();
        rebasing.mint(buyer, PRICE);
        vm.prank(buyer);
        rebasing.approve(address(escrow), PRICE);
        IEscrow.Deal memory deal = simpleDeal();
        deal.token = address(rebasing);
        opened(deal);
        rebasing.rebase(50);
        settled(deal);
        assertClosed(idOf(deal));
        assertEq(escrow.accountOf(address(rebasing), seller).balance, PRICE, "unpaid, still owed in that token");
        assertBooks(lockedOf(honest));
        settled(honest);
        assertBooks(0);
    }

    function testFuzz_openNothingThatAHostileTokenSigns(bytes32 domain, bytes32 r, bytes32 s, uint8 v) external {
        SelfNamedToken hostile = new SelfNamedToken(domain);
        IEscrow.Deal memory deal = simpleDeal();
        deal.token = address(hostile);
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        bytes memory forged = abi.encodePacked(r, s, v);
        vm.expectPartialRevert(IEscrow.AuthorizationInvalid.selector);
        escrow.open(deal, "", ofSeller, IEscrow.Funding(IEscrow.FundingKind.Authorization, forged), allowance());
    }
}

/// @notice Claims any domain and any balance it likes.
contract SelfNamedToken {
    bytes32 public immutable DOMAIN_SEPARATOR;

    constructor(bytes32 domain) {
        DOMAIN_SEPARATOR = domain;
    }

    fallback() external {}
}
