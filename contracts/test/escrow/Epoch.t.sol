// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.advanceEpoch.tree
contract EpochTest is EscrowTest {
    function test_letAPartyAdvanceItsOwn() external {
        vm.expectEmit(address(escrow));
        emit IEscrow.EpochAdvanced(buyer, 1);
        advanced(buyer, 1);
        assertEq(escrow.epochOf(buyer), 1);
        assertEq(escrow.era(), 1);
        assertEq(escrow.epochOf(seller), 0);
    }

    function test_takeASignedEpochFromAnyone() external {
        uint40 until = uint40(block.timestamp);
        bytes memory ofBuyer = signed(buyerKey, epochDigest(buyer, 1, until));
        vm.prank(stranger);
        escrow.advanceEpoch(buyer, 1, until, ofBuyer);
        assertEq(escrow.epochOf(buyer), 1);
    }

    function testFuzz_refuseToGoBackOrStay(uint64 epoch) external {
        for (uint64 i = 1; i <= 5; ++i) {
            advanced(i % 2 == 0 ? seller : buyer, i);
        }
        epoch = uint64(bound(epoch, 0, 5));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.EpochStale.selector, buyer, epoch, 5));
        advanced(buyer, epoch);
    }

    function testFuzz_refuseMoreThanOneStepBeyondTheNewest(uint64 epoch) external {
        advanced(seller, 1);
        epoch = uint64(bound(epoch, 3, type(uint64).max));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.EpochStale.selector, buyer, epoch, 1));
        advanced(buyer, epoch);
    }

    function test_letAPartyCatchUpWithTheNewest() external {
        advanced(seller, 1);
        advanced(seller, 2);
        advanced(buyer, 2);
        assertEq(escrow.era(), 2);
        IEscrow.Deal memory deal = simpleDeal();
        deal.sellerEpoch = 2;
        deal.buyerEpoch = 1;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.EpochStale.selector, buyer, 1, 2));
        deal.buyerEpoch = 2;
        opened(deal);
    }

    function test_keepWhatWasSignedWhenOthersAdvance() external {
        IEscrow.Deal memory deal = simpleDeal();
        advanced(stranger, 1);
        advanced(relayer, 2);
        opened(deal);
        deal.nonce = 2;
        deal.buyerEpoch = 1; // the newest when it was signed
        advanced(stranger, 3);
        opened(deal);
        assertEq(escrow.epochOf(buyer), 0);
    }

    function test_refuseAnExpiredSignature() external {
        uint40 until = uint40(block.timestamp - 1);
        bytes memory ofBuyer = signed(buyerKey, epochDigest(buyer, 1, until));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, until, block.timestamp));
        escrow.advanceEpoch(buyer, 1, until, ofBuyer);
    }

    function test_refuseSomeoneElse() external {
        bytes32 digest = epochDigest(buyer, 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
        vm.prank(seller);
        escrow.advanceEpoch(buyer, 1, 0, "");
    }

    function test_refuseTheZeroPartyWhateverIsSigned() external {
        bytes32 digest = epochDigest(address(0), 1, uint40(block.timestamp));
        uint256[3] memory lengths = [uint256(65), 66, 1];
        for (uint256 i; i < 3; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, address(0), digest));
            escrow.advanceEpoch(address(0), 1, uint40(block.timestamp), new bytes(lengths[i]));
        }
    }

    function test_killDealsOfAnOlderEpoch() external {
        IEscrow.Deal memory deal = simpleDeal();
        vm.prank(seller);
        escrow.advanceEpoch(seller, 1, 0, "");
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.EpochStale.selector, seller, 0, 1));
        deal.sellerEpoch = 1;
        advanced(buyer, 2);
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.EpochStale.selector, buyer, 0, 2));
        deal.buyerEpoch = 2;
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

    function advanced(address party, uint64 epoch) private {
        vm.prank(party);
        escrow.advanceEpoch(party, epoch, 0, "");
    }
}
