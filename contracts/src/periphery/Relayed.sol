// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {SignatureCheck} from "../libraries/SignatureCheck.sol";
import {EIP712} from "solady/utils/EIP712.sol";

/// @notice Signed actions of the contracts beside the escrow: the same form, the same checks and the same errors as there.
/// @dev `bytes signature = kind (1 byte) ‖ body`; kind 0x00 is the account itself, by ECDSA or its ERC-1271. An empty
/// signature stands for the caller.
abstract contract Relayed is EIP712 {
    uint8 private constant KIND_ACCOUNT = 0;

    uint256 private transient _entered;

    modifier nonReentrant() {
        if (_entered != 0) revert IEscrow.Reentrant();
        _entered = 1;
        _;
        _entered = 0;
    }

    /// @dev A signed action, or the signer's own call, for which `validUntil` does not count.
    function _requireAction(address signer, bytes32 structHash, uint40 validUntil, bytes calldata signature)
        internal
        view
    {
        if (signature.length != 0) _requireInTime(validUntil);
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

    function _requireInTime(uint40 validUntil) internal view {
        if (block.timestamp > validUntil) revert IEscrow.ActionExpired(validUntil, block.timestamp);
    }
}
