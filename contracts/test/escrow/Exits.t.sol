// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Vm} from "../base/Vm.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice What a stranger earns by calling a timed exit. Tree: trees/Escrow.exits.tree
contract ExitsTest is EscrowTest {
    uint128 private constant RELAY_FEE = 5_000_000;

    function paidDeal(uint128 relayFee) private view returns (IEscrow.Deal memory deal) {
        deal = arbitratedDeal();
        deal.relayFee = relayFee;
    }

    /// @dev The relayer that opened has earned the fee of the opening; take it out of the way.
    function brought(IEscrow.Deal memory deal, IEscrow.Status status) private returns (bytes32 id) {
        id = broughtTo(deal, status);
        uint256 earned = credit(relayer);
        if (earned != 0) vm.prank(relayer);
        if (earned != 0) escrow.withdraw(address(token), relayer, relayer, uint128(earned), 0, 0, 0, "");
        skip(30 days);
    }

    function expectPaid(bytes32 id, uint256 fromSeller, uint256 fromBuyer) private {
        vm.expectEmit(address(escrow));
        emit IEscrow.CallerPaid(id, stranger, uint128(fromSeller), uint128(fromBuyer));
        vm.prank(stranger);
    }

    function test_paySilenceOutOfTheMilestone() external {
        IEscrow.Deal memory deal = paidDeal(RELAY_FEE);
        bytes32 id = brought(deal, IEscrow.Status.Delivered);
        expectPaid(id, RELAY_FEE, 0);
        escrow.settleBySilence(deal);
        assertEq(credit(stranger), RELAY_FEE);
        assertEq(token.balanceOf(seller), FUNDS + PRICE - RELAY_FEE);
        assertEq(credit(buyer), FEE);
        assertBooks(0);
    }

    function test_payADefaultOutOfWhatTheBuyerGets() external {
        IEscrow.Deal memory deal = paidDeal(RELAY_FEE);
        bytes32 id = brought(deal, IEscrow.Status.Open);
        expectPaid(id, 0, RELAY_FEE);
        escrow.refund(deal, address(0), 0, 0, 0, "");
        assertEq(token.balanceOf(buyer), FUNDS - RELAY_FEE + BOND - RELAY_FEE);
        assertEq(credit(stranger), RELAY_FEE);
        assertBooks(0);
    }

    function test_roundWhatADefaultPaysDown() external {
        IEscrow.Deal memory deal = simpleDeal();
        (deal.relayFee, deal.price, deal.milestones[0].amount) = (RELAY_FEE, 10_099, 10_099);
        bytes32 id = brought(deal, IEscrow.Status.Open);
        expectPaid(id, 0, 100);
        escrow.refund(deal, address(0), 0, 0, 0, "");
        assertEq(credit(stranger), 100);
    }

    function test_payALapseInProportion() external {
        IEscrow.Deal memory deal = paidDeal(RELAY_FEE);
        deal.lapsedSellerBps = 2500;
        bytes32 id = brought(deal, IEscrow.Status.Disputed);
        uint256 toSeller = uint256(PRICE) * 2500 / 10_000;
        uint256 part = RELAY_FEE * toSeller / PRICE;
        expectPaid(id, part, RELAY_FEE - part);
        escrow.lapse(deal);
        assertEq(token.balanceOf(seller), FUNDS + toSeller - part);
        assertEq(token.balanceOf(buyer), FUNDS - RELAY_FEE - toSeller - (RELAY_FEE - part));
        assertBooks(0);
    }

    function test_payAClosedRejectionInProportionWithoutTheBond() external {
        IEscrow.Deal memory deal = paidDeal(RELAY_FEE);
        bytes32 id = brought(deal, IEscrow.Status.Rejected);
        uint256 toSeller = uint256(PRICE) * 2500 / 10_000;
        uint256 part = RELAY_FEE * toSeller / (PRICE + FEE);
        expectPaid(id, part, RELAY_FEE - part);
        escrow.closeRejected(deal);
        assertEq(token.balanceOf(seller), FUNDS + toSeller - part);
        assertBooks(0);
    }

    function test_neverTouchTheBondOfASellerThatGetsNothing() external {
        IEscrow.Deal memory deal = paidDeal(RELAY_FEE);
        deal.rejectedSellerBps = 0;
        bytes32 id = brought(deal, IEscrow.Status.Rejected);
        expectPaid(id, 0, RELAY_FEE);
        escrow.closeRejected(deal);
        assertEq(token.balanceOf(seller), FUNDS);
        assertBooks(0);
    }

    function test_payNoMoreThanAHundredth() external {
        IEscrow.Deal memory deal = paidDeal(type(uint64).max / 1e6);
        deal.price = 1999;
        deal.milestones[0].amount = 1999;
        bytes32 id = brought(deal, IEscrow.Status.Delivered);
        expectPaid(id, 19, 0);
        escrow.settleBySilence(deal);
        assertEq(credit(stranger), 19);
        assertBooks(0);
    }

    function test_payNothingToAPartyOrTheArbiter() external {
        address[3] memory callers = [buyer, seller, arbiter];
        for (uint256 i; i < 3; ++i) {
            IEscrow.Deal memory deal = paidDeal(RELAY_FEE);
            deal.nonce = i;
            brought(deal, IEscrow.Status.Delivered);
            uint256 before = token.balanceOf(seller);
            vm.prank(callers[i]);
            escrow.settleBySilence(deal);
            assertEq(token.balanceOf(seller), before + PRICE + BOND);
        }
        IEscrow.Deal memory missed = paidDeal(RELAY_FEE);
        missed.nonce = 3;
        brought(missed, IEscrow.Status.Open);
        uint256 ofBuyer = token.balanceOf(buyer);
        vm.prank(arbiter);
        escrow.refund(missed, address(0), 0, 0, 0, "");
        assertEq(token.balanceOf(buyer), ofBuyer + PRICE + FEE + BOND);
        assertEq(credit(seller) + credit(arbiter), 0);
        assertEq(credit(buyer), 3 * FEE);
        assertBooks(0);
    }

    function test_payNothingWhereNoFeeWasSigned() external {
        IEscrow.Deal memory deal = paidDeal(0);
        brought(deal, IEscrow.Status.Delivered);
        vm.recordLogs();
        vm.prank(stranger);
        escrow.settleBySilence(deal);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i; i < logs.length; ++i) {
            assertNotEq(logs[i].topics[0], IEscrow.CallerPaid.selector, "nor says so");
        }
        assertEq(credit(stranger), 0);
        assertEq(token.balanceOf(seller), FUNDS + PRICE);
        assertBooks(0);
    }

    /// @dev Whatever the terms: the books are even afterwards and the caller's part is inside both bounds.
    function testFuzz_keepTheBooksOverEveryExit(uint8 exit, uint128 price, uint64 relayFee, uint16 bps, uint8 payout)
        external
    {
        IEscrow.Deal memory deal = paidDeal(relayFee % 1e9);
        deal.price = uint128(bound(price, 1, 1e12));
        deal.milestones[0].amount = deal.price;
        deal.rejectedSellerBps = uint16(bound(bps, 0, 10_000));
        deal.lapsedSellerBps = deal.rejectedSellerBps;
        deal.payout = payout % 4;
        exit = exit % 4;
        brought(deal, IEscrow.Status(exit + 1));
        uint256 before = token.balanceOf(address(escrow));
        vm.prank(stranger);
        if (exit == 0) escrow.refund(deal, address(0), 0, 0, 0, "");
        else if (exit == 1) escrow.settleBySilence(deal);
        else if (exit == 2) escrow.closeRejected(deal);
        else escrow.lapse(deal);
        assertClosed(idOf(deal));
        uint256 out = before - token.balanceOf(address(escrow));
        assertEq(out + credit(buyer) + credit(seller) + credit(stranger), lockedOf(deal), "to the unit");
        assertLe(credit(stranger), deal.relayFee);
        assertLe(credit(stranger), uint256(lockedOf(deal)) / 100);
        assertBooks(0);
    }
}
