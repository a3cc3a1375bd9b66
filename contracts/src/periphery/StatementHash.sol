// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice EIP-712 struct hashes of a panel's votes, of evidence submissions and of anchors.
library StatementHash {
    bytes32 internal constant VOTE = keccak256(
        "Vote(address member,bytes32 dealId,uint8 milestone,uint16 sellerBps,bytes32 rationale,uint128 fee,uint40 validUntil)"
    );
    bytes32 internal constant SUBMISSION = keccak256(
        "EvidenceSubmission(bytes32 dealId,address party,string evidence,bytes32 contentHash,uint40 validUntil)"
    );
    bytes32 internal constant ANCHOR = keccak256("Anchor(address anchorer,uint64 size,bytes32 root,uint40 validUntil)");

    function vote(
        address member,
        bytes32 dealId,
        uint8 milestone,
        uint16 sellerBps,
        bytes32 rationale,
        uint128 fee,
        uint40 validUntil
    ) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOTE, member, dealId, milestone, sellerBps, rationale, fee, validUntil));
    }

    /// @param evidence keccak256 of the text
    function submission(bytes32 dealId, address party, bytes32 evidence, bytes32 contentHash, uint40 validUntil)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(SUBMISSION, dealId, party, evidence, contentHash, validUntil));
    }

    function anchor(address anchorer, uint64 size, bytes32 root, uint40 validUntil) internal pure returns (bytes32) {
        return keccak256(abi.encode(ANCHOR, anchorer, size, root, validUntil));
    }
}
