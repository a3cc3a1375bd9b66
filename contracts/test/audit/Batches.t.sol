// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {BatchTest} from "../escrow/BatchTest.sol";
import {SlowPullToken} from "../tokens/SlowPullToken.sol";

/// @notice Attacks on batches. Tree: trees/Escrow.batches.tree
contract BatchesTest is BatchTest {
    /// @dev What a probe found; it undoes itself.
    error Found(bool done, uint256 failures);

    SlowPullToken private slow;
    bytes private call;

    function setUp() public override {
        super.setUp();
        slow = new SlowPullToken();
        slow.mint(buyer, PRICE);
        vm.prank(buyer);
        slow.approve(address(escrow), type(uint256).max);
        IEscrow.Opening[] memory items = new IEscrow.Opening[](1);
        IEscrow.Deal memory deal = numbered(1);
        deal.token = address(slow);
        items[0] = opening(deal);
        // Long and without meaning: it has to be copied, and nothing reads it.
        items[0].sellerFunding.signature = new bytes(20_000);
        call = abi.encodeCall(escrow.openBatch, (items));
    }

    /// @dev An item may use all that is promised to it. Where copying it came out of that, an item that needs nearly all of
    /// it failed alone with gas just above the floor, and opened with more.
    function test_giveAnItemAllTheGasThatIsPromised() external {
        slow.setWork(most());
        uint256 low = 1_000_000;
        uint256 high = 4_000_000;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            (bool done,) = probed(middle);
            if (done) high = middle;
            else low = middle;
        }
        (bool enough, uint256 failures) = probed(high);
        assertTrue(enough);
        assertEq(failures, 0, "a valid item failed for lack of gas");
    }

    /// @notice The most work with which the item still opens where there is gas for everything.
    function most() private returns (uint256 low) {
        uint256 high = 2_000_000;
        while (high - low > 10) {
            uint256 middle = (low + high) / 2;
            slow.setWork(middle);
            (, uint256 failures) = probed(20_000_000);
            if (failures == 0) low = middle;
            else high = middle;
        }
    }

    function probed(uint256 gas_) private returns (bool done, uint256 failures) {
        try this.probe(gas_) {
            fail("a probe undoes itself");
        } catch (bytes memory why) {
            assertEq(bytes4(why), Found.selector);
            assembly ("memory-safe") {
                done := mload(add(why, 0x24))
                failures := mload(add(why, 0x44))
            }
        }
    }

    function probe(uint256 gas_) external {
        (bool done, bytes memory answer) = address(escrow).call{gas: gas_}(call);
        revert Found(done, done ? abi.decode(answer, (IEscrow.Failure[])).length : 0);
    }
}
