// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.cancel.tree
contract CancelTest is EscrowTest {
    function test_letEitherPartyCancel() external {
        address[2] memory parties = [buyer, seller];
        for (uint256 i; i < 2; ++i) {
            IEscrow.Deal memory deal = simpleDeal();
            deal.nonce = i;
            vm.expectEmit(address(escrow));
            emit IEscrow.Cancelled(idOf(deal), parties[i]);
            vm.prank(parties[i]);
            escrow.cancel(deal, parties[i], 0, 0, "");
            refusesToOpen(deal, wrongStatus(idOf(deal), IEscrow.Status.Cancelled));
            IEscrow.DealState memory s = escrow.stateOf(idOf(deal));
            assertEq(s.since, block.timestamp);
            assertEq(uint256(s.milestone) | s.deliveries | s.sellerLostBps | s.shift | s.locked, 0, "nothing else");
        }
    }

    function test_relayACancellationForItsFee() external {
        IEscrow.Deal memory deal = simpleDeal();
        deposited(seller, 50);
        uint40 until = uint40(block.timestamp);
        bytes memory ofSeller = signed(sellerKey, cancellation(idOf(deal), seller, Action(20, until)));
        vm.prank(relayer);
        escrow.cancel(deal, seller, 20, until, ofSeller);
        assertStatus(idOf(deal), IEscrow.Status.Cancelled);
        assertEq(credit(seller), 30);
        assertEq(credit(relayer), 20);
        assertBooks(0);
    }

    function test_refuseAFeeThatTheBalanceCannotPay() external {
        IEscrow.Deal memory deal = simpleDeal();
        deposited(seller, 19);
        uint40 until = uint40(block.timestamp);
        bytes memory ofSeller = signed(sellerKey, cancellation(idOf(deal), seller, Action(20, until)));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceShort.selector, address(token), seller, 19, 20));
        vm.prank(relayer);
        escrow.cancel(deal, seller, 20, until, ofSeller);
    }

    function test_refuseAnExpiredCancellation() external {
        IEscrow.Deal memory deal = simpleDeal();
        uint40 until = uint40(block.timestamp - 1);
        bytes memory ofSeller = signed(sellerKey, cancellation(idOf(deal), seller, Action(0, until)));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, until, block.timestamp));
        escrow.cancel(deal, seller, 0, until, ofSeller);
    }

    function test_refuseSomeoneElsesSignature() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 digest = cancellation(idOf(deal), seller, Action(0, uint40(block.timestamp)));
        bytes memory ofBuyer = signed(buyerKey, digest);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
        escrow.cancel(deal, seller, 0, uint40(block.timestamp), ofBuyer);
    }

    function test_refuseAStranger() external {
        IEscrow.Deal memory deal = simpleDeal();
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotParty.selector, stranger));
        vm.prank(stranger);
        escrow.cancel(deal, stranger, 0, 0, "");
        bytes32 digest = cancellation(idOf(deal), buyer, Action(0, 0));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        vm.prank(stranger);
        escrow.cancel(deal, buyer, 0, 0, "");
    }

    /// @dev A malformed deal has the zero address for a party: nobody speaks for it.
    function test_refuseTheZeroParty() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.buyer = address(0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotParty.selector, address(0)));
        escrow.cancel(deal, address(0), 0, 0, "");
    }

    function test_refuseADealThatWasOpened() external {
        for (uint8 i = 1; i <= uint8(IEscrow.Status.Cancelled); ++i) {
            (IEscrow.Deal memory deal, bytes32 id) = someDealIn(IEscrow.Status(i));
            vm.expectRevert(wrongStatus(id, IEscrow.Status(i)));
            vm.prank(buyer);
            escrow.cancel(deal, buyer, 0, 0, "");
        }
    }
}
