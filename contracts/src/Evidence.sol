// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "./interfaces/IEscrow.sol";
import {IEvidence} from "./interfaces/IEvidence.sol";
import {SignatureCheck} from "./libraries/SignatureCheck.sol";
import {MessageHash} from "./periphery/MessageHash.sol";
import {Relayed} from "./periphery/Relayed.sol";
import {StatementHash} from "./periphery/StatementHash.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @title Parley evidence
/// @notice Roles, trust and signatures: see IEvidence.
contract Evidence is IEvidence, Relayed {
    IEscrow private immutable ESCROW;

    mapping(address principal => mapping(bytes32 negotiation => Conviction)) private _convictions;
    mapping(address anchorer => LogRoot) private _anchors;
    mapping(bytes32 digest => bool) private _submitted;

    /// @param escrow_ whose deals this contract knows
    constructor(IEscrow escrow_) {
        ESCROW = escrow_;
    }

    // --------------------------------------------------------------- messages

    /// @inheritdoc IEvidence
    function proveMessage(
        IEscrow.Deal calldata deal,
        Message calldata message,
        bytes calldata signature,
        bytes32[] calldata proof
    ) external returns (bytes32 dealId, bytes32 hash) {
        IEscrow.Status status;
        (dealId, status) = _find(deal);
        if (status == IEscrow.Status.Unopened || status == IEscrow.Status.Cancelled) {
            revert DealNotOpened(dealId, status);
        }
        if (message.sequence >= deal.transcriptLength) {
            revert OutsideTranscript(message.sequence, deal.transcriptLength);
        }
        hash = MessageHash.digest(message);
        bytes32 root = deal.transcriptRoot;
        if (!MerkleProof.verifyCalldata(proof, root, MessageHash.leaf(message.sequence, hash))) {
            revert ProofInvalid(root, hash);
        }
        _requireSigned(message, hash, signature);
        emit MessageProved(dealId, hash, message.sender, message);
    }

    /// @inheritdoc IEvidence
    function proveEquivocation(
        Message calldata first,
        bytes calldata firstSignature,
        Message calldata second,
        bytes calldata secondSignature
    ) external {
        bytes32 one = MessageHash.digest(first);
        bytes32 other = MessageHash.digest(second);
        if (one == other) revert MessagesEqual(one);
        address principal = first.sender;
        bytes32 negotiation = first.negotiation;
        if (principal != second.sender || negotiation != second.negotiation || first.sequence != second.sequence) {
            revert MessagesNotComparable(one, other);
        }
        Conviction storage conviction = _convictions[principal][negotiation];
        if (conviction.provedAt != 0) revert EquivocationKnown(principal, negotiation);
        _requireSigned(first, one, firstSignature);
        _requireSigned(second, other, secondSignature);
        (conviction.sequence, conviction.provedAt) = (first.sequence, uint40(block.timestamp));
        emit EquivocationProved(principal, negotiation, first.sequence, one, other);
    }

    // --------------------------------------------------------------- evidence

    /// @inheritdoc IEvidence
    function submitEvidence(
        IEscrow.Deal calldata deal,
        address party,
        string calldata evidence,
        bytes32 contentHash,
        uint40 validUntil,
        bytes calldata signature
    ) external {
        (bytes32 dealId, IEscrow.Status status) = _find(deal);
        if (status == IEscrow.Status.Unopened || status >= IEscrow.Status.Closed) revert DealNotLive(dealId, status);
        if (party == address(0) || (party != deal.buyer && party != deal.seller)) revert IEscrow.NotParty(party);
        if (bytes(evidence).length == 0) revert EvidenceEmpty();
        bytes32 action = StatementHash.submission(dealId, party, keccak256(bytes(evidence)), contentHash, validUntil);
        _requireAction(party, action, validUntil, signature);
        if (signature.length != 0) {
            // Or anyone could say it again and again in the party's name.
            if (_submitted[action]) revert EvidenceKnown(action);
            _submitted[action] = true;
        }
        emit Evidence(uint256(dealId), party, evidence);
        emit EvidenceHashed(dealId, party, contentHash);
    }

    // ---------------------------------------------------------------- anchors

    /// @inheritdoc IEvidence
    function anchor(address anchorer, uint64 size, bytes32 root, uint40 validUntil, bytes calldata signature) external {
        LogRoot storage latest = _anchors[anchorer];
        if (size <= latest.size) revert AnchorNotGrowing(anchorer, size, latest.size);
        _requireAction(anchorer, StatementHash.anchor(anchorer, size, root, validUntil), validUntil, signature);
        (latest.root, latest.size, latest.anchoredAt) = (root, size, uint40(block.timestamp));
        emit Anchored(anchorer, size, root);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IEvidence
    function escrow() external view returns (IEscrow) {
        return ESCROW;
    }

    /// @inheritdoc IEvidence
    function messageHashOf(Message calldata message) external view returns (bytes32) {
        return MessageHash.digest(message);
    }

    /// @inheritdoc IEvidence
    function convictionOf(address principal, bytes32 negotiation) external view returns (Conviction memory) {
        return _convictions[principal][negotiation];
    }

    /// @inheritdoc IEvidence
    function anchorOf(address anchorer) external view returns (LogRoot memory) {
        return _anchors[anchorer];
    }

    /// @inheritdoc IEvidence
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparator();
    }

    // --------------------------------------------------------------- internal

    function _domainNameAndVersion() internal pure override returns (string memory name, string memory version) {
        return ("Parley Evidence", "1");
    }

    function _find(IEscrow.Deal calldata deal) private view returns (bytes32 dealId, IEscrow.Status status) {
        dealId = ESCROW.dealIdOf(deal);
        status = ESCROW.stateOf(dealId).status;
    }

    function _requireSigned(Message calldata message, bytes32 hash, bytes calldata signature) private view {
        if (!SignatureCheck.isValid(message.sender, hash, signature)) {
            revert MessageSignatureInvalid(message.sender, hash);
        }
    }
}
