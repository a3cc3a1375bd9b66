// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @notice What any contract has to do to check that a message stands in a deal's transcript.
contract ProofChecker {
    function check(bytes32[] calldata proof, bytes32 root, uint32 sequence, bytes32 message)
        external
        pure
        returns (bool)
    {
        bytes32 leaf = keccak256(bytes.concat(keccak256(abi.encode(sequence, message))));
        return MerkleProof.verifyCalldata(proof, root, leaf);
    }
}
