// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Writes the items of a batch as patches of one another, as `patchBatch` reads them: every word that differs from the one
/// before is a patch.
library Patches {
    /// @notice The items in the calldata of a plain batch.
    function itemsOf(bytes memory batch) internal pure returns (bytes[] memory items) {
        // Selector, offset of the array, its length; then the heads.
        uint256 heads = 4 + 2 * 32;
        items = new bytes[](wordAt(batch, 4 + 32));
        for (uint256 i; i < items.length; ++i) {
            uint256 from = heads + wordAt(batch, heads + i * 32);
            uint256 to = i + 1 < items.length ? heads + wordAt(batch, heads + (i + 1) * 32) : batch.length;
            items[i] = cut(batch, from, to);
        }
    }

    function sizeOf(bytes[] memory items) internal pure returns (uint256 size) {
        for (uint256 i; i < items.length; ++i) {
            if (items[i].length > size) size = items[i].length;
        }
    }

    function patchesOf(bytes[] memory items) internal pure returns (bytes memory patches) {
        uint256 size = sizeOf(items);
        bytes memory before = "";
        for (uint256 i; i < items.length; ++i) {
            patches = bytes.concat(patches, patchesOf(before, items[i], size));
            before = items[i];
        }
    }

    function patchesOf(bytes memory before, bytes memory item, uint256 size) private pure returns (bytes memory found) {
        found = new bytes(1 + (size / 32 + 1) * 35);
        uint256 count;
        uint256 end = 1;
        for (uint256 place; place < size; place += 32) {
            uint256 word = wordAt(item, place);
            if (word == wordAt(before, place)) continue;
            uint256 length = size - place < 32 ? size - place : 32;
            uint256 head = place << 240 | length << 232;
            assembly ("memory-safe") {
                let to := add(add(found, 32), end)
                mstore(to, head)
                mstore(add(to, 3), word)
            }
            end += 3 + length;
            ++count;
        }
        require(count < 256, "too many patches");
        found[0] = bytes1(uint8(count));
        assembly ("memory-safe") {
            mstore(found, end)
        }
    }

    function cut(bytes memory data, uint256 from, uint256 to) internal pure returns (bytes memory part) {
        part = new bytes(to - from);
        for (uint256 i; i < part.length; ++i) {
            part[i] = data[from + i];
        }
    }

    /// @dev Bytes behind the end are zeros.
    function wordAt(bytes memory data, uint256 place) private pure returns (uint256 word) {
        if (place >= data.length) return 0;
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), place))
        }
        uint256 left = data.length - place;
        if (left < 32) word = word >> (8 * (32 - left)) << (8 * (32 - left));
    }
}
