// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEvidence} from "../interfaces/IEvidence.sol";

/// @notice Hashes of negotiation messages, identical to those that agents sign and chain off-chain.
library MessageHash {
    bytes32 internal constant MESSAGE = keccak256(
        "Message(bytes32 negotiation,uint32 sequence,bytes32 previous,address sender,uint8 performative,bytes32 payload,uint64 sentAt,uint64 expiresAt)"
    );
    bytes32 private constant DOMAIN = keccak256("EIP712Domain(string name,string version,uint256 chainId)");
    bytes32 private constant NAME = keccak256("Parley Message");
    bytes32 private constant VERSION = keccak256("1");

    /// @notice The message hash: the EIP-712 digest of the core under this chain's domain of messages.
    /// @dev Every field is a word of its own, so its ABI encoding is its EIP-712 data.
    function digest(IEvidence.Message calldata message) internal view returns (bytes32) {
        bytes32 separator = keccak256(abi.encode(DOMAIN, NAME, VERSION, block.chainid));
        return keccak256(abi.encodePacked(hex"1901", separator, keccak256(abi.encode(MESSAGE, message))));
    }

    /// @notice The leaf of a message in the tree of its transcript, hashed twice.
    function leaf(uint32 sequence, bytes32 hash) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(sequence, hash))));
    }
}
