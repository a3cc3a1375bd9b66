// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {ActionHash} from "../libraries/ActionHash.sol";
import {SignatureCheck} from "../libraries/SignatureCheck.sol";
import {EIP712} from "solady/utils/EIP712.sol";

/// @notice Who agreed to what: the EIP-712 domain, signatures, epochs and nonces.
abstract contract Consent is IEscrow, EIP712 {
    /// @dev Signature kind of the account itself; 0x01 is reserved for mandates.
    uint8 private constant KIND_ACCOUNT = 0;

    mapping(address party => uint64) private _epochs;
    /// @dev 256 nonces a word, as in Permit2: order does not matter, so nothing waits for anything.
    mapping(address party => mapping(uint256 index => uint256 bits)) private _nonces;

    uint256 private transient _entered;

    /// @dev Transient, so that it costs little, on every chain alike. State-changing calls only: what a view returns
    /// while a token is being called is the state the call will leave, but for credits of failed payouts.
    modifier nonReentrant() {
        if (_entered != 0) revert Reentrant();
        _entered = 1;
        _;
        _entered = 0;
    }

    /// @inheritdoc IEscrow
    function advanceEpoch(address party, uint64 epoch, uint40 validUntil, bytes calldata signature) external {
        uint64 current = _epochs[party];
        if (epoch <= current) revert EpochStale(party, epoch, current);
        _requireAction(party, ActionHash.epochOf(party, epoch, validUntil), validUntil, signature);
        _epochs[party] = epoch;
        emit EpochAdvanced(party, epoch);
    }

    /// @inheritdoc IEscrow
    function epochOf(address party) external view returns (uint64) {
        return _epochs[party];
    }

    /// @inheritdoc IEscrow
    function nonceUsed(address party, uint256 nonce) external view returns (bool) {
        return _nonces[party][nonce >> 8] >> (nonce & 0xff) & 1 == 1;
    }

    /// @inheritdoc IEscrow
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparator();
    }

    function _domainNameAndVersion() internal pure override returns (string memory name, string memory version) {
        return ("Parley Escrow", "1");
    }

    function _requireEpoch(address party, uint64 signed) internal view {
        uint64 current = _epochs[party];
        if (signed != current) revert EpochStale(party, signed, current);
    }

    function _useNonce(address party, uint256 nonce) internal {
        uint256 bit = 1 << (nonce & 0xff);
        uint256 bits = _nonces[party][nonce >> 8];
        if (bits & bit != 0) revert NonceUsed(party, nonce);
        _nonces[party][nonce >> 8] = bits | bit;
    }

    /// @dev A signed action, or the signer's own call, for which `validUntil` does not count.
    function _requireAction(address signer, bytes32 structHash, uint40 validUntil, bytes calldata signature)
        internal
        view
    {
        if (signature.length != 0 && block.timestamp > validUntil) {
            revert ActionExpired(validUntil, block.timestamp);
        }
        _requireSignature(signer, _hashTypedData(structHash), signature);
    }

    function _requireSignature(address signer, bytes32 digest, bytes calldata signature) internal view {
        if (signature.length == 0) {
            if (msg.sender != signer) revert SignatureInvalid(signer, digest);
            return;
        }
        uint8 kind = uint8(signature[0]);
        if (kind != KIND_ACCOUNT) revert SignatureKindUnknown(kind);
        if (!SignatureCheck.isValid(signer, digest, signature[1:])) revert SignatureInvalid(signer, digest);
    }
}
