// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev The conditions of a tab in one word, low bits first: expiresAt u40, closeWindow u32, payout u8, exitFee u104,
/// nonce u72. They travel with every call, and a word of calldata costs more than taking one apart.
type TabTerms is uint256;

using TabTermsReader for TabTerms global;

/// @notice Builds and reads the conditions of a tab.
library TabTermsReader {
    uint256 private constant CLOSE_WINDOW = 40;
    uint256 private constant PAYOUT = 72;
    uint256 private constant EXIT_FEE = 80;
    uint256 private constant NONCE = 184;

    function pack(uint40 expiresAt_, uint32 closeWindow_, uint8 payout_, uint104 exitFee_, uint72 nonce_)
        internal
        pure
        returns (TabTerms)
    {
        return TabTerms.wrap(
            uint256(expiresAt_) | (uint256(closeWindow_) << CLOSE_WINDOW) | (uint256(payout_) << PAYOUT)
                | (uint256(exitFee_) << EXIT_FEE) | (uint256(nonce_) << NONCE)
        );
    }

    function expiresAt(TabTerms terms) internal pure returns (uint256) {
        return uint40(TabTerms.unwrap(terms));
    }

    function closeWindow(TabTerms terms) internal pure returns (uint256) {
        return uint32(TabTerms.unwrap(terms) >> CLOSE_WINDOW);
    }

    function payout(TabTerms terms) internal pure returns (uint256) {
        return uint8(TabTerms.unwrap(terms) >> PAYOUT);
    }

    function sellerInside(TabTerms terms) internal pure returns (bool) {
        return TabTerms.unwrap(terms) & (1 << PAYOUT) != 0;
    }

    function buyerInside(TabTerms terms) internal pure returns (bool) {
        return TabTerms.unwrap(terms) & (2 << PAYOUT) != 0;
    }

    function exitFee(TabTerms terms) internal pure returns (uint256) {
        return uint104(TabTerms.unwrap(terms) >> EXIT_FEE);
    }
}
