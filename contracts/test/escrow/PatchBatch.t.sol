// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Patches} from "../base/Patches.sol";
import {HookedToken, ReenteringHook} from "../tokens/HookedToken.sol";
import {BatchTest} from "./BatchTest.sol";

/// @notice Takes any signature that is there to the last of so many bytes.
contract LongWallet {
    function isValidSignature(bytes32, bytes calldata signature) external pure returns (bytes4) {
        return signature.length == 95 && signature[94] == 0x07 ? this.isValidSignature.selector : bytes4(0);
    }
}

/// @notice Tree: trees/Escrow.patchBatch.tree
contract PatchBatchTest is BatchTest {
    // ---- patches by hand

    /// @dev The arguments of a call as its item: the struct of a batch without the offset in front.
    function body(bytes memory encoded) private pure returns (bytes memory) {
        return Patches.cut(encoded, 32, encoded.length);
    }

    function bodies(IEscrow.Opening[] memory items) private pure returns (bytes[] memory found) {
        found = new bytes[](items.length);
        for (uint256 i; i < items.length; ++i) {
            found[i] = body(abi.encode(items[i]));
        }
    }

    function bodies(IEscrow.Exchange[] memory items) private pure returns (bytes[] memory found) {
        found = new bytes[](items.length);
        for (uint256 i; i < items.length; ++i) {
            found[i] = body(abi.encode(items[i]));
        }
    }

    function sent(bytes4 selector, bytes[] memory items) private returns (IEscrow.Failure[] memory) {
        return escrow.patchBatch(selector, items.length, Patches.sizeOf(items), Patches.patchesOf(items));
    }

    function malformed(uint256 index) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.PatchMalformed.selector, index);
    }

    // ---- the three calls

    function test_openWhatItsItemsSay() external {
        IEscrow.Opening[] memory items = openings(5);
        vm.prank(relayer);
        assertEq(sent(escrow.open.selector, bodies(items)).length, 0);
        for (uint256 i; i < 5; ++i) {
            assertStatus(idOf(items[i].deal), IEscrow.Status.Open);
        }
        assertBooks(5 * PRICE);
    }

    function test_settleWhatItsItemsSay() external {
        bytes[] memory items = new bytes[](4);
        for (uint256 i; i < 4; ++i) {
            IEscrow.Deal memory deal = numbered(i);
            opened(deal);
            items[i] = body(abi.encode(receiptFor(deal)));
        }
        assertEq(sent(escrow.settle.selector, items).length, 0);
        assertEq(token.balanceOf(seller), FUNDS + 4 * PRICE);
        assertBooks(0);
    }

    /// @dev Most items end in zeros that nobody reads.
    function test_giveItsItemsToTheLastByte() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.buyer = address(new LongWallet());
        endow(deal.buyer);
        bytes memory ofBuyer = new bytes(96);
        ofBuyer[95] = 0x07;
        escrow.open(deal, ofBuyer, signed(sellerKey, idOf(deal)), allowance(), allowance());
        bytes[] memory items = new bytes[](1);
        items[0] = body(abi.encode(IEscrow.Receipt(deal, 0, GOODS, 0, deal.openBy, ofBuyer)));
        assertEq(sent(escrow.settle.selector, items).length, 0);
        assertEq(token.balanceOf(seller), FUNDS + PRICE);
    }

    function test_doTheInstantDealsOfItsItems() external {
        vm.prank(relayer);
        assertEq(sent(escrow.openAndSettle.selector, bodies(exchanges(6))).length, 0);
        assertEq(escrow.accountOf(address(token), seller).instant, 6);
        assertBooks(0);
    }

    /// @dev The second has two milestones more than the first and the third one less than that: bytes of an item before stand
    /// behind a shorter one.
    function test_takeItemsOfDifferentLengths() external {
        IEscrow.Opening[] memory items = openings(3);
        IEscrow.Deal memory longer = milestoneDeal(3);
        items[1] = opening(longer);
        items[2] = opening(milestoneDeal(2));
        assertEq(sent(escrow.open.selector, bodies(items)).length, 0);
        for (uint256 i; i < 3; ++i) {
            assertStatus(idOf(items[i].deal), IEscrow.Status.Open);
        }
    }

    /// @dev Whatever deals are in it: the same failures and the same state as the plain batch.
    function testFuzz_doWhatThePlainBatchDoes(uint8[4] calldata kinds) external {
        IEscrow.Opening[] memory items = openings(4);
        for (uint256 i; i < 4; ++i) {
            if (kinds[i] % 4 == 1) items[i].sellerSignature = signed(buyerKey, idOf(items[i].deal));
            if (kinds[i] % 4 == 2) items[i] = items[(i + 1) % 4];
            if (kinds[i] % 4 == 3) items[i].buyerSignature = "";
        }
        uint256 before = vm.snapshotState();
        IEscrow.Failure[] memory plain = escrow.openBatch(items);
        uint256 held = token.balanceOf(address(escrow));
        assertTrue(vm.revertToState(before));
        IEscrow.Failure[] memory found = sent(escrow.open.selector, bodies(items));
        assertEq(abi.encode(found), abi.encode(plain));
        assertEq(token.balanceOf(address(escrow)), held);
    }

    // ---- items by themselves

    /// @dev A failure is written to memory: the items after it are made of the one before all the same.
    function test_skipABadItemAndSayWhy() external {
        IEscrow.Opening[] memory items = openings(4);
        bytes memory why = signatureInvalid(seller, idOf(items[1].deal));
        items[1].sellerSignature = items[0].sellerSignature;
        expectFailure(1, why);
        IEscrow.Failure[] memory failures = sent(escrow.open.selector, bodies(items));
        assertEq(failures.length, 1);
        assertFailure(failures[0], 1, why);
        assertStatus(idOf(items[1].deal), IEscrow.Status.Unopened);
        assertStatus(idOf(items[2].deal), IEscrow.Status.Open);
        assertStatus(idOf(items[3].deal), IEscrow.Status.Open);
        assertBooks(3 * PRICE);
    }

    function test_keepTheCallerOfEachItem() external {
        IEscrow.Opening[] memory items = openings(2);
        items[1].buyerSignature = "";
        vm.prank(relayer);
        assertEq(sent(escrow.open.selector, bodies(items)).length, 1, "the buyer is no caller");
        vm.prank(buyer);
        assertEq(sent(escrow.open.selector, bodies(items)).length, 0);
    }

    /// @dev An item with no patch is the one before once more.
    function test_takeARepeatedItemAsDone() external {
        bytes[] memory items = bodies(openings(1));
        bytes memory patches = bytes.concat(Patches.patchesOf(items), hex"00");
        assertEq(escrow.patchBatch(escrow.open.selector, 2, items[0].length, patches).length, 0);
        assertBooks(PRICE);
    }

    function testFuzz_neverFailAValidItemForLackOfGas(uint256 gas_) external {
        IEscrow.Opening[] memory items = openings(4);
        bytes[] memory encoded = bodies(items);
        gas_ = bound(gas_, 30_000, 3_000_000);
        (bool done, bytes memory answer) = address(escrow).call{gas: gas_}(
            abi.encodeCall(
                escrow.patchBatch, (escrow.open.selector, 4, Patches.sizeOf(encoded), Patches.patchesOf(encoded))
            )
        );
        assertBooks(done ? 4 * PRICE : 0);
        if (done) assertEq(abi.decode(answer, (IEscrow.Failure[])).length, 0);
    }

    // ---- what is refused

    function testFuzz_refuseEveryOtherCall(bytes4 selector) external {
        vm.assume(
            selector != escrow.open.selector && selector != escrow.settle.selector
                && selector != escrow.openAndSettle.selector
        );
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BatchSelector.selector, selector));
        escrow.patchBatch(selector, 1, 0, hex"00");
    }

    function test_refuseTheOtherBatchesAsItems() external {
        bytes4[4] memory selectors = [
            escrow.openBatch.selector, escrow.patchBatch.selector, escrow.withdraw.selector, escrow.useMandate.selector
        ];
        for (uint256 i; i < 4; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.BatchSelector.selector, selectors[i]));
            escrow.patchBatch(selectors[i], 1, 0, hex"00");
        }
    }

    function test_refuseNoItemsAndTooMany() external {
        bytes4 selector = escrow.open.selector;
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BatchSize.selector, 0, 200));
        escrow.patchBatch(selector, 0, 0, "");
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BatchSize.selector, 201, 200));
        escrow.patchBatch(selector, 201, 0, new bytes(201));
    }

    function test_refusePatchesThatEndEarlyOrLate() external {
        bytes[] memory items = bodies(openings(2));
        bytes memory patches = Patches.patchesOf(items);
        bytes4 selector = escrow.open.selector;
        uint256 size = Patches.sizeOf(items);
        bytes memory early = Patches.cut(patches, 0, patches.length - 1);
        vm.expectRevert(malformed(1));
        escrow.patchBatch(selector, 2, size, early);
        vm.expectRevert(malformed(2));
        escrow.patchBatch(selector, 2, size, bytes.concat(patches, hex"00"));
        vm.expectRevert(malformed(2));
        escrow.patchBatch(selector, 3, size, patches);
        assertBooks(0);
    }

    function test_refuseAPatchOutsideOfTheItem() external {
        bytes4 selector = escrow.open.selector;
        vm.expectRevert(malformed(0));
        escrow.patchBatch(selector, 1, 64, hex"01004001ff");
        vm.expectRevert(malformed(0));
        escrow.patchBatch(selector, 1, 64, hex"01003f02ffff");
        // The last byte of the item may be written.
        assertEq(escrow.patchBatch(selector, 1, 64, hex"01003f01ff").length, 1);
    }

    function test_refuseALargerItemThanAPlaceCanTell() external {
        bytes4 selector = escrow.open.selector;
        vm.expectRevert(malformed(0));
        escrow.patchBatch(selector, 1, 65_536, hex"00");
        assertEq(escrow.patchBatch(selector, 1, 65_535, hex"00").length, 1, "zeros are no opening");
    }

    // ---- hostile inputs

    /// @dev No bytes make a deal that nobody signed.
    function testFuzz_doNothingOnNoise(bytes calldata noise, uint256 count, uint256 size) external {
        count = bound(count, 1, 4);
        size = bound(size, 0, 2000);
        try escrow.patchBatch(escrow.open.selector, count, size, noise) returns (IEscrow.Failure[] memory failures) {
            assertEq(failures.length, count);
        } catch (bytes memory why) {
            assertEq(bytes4(why), IEscrow.PatchMalformed.selector);
        }
        assertBooks(0);
    }

    function test_letNoTokenComeInThroughIt() external {
        HookedToken hooked = new HookedToken();
        ReenteringHook hook = new ReenteringHook();
        hooked.mint(buyer, 10 * PRICE);
        vm.prank(buyer);
        hooked.approve(address(escrow), type(uint256).max);
        hooked.setHook(buyer, hook);
        bytes[] memory inner = bodies(openings(1));
        hook.arm(
            address(escrow),
            abi.encodeCall(escrow.patchBatch, (escrow.open.selector, 1, inner[0].length, Patches.patchesOf(inner)))
        );
        IEscrow.Opening[] memory items = openings(2);
        IEscrow.Deal memory deal = numbered(9);
        deal.token = address(hooked);
        items[0] = opening(deal);
        assertEq(sent(escrow.open.selector, bodies(items)).length, 0);
        assertEq(hook.calls(), 1);
        assertEq(hook.lastReturn(), abi.encodeWithSelector(IEscrow.Reentrant.selector));
    }
}
