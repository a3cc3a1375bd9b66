// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {SplitTestBase} from "../escrow/SplitTestBase.sol";

/// @notice What broke other escrows and is not in AttacksTest: each is tried here. Tree: trees/Escrow.knownFailures.tree
contract KnownFailuresTest is SplitTestBase {
    /// @dev A settlement proposal that one side signed and could never take back.
    function test_letWhoSignedASplitTakeItBack() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        IEscrow.Split memory terms = termsFor(deal, 1, 0);
        vm.prank(seller);
        escrow.revokeSplit(deal, terms, seller, 0, "");
        refuses(deal, terms, abi.encodeWithSelector(IEscrow.SplitSpent.selector, splitDigest(terms)));
    }

    /// @dev A deal that can be funded and never delivered, because its deadline passes first; to the second.
    function testFuzz_openNothingThatCannotBeDelivered(uint256 early) external {
        IEscrow.Deal memory deal = arbitratedDeal();
        uint256 due = deal.openBy - bound(early, 0, deal.openBy);
        deal.milestones[0].deliverBy = uint40(due);
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.DeadlineBeforeOpening.selector, due, deal.openBy));
        deal.milestones[0].deliverBy = deal.openBy + 1;
        vm.warp(deal.openBy);
        opened(deal);
        delivered(deal);
    }

    /// @dev Whoever is in the right pays the arbiter nothing, so cheating for less than its fee earns nothing.
    function testFuzz_costTheWinnerNothing(bool sellerWins) external {
        IEscrow.Deal memory deal = arbitratedDeal();
        broughtTo(deal, IEscrow.Status.Disputed);
        ruled(deal, sellerWins ? 10_000 : 0);
        uint256 ofBuyer = token.balanceOf(buyer) + credit(buyer);
        uint256 ofSeller = token.balanceOf(seller) + credit(seller);
        assertEq(ofBuyer, sellerWins ? FUNDS - PRICE - FEE : FUNDS);
        assertEq(ofSeller, sellerWins ? FUNDS + PRICE : FUNDS - FEE);
        assertEq(credit(arbiter), FEE);
    }

    /// @dev A forwarder (ERC-2771) names a sender at the end of the calldata: nobody believes it.
    function testFuzz_believeNoSenderInTheCalldata(address forwarder) external {
        vm.assume(forwarder != buyer && forwarder != seller && forwarder != arbiter);
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        bytes memory data = abi.encodeCall(escrow.settle, (deal, 0, GOODS, 0, 0, ""));
        vm.prank(forwarder);
        (bool ok, bytes memory why) = address(escrow).call(bytes.concat(data, bytes20(buyer)));
        assertFalse(ok);
        bytes32 digest = receipt(id, 0, GOODS, Action(0, 0));
        assertEq(why, abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, digest));
    }

    /// @dev Reputation that is a loop over everything that ever happened: here it costs the same after any number of deals.
    function test_readReputationInConstantTime() external {
        for (uint256 i; i < 20; ++i) {
            IEscrow.Deal memory deal = simpleDeal();
            deal.nonce = i;
            opened(deal);
            settled(deal);
            // Enough for two words that nobody has read yet, and for no loop.
            assertEq(escrow.accountOf{gas: 8000}(address(token), seller).settledAsSeller, i + 1);
            assertEq(escrow.recordOf{gas: 8000}(address(token), seller).splits, 0);
        }
    }

    /// @dev An authorisation that somebody else submits to the token strands the deposit, where the token lets anybody.
    function testFuzz_strandNoAuthorization(address thief) external {
        vm.assume(thief != address(escrow));
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = idOf(deal);
        IEscrow.Funding memory funding = authorized(buyerKey, deal, PRICE);
        bytes memory ofSeller = signed(sellerKey, id);
        (bytes32 r, bytes32 s, bytes1 v) = parts(funding.signature);
        vm.prank(thief);
        (bool ok,) = address(token)
            .call(
                abi.encodeWithSignature(
                    "receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
                    buyer,
                    escrow,
                    PRICE,
                    0,
                    uint256(deal.openBy) + 1,
                    id,
                    uint8(v),
                    r,
                    s
                )
            );
        assertFalse(ok, "for its payee only");
        assertEq(token.balanceOf(address(escrow)), 0);
        escrow.open(deal, "", ofSeller, funding, allowance());
        assertStatus(id, IEscrow.Status.Open);
    }

    function parts(bytes memory signature) private pure returns (bytes32 r, bytes32 s, bytes1 v) {
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
        }
        v = signature[64];
    }

    /// @dev A pause, an emergency withdrawal, an owner: none of the usual doors is there, for anybody.
    function testFuzz_haveNoDoorForAnOperator(address caller) external {
        opened(arbitratedDeal());
        string[10] memory doors = [
            "pause()",
            "unpause()",
            "owner()",
            "transferOwnership(address)",
            "emergencyWithdraw(address)",
            "rescueTokens(address,address,uint256)",
            "upgradeTo(address)",
            "upgradeToAndCall(address,bytes)",
            "setFee(uint256)",
            "grantRole(bytes32,address)"
        ];
        for (uint256 i; i < doors.length; ++i) {
            vm.prank(caller);
            (bool ok, bytes memory why) =
                address(escrow).call(abi.encodePacked(bytes4(keccak256(bytes(doors[i]))), new bytes(160)));
            assertFalse(ok, doors[i]);
            assertEq(why.length, 0, doors[i]);
        }
        assertBooks(lockedOf(arbitratedDeal()));
    }
}
