// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IEscrowActions, IEscrowCore} from "../../src/interfaces/IEscrowHalves.sol";
import {Test} from "../base/Test.sol";
import {Agreements} from "./Agreements.sol";
import {Batches} from "./Batches.sol";
import {Cast} from "./Cast.sol";
import {EscrowHandler} from "./EscrowHandler.sol";
import {Lives} from "./Lives.sol";
import {Openings} from "./Openings.sol";

/// @notice What holds after any sequence of calls by anyone, however long they wait. Tree: trees/Escrow.invariants.tree
contract EscrowInvariantsTest is Test {
    EscrowHandler internal handler;

    /// @dev Every function of the escrow that changes something, but for useMandate, which nobody may call. That none is
    /// missing is checked by scripts/check_trees, that the handler reaches them all by the walk below.
    bytes4[] internal actions = [
        IEscrowCore.open.selector,
        IEscrowCore.openLinked.selector,
        IEscrowCore.openAndSettle.selector,
        IEscrowCore.cancel.selector,
        IEscrowCore.openBatch.selector,
        IEscrowCore.settleBatch.selector,
        IEscrowCore.openAndSettleBatch.selector,
        IEscrowCore.patchBatch.selector,
        IEscrowCore.deliver.selector,
        IEscrowCore.settle.selector,
        IEscrowCore.settleBySilence.selector,
        IEscrowCore.closeRejected.selector,
        IEscrowCore.deposit.selector,
        IEscrowCore.depositWithAuthorization.selector,
        IEscrowCore.depositWithPermit.selector,
        IEscrowCore.withdraw.selector,
        IEscrowActions.advanceEpoch.selector,
        IEscrowActions.revokeMandate.selector,
        IEscrowActions.amend.selector,
        IEscrowActions.reject.selector,
        IEscrowActions.dispute.selector,
        IEscrowActions.rule.selector,
        IEscrowActions.lapse.selector,
        IEscrowActions.refund.selector,
        IEscrowActions.split.selector,
        IEscrowActions.revokeSplit.selector
    ];

    bytes32[] internal events = [
        IEscrow.Opened.selector,
        IEscrow.Delivered.selector,
        IEscrow.Settled.selector,
        IEscrow.Rejected.selector,
        IEscrow.Disputed.selector,
        IEscrow.Ruled.selector,
        IEscrow.Lapsed.selector,
        IEscrow.Closed.selector,
        IEscrow.Cancelled.selector,
        IEscrow.InstantSettled.selector,
        IEscrow.InstantCancelled.selector,
        IEscrow.CallerPaid.selector,
        IEscrow.ItemFailed.selector,
        IEscrow.NonceSpent.selector,
        IEscrow.Amended.selector,
        IEscrow.MandateUsed.selector,
        IEscrow.MandateRevoked.selector,
        IEscrow.SplitRevoked.selector,
        IEscrow.EpochAdvanced.selector,
        IEscrow.Credited.selector,
        IEscrow.Debited.selector
    ];

    bytes4[] private selectors;

    function setUp() public {
        vm.warp(1_900_000_000);
        handler = new EscrowHandler(IEscrow(vm.deployCode("src/Escrow.sol:Escrow", "")));
        targetContract(address(handler));
        // Named several times over: drawn several times as often.
        draw(Openings.open.selector, 4);
        draw(Lives.progress.selector, 6);
        draw(Openings.openForged.selector, 1);
        draw(Openings.exchange.selector, 1);
        draw(Openings.cancel.selector, 1);
        draw(Batches.openBatch.selector, 1);
        draw(Batches.settleBatch.selector, 1);
        draw(Batches.openAndSettleBatch.selector, 1);
        draw(Batches.openLinked.selector, 1);
        draw(Agreements.amend.selector, 1);
        draw(Agreements.settleUnder.selector, 1);
        draw(Agreements.revokeMandate.selector, 1);
        draw(Lives.deliver.selector, 1);
        draw(Lives.settle.selector, 1);
        draw(Lives.settleBySilence.selector, 1);
        draw(Lives.reject.selector, 1);
        draw(Lives.closeRejected.selector, 1);
        draw(Lives.dispute.selector, 1);
        draw(Lives.rule.selector, 1);
        draw(Lives.lapse.selector, 1);
        draw(Lives.refund.selector, 1);
        draw(Lives.split.selector, 1);
        draw(EscrowHandler.meddle.selector, 1);
        draw(EscrowHandler.deposit.selector, 1);
        draw(EscrowHandler.withdraw.selector, 1);
        draw(EscrowHandler.advanceEpoch.selector, 1);
        draw(EscrowHandler.wait.selector, 1);
        draw(EscrowHandler.hook.selector, 1);
        draw(EscrowHandler.donate.selector, 1);
        draw(Cast.toggleBlock.selector, 1);
        draw(Cast.tax.selector, 1);
        draw(Cast.rebase.selector, 1);
        draw(Cast.lie.selector, 1);
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function draw(bytes4 selector, uint256 times) private {
        for (uint256 i; i < times; ++i) {
            selectors.push(selector);
        }
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

    /// @notice The campaign means something: a plain walk of the handler reaches every action, and every event.
    function test_reachEveryAction() external {
        uint256 seed = 1;
        for (uint256 i; i < 700; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            step(seed);
        }
        assertEq(handler.broken(), "");
        for (uint256 i; i < actions.length; ++i) {
            assertGt(handler.reached(actions[i]), 0, vm.toString(bytes32(actions[i])));
        }
        for (uint256 i; i < events.length; ++i) {
            assertGt(handler.seen(events[i]), 0, vm.toString(events[i]));
        }
        handler.compareEverything();
        assertEq(handler.broken(), "");
        handler.exitAll();
        assertEq(handler.broken(), "");
    }

    function step(uint256 seed) private {
        uint256 a = seed >> 8;
        uint256 b = uint256(keccak256(abi.encode(a)));
        uint256 what = seed % 32;
        if (what <= 3 || handler.dealCount() == 0) handler.open(a, b, uint16(a >> 9), uint16(a >> 32));
        else if (what <= 12) handler.progress(a, uint16(a >> 40));
        else if (what == 13) handler.toggleBlock(a);
        else if (what == 14) handler.settle(a);
        else if (what == 15) handler.refund(a, uint8(a >> 8));
        else if (what == 16) handler.split(a, uint128(a), uint128(a >> 128), a % 2 == 0);
        else if (what == 17) handler.deposit(a, a >> 16, uint128(a), uint8(b));
        else if (what == 18) handler.withdraw(a, a >> 16, uint128(a % 1000), uint16(a));
        else if (what == 19) handler.openForged(a, b, uint16(a), b >> 8);
        else if (what == 20) handler.wait(a);
        else stepFurther(a, b, what);
    }

    function stepFurther(uint256 a, uint256 b, uint256 what) private {
        if (what == 21) handler.hook(a, a >> 8, uint8(a >> 16));
        else if (what == 22) handler.advanceEpoch(a);
        else if (what == 23) handler.amend(a, b, uint16(a >> 9), uint16(a >> 32));
        else if (what == 24) handler.settleUnder(a, uint8(a), uint64(a >> 8));
        else if (what == 25) handler.cancel(a, uint16(a), uint8(b));
        else if (what == 26) handler.openBatch(a, uint8(b));
        else if (what == 27) handler.settleBatch(a, uint8(b));
        else if (what == 28) handler.openAndSettleBatch(a, uint8(b));
        else if (what == 29) handler.openLinked(a, uint8(b));
        else if (what == 30) handler.exchange(a, uint16(b), uint16(b >> 16));
        else handler.revokeMandate(a, b, a % 3 == 0);
    }
}
