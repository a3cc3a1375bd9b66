// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "./IEscrow.sol";

/// @title Parley evidence: what can be proved about a negotiation, on-chain and for good
/// @notice A message disclosed and proved against the transcript that both sides signed; a principal convicted of signing
/// two messages for one step; a party's evidence for its arbiter; the root of somebody's log. There is no owner.
///
/// Money. None is ever held or moved, and no call here changes what a deal does. Readers draw their own conclusions.
///
/// Trust. A message is proved for deals that the escrow knows as opened, so that both sides signed the transcript root.
/// What a message or a piece of evidence says is a claim of who signed it. An anchor is a claim of its anchorer.
///
/// Signatures. Messages carry the bare signature of their sender, as on the wire: low-s ECDSA (65 bytes, or 64 as in
/// ERC-2098), or else whatever the sender's ERC-1271 accepts. The actions of this contract carry `kind (1 byte) ‖ body`
/// as with the escrow; an empty one stands for the caller. They pay no fee. A refusal that the escrow knows too is an
/// error of IEscrow.
interface IEvidence {
    // ------------------------------------------------------------------ types

    /// @dev The signed core of a message, as the specification has it. Its EIP-712 digest, under the domain of messages
    /// (without a contract), is the message hash.
    struct Message {
        bytes32 negotiation;
        uint32 sequence;
        bytes32 previous;
        address sender;
        uint8 performative;
        bytes32 payload;
        uint64 sentAt; // unix seconds
        uint64 expiresAt; // unix seconds; 0: never
    }

    /// @dev The latest root that an account anchored; all zero for none.
    struct LogRoot {
        bytes32 root;
        uint64 size; // entries under the root
        uint40 anchoredAt; // unix seconds
    }

    /// @dev A conviction; all zero for none.
    struct Conviction {
        uint32 sequence; // of both messages
        uint40 provedAt; // unix seconds
    }

    // ----------------------------------------------------------------- events

    /// @dev ERC-1497 as Kleros V2 has it; `externalDisputeID` is the deal id.
    event Evidence(uint256 indexed externalDisputeID, address indexed party, string evidence);
    /// @dev Follows each `Evidence`; `contentHash` is the hash of what the evidence links to, or of itself.
    event EvidenceHashed(bytes32 indexed dealId, address indexed party, bytes32 contentHash);
    event MessageProved(bytes32 indexed dealId, bytes32 indexed messageHash, address indexed sender, Message message);
    event EquivocationProved(
        address indexed principal, bytes32 indexed negotiation, uint32 sequence, bytes32 first, bytes32 second
    );
    event Anchored(address indexed anchorer, uint64 size, bytes32 root);

    // ----------------------------------------------------------------- errors

    error DealNotOpened(bytes32 dealId, IEscrow.Status actual);
    error DealNotLive(bytes32 dealId, IEscrow.Status actual);
    error OutsideTranscript(uint256 sequence, uint256 length);
    error ProofInvalid(bytes32 root, bytes32 messageHash);
    error MessageSignatureInvalid(address sender, bytes32 messageHash);
    error MessagesEqual(bytes32 messageHash);
    error MessagesNotComparable(bytes32 first, bytes32 second);
    error EquivocationKnown(address principal, bytes32 negotiation);
    error EvidenceEmpty();
    error EvidenceKnown(bytes32 digest);
    error AnchorNotGrowing(address anchorer, uint256 size, uint256 current);

    // --------------------------------------------------------------- messages

    /// @notice Proves that `message` was signed by its sender and stands in the transcript that the deal commits to. Anyone.
    /// @param proof the siblings of an OpenZeppelin StandardMerkleTree over (uint32 sequence, bytes32 messageHash)
    function proveMessage(
        IEscrow.Deal calldata deal,
        Message calldata message,
        bytes calldata signature,
        bytes32[] calldata proof
    ) external returns (bytes32 dealId, bytes32 hash);

    /// @notice Records that one sender signed two different messages for one sequence of one negotiation. Anyone, once for
    /// each sender and negotiation. No money moves on it.
    function proveEquivocation(
        Message calldata first,
        bytes calldata firstSignature,
        Message calldata second,
        bytes calldata secondSignature
    ) external;

    // --------------------------------------------------------------- evidence

    /// @notice Hands evidence on a live deal to its arbiter. By a party of the deal, or its `EvidenceSubmission` signature,
    /// which counts once.
    /// @param evidence a link or a short statement; not empty
    /// @param contentHash hash of what is linked to; zero where the statement stands for itself
    function submitEvidence(
        IEscrow.Deal calldata deal,
        address party,
        string calldata evidence,
        bytes32 contentHash,
        uint40 validUntil,
        bytes calldata signature
    ) external;

    // ---------------------------------------------------------------- anchors

    /// @notice Publishes the root of a log with its size, which only ever grows. By the anchorer, or its `Anchor` signature.
    function anchor(address anchorer, uint64 size, bytes32 root, uint40 validUntil, bytes calldata signature) external;

    // ------------------------------------------------------------------ views

    function escrow() external view returns (IEscrow);
    function messageHashOf(Message calldata message) external view returns (bytes32);
    function convictionOf(address principal, bytes32 negotiation) external view returns (Conviction memory);
    function anchorOf(address anchorer) external view returns (LogRoot memory);
    /// @notice The EIP-712 domain separator of submissions and anchors.
    function domainSeparator() external view returns (bytes32);
}
