// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {SignatureCheck} from "../libraries/SignatureCheck.sol";

/// @notice Who agreed to what: the EIP-712 domain, signatures, epochs and nonces.
abstract contract Consent {
    /// @dev Signature kind of the account itself; 0x01 is reserved for mandates.
    uint8 private constant KIND_ACCOUNT = 0;

    bytes32 private constant DOMAIN_TYPE =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    string internal constant NAME = "Parley Escrow";
    string internal constant VERSION = "1";

    /// @dev The escrow's address, in both halves of its code.
    address internal immutable _escrow;
    uint256 private immutable _chainId;
    bytes32 private immutable _separator;

    mapping(address party => uint64) internal _epochs;
    /// @dev 256 nonces a word, as in Permit2: order does not matter, so nothing waits for anything.
    mapping(address party => mapping(uint256 index => uint256 bits)) internal _nonces;

    uint256 private transient _entered;

    /// @dev Transient, so that it costs little, on every chain alike. State-changing calls only: what a view returns
    /// while a token is being called is the state the call will leave, but for credits of failed payouts.
    modifier nonReentrant() {
        if (_entered != 0) revert IEscrow.Reentrant();
        _entered = 1;
        _;
        _entered = 0;
    }

    constructor(address escrow) {
        _escrow = escrow;
        _chainId = block.chainid;
        _separator = _buildSeparator();
    }

    function _requireEpoch(address party, uint64 signed) internal view {
        uint64 current = _epochs[party];
        if (signed != current) revert IEscrow.EpochStale(party, signed, current);
    }

    function _useNonce(address party, uint256 nonce) internal {
        uint256 bit = 1 << (nonce & 0xff);
        uint256 bits = _nonces[party][nonce >> 8];
        if (bits & bit != 0) revert IEscrow.NonceUsed(party, nonce);
        _nonces[party][nonce >> 8] = bits | bit;
    }

    /// @dev A signed action, or the signer's own call, for which `validUntil` does not count.
    function _requireAction(address signer, bytes32 structHash, uint40 validUntil, bytes calldata signature)
        internal
        view
    {
        if (signature.length != 0 && block.timestamp > validUntil) {
            revert IEscrow.ActionExpired(validUntil, block.timestamp);
        }
        _requireSignature(signer, _hashTypedData(structHash), signature);
    }

    function _requireSignature(address signer, bytes32 digest, bytes calldata signature) internal view {
        if (signature.length == 0) {
            if (msg.sender != signer) revert IEscrow.SignatureInvalid(signer, digest);
            return;
        }
        uint8 kind = uint8(signature[0]);
        if (kind != KIND_ACCOUNT) revert IEscrow.SignatureKindUnknown(kind);
        if (!SignatureCheck.isValid(signer, digest, signature[1:])) revert IEscrow.SignatureInvalid(signer, digest);
    }

    // ------------------------------------------------------------------ EIP-712

    function _hashTypedData(bytes32 structHash) internal view returns (bytes32 digest) {
        bytes32 separator = _domainSeparator();
        assembly ("memory-safe") {
            mstore(0x00, hex"1901")
            mstore(0x02, separator)
            mstore(0x22, structHash)
            digest := keccak256(0x00, 0x42)
            mstore(0x22, 0)
        }
    }

    /// @dev Kept in the code, and made anew where the chain split from the one it was deployed on.
    function _domainSeparator() internal view returns (bytes32) {
        return block.chainid == _chainId ? _separator : _buildSeparator();
    }

    function _buildSeparator() private view returns (bytes32) {
        return
            keccak256(
                abi.encode(DOMAIN_TYPE, keccak256(bytes(NAME)), keccak256(bytes(VERSION)), block.chainid, _escrow)
            );
    }
}
