// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @notice Says yes to everything and pads the answer to `size` bytes, at the expense of a caller that copies it all.
contract ReturnBombWallet {
    uint256 public immutable SIZE;

    constructor(uint256 size) {
        SIZE = size;
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        uint256 size = SIZE;
        bytes32 magic = bytes32(IERC1271.isValidSignature.selector);
        assembly ("memory-safe") {
            mstore(0, magic)
            return(0, size)
        }
    }
}

/// @notice Burns all the gas it is given.
contract GasBurnerWallet {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        assembly ("memory-safe") {
            invalid()
        }
    }
}

/// @notice Burns gas by work, and says yes at the end if it was given enough: a signature check without a gas cap would
/// let it bill whoever relays.
contract SlowWallet {
    uint256 public immutable ROUNDS;

    constructor(uint256 rounds) {
        ROUNDS = rounds;
    }

    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        for (uint256 i = 0; i < ROUNDS; ++i) {
            hash = keccak256(abi.encode(hash));
        }
        return hash == bytes32(0) ? bytes4(0) : IERC1271.isValidSignature.selector;
    }
}

/// @notice Calls `target` from inside the signature check and then says yes. The check is a static call, so the inner one
/// may read but must not be able to change anything; `insist` makes it depend on the inner call's success.
contract ReenteringWallet {
    address public target;
    bytes public data;
    bool public insist;

    function arm(address target_, bytes calldata data_, bool insist_) external {
        target = target_;
        data = data_;
        insist = insist_;
    }

    /// @dev Not `view`: the call below is a plain one on purpose, and the caller's static context has to stop it.
    function isValidSignature(bytes32, bytes calldata) external returns (bytes4) {
        bool ok = true;
        if (target != address(0)) (ok,) = target.call(data);
        return ok || !insist ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @notice Reverts on every check.
contract RevertingWallet {
    error NoAnswer();

    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        revert NoAnswer();
    }
}

/// @notice Returns the four magic bytes alone, without the padding that makes them an ABI word.
contract ShortAnswerWallet {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        bytes32 magic = bytes32(IERC1271.isValidSignature.selector);
        assembly ("memory-safe") {
            mstore(0, magic)
            return(0, 4)
        }
    }
}

/// @notice Returns a word whose first four bytes are right and whose rest is not zero.
contract DirtyAnswerWallet {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        bytes32 dirty = bytes32(IERC1271.isValidSignature.selector) | bytes32(uint256(1));
        assembly ("memory-safe") {
            mstore(0, dirty)
            return(0, 32)
        }
    }
}
