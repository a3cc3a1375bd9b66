// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The middle of a few numbers.
library Medians {
    /// @notice The median; of an even number of values the floor of the mean of the middle two. Sorts `values` in place.
    /// @param values at least one, each below 2^255
    function median(uint256[] memory values) internal pure returns (uint256) {
        uint256 count = values.length;
        // Insertion: a panel is small.
        for (uint256 i = 1; i < count; ++i) {
            uint256 value = values[i];
            uint256 place = i;
            for (; place != 0 && values[place - 1] > value; --place) {
                values[place] = values[place - 1];
            }
            values[place] = value;
        }
        return (values[(count - 1) / 2] + values[count / 2]) / 2;
    }
}
