// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Test} from "../base/Test.sol";
import {EscrowHandler} from "./EscrowHandler.sol";

/// @notice What holds after any sequence of calls by anyone, however long they wait. Tree: trees/Escrow.invariants.tree
contract EscrowInvariantsTest is Test {
    EscrowHandler internal handler;

    function setUp() public {
        vm.warp(1_900_000_000);
        handler = new EscrowHandler(IEscrow(vm.deployCode("src/Escrow.sol:Escrow", "")));
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](25);
        selectors[0] = EscrowHandler.open.selector;
        selectors[1] = EscrowHandler.cancel.selector;
        selectors[2] = EscrowHandler.deliver.selector;
        selectors[3] = EscrowHandler.settle.selector;
        selectors[4] = EscrowHandler.settleBySilence.selector;
        selectors[5] = EscrowHandler.reject.selector;
        selectors[6] = EscrowHandler.closeRejected.selector;
        selectors[7] = EscrowHandler.dispute.selector;
        selectors[8] = EscrowHandler.rule.selector;
        selectors[9] = EscrowHandler.lapse.selector;
        selectors[10] = EscrowHandler.refund.selector;
        selectors[11] = EscrowHandler.split.selector;
        selectors[12] = EscrowHandler.deposit.selector;
        selectors[13] = EscrowHandler.withdraw.selector;
        selectors[14] = EscrowHandler.advanceEpoch.selector;
        selectors[15] = EscrowHandler.wait.selector;
        selectors[16] = EscrowHandler.toggleBlock.selector;
        selectors[17] = EscrowHandler.donate.selector;
        // Named several times over: drawn several times as often.
        for (uint256 i = 18; i < selectors.length; ++i) {
            selectors[i] = i < 20 ? EscrowHandler.open.selector : EscrowHandler.progress.selector;
        }
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    /// @dev One campaign for all of them: each property is cheap beside the calls.
    function invariant_holdAfterAnySequenceOfCalls() external view {
        assertEq(handler.broken(), "", "the state table");
        for (uint256 i; i < handler.tokenCount(); ++i) {
            (uint256 held, uint256 owed) = handler.books(i);
            assertEq(held, owed, "solvency, to the unit, per token");
        }
        for (uint256 i; i < handler.dealCount(); ++i) {
            (uint256 left, uint256 locked) = handler.dealBooks(i);
            assertEq(left, locked, "a deal pays out what it took in");
            assertTrue(handler.finalUnchanged(i), "closed stays closed");
        }
        assertTrue(handler.balancesFollowFromEvents(), "balances follow from events");
    }

    function afterInvariant() external {
        handler.exitAll();
        assertEq(handler.broken(), "", "every live deal has an exit");
    }

    /// @notice The campaign means something: a plain walk of the handler reaches every action.
    function test_reachEveryAction() external {
        uint256 seed = 1;
        for (uint256 i; i < 800; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            step(seed);
        }
        string[14] memory names = [
            "open",
            "cancel",
            "deliver",
            "settle",
            "silence",
            "reject",
            "close rejected",
            "dispute",
            "rule",
            "lapse",
            "refund",
            "split",
            "revoke",
            "withdraw"
        ];
        for (uint256 i; i < names.length; ++i) {
            assertGt(handler.succeeded(names[i]), 0, names[i]);
        }
        assertEq(handler.broken(), "");
        handler.exitAll();
        assertEq(handler.broken(), "");
    }

    function step(uint256 seed) private {
        uint256 a = seed >> 8;
        uint256 what = seed % 20;
        if (what <= 2 || handler.dealCount() == 0) {
            handler.open(a, uint256(keccak256(abi.encode(a))), uint8(a), uint8(a >> 9));
        } else if (what <= 12) {
            handler.progress(a, uint8(a >> 40));
        } else if (what == 13 && a & 1 == 0) {
            handler.settle(a, 0);
        } else if (what == 13) {
            handler.refund(a, uint8(a >> 8));
        } else if (what == 14) {
            handler.split(a, uint128(a), uint128(a >> 128), a % 2 == 0);
        } else if (what == 15) {
            handler.deposit(a, a >> 16, uint128(a));
        } else if (what == 16) {
            handler.withdraw(a, a >> 16, uint128(a % 1000));
        } else if (what == 17) {
            handler.toggleBlock(a);
        } else if (what == 18) {
            handler.wait(a);
        } else {
            handler.cancel(a, uint8(a));
        }
    }
}
