// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {HookedToken, ReenteringHook} from "../tokens/HookedToken.sol";
import {RevertingToken} from "../tokens/RevertingToken.sol";
import {GasBurnerWallet} from "../tokens/wallets/HostileWallets.sol";
import {BatchTest} from "./BatchTest.sol";

/// @notice Tree: trees/Escrow.openBatch.tree
contract OpenBatchTest is BatchTest {
    function test_openEveryItem() external {
        IEscrow.Opening[] memory items = openings(5);
        vm.prank(relayer);
        assertEq(escrow.openBatch(items).length, 0);
        for (uint256 i; i < 5; ++i) {
            assertStatus(idOf(items[i].deal), IEscrow.Status.Open);
        }
        assertBooks(5 * PRICE);
    }

    function test_skipABadSignatureAndSayWhy() external {
        IEscrow.Opening[] memory items = openings(3);
        bytes memory why = signatureInvalid(seller, idOf(items[1].deal));
        items[1].sellerSignature = items[0].sellerSignature;
        expectFailure(1, why);
        IEscrow.Failure[] memory failures = escrow.openBatch(items);
        assertEq(failures.length, 1);
        assertFailure(failures[0], 1, why);
        assertStatus(idOf(items[0].deal), IEscrow.Status.Open);
        assertStatus(idOf(items[1].deal), IEscrow.Status.Unopened);
        assertStatus(idOf(items[2].deal), IEscrow.Status.Open);
        assertBooks(2 * PRICE);
    }

    function test_skipAnExpiredDealAndSayWhy() external {
        IEscrow.Opening[] memory items = openings(3);
        IEscrow.Deal memory late = numbered(9);
        late.openBy = uint40(block.timestamp - 1);
        items[0] = opening(late);
        IEscrow.Failure[] memory failures = escrow.openBatch(items);
        assertEq(failures.length, 1);
        bytes memory why = abi.encodeWithSelector(IEscrow.OpenByPassed.selector, late.openBy, block.timestamp);
        assertFailure(failures[0], 0, why);
        assertBooks(2 * PRICE);
    }

    function test_undoAnItemWhoseMoneyDoesNotCome() external {
        RevertingToken bad = new RevertingToken();
        bad.mint(buyer, PRICE);
        IEscrow.Opening[] memory items = openings(3);
        IEscrow.Deal memory stopped = numbered(9);
        stopped.token = address(bad);
        stopped.relayFee = 5; // credited before the money is asked for
        items[1] = opening(stopped);
        bad.setStopped(true);
        vm.prank(relayer);
        IEscrow.Failure[] memory failures = escrow.openBatch(items);
        assertEq(failures.length, 1);
        assertFailure(
            failures[0], 1, abi.encodeWithSelector(IEscrow.FundingRefused.selector, address(bad), buyer, PRICE + 5)
        );
        assertStatus(idOf(stopped), IEscrow.Status.Unopened);
        assertEq(escrow.accountOf(address(bad), relayer).balance, 0);
        assertBooks(2 * PRICE);
    }

    function test_skipAWalletThatBurnsItsGas() external {
        IEscrow.Opening[] memory items = openings(3);
        IEscrow.Deal memory burning = numbered(9);
        burning.seller = address(new GasBurnerWallet());
        items[1] = opening(burning);
        IEscrow.Failure[] memory failures = escrow.openBatch{gas: 6_000_000}(items);
        assertEq(failures.length, 1);
        assertFailure(failures[0], 1, signatureInvalid(burning.seller, idOf(burning)));
        assertBooks(2 * PRICE);
    }

    function test_takeWhatIsOpenAlreadyAsDone() external {
        IEscrow.Opening[] memory items = openings(3);
        escrow.openBatch(items);
        settled(items[1].deal);
        vm.warp(items[0].deal.openBy + 1);
        assertEq(escrow.openBatch(items).length, 0, "open, closed, open");
        assertBooks(2 * PRICE);
    }

    function test_reportWhatWasCancelled() external {
        IEscrow.Opening[] memory items = openings(2);
        vm.prank(seller);
        escrow.cancel(items[0].deal, seller, 0, 0, "");
        IEscrow.Failure[] memory failures = escrow.openBatch(items);
        assertEq(failures.length, 1);
        assertFailure(failures[0], 0, wrongStatus(idOf(items[0].deal), IEscrow.Status.Cancelled));
    }

    function test_openTheSameDealOnceOnly() external {
        IEscrow.Opening[] memory items = openings(2);
        items[1] = items[0];
        assertEq(escrow.openBatch(items).length, 0);
        assertBooks(PRICE);
    }

    function test_skipALinkedDeal() external {
        IEscrow.Opening[] memory items = openings(2);
        IEscrow.Deal memory linked = numbered(9);
        linked.bundle = REASON;
        items[0] = opening(linked);
        IEscrow.Failure[] memory failures = escrow.openBatch(items);
        assertFailure(failures[0], 0, abi.encodeWithSelector(IEscrow.LinkedDealAlone.selector, REASON));
    }

    function test_keepTheCallerOfEachItem() external {
        IEscrow.Opening[] memory items = openings(2);
        IEscrow.Deal memory paid = numbered(9);
        paid.relayFee = 11;
        items[1] = opening(paid);
        items[0].buyerSignature = ""; // the buyer is no caller
        vm.prank(relayer);
        IEscrow.Failure[] memory failures = escrow.openBatch(items);
        assertEq(failures.length, 1);
        assertFailure(failures[0], 0, signatureInvalid(buyer, idOf(items[0].deal)));
        assertEq(credit(relayer), 11);
        vm.prank(buyer);
        assertEq(escrow.openBatch(items).length, 0);
        assertBooks(2 * PRICE);
    }

    // ---- gas and size

    /// @dev Whatever gas the sender brings: all valid items are open, or nothing happened.
    function testFuzz_neverFailAValidItemForLackOfGas(uint256 gas_) external {
        IEscrow.Opening[] memory items = openings(4);
        bytes memory why = signatureInvalid(seller, idOf(items[2].deal));
        items[2].sellerSignature = items[0].sellerSignature;
        gas_ = bound(gas_, 30_000, 3_000_000);
        (bool done, bytes memory answer) = address(escrow).call{gas: gas_}(abi.encodeCall(escrow.openBatch, (items)));
        for (uint256 i; i < 4; ++i) {
            bool open = escrow.stateOf(idOf(items[i].deal)).status == IEscrow.Status.Open;
            assertEq(open, done && i != 2, "all or nothing");
        }
        if (!done) return;
        IEscrow.Failure[] memory failures = abi.decode(answer, (IEscrow.Failure[]));
        assertEq(failures.length, 1);
        assertFailure(failures[0], 2, why);
    }

    function test_nameTheGasThatIsMissing() external {
        IEscrow.Opening[] memory items = openings(2);
        items[1].sellerSignature = items[0].sellerSignature;
        (bool done, bytes memory answer) =
            address(escrow).call{gas: 1_000_000}(abi.encodeCall(escrow.openBatch, (items)));
        assertFalse(done);
        assertEq(bytes4(answer), IEscrow.BatchGasShort.selector);
        (uint256 index, uint256 available, uint256 wanted) = abi.decode(arguments(answer), (uint256, uint256, uint256));
        assertEq(index, 1);
        assertLt(available, 1_000_000);
        assertEq(wanted, (ITEM_GAS + 200) * 64 / 63 + 1, "of which 63/64 are the gas of an item and its call");
        assertStatus(idOf(items[0].deal), IEscrow.Status.Unopened);
    }

    function test_refuseNoItemsAndTooMany() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BatchSize.selector, 0, 200));
        escrow.openBatch(new IEscrow.Opening[](0));
        IEscrow.Opening[] memory items = new IEscrow.Opening[](201);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BatchSize.selector, 201, 200));
        escrow.openBatch(items);
    }

    // ---- hostile inputs

    function test_reportBytesThatAreNoItem() external {
        bytes memory data = abi.encodeCall(escrow.openBatch, (openings(2)));
        // The second item's offset points into nowhere.
        assembly ("memory-safe") {
            mstore(add(data, 0x84), not(0))
        }
        (bool done, bytes memory answer) = address(escrow).call(data);
        assertTrue(done);
        IEscrow.Failure[] memory failures = abi.decode(answer, (IEscrow.Failure[]));
        assertEq(failures.length, 2, "the first item ended where the second begins");
        assertFailure(failures[1], 1, "");
        assertBooks(0);
    }

    function test_giveAnItemNoByteOfTheNext() external {
        bytes memory data = abi.encodeCall(escrow.openBatch, (openings(2)));
        // The second item begins right behind the first word of the first, which would be whole if it went on.
        assembly ("memory-safe") {
            mstore(add(data, 0x84), add(mload(add(data, 0x64)), 0x20))
        }
        (bool done, bytes memory answer) = address(escrow).call(data);
        assertTrue(done);
        IEscrow.Failure[] memory failures = abi.decode(answer, (IEscrow.Failure[]));
        assertEq(failures.length, 2);
        assertFailure(failures[0], 0, "");
        assertBooks(0);
    }

    function test_openNoItemThatIsCutShort() external {
        bytes memory data = abi.encodeCall(escrow.openBatch, (openings(2)));
        // The last two words of all: where the data of a funding is, and how long. Missing bytes are not read from elsewhere.
        assembly ("memory-safe") {
            mstore(data, sub(mload(data), 0x40))
        }
        (bool done, bytes memory answer) = address(escrow).call(data);
        assertTrue(done);
        IEscrow.Failure[] memory failures = abi.decode(answer, (IEscrow.Failure[]));
        assertEq(failures.length, 1);
        assertFailure(failures[0], 1, "");
        assertStatus(idOf(numbered(1)), IEscrow.Status.Unopened);
    }

    function test_letNoTokenComeInThroughABatch() external {
        HookedToken hooked = new HookedToken();
        ReenteringHook hook = new ReenteringHook();
        hooked.mint(buyer, 10 * PRICE);
        vm.prank(buyer);
        hooked.approve(address(escrow), type(uint256).max);
        hooked.setHook(buyer, hook);
        IEscrow.Opening[] memory inner = openings(1);
        hook.arm(address(escrow), abi.encodeCall(escrow.openBatch, (inner)));
        IEscrow.Opening[] memory items = openings(2);
        IEscrow.Deal memory deal = numbered(9);
        deal.token = address(hooked);
        items[0] = opening(deal);
        assertEq(escrow.openBatch(items).length, 0);
        assertEq(hook.calls(), 1);
        assertEq(hook.successes(), 0);
        assertEq(hook.lastReturn(), abi.encodeWithSelector(IEscrow.Reentrant.selector));
        assertStatus(idOf(inner[0].deal), IEscrow.Status.Unopened);
    }
}
