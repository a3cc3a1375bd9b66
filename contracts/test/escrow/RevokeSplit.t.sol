// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {SplitTestBase} from "./SplitTestBase.sol";

/// @notice Tree: trees/Escrow.revokeSplit.tree
contract RevokeSplitTest is SplitTestBase {
    function setUp() public override {
        super.setUp();
        keep(simpleDeal());
        opened(kept());
    }

    function test_letEitherPartyRevoke() external {
        address[2] memory parties = [buyer, seller];
        for (uint256 i; i < 2; ++i) {
            IEscrow.Split memory terms = termsFor(kept(), 1, 0);
            terms.nonce = i;
            bytes32 digest = splitDigest(terms);
            assertFalse(escrow.splitSpent(digest));
            vm.expectEmit(address(escrow));
            emit IEscrow.SplitRevoked(digest, parties[i]);
            vm.prank(parties[i]);
            escrow.revokeSplit(kept(), terms, parties[i], 0, "");
            assertTrue(escrow.splitSpent(digest));
            refuses(kept(), terms, abi.encodeWithSelector(IEscrow.SplitSpent.selector, digest));
        }
    }

    function test_leaveOtherSplitsAlone() external {
        IEscrow.Split memory terms = termsFor(kept(), 1, 0);
        vm.prank(buyer);
        escrow.revokeSplit(kept(), terms, buyer, 0, "");
        terms.nonce = 2;
        splitBy(relayer, kept(), terms);
        assertClosed(idOf(kept()));
    }

    function test_takeASignedRevocationFromAnyone() external {
        IEscrow.Split memory terms = termsFor(kept(), 1, 0);
        uint40 until = uint40(block.timestamp);
        bytes memory ofSeller = signed(sellerKey, splitRevocation(splitDigest(terms), seller, until));
        vm.prank(stranger);
        escrow.revokeSplit(kept(), terms, seller, until, ofSeller);
        assertTrue(escrow.splitSpent(splitDigest(terms)));
    }

    function test_revokeBeforeTheDealIsOpened() external {
        IEscrow.Deal memory other = simpleDeal();
        other.nonce += 1;
        IEscrow.Split memory terms = termsFor(other, 0, 0);
        vm.prank(buyer);
        escrow.revokeSplit(other, terms, buyer, 0, "");
        assertTrue(escrow.splitSpent(splitDigest(terms)));
    }

    function test_refuseAnExpiredSignature() external {
        IEscrow.Split memory terms = termsFor(kept(), 1, 0);
        uint40 until = uint40(block.timestamp - 1);
        bytes memory ofSeller = signed(sellerKey, splitRevocation(splitDigest(terms), seller, until));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, until, block.timestamp));
        escrow.revokeSplit(kept(), terms, seller, until, ofSeller);
    }

    function test_refuseSomeoneElse() external {
        IEscrow.Split memory terms = termsFor(kept(), 1, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotParty.selector, stranger));
        vm.prank(stranger);
        escrow.revokeSplit(kept(), terms, stranger, 0, "");
        bytes32 digest = splitRevocation(splitDigest(terms), seller, 0);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, seller, digest));
        vm.prank(stranger);
        escrow.revokeSplit(kept(), terms, seller, 0, "");
    }

    /// @dev A deal made up for the purpose, with the caller for a party, reaches no split of a real one.
    function test_refuseASplitOfAnotherDeal() external {
        IEscrow.Split memory terms = termsFor(kept(), 1, 0);
        IEscrow.Deal memory madeUp = simpleDeal();
        madeUp.buyer = stranger;
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.SplitMismatch.selector, terms.milestone, terms.status, terms.locked)
        );
        vm.prank(stranger);
        escrow.revokeSplit(madeUp, terms, stranger, 0, "");
        assertFalse(escrow.splitSpent(splitDigest(terms)));
    }

    function test_refuseToRevokeTwice() external {
        IEscrow.Split memory terms = termsFor(kept(), 1, 0);
        vm.prank(buyer);
        escrow.revokeSplit(kept(), terms, buyer, 0, "");
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SplitSpent.selector, splitDigest(terms)));
        vm.prank(seller);
        escrow.revokeSplit(kept(), terms, seller, 0, "");
    }
}
