// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";

/// @dev The state of a deal in one word, low bits first: status u8, milestone u8, deliveries u8, sellerLostBps u24,
/// since u40, shift u40, locked u128. Zero means that the deal was never opened nor cancelled.
type DealWord is uint256;

using DealWords for DealWord global;

/// @notice Reads and builds the state word of a deal.
library DealWords {
    uint256 private constant MILESTONE = 8;
    uint256 private constant DELIVERIES = 16;
    uint256 private constant LOST = 24;
    uint256 private constant SINCE = 48;
    uint256 private constant SHIFT = 88;
    uint256 private constant LOCKED = 128;

    /// @notice The word of a deal that waits for its first milestone.
    function opened(uint256 locked_) internal view returns (DealWord) {
        return pack(IEscrow.Status.Open, 0, 0, 0, 0, locked_);
    }

    /// @notice A word whose status began now. The caller keeps every part inside its width.
    function pack(
        IEscrow.Status status_,
        uint256 milestone_,
        uint256 deliveries_,
        uint256 lost_,
        uint256 shift_,
        uint256 locked_
    ) internal view returns (DealWord) {
        return DealWord.wrap(
            uint256(status_) | (milestone_ << MILESTONE) | (deliveries_ << DELIVERIES) | (lost_ << LOST)
                | (uint256(uint40(block.timestamp)) << SINCE) | (shift_ << SHIFT) | (locked_ << LOCKED)
        );
    }

    function status(DealWord word) internal pure returns (IEscrow.Status) {
        IEscrow.Status status_;
        // Only members of the enumeration are ever packed: its range needs no second check.
        assembly ("memory-safe") {
            status_ := and(word, 0xff)
        }
        return status_;
    }

    function milestone(DealWord word) internal pure returns (uint256) {
        return uint8(DealWord.unwrap(word) >> MILESTONE);
    }

    function deliveries(DealWord word) internal pure returns (uint256) {
        return uint8(DealWord.unwrap(word) >> DELIVERIES);
    }

    /// @notice Sum of (10 000 − sellerBps) over the rulings so far.
    function lost(DealWord word) internal pure returns (uint256) {
        return uint24(DealWord.unwrap(word) >> LOST);
    }

    function since(DealWord word) internal pure returns (uint256) {
        return uint40(DealWord.unwrap(word) >> SINCE);
    }

    function shift(DealWord word) internal pure returns (uint256) {
        return uint40(DealWord.unwrap(word) >> SHIFT);
    }

    function locked(DealWord word) internal pure returns (uint256) {
        return DealWord.unwrap(word) >> LOCKED;
    }

    /// @notice The shift once the time since the current status began has been taken up.
    function frozen(DealWord word) internal view returns (uint256) {
        return shift(word) + block.timestamp - since(word);
    }

    /// @notice The same milestone and money in another status, from now on.
    function turned(DealWord word, IEscrow.Status status_, uint256 deliveries_, uint256 shift_)
        internal
        view
        returns (DealWord)
    {
        return pack(status_, milestone(word), deliveries_, lost(word), shift_, locked(word));
    }

    /// @notice Closed now, with nothing locked; the rest stays for whoever reads it later.
    function closed(DealWord word) internal view returns (DealWord) {
        uint256 kept = DealWord.unwrap(word) & (((1 << SINCE) - (1 << MILESTONE)) | ((1 << LOCKED) - (1 << SHIFT)));
        return DealWord.wrap(kept | uint256(IEscrow.Status.Closed) | (uint256(uint40(block.timestamp)) << SINCE));
    }

    function decoded(DealWord word) internal pure returns (IEscrow.DealState memory state) {
        state.status = status(word);
        state.milestone = uint8(milestone(word));
        state.deliveries = uint8(deliveries(word));
        state.sellerLostBps = uint24(lost(word));
        state.since = uint40(since(word));
        state.shift = uint40(shift(word));
        state.locked = uint128(locked(word));
    }
}
