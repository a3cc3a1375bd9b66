// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITabs} from "../../src/interfaces/ITabs.sol";
import {TabsTest} from "./TabsTest.sol";

/// @notice What whole transactions of a tab cost (21 000 and calldata included), kept in contracts/snapshots. "Warm": the
/// seller holds the token, the contract holds some of it, and the seller was paid inside before.
/// @dev Isolation makes every call a transaction of its own, with cold storage.
/// forge-config: default.isolate = true
contract TabsGasTest is TabsTest {
    function setUp() public override {
        super.setUp();
        put(seller, 1);
        put(stranger, 1e6);
        token.transfer(seller, 1);
    }

    function measured(string memory name) internal returns (uint256) {
        return vm.snapshotGasLastCall("Tabs", name);
    }

    /// @notice T5, pushed: a thousand payments in two transactions, of the buyer and of anyone.
    function test_tabFromAllowance() external {
        ITabs.Tab memory tab = plainTab();
        opened(tab);
        uint256 opening = measured("open from allowance");
        redeemed(tab, 1000 * 12_345);
        uint256 redeeming = measured("T5 redeem pushed");
        vm.snapshotValue("Tabs", "T5 a payment of 1000", (opening + redeeming + 999) / 1000);
    }

    function test_redeemInside() external {
        ITabs.Tab memory tab = tabPaying(1);
        opened(tab);
        redeemed(tab, 1000 * 12_345);
        measured("T5 redeem internal");
    }

    function test_tabWithoutGas() external {
        ITabs.Tab memory tab = plainTab();
        bytes memory given = authorized(tab, 0, DEPOSIT, 0, EXPIRY, buyerKey);
        vm.prank(relayer);
        tabs.openFor(tab, DEPOSIT, 0, EXPIRY, ITabs.Source.Authorization, given);
        measured("open by authorization");
    }

    function test_redeemManyInside() external {
        ITabs.Redemption[] memory items = new ITabs.Redemption[](20);
        for (uint256 i; i < items.length; ++i) {
            ITabs.Tab memory tab = tabWith(EXPIRY, WINDOW, 1, 0, NONCE + uint72(i));
            opened(tab);
            items[i] = item(tab, 12_345);
        }
        vm.prank(relayer);
        tabs.redeemMany(items);
        vm.snapshotValue("Tabs", "redeem internal, one of 20", measured("redeem 20 internal") / 20);
    }
}
