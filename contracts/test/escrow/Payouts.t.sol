// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {BlocklistToken} from "../tokens/BlocklistToken.sol";
import {FalseReturningToken} from "../tokens/FalseReturningToken.sol";
import {HookedToken, RefusingHook} from "../tokens/HookedToken.sol";
import {ReturnBombToken} from "../tokens/ReturnBombToken.sol";
import {EscrowTest} from "./EscrowTest.sol";
import {GasHungryToken} from "./GasHungryToken.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Tree: trees/Escrow.payouts.tree
contract PayoutsTest is EscrowTest {
    address internal other;

    /// @dev An arbitrated deal in another token, funded by both.
    function openedIn(address token_) internal returns (IEscrow.Deal memory deal) {
        other = token_;
        deal = arbitratedDeal();
        deal.token = token_;
        address[2] memory parties = [buyer, seller];
        for (uint256 i; i < 2; ++i) {
            vm.prank(parties[i]);
            IERC20(token_).approve(address(escrow), type(uint256).max);
        }
        opened(deal);
    }

    function creditIn(address party) internal view returns (uint256) {
        return escrow.accountOf(other, party).balance;
    }

    function assertBooksIn(uint256 locked) internal view {
        uint256 owed = locked + creditIn(buyer) + creditIn(seller) + creditIn(arbiter) + creditIn(relayer);
        assertEq(IERC20(other).balanceOf(address(escrow)), owed, "books");
    }

    function test_creditASellerThatTheTokenBlocks() external {
        BlocklistToken blocklist = new BlocklistToken();
        blocklist.mint(buyer, PRICE + FEE);
        blocklist.mint(seller, BOND);
        IEscrow.Deal memory deal = openedIn(address(blocklist));
        blocklist.setBlocked(seller, true);
        vm.expectEmit(address(escrow));
        emit IEscrow.Credited(other, seller, PRICE + BOND);
        settled(deal);
        assertClosed(idOf(deal));
        assertEq(creditIn(seller), PRICE + BOND);
        assertBooksIn(0);
        vm.prank(seller);
        escrow.withdraw(other, seller, stranger, PRICE, 0, 0, 0, "");
        assertEq(blocklist.balanceOf(stranger), PRICE);
    }

    function test_creditABuyerThatTheTokenBlocks() external {
        BlocklistToken blocklist = new BlocklistToken();
        blocklist.mint(buyer, PRICE + FEE);
        blocklist.mint(seller, BOND);
        IEscrow.Deal memory deal = openedIn(address(blocklist));
        blocklist.setBlocked(buyer, true);
        vm.prank(seller);
        escrow.refund(deal, seller, 0, 0, 0, "");
        uint256 penalty = uint256(BOND) * 3000 / 10_000;
        assertEq(creditIn(buyer), PRICE + FEE + penalty);
        assertEq(blocklist.balanceOf(seller), BOND - penalty, "the other side is paid");
        assertBooksIn(0);
    }

    function test_creditWhereTheTokenAnswersFalse() external {
        FalseReturningToken refusing = new FalseReturningToken();
        refusing.mint(buyer, PRICE + FEE);
        refusing.mint(seller, BOND);
        IEscrow.Deal memory deal = openedIn(address(refusing));
        refusing.setMode(FalseReturningToken.Mode.RefusingFalse);
        settled(deal);
        assertEq(creditIn(seller), PRICE + BOND);
        assertBooksIn(0);
    }

    function test_creditWhereARecipientRefuses() external {
        HookedToken hooked = new HookedToken();
        hooked.mint(buyer, PRICE + FEE);
        hooked.mint(seller, BOND);
        IEscrow.Deal memory deal = openedIn(address(hooked));
        hooked.setHook(seller, new RefusingHook());
        settled(deal);
        assertEq(creditIn(seller), PRICE + BOND);
        assertBooksIn(0);
    }

    function test_notCopyAHugeAnswer() external {
        ReturnBombToken bomb = new ReturnBombToken();
        bomb.mint(buyer, PRICE + FEE);
        bomb.mint(seller, BOND);
        IEscrow.Deal memory deal = openedIn(address(bomb));
        bomb.arm(100_000, true);
        vm.prank(buyer);
        escrow.settle{gas: 400_000}(deal, 0, GOODS, 0, 0, "");
        assertEq(creditIn(seller), PRICE + BOND);
        assertBooksIn(0);
    }

    function test_boundTheGasOfAPush() external {
        GasHungryToken hungry = new GasHungryToken();
        hungry.mint(buyer, PRICE + FEE);
        hungry.mint(seller, BOND);
        IEscrow.Deal memory deal = openedIn(address(hungry));
        hungry.setHungry(true);
        uint256 before = gasleft();
        settled(deal);
        assertLt(before - gasleft(), 400_000);
        assertEq(creditIn(seller), PRICE + BOND);
        assertBooksIn(0);
    }

    /// @dev Whatever gas a caller brings, the seller is either paid as usual or nothing happens: too little gas never
    /// turns its payment into a credit.
    function testFuzz_refuseACallThatBringsTooLittleGas(uint256 gas_) external {
        GasHungryToken hungry = new GasHungryToken();
        hungry.mint(buyer, PRICE + FEE);
        hungry.mint(seller, BOND);
        hungry.setWork(150_000); // a heavy but honest token
        IEscrow.Deal memory deal = openedIn(address(hungry));
        gas_ = bound(gas_, 30_000, 400_000);
        vm.prank(buyer);
        (bool ok,) = address(escrow).call{gas: gas_}(abi.encodeCall(escrow.settle, (deal, 0, GOODS, 0, 0, "")));
        assertEq(creditIn(seller), 0);
        assertEq(hungry.balanceOf(seller), ok ? PRICE + BOND : 0);
        assertStatus(idOf(deal), ok ? IEscrow.Status.Closed : IEscrow.Status.Open);
    }

    function test_sayThatGasWasShort() external {
        GasHungryToken hungry = new GasHungryToken();
        hungry.mint(buyer, PRICE + FEE);
        hungry.mint(seller, BOND);
        IEscrow.Deal memory deal = openedIn(address(hungry));
        hungry.setHungry(true);
        vm.prank(buyer);
        (bool ok, bytes memory answer) =
            address(escrow).call{gas: 180_000}(abi.encodeCall(escrow.settle, (deal, 0, GOODS, 0, 0, "")));
        assertFalse(ok);
        assertEq(answer.length, 4 + 2 * 32);
        assertEq(bytes4(answer), IEscrow.GasShort.selector);
        uint256 wanted;
        assembly ("memory-safe") {
            wanted := mload(add(answer, 0x44))
        }
        assertEq(wanted, 208_000, "what a push may cost, and what it costs to say so");
    }

    function test_payBothBitsInside() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.payout = 3;
        broughtTo(deal, IEscrow.Status.Disputed);
        ruled(deal, 2500);
        uint256 share = uint256(PRICE) * 2500 / 10_000;
        uint256 sellersPart = uint256(FEE) * 7500 / 10_000;
        assertEq(credit(seller), share + BOND - sellersPart);
        assertEq(credit(buyer), PRICE - share + sellersPart);
        assertEq(credit(arbiter), FEE);
        assertBooks(0);
    }
}
