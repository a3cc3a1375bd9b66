// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.advanceEpoch.tree
contract EpochTest is EscrowTest {
    function test_letAPartyAdvanceItsOwn() external {
        vm.expectEmit(address(escrow));
        emit IEscrow.EpochAdvanced(buyer, 7);
        vm.prank(buyer);
        escrow.advanceEpoch(buyer, 7, 0, "");
        assertEq(escrow.epochOf(buyer), 7);
        assertEq(escrow.epochOf(seller), 0);
    }

    function test_takeASignedEpochFromAnyone() external {
        uint40 until = uint40(block.timestamp);
        bytes memory ofBuyer = signed(buyerKey, epochDigest(buyer, 3, until));
        vm.prank(stranger);
        escrow.advanceEpoch(buyer, 3, until, ofBuyer);
        assertEq(escrow.epochOf(buyer), 3);
    }

    function testFuzz_refuseToGoBackOrStay(uint64 epoch) external {
        vm.prank(buyer);
        escrow.advanceEpoch(buyer, 1000, 0, "");
        epoch = uint64(bound(epoch, 0, 1000));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.EpochStale.selector, buyer, epoch, 1000));
        vm.prank(buyer);
        escrow.advanceEpoch(buyer, epoch, 0, "");
    }

    function test_refuseAnExpiredSignature() external {
        uint40 until = uint40(block.timestamp - 1);
        bytes memory ofBuyer = signed(buyerKey, epochDigest(buyer, 3, until));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, until, block.timestamp));
        escrow.advanceEpoch(buyer, 3, until, ofBuyer);
    }

    function test_refuseSomeoneElse() external {
        bytes32 digest = epochDigest(buyer, 3, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        vm.prank(seller);
        escrow.advanceEpoch(buyer, 3, 0, "");
    }

    function test_killDealsOfAnOlderEpoch() external {
        IEscrow.Deal memory deal = simpleDeal();
        vm.prank(seller);
        escrow.advanceEpoch(seller, 1, 0, "");
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.EpochStale.selector, seller, 0, 1));
        deal.sellerEpoch = 1;
        vm.prank(buyer);
        escrow.advanceEpoch(buyer, 4, 0, "");
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.EpochStale.selector, buyer, 0, 4));
        deal.buyerEpoch = 4;
        opened(deal);
    }

    function test_refuseDealsOfAnEpochToCome() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.buyerEpoch = 1;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.EpochStale.selector, buyer, 1, 0));
    }

    function test_leaveOpenDealsAlone() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        vm.prank(seller);
        escrow.advanceEpoch(seller, 1, 0, "");
        delivered(deal);
        settled(deal);
        assertClosed(idOf(deal));
    }
}
