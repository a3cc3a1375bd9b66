// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {AmendTestBase} from "../escrow/AmendTestBase.sol";
import {Permit2Factory} from "../permit2/Permit2Factory.sol";
import {AnyAuthorizationToken} from "../tokens/AnyAuthorizationToken.sol";
import {HookedToken, ReenteringHook} from "../tokens/HookedToken.sol";
import {IPaymentToken} from "../tokens/IPaymentToken.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Attacks on what stands open already. Tree: trees/Escrow.amends.tree
contract AmendsTest is AmendTestBase, Permit2Factory {
    /// @dev A payment that names the deal is consent. Where an amendment takes nothing of a side, its payment is of nothing:
    /// the other side might make one up, and no token may vouch for it.
    function testFuzz_takeNoPaymentOfNothingForConsent(bool byPermit2, bool ofSeller, bytes32 r, bytes32 s) external {
        deployPermit2();
        AnyAuthorizationToken any = new AnyAuthorizationToken();
        any.mint(buyer, FUNDS);
        vm.prank(buyer);
        any.approve(address(escrow), FUNDS);
        token = IPaymentToken(address(any));
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        if (!ofSeller) priced(amendment, 1);
        bytes32 id = idOf(amendment);
        IEscrow.Funding memory made = byPermit2
            ? IEscrow.Funding(IEscrow.FundingKind.Permit2, abi.encodePacked(uint256(1), r, s, uint8(27)))
            : IEscrow.Funding(IEscrow.FundingKind.Authorization, abi.encodePacked(r, s, uint8(27)));
        vm.expectPartialRevert(byPermit2 ? IEscrow.FundingRefused.selector : IEscrow.AuthorizationInvalid.selector);
        if (ofSeller) {
            vm.prank(buyer);
            escrow.amend(deal, amendment, "", "", allowance(), made);
        } else {
            bytes memory own = signed(sellerKey, id);
            vm.prank(seller);
            escrow.amend(deal, amendment, "", own, made, allowance());
        }
    }

    /// @dev Rulings in between, any payout, any caller of the exit: all that went in is out again and each side has at
    /// least what the signed terms leave it.
    function testFuzz_conserveEveryUnitOverManyMilestones(
        uint16[3] memory bps,
        uint8 payout,
        uint64 relayFee,
        uint8 end
    ) external {
        IEscrow.Deal memory deal = milestoneDeal(4);
        deal.payout = payout % 4;
        deal.relayFee = relayFee % 1e8;
        bytes32 id = opened(deal);
        uint256 lost;
        for (uint256 i; i < 3; ++i) {
            uint16 share = uint16(bound(bps[i], 0, 10_000));
            delivered(deal);
            rejected(deal);
            disputed(deal);
            ruled(deal, share);
            lost += 10_000 - share;
        }
        uint256 bond = BOND - FEE * lost / 10_000;
        assertEq(state(deal).locked, deal.milestones[3].amount + bond + 4 * FEE - (3 * FEE - (BOND - bond)));
        exited(deal, end % 4);
        assertClosed(id);
        assertBooks(0);
        uint256 all = token.balanceOf(buyer) + token.balanceOf(seller) + token.balanceOf(address(escrow));
        assertEq(all, 2 * FUNDS);
        assertEq(credit(arbiter), 3 * FEE);
        assertLe(credit(stranger), deal.milestones[3].amount + BOND + 4 * FEE);
    }

    function exited(IEscrow.Deal memory deal, uint8 end) private {
        if (end == 0) {
            vm.warp(uint256(deal.milestones[3].deliverBy) + state(deal).shift + 1);
            vm.prank(stranger);
            escrow.refund(deal, address(0), 3, 0, 0, "");
            return;
        }
        delivered(deal);
        if (end > 1) rejected(deal);
        if (end > 2) disputed(deal);
        vm.warp(block.timestamp + 10 days);
        vm.prank(stranger);
        if (end == 1) escrow.settleBySilence(deal);
        else if (end == 2) escrow.closeRejected(deal);
        else escrow.lapse(deal);
    }

    /// @dev The doors that the guard leaves open stay shut while money moves: nobody asks one half in the other's name.
    function test_answerNoHookThatAsksForAMandate() external {
        HookedToken hooked = new HookedToken();
        hooked.mint(buyer, PRICE);
        vm.prank(buyer);
        hooked.approve(address(escrow), PRICE);
        IEscrow.Deal memory deal = simpleDeal();
        deal.token = address(hooked);
        ReenteringHook hook = new ReenteringHook();
        hooked.setHook(buyer, hook);
        IEscrow.MandateUse memory act;
        hook.arm(address(escrow), abi.encodeCall(escrow.useMandate, (act, "")));
        opened(deal);
        assertEq(hook.calls(), 1);
        assertEq(hook.lastReturn(), abi.encodeWithSelector(IEscrow.NotAsked.selector, address(hook)));
    }

    /// @dev The guard is in transient storage, at one place for both halves: what one of them begins the other does not enter.
    function test_shareOneGuardBetweenTheHalves() external {
        HookedToken hooked = new HookedToken();
        hooked.mint(buyer, 3 * PRICE);
        vm.prank(buyer);
        hooked.approve(address(escrow), type(uint256).max);
        ReenteringHook hook = new ReenteringHook();
        hooked.setHook(buyer, hook);
        hooked.mint(address(hook), 100);
        IEscrow.Deal memory old = simpleDeal();
        old.cancelBy = old.openBy;
        opened(old);
        IEscrow.Deal memory deal = simpleDeal();
        (deal.token, deal.cancelBy, deal.nonce) = (address(hooked), deal.openBy, 5);
        // Money comes in by the first half, and the second is called.
        bytes memory signature = signed(buyerKey, refundDigest(idOf(old), buyer, 0, Action(0, deal.openBy)));
        hook.arm(address(escrow), abi.encodeCall(escrow.refund, (old, buyer, 0, 0, deal.openBy, signature)));
        opened(deal);
        assertRefused(hook);
        // Money goes out by the second, and the first is called.
        hook.arm(address(escrow), abi.encodeCall(escrow.deposit, (address(hooked), stranger, 100)));
        vm.prank(buyer);
        escrow.refund(deal, buyer, 0, 0, 0, "");
        assertRefused(hook);
        assertStatus(idOf(old), IEscrow.Status.Open);
        assertEq(hooked.balanceOf(address(escrow)), 0);
    }

    function assertRefused(ReenteringHook hook) private view {
        assertEq(hook.calls(), 1);
        assertEq(hook.successes(), 0);
        assertEq(hook.lastReturn(), abi.encodeWithSelector(IEscrow.Reentrant.selector));
    }

    /// @dev A seller that raises the epoch of all, and its own, does not get rid of what it opened; nor of the buyer's key.
    function test_endNoOpenDealByANewEpoch() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        vm.startPrank(seller);
        escrow.advanceEpoch(seller, 1, 0, "");
        escrow.advanceEpoch(seller, 2, 0, "");
        vm.stopPrank();
        delivered(deal);
        bytes memory receipted = signed(buyerKey, receipt(id, 0, GOODS, Action(0, uint40(block.timestamp))));
        vm.prank(relayer);
        escrow.settle(deal, 0, GOODS, 0, uint40(block.timestamp), receipted);
        assertClosed(id);
        IEscrow.Deal memory other = simpleDeal();
        other.sellerEpoch = 2;
        assertEq(IERC20(address(token)).balanceOf(seller), FUNDS + PRICE);
        opened(other);
    }
}
