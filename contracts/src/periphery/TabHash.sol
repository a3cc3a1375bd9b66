// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITabs} from "../interfaces/ITabs.sol";

/// @notice EIP-712 struct hashes of tabs and of everything that is signed about them.
library TabHash {
    bytes32 internal constant TAB = keccak256("Tab(address buyer,address seller,address token,uint256 terms)");
    bytes32 internal constant VOUCHER = keccak256("Voucher(bytes32 tab,uint128 cumulative)");
    bytes32 internal constant FUNDING =
        keccak256("TabFunding(bytes32 tab,uint128 deposited,uint128 amount,uint128 fee,uint40 validUntil)");
    bytes32 internal constant REDEMPTION =
        keccak256("Redemption(bytes32 tab,uint128 cumulative,uint128 fee,uint40 validUntil)");
    bytes32 internal constant CLOSING = keccak256("TabClosing(bytes32 tab,uint128 fee,uint40 validUntil)");
    bytes32 internal constant END = keccak256("TabEnd(bytes32 tab,uint128 cumulative,uint128 fee,uint40 validUntil)");

    /// @dev Every field of Tab is a word of its own, so its calldata is its EIP-712 data. Words are taken as they are: opening
    /// refuses bits beyond a field's type, so no other tab is ever found.
    function tab(ITabs.Tab calldata terms) internal pure returns (bytes32 result) {
        bytes32 typeHash = TAB;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            calldatacopy(add(m, 0x20), terms, 0x80)
            result := keccak256(m, 0xa0)
        }
    }

    function voucher(bytes32 id, uint128 cumulative) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOUCHER, id, cumulative));
    }

    function funding(bytes32 id, uint128 deposited, uint128 amount, uint128 fee, uint40 validUntil)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(FUNDING, id, deposited, amount, fee, validUntil));
    }

    /// @dev Redemption and TabEnd: the same fields under different names.
    function paying(bytes32 typeHash, bytes32 id, uint128 cumulative, uint128 fee, uint40 validUntil)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(typeHash, id, cumulative, fee, validUntil));
    }

    function closing(bytes32 id, uint128 fee, uint40 validUntil) internal pure returns (bytes32) {
        return keccak256(abi.encode(CLOSING, id, fee, validUntil));
    }
}
