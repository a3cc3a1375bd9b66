// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {BlocklistToken} from "../tokens/BlocklistToken.sol";
import {FalseReturningToken} from "../tokens/FalseReturningToken.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.withdraw.tree
contract WithdrawTest is EscrowTest {
    function setUp() public override {
        super.setUp();
        deposited(buyer, 1000);
    }

    function withdrawSigned(uint128 amount, uint128 fee, uint256 nonce, uint40 until, bytes memory signature) internal {
        vm.prank(relayer);
        escrow.withdraw(address(token), buyer, stranger, amount, fee, nonce, until, signature);
    }

    function approval(uint128 amount, uint128 fee, uint256 nonce, uint40 until) internal view returns (bytes memory) {
        return signed(buyerKey, withdrawal(buyer, address(token), stranger, amount, nonce, Action(fee, until)));
    }

    function test_payThePartyOutToAnyone() external {
        vm.expectEmit(address(escrow));
        emit IEscrow.Debited(address(token), buyer, 400);
        vm.prank(buyer);
        escrow.withdraw(address(token), buyer, stranger, 400, 0, 0, 0, "");
        assertEq(token.balanceOf(stranger), 400);
        assertEq(credit(buyer), 600);
        assertBooks(0);
    }

    function test_relayAWithdrawalForItsFee() external {
        uint40 until = uint40(block.timestamp);
        bytes memory ofBuyer = approval(900, 100, 7, until);
        vm.expectEmit(address(escrow));
        emit IEscrow.NonceSpent(buyer, 7);
        withdrawSigned(900, 100, 7, until, ofBuyer);
        assertEq(token.balanceOf(stranger), 900);
        assertEq(credit(buyer), 0);
        assertEq(credit(relayer), 100);
        assertTrue(escrow.nonceUsed(buyer, 7));
        assertBooks(0);
    }

    function test_relayASingleUnitForAFeeOfOne() external {
        uint40 until = uint40(block.timestamp);
        withdrawSigned(1, 1, 7, until, approval(1, 1, 7, until));
        assertEq(token.balanceOf(stranger), 1);
        assertEq(credit(buyer), 998);
        assertEq(credit(relayer), 1);
    }

    function test_refuseMoreThanTheBalance() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), buyer, 1000, 1001));
        vm.prank(buyer);
        escrow.withdraw(address(token), buyer, stranger, 1001, 0, 0, 0, "");
    }

    function test_refuseAFeeThatTheRestCannotPay() external {
        uint40 until = uint40(block.timestamp);
        bytes memory given = approval(950, 51, 0, until);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), buyer, 50, 51));
        withdrawSigned(950, 51, 0, until, given);
    }

    function test_refuseAUsedNonce() external {
        uint40 until = uint40(block.timestamp);
        // The first and last bits of a word of nonces, and the same bit of two words.
        uint256[4] memory nonces = [uint256(0), 255, 44, 300];
        for (uint256 i; i < 4; ++i) {
            bytes memory given = approval(10, 0, nonces[i], until);
            withdrawSigned(10, 0, nonces[i], until, given);
            vm.expectRevert(abi.encodeWithSelector(IEscrow.NonceUsed.selector, buyer, nonces[i]));
            withdrawSigned(10, 0, nonces[i], until, given);
        }
    }

    function testFuzz_takeNoncesInAnyOrder(uint256 first, uint256 second) external {
        vm.assume(first != second);
        uint40 until = uint40(block.timestamp);
        withdrawSigned(10, 0, first, until, approval(10, 0, first, until));
        assertFalse(escrow.nonceUsed(buyer, second));
        withdrawSigned(10, 0, second, until, approval(10, 0, second, until));
        assertTrue(escrow.nonceUsed(buyer, first));
        assertTrue(escrow.nonceUsed(buyer, second));
        assertFalse(escrow.nonceUsed(seller, first));
        assertEq(token.balanceOf(stranger), 20);
    }

    function test_refuseASignatureWithAnyFieldChanged() external {
        uint40 until = uint40(block.timestamp);
        bytes memory given = approval(10, 1, 7, until);
        bytes4 invalid = IEscrow.SignatureInvalid.selector;
        bytes32 digest = withdrawal(buyer, address(token), stranger, 11, 7, Action(1, until));
        vm.expectRevert(abi.encodeWithSelector(invalid, buyer, digest));
        withdrawSigned(11, 1, 7, until, given);
        digest = withdrawal(buyer, address(token), stranger, 10, 7, Action(2, until));
        vm.expectRevert(abi.encodeWithSelector(invalid, buyer, digest));
        withdrawSigned(10, 2, 7, until, given);
        digest = withdrawal(buyer, address(token), relayer, 10, 7, Action(1, until));
        vm.expectRevert(abi.encodeWithSelector(invalid, buyer, digest));
        escrow.withdraw(address(token), buyer, relayer, 10, 1, 7, until, given);
    }

    function test_refuseAnExpiredSignature() external {
        uint40 until = uint40(block.timestamp - 1);
        bytes memory given = approval(10, 0, 7, until);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, until, block.timestamp));
        withdrawSigned(10, 0, 7, until, given);
    }

    function test_refuseSomeoneElse() external {
        bytes32 digest = withdrawal(buyer, address(token), stranger, 10, 0, Action(0, 0));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        withdrawSigned(10, 0, 0, 0, "");
    }

    function test_refuseNothing() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AmountZero.selector));
        vm.prank(buyer);
        escrow.withdraw(address(token), buyer, stranger, 0, 0, 0, 0, "");
    }

    function test_refuseTheZeroRecipient() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.RecipientZero.selector));
        vm.prank(buyer);
        escrow.withdraw(address(token), buyer, address(0), 1, 0, 0, 0, "");
    }

    function test_refuseWhereTheTokenRefuses() external {
        BlocklistToken other = new BlocklistToken();
        other.mint(address(this), 5);
        other.approve(address(escrow), 5);
        escrow.deposit(address(other), buyer, 5);
        other.setBlocked(stranger, true);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TransferFailed.selector, address(other), stranger, 5));
        vm.prank(buyer);
        escrow.withdraw(address(other), buyer, stranger, 5, 0, 0, 0, "");
        assertEq(escrow.accountOf(address(other), buyer).balance, 5);
        vm.prank(buyer);
        escrow.withdraw(address(other), buyer, relayer, 5, 0, 0, 0, "");
        assertEq(other.balanceOf(relayer), 5, "to somebody else it goes");
    }

    function test_refuseWhereTheTokenAnswersFalse() external {
        FalseReturningToken other = new FalseReturningToken();
        other.mint(address(this), 5);
        other.approve(address(escrow), 5);
        escrow.deposit(address(other), buyer, 5);
        other.setMode(FalseReturningToken.Mode.RefusingFalse);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TransferFailed.selector, address(other), stranger, 5));
        vm.prank(buyer);
        escrow.withdraw(address(other), buyer, stranger, 5, 0, 0, 0, "");
    }
}
