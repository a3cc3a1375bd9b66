// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Test} from "../base/Test.sol";

/// @notice What the other proofs take for granted about division, as far as a solver can follow it. On paper it holds for
/// all numbers: x <= y gives floor(x / c) <= floor(y / c), and floor(r · f · c / c) = r · f.
contract LemmaProof is Test {
    /// @dev Bounded: fees below 2^24 (of 2^128). Rulings: at most 3.
    function check_aFeeIsNeverExceeded(uint24 fee, uint24 lost, uint8 rulings) external pure {
        vm.assume(rulings <= 3 && lost <= uint256(rulings) * 10_000);
        assertLe(uint256(fee) * lost / 10_000, uint256(fee) * rulings);
    }
}
