// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";

/// @notice EIP-712 struct hashes of every signed action.
library ActionHash {
    bytes32 internal constant CANCELLATION =
        keccak256("Cancellation(bytes32 dealId,address party,uint128 fee,uint40 validUntil)");
    bytes32 internal constant EPOCH = keccak256("Epoch(address party,uint64 epoch,uint40 validUntil)");
    bytes32 internal constant DELIVERY = keccak256(
        "Delivery(bytes32 dealId,uint8 milestone,uint8 delivery,bytes32 deliverable,uint128 fee,uint40 validUntil)"
    );
    bytes32 internal constant RECEIPT =
        keccak256("Receipt(bytes32 dealId,uint8 milestone,bytes32 deliverable,uint128 fee,uint40 validUntil)");
    bytes32 internal constant REJECTION = keccak256(
        "Rejection(bytes32 dealId,uint8 milestone,uint8 delivery,bytes32 reason,uint128 fee,uint40 validUntil)"
    );
    bytes32 internal constant DISPUTE = keccak256(
        "Dispute(bytes32 dealId,address party,uint8 milestone,bytes32 evidence,uint128 fee,uint40 validUntil)"
    );
    bytes32 internal constant RULING = keccak256(
        "Ruling(bytes32 dealId,uint8 milestone,uint16 sellerBps,bytes32 rationale,uint128 fee,uint40 validUntil)"
    );
    bytes32 internal constant REFUND =
        keccak256("Refund(bytes32 dealId,address party,uint8 milestone,uint128 fee,uint40 validUntil)");
    bytes32 internal constant SPLIT = keccak256(
        "Split(bytes32 dealId,uint8 milestone,uint8 status,uint128 locked,uint128 toSeller,uint128 toBuyer,uint128 toArbiter,uint256 nonce,uint128 fee,uint40 validUntil)"
    );
    bytes32 internal constant SPLIT_REVOCATION =
        keccak256("SplitRevocation(bytes32 split,address party,uint40 validUntil)");
    bytes32 internal constant MANDATE_REVOCATION =
        keccak256("MandateRevocation(bytes32 mandate,address principal,uint128 fee,uint40 validUntil)");
    bytes32 internal constant WITHDRAWAL = keccak256(
        "Withdrawal(address party,address token,address to,uint128 amount,uint128 fee,uint256 nonce,uint40 validUntil)"
    );

    /// @dev Delivery and Rejection: the same fields under different names.
    function numbered(
        bytes32 typeHash,
        bytes32 dealId,
        uint8 milestone,
        uint8 delivery,
        bytes32 content,
        uint128 fee,
        uint40 validUntil
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(typeHash, dealId, milestone, delivery, content, fee, validUntil));
    }

    function receipt(bytes32 dealId, uint8 milestone, bytes32 deliverable, uint128 fee, uint40 validUntil)
        internal
        pure
        returns (bytes32 result)
    {
        bytes32 typeHash = RECEIPT;
        // As abi.encode would, for half of its gas: it is hashed with every settlement.
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            mstore(add(m, 0x20), dealId)
            mstore(add(m, 0x40), and(milestone, 0xff))
            mstore(add(m, 0x60), deliverable)
            mstore(add(m, 0x80), shr(128, shl(128, fee)))
            mstore(add(m, 0xa0), and(validUntil, 0xffffffffff))
            result := keccak256(m, 0xc0)
        }
    }

    function dispute(bytes32 dealId, address party, uint8 milestone, bytes32 evidence, uint128 fee, uint40 validUntil)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(DISPUTE, dealId, party, milestone, evidence, fee, validUntil));
    }

    function ruling(
        bytes32 dealId,
        uint8 milestone,
        uint16 sellerBps,
        bytes32 rationale,
        uint128 fee,
        uint40 validUntil
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(RULING, dealId, milestone, sellerBps, rationale, fee, validUntil));
    }

    function refund(bytes32 dealId, address party, uint8 milestone, uint128 fee, uint40 validUntil)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(REFUND, dealId, party, milestone, fee, validUntil));
    }

    function cancellation(bytes32 dealId, address party, uint128 fee, uint40 validUntil)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(CANCELLATION, dealId, party, fee, validUntil));
    }

    function epochOf(address party, uint64 epoch, uint40 validUntil) internal pure returns (bytes32) {
        return keccak256(abi.encode(EPOCH, party, epoch, validUntil));
    }

    /// @dev Every field of Split is a word of its own, so its ABI encoding is its EIP-712 data.
    function split(IEscrow.Split calldata terms) internal pure returns (bytes32) {
        return keccak256(abi.encode(SPLIT, terms));
    }

    function splitRevocation(bytes32 digest, address party, uint40 validUntil) internal pure returns (bytes32) {
        return keccak256(abi.encode(SPLIT_REVOCATION, digest, party, validUntil));
    }

    function mandateRevocation(bytes32 mandate, address principal, uint128 fee, uint40 validUntil)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(MANDATE_REVOCATION, mandate, principal, fee, validUntil));
    }

    function withdrawal(
        address party,
        address token,
        address to,
        uint128 amount,
        uint128 fee,
        uint256 nonce,
        uint40 validUntil
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(WITHDRAWAL, party, token, to, amount, fee, nonce, validUntil));
    }
}
