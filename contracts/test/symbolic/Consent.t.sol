// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {SymbolicTest} from "./SymbolicTest.sol";

/// @notice A call that names no signature goes through only if it comes from the party itself; a call with one, only if
/// ecrecover finds that party for exactly the digest of this action. Parties are plain accounts here.
/// @dev 65-byte signatures of any content, callers and arguments of any value. ecrecover is an unknown function to the
/// solver: that it cannot be forged is the assumption on which everything rests.
contract ConsentProof is SymbolicTest {
    struct Signature {
        bytes32 r;
        bytes32 s;
        uint8 v;
    }

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    uint40 private constant FOREVER = type(uint40).max;

    function dealIn(IEscrow.Status status) private returns (IEscrow.Deal memory deal, bytes32 id) {
        deal = dealOf(Numbers(1000, 1000, 1000, 200, 10, 0), 3);
        (id,) = begin(deal, status, 0, 0, 0);
    }

    /// @dev Succeeds with this body only where ecrecover gives `signer`; with none, only for the signer itself.
    function needs(address signer, bytes32 structHash, Signature memory s, address caller, bytes memory data) private {
        bytes32 separator = keccak256(
            abi.encode(DOMAIN_TYPE, keccak256("Parley Escrow"), keccak256("1"), block.chainid, address(escrow))
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", separator, structHash));
        vm.prank(caller);
        (bool ok,) = address(escrow).call(data);
        assertTrue(!ok || ecrecover(digest, s.v, s.r, s.s) == signer);
    }

    function alone(address signer, address caller, bytes memory data) private {
        vm.prank(caller);
        (bool ok,) = address(escrow).call(data);
        assertTrue(!ok || caller == signer);
    }

    function signed(Signature memory s) private pure returns (bytes memory) {
        return abi.encodePacked(hex"00", s.r, s.s, s.v);
    }

    function check_receipt(Signature memory s, address caller, bytes32 content) external {
        (IEscrow.Deal memory deal, bytes32 id) = dealIn(IEscrow.Status.Delivered);
        bytes32 typeHash =
            keccak256("Receipt(bytes32 dealId,uint8 milestone,bytes32 deliverable,uint128 fee,uint40 validUntil)");
        bytes32 structHash = keccak256(abi.encode(typeHash, id, 0, content, 0, FOREVER));
        needs(BUYER, structHash, s, caller, abi.encodeCall(escrow.settle, (deal, 0, content, 0, FOREVER, signed(s))));
    }

    function check_receiptAlone(address caller, bytes32 content) external {
        (IEscrow.Deal memory deal,) = dealIn(IEscrow.Status.Delivered);
        alone(BUYER, caller, abi.encodeCall(escrow.settle, (deal, 0, content, 0, FOREVER, "")));
    }

    function check_rulingAlone(address caller, uint16 bps) external {
        (IEscrow.Deal memory deal,) = dealIn(IEscrow.Status.Disputed);
        alone(ARBITER, caller, abi.encodeCall(escrow.rule, (deal, 0, bps, 0, 0, FOREVER, "")));
    }

    function check_rulingSigned(Signature memory s, address caller) external {
        (IEscrow.Deal memory deal, bytes32 id) = dealIn(IEscrow.Status.Disputed);
        bytes32 typeHash = keccak256(
            "Ruling(bytes32 dealId,uint8 milestone,uint16 sellerBps,bytes32 rationale,uint128 fee,uint40 validUntil)"
        );
        bytes32 structHash = keccak256(abi.encode(typeHash, id, 0, 5000, bytes32(0), 0, FOREVER));
        needs(ARBITER, structHash, s, caller, abi.encodeCall(escrow.rule, (deal, 0, 5000, 0, 0, FOREVER, signed(s))));
    }

    function check_deliveryAlone(address caller) external {
        (IEscrow.Deal memory deal,) = dealIn(IEscrow.Status.Open);
        alone(SELLER, caller, abi.encodeCall(escrow.deliver, (deal, 0, 2, bytes32(0), 0, FOREVER, "")));
    }

    function check_rejectionAlone(address caller) external {
        (IEscrow.Deal memory deal,) = dealIn(IEscrow.Status.Delivered);
        alone(BUYER, caller, abi.encodeCall(escrow.reject, (deal, 0, 1, bytes32(0), 0, FOREVER, "")));
    }

    function check_refundAlone(address caller, bool asBuyer) external {
        (IEscrow.Deal memory deal,) = dealIn(IEscrow.Status.Open);
        address party = asBuyer ? BUYER : SELLER;
        alone(party, caller, abi.encodeCall(escrow.refund, (deal, party, 0, 0, FOREVER, "")));
    }

    function check_disputeAlone(address caller, bool asBuyer) external {
        (IEscrow.Deal memory deal,) = dealIn(IEscrow.Status.Rejected);
        address party = asBuyer ? BUYER : SELLER;
        alone(party, caller, abi.encodeCall(escrow.dispute, (deal, party, 0, bytes32(0), 0, FOREVER, "")));
    }

    /// @dev Two plain accounts and at most one of them calling: the other's signature is missing.
    function check_splitAlone(address caller, uint128 toSeller) external {
        (IEscrow.Deal memory deal, bytes32 id) = dealIn(IEscrow.Status.Open);
        IEscrow.Split memory terms;
        terms.dealId = id;
        terms.status = uint8(IEscrow.Status.Open);
        terms.locked = uint128(lockedIn(deal, 0, 0));
        vm.assume(toSeller <= terms.locked);
        terms.toSeller = toSeller;
        terms.toBuyer = terms.locked - toSeller;
        terms.validUntil = FOREVER;
        vm.prank(caller);
        (bool ok,) = address(escrow).call(abi.encodeCall(escrow.split, (deal, terms, "", "")));
        assertFalse(ok);
    }

    function check_openAlone(address caller) external {
        IEscrow.Deal memory deal = dealOf(Numbers(1000, 1000, 1000, 200, 10, 0), 3);
        IEscrow.Funding memory balance = IEscrow.Funding(IEscrow.FundingKind.Balance, "");
        vm.prank(caller);
        (bool ok,) = address(escrow).call(abi.encodeCall(escrow.open, (deal, "", "", balance, balance)));
        assertFalse(ok);
    }

    /// @dev Two signatures of any content, whoever hands them in: it opens only if they are of the buyer and of the seller.
    function check_openingSigned(Signature memory ofBuyer, Signature memory ofSeller, address caller) external {
        IEscrow.Deal memory deal = dealOf(Numbers(1000, 1000, 1000, 200, 10, 0), 1);
        deal.sellerBond = 10;
        started.give(token, BUYER, 1_000_000);
        started.give(token, SELLER, 1_000_000);
        IEscrow.Funding memory balance = IEscrow.Funding(IEscrow.FundingKind.Balance, "");
        bytes32 id = escrow.dealIdOf(deal);
        bytes memory data = abi.encodeCall(escrow.open, (deal, signed(ofBuyer), signed(ofSeller), balance, balance));
        vm.prank(caller);
        (bool ok,) = address(escrow).call(data);
        bool both = ecrecover(id, ofBuyer.v, ofBuyer.r, ofBuyer.s) == BUYER
            && ecrecover(id, ofSeller.v, ofSeller.r, ofSeller.s) == SELLER;
        assertTrue(!ok || both);
    }

    function check_withdrawalAlone(address caller, address party, uint128 amount) external {
        alone(
            party, caller, abi.encodeCall(escrow.withdraw, (token, party, address(0xdead), amount, 0, 0, FOREVER, ""))
        );
    }
}
