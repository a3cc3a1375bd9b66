// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITabs} from "../../src/interfaces/ITabs.sol";
import {Test} from "../base/Test.sol";
import {TabsHandler} from "./TabsHandler.sol";

/// @notice What holds after any sequence of calls by anyone, however long they wait. Tree: trees/Tabs.invariants.tree
contract TabsInvariantsTest is Test {
    TabsHandler internal handler;

    function setUp() public {
        vm.warp(1_900_000_000);
        handler = new TabsHandler();
        targetContract(address(handler));
        bytes4[] memory selectors = new bytes4[](10);
        selectors[0] = TabsHandler.open.selector;
        selectors[1] = TabsHandler.topUp.selector;
        selectors[2] = TabsHandler.redeem.selector;
        selectors[3] = TabsHandler.redeemPair.selector;
        selectors[4] = TabsHandler.close.selector;
        selectors[5] = TabsHandler.end.selector;
        selectors[6] = TabsHandler.release.selector;
        selectors[7] = TabsHandler.withdraw.selector;
        selectors[8] = TabsHandler.toggleBlock.selector;
        selectors[9] = TabsHandler.open.selector;
        targetSelector(FuzzSelector(address(handler), selectors));
    }

    function invariant_oweExactlyWhatIsHeld() external view {
        assertEq(handler.broken(), "", "a call did what it should not, or did not what it should");
        for (uint256 i; i < handler.tokenCount(); ++i) {
            (uint256 held, uint256 left, uint256 inside) = handler.books(i);
            assertEq(held, left + inside, "conservation, to the unit, per token");
        }
        assertTrue(handler.balancesFollowFromEvents(), "balances follow from events");
        assertTrue(handler.tabsAreMonotonic(), "redeemed never falls, and never exceeds the deposit");
    }

    function afterInvariant() external {
        handler.exitAll();
        assertEq(handler.broken(), "", "every live tab has an exit");
        for (uint256 i; i < handler.tokenCount(); ++i) {
            (uint256 held, uint256 left,) = handler.books(i);
            assertEq(left, 0, "nothing stays in a tab");
            assertEq(held, 0, "everything can be withdrawn");
        }
    }

    /// @notice The campaign means something: a plain walk of the handler reaches every action.
    function test_reachEveryAction() external {
        uint256 seed = 1;
        for (uint256 i; i < 300; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            handler.step(seed);
        }
        string[8] memory names = ["open", "top up", "redeem", "redeem many", "close", "end", "release", "withdraw"];
        for (uint256 i; i < names.length; ++i) {
            assertGt(handler.succeeded(names[i]), 0, names[i]);
        }
        assertEq(handler.broken(), "");
        assertTrue(handler.balancesFollowFromEvents());
    }
}
