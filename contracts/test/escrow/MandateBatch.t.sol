// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {BatchTest} from "./BatchTest.sol";
import {EscrowTest} from "./EscrowTest.sol";
import {Granting} from "./Granting.sol";

/// @notice Agents in batches, instant and linked deals. Tree: trees/Escrow.useMandate.tree
contract MandateBatchTest is Granting, BatchTest {
    function setUp() public override(EscrowTest, Granting) {
        Granting.setUp();
    }

    function openingsUnder(IEscrow.Mandate memory m, uint256 count)
        internal
        view
        returns (IEscrow.Opening[] memory items)
    {
        items = openings(count);
        for (uint256 i; i < count; ++i) {
            items[i].buyerSignature = under(m, idOf(items[i].deal));
        }
    }

    function test_skipTheItemThatTheBudgetDoesNotHold() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.budget = 2 * PRICE;
        IEscrow.Opening[] memory items = openingsUnder(m, 3);
        IEscrow.Failure[] memory failures = escrow.openBatch(items);
        assertEq(failures.length, 1);
        bytes memory why = abi.encodeWithSelector(IEscrow.MandateBudget.selector, mandateDigest(m), 0, uint256(PRICE));
        assertFailure(failures[0], 2, why);
        assertEq(usedOf(m), 2 * PRICE);
        assertBooks(2 * PRICE);
    }

    function test_leaveTheBudgetWhereAnItemIsUndone() external {
        IEscrow.Mandate memory m = buyersMandate();
        IEscrow.Opening[] memory items = openingsUnder(m, 3);
        vm.prank(buyer);
        token.approve(address(escrow), PRICE);
        IEscrow.Failure[] memory failures = escrow.openBatch(items);
        assertEq(failures.length, 2);
        assertEq(usedOf(m), PRICE, "what was opened, no more");
        assertBooks(PRICE);
    }

    function test_skipEveryItemUnderARevokedMandate() external {
        IEscrow.Mandate memory m = buyersMandate();
        IEscrow.Opening[] memory items = openingsUnder(m, 3);
        items[1] = opening(numbered(1)); // by the buyer itself
        vm.prank(buyer);
        escrow.revokeMandate(m, 0, 0, "");
        IEscrow.Failure[] memory failures = escrow.openBatch(items);
        assertEq(failures.length, 2);
        bytes memory why = abi.encodeWithSelector(IEscrow.MandateVoid.selector, mandateDigest(m));
        assertFailure(failures[0], 0, why);
        assertFailure(failures[1], 2, why);
        assertStatus(idOf(items[1].deal), IEscrow.Status.Open);
    }

    function test_payAtOnceWithBothBitsOnly() external {
        IEscrow.Deal memory deal = instant(1);
        IEscrow.Mandate memory m = buyersMandate();
        uint8[2] memory bits = [OPEN, RECEIPT];
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        for (uint256 i; i < 2; ++i) {
            m.actions = bits[i];
            bytes memory ofBuyer = under(m, idOf(deal));
            vm.expectRevert(abi.encodeWithSelector(IEscrow.MandateAction.selector, bits[i], OPEN | RECEIPT));
            escrow.openAndSettle(deal, ofBuyer, ofSeller, allowance());
        }
        m.actions = OPEN | RECEIPT;
        IEscrow.Mandate memory s = sellersMandate();
        s.actions = OPEN;
        escrow.openAndSettle(deal, under(m, idOf(deal)), under(s, idOf(deal)), allowance());
        assertEq(token.balanceOf(seller), FUNDS + PRICE);
        assertEq(usedOf(m), PRICE);
        assertEq(usedOf(s), 0, "no bond");
    }

    function test_refuseOneAgentForBothSidesOfAnInstantDeal() external {
        IEscrow.Deal memory deal = instant(1);
        IEscrow.Mandate memory s = sellersMandate();
        s.agent = agent;
        bytes memory ofBuyer = under(buyersMandate(), idOf(deal));
        bytes memory ofSeller = under(s, idOf(deal));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MandateAgent.selector, agent));
        escrow.openAndSettle(deal, ofBuyer, ofSeller, allowance());
    }
}
