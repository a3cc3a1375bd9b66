// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITabs} from "../../src/interfaces/ITabs.sol";
import {GasHungryToken} from "../escrow/GasHungryToken.sol";
import {TabsTest} from "../tabs/TabsTest.sol";
import {IPaymentToken} from "../tokens/IPaymentToken.sol";
import {DearWallet} from "../tokens/wallets/DearWallet.sol";

/// @notice Attacks on the redemption of many tabs. Tree: trees/Tabs.vouchers.tree
contract VouchersTest is TabsTest {
    /// @dev What a probe found; it undoes itself.
    error Found(bool done, bool paid);

    bytes private call;

    /// @dev The dearest item there is: both sides are wallets that need all the gas of a signature check, the token takes
    /// most of the gas of a payout, and a signature, which a submitter may lengthen where the wallet does not mind, is long.
    /// With the least gas with which the batch does not revert, the item is paid.
    function test_skipNoDearItem() external {
        GasHungryToken hungry = new GasHungryToken();
        token = IPaymentToken(address(hungry));
        ITabs.Tab memory tab = plainTab();
        (tab.buyer, tab.seller) = (address(new DearWallet()), address(new DearWallet()));
        hungry.mint(tab.buyer, DEPOSIT);
        vm.prank(tab.buyer);
        hungry.approve(address(tabs), DEPOSIT);
        opened(tab);
        hungry.setWork(150_000);
        for (uint256 length = 1; length <= 120_001; length += 60_000) {
            ITabs.Redemption[] memory items = new ITabs.Redemption[](1);
            items[0] = ITabs.Redemption(tab, 100, 7, uint40(START), new bytes(length), new bytes(length));
            call = abi.encodeCall(tabs.redeemMany, (items));
            (bool done, bool paid) = probed(least());
            assertTrue(done);
            assertTrue(paid, "a valid item was skipped for lack of gas");
        }
    }

    /// @notice The least gas with which the batch does not revert.
    function least() private returns (uint256 high) {
        uint256 low = 500_000;
        high = 5_000_000;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            (bool enough,) = probed(middle);
            if (enough) high = middle;
            else low = middle;
        }
    }

    function probed(uint256 gas_) private returns (bool done, bool paid) {
        try this.probe(gas_) {
            fail("a probe undoes itself");
        } catch (bytes memory why) {
            assertEq(bytes32(bytes4(why)), bytes32(Found.selector));
            assembly ("memory-safe") {
                done := mload(add(why, 0x24))
                paid := mload(add(why, 0x44))
            }
        }
    }

    function probe(uint256 gas_) external {
        (bool done, bytes memory answer) = address(tabs).call{gas: gas_}(call);
        revert Found(done, done && abi.decode(answer, (bytes[]))[0].length == 0);
    }
}
