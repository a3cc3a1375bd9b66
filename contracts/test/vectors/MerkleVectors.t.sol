// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {VectorReader} from "./VectorReader.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

/// @notice Proofs of messages against transcript roots, as a contract checks them: tests/vectors/merkle.json.
/// Tree: trees/Escrow.vectors.tree
contract MerkleVectorsTest is VectorReader {
    function test_proveEveryMessageOfATranscript() external {
        string[] memory cases = load("merkle");
        uint256 proofs;
        for (uint256 n; n < cases.length; ++n) {
            json = cases[n];
            bytes32 root = vm.parseJsonBytes32(json, "$.expected.root");
            bytes32[] memory hashes = vm.parseJsonBytes32Array(json, "$.input.hashes");
            for (uint32 i; i < hashes.length; ++i) {
                string memory key = string.concat("$.expected.proofs[", vm.toString(i), "]");
                bytes32[] memory proof = vm.parseJsonBytes32Array(json, key);
                assertTrue(MerkleProof.verify(proof, root, leafOf(i, hashes[i])), key);
                assertFalse(MerkleProof.verify(proof, root, leafOf(i + 1, hashes[i])), "another sequence");
                ++proofs;
            }
        }
        assertGt(proofs, 20, "read the vectors");
    }

    function leafOf(uint32 sequence, bytes32 message) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(sequence, message))));
    }
}
