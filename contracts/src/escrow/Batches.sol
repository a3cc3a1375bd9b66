// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {Consent} from "./Consent.sol";

/// @notice Many calls in one transaction, each by itself: what an item does is undone with it alone.
/// @dev An item is this contract's own function, run on the item's bytes by a delegatecall to itself, which keeps the caller.
/// An item of a batch and the arguments of its function have the same ABI encoding, so it is copied as it stands, or made
/// of the one before.
abstract contract Batches is Consent {
    /// @dev With ordinary tokens and keys so many items fit under the 2^24 gas of a transaction (EIP-7825).
    uint256 internal constant MAX_ITEMS = 200;
    /// @dev Gas of one item: two wallets of 500 000, and several times what tokens need. An item that wants more fails.
    uint256 internal constant ITEM_GAS = 2_000_000;
    /// @dev More than the call of an item costs itself: the contract's own address is warm.
    uint256 private constant CALL_GAS = 200;
    /// @dev Bytes of a patched item: two of them tell a place in it.
    uint256 private constant MAX_SIZE = 0xffff;
    /// @dev No custom error of this contract is longer than its selector and seven words.
    uint256 private constant MAX_REASON = 4 + 7 * 32;

    /// @dev Runs `selector` on every item of a calldata array. An item ends where the next begins, as every encoder writes
    /// them. Bytes that are not an item fail to decode.
    /// @param heads where the array's elements begin: an offset from here for each of them
    function _each(bytes4 selector, uint256 heads, uint256 count) internal returns (IEscrow.Failure[] memory failures) {
        failures = _begin(count);
        uint256 failed;
        for (uint256 i; i < count; ++i) {
            uint256 data;
            uint256 size;
            assembly ("memory-safe") {
                let head := add(heads, shl(5, i))
                let from := add(heads, calldataload(head))
                let to := calldatasize()
                if lt(add(i, 1), count) { to := add(heads, calldataload(add(head, 0x20))) }
                if gt(to, calldatasize()) { to := calldatasize() }
                if gt(from, to) { from := to }
                data := mload(0x40)
                size := add(sub(to, from), 0x04)
                mstore(data, selector)
                calldatacopy(add(data, 0x04), from, sub(to, from))
            }
            failed = _run(data, size, i, failures, failed);
        }
        _end(failures, failed);
    }

    /// @dev Runs `selector` on items of `size` bytes, each the one before with patches written over it, the first over zeros. All
    /// of `patches` is read: for each item the number of its patches (1 byte), for each patch place (2 bytes), length
    /// (1 byte) and bytes.
    function _eachPatched(bytes4 selector, uint256 count, uint256 size, bytes calldata patches)
        internal
        returns (IEscrow.Failure[] memory failures)
    {
        failures = _begin(count);
        if (size > MAX_SIZE) revert IEscrow.PatchMalformed(0);
        uint256 data;
        uint256 cursor;
        uint256 end;
        // What an item is made in. Reasons of failures are put behind it, so it stays as it is from item to item.
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(0x40, and(add(add(data, size), 0x23), not(0x1f)))
            mstore(data, selector)
            calldatacopy(add(data, 0x04), calldatasize(), size) // zeros
            cursor := patches.offset
            end := add(cursor, patches.length)
        }
        uint256 failed;
        for (uint256 i; i < count; ++i) {
            bool outside;
            assembly ("memory-safe") {
                let left := byte(0, calldataload(cursor))
                cursor := add(cursor, 1)
                for {} left { left := sub(left, 1) } {
                    let place := shr(240, calldataload(cursor))
                    let length := byte(2, calldataload(cursor))
                    outside := or(outside, gt(add(place, length), size))
                    if outside { break }
                    calldatacopy(add(add(data, 0x04), place), add(cursor, 0x03), length)
                    cursor := add(add(cursor, 0x03), length)
                }
                outside := or(outside, gt(cursor, end))
            }
            if (outside) revert IEscrow.PatchMalformed(i);
            failed = _run(data, size + 4, i, failures, failed);
        }
        if (cursor != end) revert IEscrow.PatchMalformed(count);
        _end(failures, failed);
    }

    function _begin(uint256 count) private view returns (IEscrow.Failure[] memory failures) {
        _requireNotEntered();
        if (count == 0 || count > MAX_ITEMS) revert IEscrow.BatchSize(count, MAX_ITEMS);
        failures = new IEscrow.Failure[](count);
    }

    function _end(IEscrow.Failure[] memory failures, uint256 failed) private pure {
        assembly ("memory-safe") {
            mstore(failures, failed)
        }
    }

    /// @dev Runs the item that lies in memory as calldata of `size` bytes.
    /// @return how many items failed by now
    function _run(uint256 data, uint256 size, uint256 index, IEscrow.Failure[] memory failures, uint256 failed)
        private
        returns (uint256)
    {
        bool done;
        uint256 available;
        assembly ("memory-safe") {
            available := gas()
            done := delegatecall(ITEM_GAS, address(), data, size, 0x00, 0x00)
        }
        if (done) return failed;
        // EIP-150: the item had 63/64 of what was there. Whoever brings less than an item may need makes the batch fail, not
        // the item.
        if (available - available / 64 < ITEM_GAS + CALL_GAS) {
            revert IEscrow.BatchGasShort(index, available, (ITEM_GAS + CALL_GAS) * 64 / 63 + 1);
        }
        bytes memory reason = _reason();
        if (_done(reason)) return failed;
        emit IEscrow.ItemFailed(index, reason);
        failures[failed] = IEscrow.Failure(index, reason);
        return failed + 1;
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
