// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Test} from "../base/Test.sol";

/// @notice EIP-712 digests and signatures as a client makes them, written apart from the contract: field by field, from
/// the literal type strings of the specification.
abstract contract Signing is Test {
    struct Action {
        uint128 fee;
        uint40 validUntil;
    }

    bytes32 internal constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    string internal constant MILESTONE_TYPE = "Milestone(uint128 amount,uint40 deliverBy)";
    string internal constant DEAL_TYPE =
        "Deal(address buyer,address seller,address arbiter,address relayer,address token,uint128 price,uint128 sellerBond,uint128 arbiterFee,uint128 relayFee,uint40 openBy,uint40 cancelBy,uint32 reviewWindow,uint32 disputeWindow,uint32 rulingWindow,uint16 rejectedSellerBps,uint16 lapsedSellerBps,uint16 walkAwayBps,uint8 payout,Milestone[] milestones,bytes32 termsHash,bytes32 transcriptRoot,uint32 transcriptLength,bytes32 bundle,bytes32 amends,uint8 amendsMilestone,uint128 amendsLocked,uint64 buyerEpoch,uint64 sellerEpoch,uint256 nonce)Milestone(uint128 amount,uint40 deliverBy)";

    /// @dev Where deals and actions are verified.
    function verifier() internal view virtual returns (address);

    function escrowDomain() internal view returns (bytes32) {
        return domainOf("Parley Escrow", "1", verifier());
    }

    function domainOf(string memory name, string memory version, address target) internal view returns (bytes32) {
        return
            keccak256(abi.encode(DOMAIN_TYPE, keccak256(bytes(name)), keccak256(bytes(version)), block.chainid, target));
    }

    function typed(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    function action(string memory typeString, bytes memory fields) internal view returns (bytes32) {
        return typed(escrowDomain(), keccak256(bytes.concat(keccak256(bytes(typeString)), fields)));
    }

    // ---- deals ----

    function idOf(IEscrow.Deal memory deal) internal view returns (bytes32) {
        return typed(escrowDomain(), keccak256(dealData(deal)));
    }

    function dealData(IEscrow.Deal memory deal) internal pure returns (bytes memory data) {
        data = abi.encode(keccak256(bytes(DEAL_TYPE)), deal.buyer, deal.seller, deal.arbiter, deal.relayer, deal.token);
        data = bytes.concat(data, abi.encode(deal.price, deal.sellerBond, deal.arbiterFee, deal.relayFee));
        data = bytes.concat(data, abi.encode(deal.openBy, deal.cancelBy));
        data = bytes.concat(data, abi.encode(deal.reviewWindow, deal.disputeWindow, deal.rulingWindow));
        data = bytes.concat(data, abi.encode(deal.rejectedSellerBps, deal.lapsedSellerBps, deal.walkAwayBps));
        data = bytes.concat(data, abi.encode(deal.payout, milestonesHash(deal.milestones), deal.termsHash));
        data = bytes.concat(data, abi.encode(deal.transcriptRoot, deal.transcriptLength, deal.bundle));
        data = bytes.concat(data, abi.encode(deal.amends, deal.amendsMilestone, deal.amendsLocked));
        data = bytes.concat(data, abi.encode(deal.buyerEpoch, deal.sellerEpoch, deal.nonce));
    }

    function milestonesHash(IEscrow.Milestone[] memory milestones) internal pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i; i < milestones.length; ++i) {
            bytes32 typeHash = keccak256(bytes(MILESTONE_TYPE));
            hashes =
                bytes.concat(hashes, keccak256(abi.encode(typeHash, milestones[i].amount, milestones[i].deliverBy)));
        }
        return keccak256(hashes);
    }

    // ---- actions ----

    function cancellation(bytes32 id, address party, Action memory a) internal view returns (bytes32) {
        return action(
            "Cancellation(bytes32 dealId,address party,uint128 fee,uint40 validUntil)",
            abi.encode(id, party, a.fee, a.validUntil)
        );
    }

    function epochDigest(address party, uint64 epoch, uint40 validUntil) internal view returns (bytes32) {
        return action("Epoch(address party,uint64 epoch,uint40 validUntil)", abi.encode(party, epoch, validUntil));
    }

    function delivery(bytes32 id, uint8 milestone, uint8 number, bytes32 deliverable, Action memory a)
        internal
        view
        returns (bytes32)
    {
        return action(
            "Delivery(bytes32 dealId,uint8 milestone,uint8 delivery,bytes32 deliverable,uint128 fee,uint40 validUntil)",
            abi.encode(id, milestone, number, deliverable, a.fee, a.validUntil)
        );
    }

    function receipt(bytes32 id, uint8 milestone, bytes32 deliverable, Action memory a)
        internal
        view
        returns (bytes32)
    {
        return action(
            "Receipt(bytes32 dealId,uint8 milestone,bytes32 deliverable,uint128 fee,uint40 validUntil)",
            abi.encode(id, milestone, deliverable, a.fee, a.validUntil)
        );
    }

    function rejection(bytes32 id, uint8 milestone, uint8 number, bytes32 reason, Action memory a)
        internal
        view
        returns (bytes32)
    {
        return action(
            "Rejection(bytes32 dealId,uint8 milestone,uint8 delivery,bytes32 reason,uint128 fee,uint40 validUntil)",
            abi.encode(id, milestone, number, reason, a.fee, a.validUntil)
        );
    }

    function disputeDigest(bytes32 id, address party, uint8 milestone, bytes32 evidence, Action memory a)
        internal
        view
        returns (bytes32)
    {
        return action(
            "Dispute(bytes32 dealId,address party,uint8 milestone,bytes32 evidence,uint128 fee,uint40 validUntil)",
            abi.encode(id, party, milestone, evidence, a.fee, a.validUntil)
        );
    }

    function ruling(bytes32 id, uint8 milestone, uint16 sellerBps, bytes32 rationale, Action memory a)
        internal
        view
        returns (bytes32)
    {
        return action(
            "Ruling(bytes32 dealId,uint8 milestone,uint16 sellerBps,bytes32 rationale,uint128 fee,uint40 validUntil)",
            abi.encode(id, milestone, sellerBps, rationale, a.fee, a.validUntil)
        );
    }

    function refundDigest(bytes32 id, address party, uint8 milestone, Action memory a) internal view returns (bytes32) {
        return action(
            "Refund(bytes32 dealId,address party,uint8 milestone,uint128 fee,uint40 validUntil)",
            abi.encode(id, party, milestone, a.fee, a.validUntil)
        );
    }

    function splitDigest(IEscrow.Split memory s) internal view returns (bytes32) {
        bytes memory place = abi.encode(s.dealId, s.milestone, s.status, s.locked);
        bytes memory money = abi.encode(s.toSeller, s.toBuyer, s.toArbiter, s.nonce, s.fee, s.validUntil);
        return action(
            "Split(bytes32 dealId,uint8 milestone,uint8 status,uint128 locked,uint128 toSeller,uint128 toBuyer,uint128 toArbiter,uint256 nonce,uint128 fee,uint40 validUntil)",
            bytes.concat(place, money)
        );
    }

    function splitRevocation(bytes32 split, address party, uint40 validUntil) internal view returns (bytes32) {
        return
            action(
                "SplitRevocation(bytes32 split,address party,uint40 validUntil)", abi.encode(split, party, validUntil)
            );
    }

    function withdrawal(address party, address token, address to, uint128 amount, uint256 nonce, Action memory a)
        internal
        view
        returns (bytes32)
    {
        return action(
            "Withdrawal(address party,address token,address to,uint128 amount,uint128 fee,uint256 nonce,uint40 validUntil)",
            abi.encode(party, token, to, amount, a.fee, nonce, a.validUntil)
        );
    }

    function mandateDigest(IEscrow.Mandate memory m) internal view returns (bytes32) {
        bytes memory who = abi.encode(m.principal, m.agent, m.role, m.token, m.dealLimit, m.budget);
        bytes memory how = abi.encode(m.validFrom, m.validUntil, m.actions, m.counterparty, m.arbiter, m.epoch, m.nonce);
        return action(
            "Mandate(address principal,address agent,uint8 role,address token,uint128 dealLimit,uint128 budget,uint40 validFrom,uint40 validUntil,uint8 actions,address counterparty,address arbiter,uint64 epoch,uint256 nonce)",
            bytes.concat(who, how)
        );
    }

    function mandateRevocation(IEscrow.Mandate memory m, Action memory a) internal view returns (bytes32) {
        return action(
            "MandateRevocation(bytes32 mandate,address principal,uint128 fee,uint40 validUntil)",
            abi.encode(mandateDigest(m), m.principal, a.fee, a.validUntil)
        );
    }

    /// @notice Kind byte 0x01, the mandate, and both signatures as given.
    function carried(IEscrow.Mandate memory m, bytes memory ofPrincipal, bytes memory ofAgent)
        internal
        pure
        returns (bytes memory)
    {
        return abi.encodePacked(hex"01", abi.encode(m), uint16(ofPrincipal.length), ofPrincipal, ofAgent);
    }

    /// @notice EIP-3009 digest of a payment to the escrow with validAfter 0.
    function authorization(bytes32 domain, address from, uint256 value, uint256 validBefore, bytes32 nonce)
        internal
        view
        returns (bytes32)
    {
        bytes32 typeHash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes memory fields = abi.encode(typeHash, from, verifier(), value, uint256(0), validBefore, nonce);
        return typed(domain, keccak256(fields));
    }

    // ---- signatures ----

    function bare(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @notice Kind byte 0x00 and 65 bytes.
    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        return bytes.concat(hex"00", bare(key, digest));
    }

    /// @notice Kind byte 0x00 and the 64 bytes of ERC-2098.
    function signedShort(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 vs) = vm.signCompact(key, digest);
        return abi.encodePacked(hex"00", r, vs);
    }

    /// @notice The malleable twin: s' = n − s, the other v. `ecrecover` accepts it; nobody should.
    function signedHigh(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        uint256 n = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        return abi.encodePacked(hex"00", r, n - uint256(s), v == 27 ? uint8(28) : uint8(27));
    }
}
