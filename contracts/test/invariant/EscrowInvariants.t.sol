// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Test} from "../base/Test.sol";
import {Agreements} from "./Agreements.sol";
import {Cast} from "./Cast.sol";
import {EscrowHandler} from "./EscrowHandler.sol";
import {Openings} from "./Openings.sol";

/// @notice What holds after any sequence of calls by anyone, however long they wait. Tree: trees/Escrow.invariants.tree
contract EscrowInvariantsTest is Test {
    EscrowHandler internal handler;

    function setUp() public {
        vm.warp(1_900_000_000);
        handler = new EscrowHandler(IEscrow(vm.deployCode("src/Escrow.sol:Escrow", "")));
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](34);
        bytes4[26] memory once = [
            Openings.openForged.selector,
            Openings.cancel.selector,
            EscrowHandler.deliver.selector,
            EscrowHandler.settle.selector,
            EscrowHandler.settleBySilence.selector,
            EscrowHandler.reject.selector,
            EscrowHandler.closeRejected.selector,
            EscrowHandler.dispute.selector,
            EscrowHandler.rule.selector,
            EscrowHandler.lapse.selector,
            EscrowHandler.refund.selector,
            EscrowHandler.split.selector,
            EscrowHandler.meddle.selector,
            EscrowHandler.deposit.selector,
            EscrowHandler.withdraw.selector,
            EscrowHandler.advanceEpoch.selector,
            EscrowHandler.wait.selector,
            EscrowHandler.hook.selector,
            EscrowHandler.donate.selector,
            Cast.toggleBlock.selector,
            Cast.tax.selector,
            Cast.rebase.selector,
            Cast.lie.selector,
            Agreements.amend.selector,
            Agreements.settleUnder.selector,
            Openings.open.selector
        ];
        // Named several times over: drawn several times as often.
        for (uint256 i; i < selectors.length; ++i) {
            selectors[i] = i < 26 ? once[i] : i < 29 ? Openings.open.selector : EscrowHandler.progress.selector;
        }
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    /// @dev Every call was held against the state table, the books of its token, the purses of those who signed nothing and
    /// the state that its events give, as it was made.
    function invariant_holdAfterAnySequenceOfCalls() external view {
        assertEq(handler.broken(), "");
    }

    function afterInvariant() external {
        handler.compareEverything();
        assertEq(handler.broken(), "", "events alone give the state");
        handler.exitAll();
        assertEq(handler.broken(), "", "every live deal has an exit");
    }

    /// @notice The campaign means something: a plain walk of the handler reaches every action.
    function test_reachEveryAction() external {
        uint256 seed = 1;
        for (uint256 i; i < 900; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            step(seed);
        }
        string[18] memory names = [
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
            "deposit",
            "withdraw",
            "epoch",
            "amend",
            "settle under a mandate"
        ];
        assertEq(handler.broken(), "");
        for (uint256 i; i < names.length; ++i) {
            assertGt(handler.succeeded(names[i]), 0, names[i]);
        }
        handler.compareEverything();
        assertEq(handler.broken(), "");
        handler.exitAll();
        assertEq(handler.broken(), "");
    }

    function step(uint256 seed) private {
        uint256 a = seed >> 8;
        uint256 what = seed % 26;
        if (what <= 3 || handler.dealCount() == 0) {
            handler.open(a, uint256(keccak256(abi.encode(a))), uint16(a >> 9));
        } else if (what <= 13) {
            handler.progress(a, uint8(a >> 40));
        } else if (what == 14) {
            handler.settle(a);
        } else if (what == 15) {
            handler.refund(a, uint8(a >> 8));
        } else if (what == 16) {
            handler.split(a, uint128(a), uint128(a >> 128), a % 2 == 0);
        } else if (what == 17) {
            handler.deposit(a, a >> 16, uint128(a));
        } else if (what == 18) {
            handler.withdraw(a, a >> 16, uint128(a % 1000), uint16(a));
        } else if (what == 19) {
            handler.toggleBlock(a);
        } else if (what == 20) {
            handler.wait(a);
        } else if (what == 21) {
            handler.hook(a, a >> 8, uint8(a >> 16));
        } else if (what == 22) {
            handler.advanceEpoch(a);
        } else if (what == 23) {
            handler.amend(a, uint256(keccak256(abi.encode(a))), uint16(a >> 9));
        } else if (what == 24) {
            handler.settleUnder(a, uint8(a), uint64(a >> 8));
        } else {
            handler.cancel(a, uint16(a), a % 2 == 0);
        }
    }
}
