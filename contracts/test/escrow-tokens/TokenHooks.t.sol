// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {HookedToken, ReenteringHook, RefusingHook} from "../tokens/HookedToken.sol";
import {ZooTest} from "./ZooTest.sol";

/// @notice A token that calls its holders in the middle of a transfer; trees/TokenZoo.tree.
contract TokenHooksTest is ZooTest {
    HookedToken internal hooked;
    ReenteringHook internal hook;

    function setUp() public override {
        super.setUp();
        hooked = new HookedToken();
        hook = new ReenteringHook();
        use(address(hooked));
    }

    /// @dev Every call of the escrow that changes a deal or a balance, as the hook may try it: each with arguments that
    /// would do harm or at least get past the first check.
    function attacks(IEscrow.Deal memory live, IEscrow.Deal memory other) internal view returns (bytes[] memory all) {
        bytes memory mine = signed(buyerKey, idOf(other));
        bytes memory theirs = signed(sellerKey, idOf(other));
        IEscrow.Split memory terms;
        terms.dealId = idOf(live);
        all = new bytes[](15);
        all[0] = abi.encodeCall(escrow.open, (other, mine, theirs, allowance(), allowance()));
        all[1] = abi.encodeCall(escrow.cancel, (other, address(hook), 0, 0, ""));
        all[2] = abi.encodeCall(escrow.deliver, (live, 0, 1, GOODS, 0, 0, ""));
        all[3] = abi.encodeCall(escrow.settle, (live, 0, GOODS, 0, 0, ""));
        all[4] = abi.encodeCall(escrow.settleBySilence, (live));
        all[5] = abi.encodeCall(escrow.reject, (live, 0, 1, REASON, 0, 0, ""));
        all[6] = abi.encodeCall(escrow.closeRejected, (live));
        all[7] = abi.encodeCall(escrow.dispute, (live, address(hook), 0, REASON, 0, 0, ""));
        all[8] = abi.encodeCall(escrow.rule, (live, 0, 10_000, REASON, 0, 0, ""));
        all[9] = abi.encodeCall(escrow.lapse, (live));
        all[10] = abi.encodeCall(escrow.refund, (live, address(0), 0, 0, 0, ""));
        all[11] = abi.encodeCall(escrow.split, (live, terms, "", ""));
        all[12] = abi.encodeCall(escrow.deposit, (address(token), address(hook), 1));
        all[13] = abi.encodeCall(
            escrow.depositWithAuthorization, (address(token), buyer, address(hook), 1, block.timestamp + 1, 0, "")
        );
        all[14] = abi.encodeCall(escrow.withdraw, (address(token), address(hook), stranger, 1, 0, 0, 0, ""));
    }

    function assertOnlyKnocked() internal view {
        assertGt(hook.calls(), 0, "the hook was never called");
        assertEq(hook.successes(), 0, "a reentered call went through");
        assertEq(hook.lastReturn(), abi.encodePacked(IEscrow.Reentrant.selector), "not the lock");
    }

    function test_letNobodyReenterWhileItIsFunded() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        IEscrow.Deal memory other = arbitratedDeal();
        other.nonce = 2;
        hooked.setHook(buyer, hook);
        bytes[] memory all = attacks(deal, other);
        for (uint256 i; i < all.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            hook.arm(address(escrow), all[i]);
            opened(deal);
            assertOnlyKnocked();
            assertBooks(lockedOf(deal));
            assertStatus(idOf(other), IEscrow.Status.Unopened);
            vm.revertToStateAndDelete(snapshot);
        }
    }

    function test_letNobodyReenterWhileItPays() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        IEscrow.Deal memory other = arbitratedDeal();
        other.nonce = 2;
        broughtTo(deal, IEscrow.Status.Delivered);
        put(address(hook), 1000);
        hooked.setHook(seller, hook);
        bytes[] memory all = attacks(deal, other);
        for (uint256 i; i < all.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            hook.arm(address(escrow), all[i]);
            settled(deal);
            assertOnlyKnocked();
            assertClosed(idOf(deal));
            assertEq(wallet(seller), FUNDS + PRICE);
            assertEq(wallet(address(escrow)), 1000 + credit(buyer), "the books");
            vm.revertToStateAndDelete(snapshot);
        }
        // The same while a withdrawal is paid, from the account that asks for it.
        hooked.setHook(stranger, hook);
        hook.arm(address(escrow), all[14]);
        vm.prank(address(hook));
        escrow.withdraw(address(token), address(hook), stranger, 600, 0, 0, 0, "");
        assertOnlyKnocked();
        assertEq(credit(address(hook)), 400);
    }

    function test_creditARecipientThatRefuses() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Disputed);
        RefusingHook refusing = new RefusingHook();
        hooked.setHook(seller, refusing);
        hooked.setHook(buyer, refusing);
        ruled(deal, 5000);
        assertClosed(idOf(deal));
        assertEq(credit(seller) + credit(buyer) + credit(arbiter), lockedOf(deal));
        assertBooks(0);
        take(seller, stranger, uint128(credit(seller)));
    }
}
