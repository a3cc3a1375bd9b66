// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {BlocklistToken} from "../tokens/BlocklistToken.sol";
import {HookedToken, ReenteringHook} from "../tokens/HookedToken.sol";
import {AmendTestBase} from "./AmendTestBase.sol";

/// @notice Amendments in tokens that are not plain. Tree: trees/Escrow.amend.tree
contract AmendTokensTest is AmendTestBase {
    function openedIn(address other) internal returns (IEscrow.Deal memory deal) {
        deal = simpleDeal();
        deal.token = other;
        vm.prank(buyer);
        HookedToken(other).approve(address(escrow), type(uint256).max);
        opened(deal);
    }

    function test_letNobodyReenterWhileMoneyMoves() external {
        HookedToken other = new HookedToken();
        other.mint(buyer, 2 * PRICE);
        IEscrow.Deal memory deal = openedIn(address(other));
        ReenteringHook hook = new ReenteringHook();
        other.setHook(buyer, hook);
        IEscrow.Deal memory amendment = amendmentOf(deal);
        amendment.token = address(other);
        priced(amendment, PRICE + 500);
        bytes32 id = idOf(amendment);
        bytes memory again = abi.encodeCall(
            escrow.amend, (deal, amendment, signed(buyerKey, id), signed(sellerKey, id), allowance(), allowance())
        );
        hook.arm(address(escrow), again);
        amended(deal, amendment);
        assertEq(hook.calls(), 1);
        assertEq(hook.successes(), 0);
        assertEq(hook.lastReturn(), abi.encodeWithSelector(IEscrow.Reentrant.selector));
        assertEq(other.balanceOf(address(escrow)), PRICE + 500);
    }

    function test_creditWhatCannotBePaidBack() external {
        BlocklistToken other = new BlocklistToken();
        other.mint(buyer, PRICE);
        IEscrow.Deal memory deal = openedIn(address(other));
        IEscrow.Deal memory amendment = amendmentOf(deal);
        amendment.token = address(other);
        priced(amendment, PRICE - 500);
        other.setBlocked(buyer, true);
        amended(deal, amendment);
        assertEq(escrow.accountOf(address(other), buyer).balance, 500);
        assertEq(state(amendment).locked, PRICE - 500);
    }
}
