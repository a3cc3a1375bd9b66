// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {BatchTest} from "./BatchTest.sol";
import {GasHungryToken} from "./GasHungryToken.sol";

/// @notice Tree: trees/Escrow.settleBatch.tree
contract SettleBatchTest is BatchTest {
    function receipts(uint256 count) private returns (IEscrow.Receipt[] memory items) {
        escrow.openBatch(openings(count));
        items = new IEscrow.Receipt[](count);
        for (uint256 i; i < count; ++i) {
            items[i] = receiptFor(numbered(i));
        }
    }

    function test_settleEveryItem() external {
        IEscrow.Receipt[] memory items = receipts(4);
        vm.prank(relayer);
        assertEq(escrow.settleBatch(items).length, 0);
        for (uint256 i; i < 4; ++i) {
            assertStatus(idOf(items[i].deal), IEscrow.Status.Closed);
        }
        assertEq(token.balanceOf(seller), FUNDS + 4 * PRICE);
        assertBooks(0);
    }

    function test_skipABadReceiptAndSayWhy() external {
        IEscrow.Receipt[] memory items = receipts(3);
        bytes memory why =
            signatureInvalid(buyer, receipt(idOf(items[0].deal), 0, GOODS, Action(0, items[0].validUntil)));
        items[0].signature = items[1].signature;
        expectFailure(0, why);
        IEscrow.Failure[] memory failures = escrow.settleBatch(items);
        assertEq(failures.length, 1);
        assertFailure(failures[0], 0, why);
        assertBooks(PRICE);
    }

    function test_skipAFeeThatTheBalanceCannotPay() external {
        IEscrow.Receipt[] memory items = receipts(2);
        Action memory a = Action(7, items[1].validUntil);
        items[1].fee = 7;
        items[1].signature = signed(buyerKey, receipt(idOf(items[1].deal), 0, GOODS, a));
        vm.prank(relayer);
        IEscrow.Failure[] memory failures = escrow.settleBatch(items);
        assertEq(failures.length, 1);
        bytes memory why = abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), buyer, 0, 7);
        assertFailure(failures[0], 1, why);
        assertStatus(idOf(items[1].deal), IEscrow.Status.Open);
    }

    function test_takeWhatIsSettledAlreadyAsDone() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        IEscrow.Receipt[] memory items = new IEscrow.Receipt[](2);
        items[0] = receiptFor(deal);
        escrow.openBatch(openings(1));
        items[1] = receiptFor(numbered(0));
        assertEq(escrow.settleBatch(items).length, 0);
        assertEq(escrow.settleBatch(items).length, 0, "a milestone behind, and a closed deal");
        assertEq(escrow.stateOf(idOf(deal)).milestone, 1);
    }

    function test_reportAMilestoneThatIsAhead() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        opened(deal);
        IEscrow.Receipt[] memory items = new IEscrow.Receipt[](1);
        items[0] = receiptFor(deal);
        items[0].milestone = 1;
        IEscrow.Failure[] memory failures = escrow.settleBatch(items);
        assertFailure(failures[0], 0, abi.encodeWithSelector(IEscrow.MilestoneMismatch.selector, 1, 0));
        delivered(deal);
        settled(deal);
        items[0].milestone = 2;
        failures = escrow.settleBatch(items);
        assertFailure(failures[0], 0, abi.encodeWithSelector(IEscrow.MilestoneMismatch.selector, 2, 1));
    }

    function test_reportADealThatIsNotOpen() external {
        IEscrow.Receipt[] memory items = new IEscrow.Receipt[](1);
        items[0] = receiptFor(numbered(5));
        IEscrow.Failure[] memory failures = escrow.settleBatch(items);
        assertFailure(failures[0], 0, wrongStatus(idOf(items[0].deal), IEscrow.Status.Unopened));
    }

    /// @dev A payout pushed with too little gas must not turn into a credit, nor its item into a failure.
    function testFuzz_neverFailAValidItemForLackOfGas(uint256 gas_) external {
        GasHungryToken hungry = new GasHungryToken();
        hungry.mint(buyer, 10 * PRICE);
        vm.prank(buyer);
        hungry.approve(address(escrow), type(uint256).max);
        IEscrow.Opening[] memory first = new IEscrow.Opening[](2);
        IEscrow.Receipt[] memory items = new IEscrow.Receipt[](2);
        for (uint256 i; i < 2; ++i) {
            IEscrow.Deal memory deal = numbered(i);
            deal.token = address(hungry);
            first[i] = opening(deal);
            items[i] = receiptFor(deal);
        }
        escrow.openBatch(first);
        hungry.setWork(150_000);
        gas_ = bound(gas_, 30_000, 3_000_000);
        (bool done,) = address(escrow).call{gas: gas_}(abi.encodeCall(escrow.settleBatch, (items)));
        assertEq(hungry.balanceOf(seller), done ? 2 * PRICE : 0, "paid in full, or nothing happened");
    }

    function test_takeTwoHundredItems() external {
        assertEq(escrow.settleBatch(new IEscrow.Receipt[](200)).length, 200, "none of them is any good");
    }

    function test_refuseNoItemsAndTooMany() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BatchSize.selector, 0, 200));
        escrow.settleBatch(new IEscrow.Receipt[](0));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BatchSize.selector, 201, 200));
        escrow.settleBatch(new IEscrow.Receipt[](201));
    }
}
