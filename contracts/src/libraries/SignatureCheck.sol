// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ECDSA} from "solady/utils/ECDSA.sol";

/// @notice Whether an account signed a digest: low-s ECDSA first, then ERC-1271.
/// @dev ECDSA comes first although the account may have code: a key that delegated under EIP-7702 still signs for its
/// address, whatever its delegate answers.
library SignatureCheck {
    /// @dev Enough for an on-chain P-256 verification; bounds what a hostile wallet may burn.
    uint256 internal constant ERC1271_GAS = 500_000;
    bytes4 private constant ERC1271_MAGIC = 0x1626ba7e;
    /// @dev Half the order of secp256k1: a larger s is the malleable twin of a smaller one.
    uint256 private constant MAX_S = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @notice Whether `signature` is kind byte 0 and the 65 bytes of the signer's own key, as nearly every one is.
    /// @dev What happens several times with every deal, so in one piece. The caller looks at all else by `isOther`.
    function isPlain(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool valid) {
        assembly ("memory-safe") {
            if and(eq(signature.length, 66), iszero(byte(0, calldataload(signature.offset)))) {
                let m := mload(0x40)
                mstore(m, digest)
                mstore(add(m, 0x20), byte(0, calldataload(add(signature.offset, 0x41)))) // v
                calldatacopy(add(m, 0x40), add(signature.offset, 0x01), 0x40) // r, s
                mstore(0x00, 0)
                pop(staticcall(gas(), 1, m, 0x80, 0x00, 0x20)) // no answer leaves zero, which is no signer
                let found := mload(0x00)
                valid := iszero(or(iszero(found), or(shl(96, xor(found, signer)), gt(mload(add(m, 0x60)), MAX_S))))
            }
        }
    }

    function isValid(address signer, bytes32 digest, bytes calldata body) internal view returns (bool) {
        if (body.length == 65) {
            (uint8 v, bytes32 r, bytes32 s) = parts(body);
            if (isEcdsa(signer, digest, v, r, s)) return true;
        }
        return isOther(signer, digest, body);
    }

    /// @notice Whether `body` is a signature of another form than 65 bytes of the signer's key: 64 of them, or a wallet's.
    function isOther(address signer, bytes32 digest, bytes calldata body) internal view returns (bool) {
        if (body.length == 64) {
            // ERC-2098: the top bit of the second word is v.
            (, bytes32 r, bytes32 vs) = parts(body);
            bytes32 s = bytes32(uint256(vs) & (type(uint256).max >> 1));
            if (isEcdsa(signer, digest, uint8(27 + (uint256(vs) >> 255)), r, s)) return true;
        }
        return signer.code.length != 0 && isErc1271(signer, digest, body);
    }

    /// @dev r, s and the byte after them; the caller has checked the length.
    function parts(bytes calldata body) internal pure returns (uint8 v, bytes32 r, bytes32 s) {
        assembly ("memory-safe") {
            r := calldataload(body.offset)
            s := calldataload(add(body.offset, 0x20))
            v := byte(0, calldataload(add(body.offset, 0x40)))
        }
    }

    function isEcdsa(address signer, bytes32 digest, uint8 v, bytes32 r, bytes32 s) internal view returns (bool) {
        if (uint256(s) > MAX_S || signer == address(0)) return false;
        return ECDSA.tryRecover(digest, v, r, s) == signer;
    }

    /// @dev Reads one word of the answer and copies no more, so that a huge answer costs its author only.
    function isErc1271(address signer, bytes32 digest, bytes calldata body) private view returns (bool valid) {
        bytes memory data = abi.encodeWithSelector(ERC1271_MAGIC, digest, body);
        assembly ("memory-safe") {
            valid := staticcall(ERC1271_GAS, signer, add(data, 0x20), mload(data), 0x00, 0x20)
            valid := and(valid, and(gt(returndatasize(), 0x1f), eq(mload(0x00), shl(224, 0x1626ba7e))))
        }
    }
}
