// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "../escrow/EscrowTest.sol";
import {IPaymentToken} from "../tokens/IPaymentToken.sol";

/// @notice Says that it moved whatever it was told to, and from some time on pays nobody.
contract ConjuringToken {
    uint256 public held;
    bool public stopped;

    function stop() external {
        stopped = true;
    }

    function balanceOf(address) external view returns (uint256) {
        return held;
    }

    function approve(address, uint256) external pure returns (bool) {
        return true;
    }

    function transferFrom(address, address, uint256 amount) external returns (bool) {
        held += amount;
        return true;
    }

    function transfer(address, uint256) external view returns (bool) {
        return !stopped;
    }
}

/// @notice Balances that a hostile token filled to the brim, and money sent to where nobody could take it out.
contract BooksTest is EscrowTest {
    ConjuringToken internal conjured;

    function setUp() public override {
        super.setUp();
        conjured = new ConjuringToken();
    }

    function fill(address party) private {
        uint128 room = type(uint128).max - escrow.accountOf(address(conjured), party).balance;
        if (room != 0) escrow.deposit(address(conjured), party, room);
    }

    /// @dev Every live status, every payout setting, refused or paid: a full balance holds up no exit.
    function testFuzz_closeThoughEveryBalanceIsFull(uint8 status, uint8 payout, bool stopped) external {
        status = uint8(bound(status, 1, 4));
        token = IPaymentToken(address(conjured));
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.payout = payout % 4;
        bytes32 id = broughtTo(deal, IEscrow.Status(status));
        fill(buyer);
        fill(seller);
        if (stopped) conjured.stop();
        skip(400 days);
        if (status == 1) escrow.refund(deal, address(0), 0, 0, 0, "");
        if (status == 2) escrow.settleBySilence(deal);
        if (status == 3) escrow.closeRejected(deal);
        if (status == 4) escrow.lapse(deal);
        assertClosed(id);
        IEscrow.Account memory ofSeller = escrow.accountOf(address(conjured), seller);
        assertEq(ofSeller.balance, type(uint128).max, "full, and no carry into the counters");
        assertEq(ofSeller.settledAsSeller, status == 2 ? 1 : 0);
        assertEq(ofSeller.defaulted, status == 1 ? 1 : 0);
        assertEq(escrow.accountOf(address(conjured), buyer).balance, type(uint128).max);
    }

    /// @dev An arbiter whose balance is full can still rule; what fits is credited, and the event says how much.
    function test_ruleThoughTheArbitersBalanceIsFull() external {
        token = IPaymentToken(address(conjured));
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Disputed);
        escrow.deposit(address(conjured), arbiter, type(uint128).max - 5);
        vm.expectEmit(address(escrow));
        emit IEscrow.Credited(address(conjured), arbiter, 5);
        ruled(deal, 5000);
        assertClosed(idOf(deal));
        assertEq(credit(arbiter), type(uint128).max);
    }

    function test_withdrawNothingIntoTheEscrow() external {
        deposited(buyer, 1000);
        vm.expectRevert(IEscrow.RecipientEscrow.selector);
        vm.prank(buyer);
        escrow.withdraw(address(token), buyer, address(escrow), 1000, 0, 0, 0, "");
        assertEq(credit(buyer), 1000);
    }

    function test_depositNothingForTheEscrow() external {
        token.approve(address(escrow), 1000);
        vm.expectRevert(IEscrow.RecipientEscrow.selector);
        escrow.deposit(address(token), address(escrow), 1000);
        vm.expectRevert(IEscrow.RecipientEscrow.selector);
        escrow.depositWithAuthorization(address(token), buyer, address(escrow), 1, block.timestamp + 1, 0, "");
    }
}
