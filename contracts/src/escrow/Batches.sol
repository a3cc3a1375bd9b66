// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {Consent} from "./Consent.sol";

/// @notice Many calls in one transaction, each by itself: what an item does is undone with it alone.
/// @dev An item is this contract's own function, run on the item's bytes by a delegatecall to itself, which keeps the caller.
/// An item of a batch and the arguments of its function have the same ABI encoding, so it is copied as it stands.
abstract contract Batches is Consent {
    /// @dev With ordinary tokens and keys so many items fit under the 2^24 gas of a transaction (EIP-7825).
    uint256 internal constant MAX_ITEMS = 200;
    /// @dev Gas of one item: two wallets of 500 000, and several times what tokens need. An item that wants more fails.
    uint256 internal constant ITEM_GAS = 2_000_000;
    /// @dev More than the call of an item costs itself: the contract's own address is warm.
    uint256 private constant CALL_GAS = 200;
    /// @dev No custom error of this contract is longer than its selector and seven words.
    uint256 private constant MAX_REASON = 4 + 7 * 32;

    /// @dev Runs `selector` on every item of a calldata array.
    /// @param heads where the array's elements begin: an offset from here for each of them
    function _each(bytes4 selector, uint256 heads, uint256 count) internal returns (IEscrow.Failure[] memory failures) {
        _requireNotEntered();
        if (count == 0 || count > MAX_ITEMS) revert IEscrow.BatchSize(count, MAX_ITEMS);
        failures = new IEscrow.Failure[](count);
        uint256 failed;
        for (uint256 i; i < count; ++i) {
            (bool done, uint256 available) = _run(selector, heads, i, count);
            if (done) continue;
            // EIP-150: the item had 63/64 of what was there. Whoever brings less than an item may need makes the batch
            // fail, not the item.
            if (available - available / 64 < ITEM_GAS + CALL_GAS) {
                revert IEscrow.BatchGasShort(i, available, (ITEM_GAS + CALL_GAS) * 64 / 63 + 1);
            }
            bytes memory reason = _reason();
            if (_done(reason)) continue;
            emit IEscrow.ItemFailed(i, reason);
            failures[failed++] = IEscrow.Failure(i, reason);
        }
        assembly ("memory-safe") {
            mstore(failures, failed)
        }
    }

    /// @dev An item ends where the next begins, as every encoder writes them. Bytes that are not an item fail to decode.
    /// @return done whether it went through
    /// @return available gas that was there for the item once it was copied, which costs as much as it is long
    function _run(bytes4 selector, uint256 heads, uint256 index, uint256 count)
        private
        returns (bool done, uint256 available)
    {
        assembly ("memory-safe") {
            let head := add(heads, shl(5, index))
            let from := add(heads, calldataload(head))
            let to := calldatasize()
            if lt(add(index, 1), count) { to := add(heads, calldataload(add(head, 0x20))) }
            if gt(to, calldatasize()) { to := calldatasize() }
            if gt(from, to) { from := to }
            let size := sub(to, from)
            let m := mload(0x40)
            mstore(m, selector)
            calldatacopy(add(m, 0x04), from, size)
            available := gas()
            done := delegatecall(ITEM_GAS, address(), m, add(size, 0x04), 0x00, 0x00)
        }
    }

    function _reason() private pure returns (bytes memory reason) {
        assembly ("memory-safe") {
            let size := returndatasize()
            if gt(size, MAX_REASON) { size := MAX_REASON }
            reason := mload(0x40)
            mstore(reason, size)
            returndatacopy(add(reason, 0x20), 0, size)
            mstore(0x40, and(add(add(reason, 0x3f), size), not(0x1f)))
        }
    }

    /// @dev What an earlier call did already is no failure: a deal that is open or closed, a milestone that is behind.
    function _done(bytes memory reason) private pure returns (bool) {
        bytes4 selector = bytes4(reason);
        uint256 second;
        uint256 first;
        assembly ("memory-safe") {
            first := mload(add(reason, 0x24))
            second := mload(add(reason, 0x44))
        }
        if (selector == IEscrow.MilestoneMismatch.selector) return first < second;
        if (selector != IEscrow.WrongStatus.selector) return false;
        return second != uint256(IEscrow.Status.Unopened) && second != uint256(IEscrow.Status.Cancelled);
    }
}
