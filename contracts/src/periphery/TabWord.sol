// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITabs} from "../interfaces/ITabs.sol";

/// @dev The state of a tab in one word, low bits first: status u8, closesAt u40, redeemed u104, deposit u104. Zero means
/// that it was never opened.
type TabWord is uint256;

using TabWords for TabWord global;

/// @notice Reads and builds the state word of a tab.
library TabWords {
    uint256 internal constant MAX_DEPOSIT = type(uint104).max;
    uint256 private constant CLOSES_AT = 8;
    uint256 private constant REDEEMED = 48;
    uint256 private constant DEPOSIT = 152;

    /// @dev The caller keeps every part inside its width.
    function pack(ITabs.Status status_, uint256 closesAt_, uint256 redeemed_, uint256 deposit_)
        internal
        pure
        returns (TabWord)
    {
        return
            TabWord.wrap(uint256(status_) | (closesAt_ << CLOSES_AT) | (redeemed_ << REDEEMED) | (deposit_ << DEPOSIT));
    }

    function status(TabWord word) internal pure returns (ITabs.Status) {
        return ITabs.Status(uint8(TabWord.unwrap(word)));
    }

    function closesAt(TabWord word) internal pure returns (uint256) {
        return uint40(TabWord.unwrap(word) >> CLOSES_AT);
    }

    function redeemed(TabWord word) internal pure returns (uint256) {
        return uint104(TabWord.unwrap(word) >> REDEEMED);
    }

    function deposit(TabWord word) internal pure returns (uint256) {
        return TabWord.unwrap(word) >> DEPOSIT;
    }

    /// @notice Open or closing.
    function isLive(TabWord word) internal pure returns (bool) {
        uint256 status_ = uint8(TabWord.unwrap(word));
        return status_ == uint256(ITabs.Status.Open) || status_ == uint256(ITabs.Status.Closing);
    }

    /// @notice What a voucher adds to what was redeemed: more than nothing, and inside the deposit.
    function due(TabWord word, uint256 cumulative) internal pure returns (uint256) {
        uint256 redeemed_ = redeemed(word);
        if (cumulative <= redeemed_) revert ITabs.VoucherSpent(cumulative, redeemed_);
        if (cumulative > deposit(word)) revert ITabs.VoucherAboveDeposit(cumulative, deposit(word));
        unchecked {
            return cumulative - redeemed_;
        }
    }

    /// @notice The same tab with `due_` more paid, which its deposit covers.
    function paid(TabWord word, uint256 due_) internal pure returns (TabWord) {
        unchecked {
            return TabWord.wrap(TabWord.unwrap(word) + (due_ << REDEEMED));
        }
    }

    /// @notice Closed for good; what was paid stays readable.
    function closed(TabWord word, uint256 redeemed_) internal pure returns (TabWord) {
        return pack(ITabs.Status.Closed, 0, redeemed_, deposit(word));
    }

    function decoded(TabWord word) internal pure returns (ITabs.TabState memory) {
        return ITabs.TabState(status(word), uint40(closesAt(word)), uint104(redeemed(word)), uint104(deposit(word)));
    }
}
