// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.open.tree
contract OpenTest is EscrowTest {
    function test_openFromAllowances() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = idOf(deal);
        uint128 locked = PRICE + BOND + FEE;
        vm.expectEmit(address(escrow));
        emit IEscrow.Opened(id, buyer, seller, address(token), PRICE, locked, deal.transcriptRoot);
        opened(deal);

        IEscrow.DealState memory s = escrow.stateOf(id);
        assertEq(uint256(s.status), uint256(IEscrow.Status.Open));
        assertEq(s.milestone, 0);
        assertEq(s.deliveries, 0);
        assertEq(s.sellerLostBps, 0);
        assertEq(s.since, START);
        assertEq(s.shift, 0);
        assertEq(s.locked, locked);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - FEE);
        assertEq(token.balanceOf(seller), FUNDS - BOND);
        assertBooks(locked);
    }

    function test_openFromInternalBalances() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deposited(buyer, PRICE + FEE);
        deposited(seller, BOND + 5);
        bytes32 id = idOf(deal);
        vm.expectEmit(address(escrow));
        emit IEscrow.Debited(address(token), buyer, PRICE + FEE);
        vm.expectEmit(address(escrow));
        emit IEscrow.Debited(address(token), seller, BOND);
        vm.prank(relayer);
        escrow.open(deal, signed(buyerKey, id), signed(sellerKey, id), balance(), balance());
        assertEq(credit(buyer), 0);
        assertEq(credit(seller), 5);
        assertEq(token.balanceOf(buyer), FUNDS);
        assertBooks(PRICE + BOND + FEE);
    }

    function test_openByAuthorisationsThatAreTheConsent() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        IEscrow.Funding memory ofBuyer = authorized(buyerKey, deal, PRICE + FEE);
        IEscrow.Funding memory ofSeller = authorized(sellerKey, deal, BOND);
        vm.prank(relayer);
        bytes32 id = escrow.open(deal, "", "", ofBuyer, ofSeller);
        assertStatus(id, IEscrow.Status.Open);
        assertTrue(token.authorizationState(buyer, id));
        assertTrue(token.authorizationState(seller, id));
        assertBooks(PRICE + BOND + FEE);
    }
}
