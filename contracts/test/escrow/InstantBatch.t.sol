// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {BatchTest} from "./BatchTest.sol";

/// @notice Tree: trees/Escrow.openAndSettleBatch.tree
contract InstantBatchTest is BatchTest {
    function test_payEveryItem() external {
        vm.prank(relayer);
        assertEq(escrow.openAndSettleBatch(exchanges(6)).length, 0);
        assertEq(token.balanceOf(seller), FUNDS + 6 * PRICE);
        assertEq(escrow.accountOf(address(token), seller).instant, 6);
        assertBooks(0);
    }

    function test_payFromInternalBalancesAsFarAsTheyGo() external {
        deposited(buyer, 2 * PRICE + 1);
        IEscrow.Exchange[] memory items = exchanges(3);
        for (uint256 i; i < 3; ++i) {
            items[i].buyerFunding = balance();
        }
        IEscrow.Failure[] memory failures = escrow.openAndSettleBatch(items);
        assertEq(failures.length, 1);
        bytes memory why = abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), buyer, 1, PRICE);
        assertFailure(failures[0], 2, why);
        assertFalse(escrow.instantUsed(buyer, seller, 2), "undone with its item");
        assertBooks(0);
    }

    function test_skipABadSignatureAndSayWhy() external {
        IEscrow.Exchange[] memory items = exchanges(3);
        bytes memory why = signatureInvalid(buyer, idOf(items[1].deal));
        items[1].buyerSignature = items[0].buyerSignature;
        expectFailure(1, why);
        IEscrow.Failure[] memory failures = escrow.openAndSettleBatch(items);
        assertEq(failures.length, 1);
        assertFailure(failures[0], 1, why);
        assertEq(token.balanceOf(seller), FUNDS + 2 * PRICE);
    }

    function test_reportAUsedNonce() external {
        IEscrow.Exchange[] memory items = exchanges(2);
        escrow.openAndSettleBatch(items);
        IEscrow.Failure[] memory failures = escrow.openAndSettleBatch(items);
        assertEq(failures.length, 2, "used, by whatever");
        assertFailure(
            failures[1], 1, abi.encodeWithSelector(IEscrow.InstantNonceUsed.selector, buyer, seller, uint256(1))
        );
        assertEq(token.balanceOf(seller), FUNDS + 2 * PRICE, "paid once");
    }

    function test_skipADealThatIsNotInstant() external {
        IEscrow.Exchange[] memory items = exchanges(2);
        items[0] = exchange(numbered(9));
        IEscrow.Failure[] memory failures = escrow.openAndSettleBatch(items);
        assertFailure(failures[0], 0, abi.encodeWithSelector(IEscrow.NotInstant.selector, 0));
    }

    function testFuzz_neverFailAValidItemForLackOfGas(uint256 gas_) external {
        IEscrow.Exchange[] memory items = exchanges(4);
        gas_ = bound(gas_, 30_000, 3_000_000);
        (bool done, bytes memory answer) =
            address(escrow).call{gas: gas_}(abi.encodeCall(escrow.openAndSettleBatch, (items)));
        assertEq(token.balanceOf(seller), FUNDS + (done ? 4 * PRICE : 0), "all or nothing");
        if (done) assertEq(abi.decode(answer, (IEscrow.Failure[])).length, 0);
    }

    function test_refuseNoItemsAndTooMany() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BatchSize.selector, 0, 200));
        escrow.openAndSettleBatch(new IEscrow.Exchange[](0));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BatchSize.selector, 201, 200));
        escrow.openAndSettleBatch(new IEscrow.Exchange[](201));
    }
}
