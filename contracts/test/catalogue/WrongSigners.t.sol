// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Granting} from "../escrow/Granting.sol";

/// @notice Splits, their revocation, withdrawals, epochs and the revocation of mandates: by every caller, with every wrong
/// signature, and a second time. Tree: trees/Escrow.wrongSigners.tree
contract WrongSignersTest is Granting {
    uint256 private constant ACTIONS = 6;
    uint256 private constant NONCE = 300;

    IEscrow.Status private status;

    function setUp() public override {
        super.setUp();
        deposited(buyer, 1000);
    }

    // ---- what is signed by one, each by the buyer unless said otherwise ----

    function dealNow() private view returns (IEscrow.Deal memory deal) {
        deal = arbitratedDeal();
        deal.cancelBy = uint40(START + 365 days);
    }

    function termsNow() private view returns (IEscrow.Split memory terms) {
        IEscrow.DealState memory s = state(dealNow());
        terms.dealId = idOf(dealNow());
        (terms.status, terms.locked) = (uint8(s.status), s.locked);
        (terms.toSeller, terms.toBuyer) = (s.locked / 3, s.locked - s.locked / 3);
        (terms.nonce, terms.validUntil) = (1, uint40(block.timestamp));
    }

    function signerOf(uint256 which) private view returns (address) {
        return which == 4 ? seller : buyer;
    }

    /// @param spoilt one field is other than what was signed
    function build(uint256 which, bool spoilt, bytes memory signature) private view returns (bytes memory) {
        uint40 until = uint40(block.timestamp);
        uint128 fee = spoilt ? 2 : 1;
        IEscrow.Split memory terms = termsNow();
        if (which == 0) {
            return abi.encodeCall(escrow.withdraw, (address(token), buyer, stranger, 10, fee, NONCE, until, signature));
        }
        if (which == 1) return abi.encodeCall(escrow.advanceEpoch, (buyer, 1, spoilt ? until + 1 : until, signature));
        if (which == 2) return abi.encodeCall(escrow.revokeMandate, (buyersMandate(), fee, until, signature));
        if (which == 5) return abi.encodeCall(escrow.refund, (dealNow(), buyer, 0, fee, until, signature));
        if (spoilt) terms.nonce = 2;
        return abi.encodeCall(escrow.revokeSplit, (dealNow(), terms, signerOf(which), until, signature));
    }

    function digestOf(uint256 which, bool spoilt) private view returns (bytes32) {
        uint40 until = uint40(block.timestamp);
        Action memory a = Action(spoilt ? 2 : 1, until);
        IEscrow.Split memory terms = termsNow();
        if (which == 0) return withdrawal(buyer, address(token), stranger, 10, NONCE, a);
        if (which == 1) return epochDigest(buyer, 1, spoilt ? until + 1 : until);
        if (which == 2) return mandateRevocation(buyersMandate(), a);
        if (which == 5) return refundDigest(idOf(dealNow()), buyer, 0, a);
        if (spoilt) terms.nonce = 2;
        return splitRevocation(splitDigest(terms), signerOf(which), until);
    }

    function invalid(address signer, bytes32 digest) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, signer, digest);
    }

    /// @dev No reason: it must go through. Undone either way.
    function calls(address caller, bytes memory data, bytes memory why, string memory name) private {
        uint256 snapshot = vm.snapshotState();
        vm.prank(caller);
        (bool ok, bytes memory answer) = address(escrow).call(data);
        assertEq(ok, why.length == 0, name);
        if (!ok) assertEq(answer, why, name);
        vm.revertToState(snapshot);
    }

    function test_takeEachFromItsSignerOnly() external {
        opened(dealNow());
        address[5] memory callers = [buyer, seller, arbiter, relayer, agent];
        for (uint256 which; which < ACTIONS; ++which) {
            bytes memory data = build(which, false, "");
            address signer = signerOf(which);
            for (uint256 i; i < callers.length; ++i) {
                bytes memory why = callers[i] == signer ? bytes("") : invalid(signer, digestOf(which, false));
                calls(callers[i], data, why, string.concat(vm.toString(which), " by ", vm.toString(i)));
            }
        }
    }

    function test_takeEachSignatureForWhatItSays() external {
        opened(dealNow());
        for (uint256 which; which < ACTIONS; ++which) {
            string memory name = vm.toString(which);
            uint256 key = signerOf(which) == buyer ? buyerKey : sellerKey;
            bytes32 digest = digestOf(which, false);
            bytes memory why = invalid(signerOf(which), digest);
            calls(relayer, build(which, false, signed(key, digest)), "", name);
            calls(relayer, build(which, false, signedShort(key, digest)), "", name);
            calls(relayer, build(which, false, signedHigh(key, digest)), why, name);
            calls(relayer, build(which, false, cut(signed(key, digest))), why, name);
            calls(relayer, build(which, false, bytes.concat(signed(key, digest), hex"00")), why, name);
            calls(relayer, build(which, false, signed(arbiterKey, digest)), why, name);
            calls(relayer, build(which, false, signed(agentKey, digest)), why, name);
            why = abi.encodeWithSelector(IEscrow.SignatureKindUnknown.selector, uint8(2));
            calls(relayer, build(which, false, bytes.concat(hex"02", bare(key, digest))), why, name);
            // Signed for other values than those it comes with.
            why = invalid(signerOf(which), digestOf(which, true));
            calls(relayer, build(which, true, signed(key, digest)), why, name);
        }
    }

    /// @dev Withdrawals, epochs and mandates themselves: a mandate over everything does not reach them.
    function test_letNoAgentSignForThePrincipalsOwnAffairs() external {
        for (uint256 which; which < 3; ++which) {
            bytes memory data = build(which, false, under(buyersMandate(), digestOf(which, false)));
            bytes memory why = abi.encodeWithSelector(IEscrow.SignatureKindUnknown.selector, uint8(1));
            calls(relayer, data, why, vm.toString(which));
        }
    }

    function test_takeNoneOfThemTwice() external {
        opened(dealNow());
        bytes[5] memory again = [
            abi.encodeWithSelector(IEscrow.NonceUsed.selector, buyer, NONCE),
            abi.encodeWithSelector(IEscrow.EpochStale.selector, buyer, 1, 1),
            abi.encodeWithSelector(IEscrow.MandateVoid.selector, mandateDigest(buyersMandate())),
            abi.encodeWithSelector(IEscrow.SplitSpent.selector, splitDigest(termsNow())),
            abi.encodeWithSelector(IEscrow.SplitSpent.selector, splitDigest(termsNow()))
        ];
        for (uint256 which; which < again.length; ++which) {
            uint256 snapshot = vm.snapshotState();
            bytes memory data = build(which, false, signed(keyOf(which), digestOf(which, false)));
            vm.prank(relayer);
            (bool ok,) = address(escrow).call(data);
            assertTrue(ok, vm.toString(which));
            calls(relayer, data, again[which], vm.toString(which));
            vm.revertToState(snapshot);
        }
    }

    function keyOf(uint256 which) private view returns (uint256) {
        return signerOf(which) == buyer ? buyerKey : sellerKey;
    }

    // ---- what two sign ----

    /// @dev Every pair of signatures in every status: only both right ones close, and only a deal that lives.
    function test_splitOnBothSignaturesOnly() external {
        for (uint8 s; s <= uint8(IEscrow.Status.Cancelled); ++s) {
            uint256 snapshot = vm.snapshotState();
            status = IEscrow.Status(s);
            inStatus(dealNow(), status);
            bytes32 digest = splitDigest(termsNow());
            for (uint256 i; i < 6; ++i) {
                for (uint256 j; j < 6; ++j) {
                    pair(digest, i, j);
                }
            }
            vm.revertToState(snapshot);
        }
    }

    function pair(bytes32 digest, uint256 i, uint256 j) private {
        bytes memory ofBuyer = variant(buyerKey, sellerKey, digest, i);
        bytes memory ofSeller = variant(sellerKey, buyerKey, digest, j);
        bytes memory why;
        if (status == IEscrow.Status.Unopened || status >= IEscrow.Status.Closed) {
            why = wrongStatus(idOf(dealNow()), status);
        } else if (i != 0) {
            why = invalid(buyer, digest);
        } else if (j != 0) {
            why = invalid(seller, digest);
        }
        bytes memory data = abi.encodeCall(escrow.split, (dealNow(), termsNow(), ofBuyer, ofSeller));
        calls(relayer, data, why, string.concat(vm.toString(i), " and ", vm.toString(j)));
    }

    /// @dev The right one; the other side's; none; cut; its malleable twin; of something else.
    function variant(uint256 key, uint256 other, bytes32 digest, uint256 i) private pure returns (bytes memory) {
        if (i == 0) return signed(key, digest);
        if (i == 1) return signed(other, digest);
        if (i == 2) return "";
        if (i == 3) return cut(signed(key, digest));
        return i == 4 ? signedHigh(key, digest) : signed(key, keccak256("other"));
    }

    /// @dev By two bytes: without the last one it may be the short form of the same signature.
    function cut(bytes memory signature) private pure returns (bytes memory) {
        assembly ("memory-safe") {
            mstore(signature, sub(mload(signature), 2))
        }
        return signature;
    }
}
