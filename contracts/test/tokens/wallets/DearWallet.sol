// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @notice Needs nearly all the gas of a signature check, uses it, and then says yes to everything; with less it says no.
contract DearWallet {
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        if (gasleft() < 495_000) return 0xffffffff;
        while (gasleft() > 2000) {}
        return IERC1271.isValidSignature.selector;
    }
}
