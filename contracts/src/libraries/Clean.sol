// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";

/// @notice Fields of a deal whose words have no bits beyond their types, read as they stand.
/// @dev Typed access to calldata checks the spare bits of a word at each reading, for some 80 gas. A deal's words are checked once
/// here, when it opens. Afterwards its id vouches for them: a deal that has a word in storage was opened, so it is clean.
/// Nothing else may be read this way.
library Clean {
    /// @notice Reverts with no data, as typed access does, where a field has bits beyond its type: a deal has one encoding, hence
    /// one id. Windows, shares, payout and epochs are whole words that DealRules and Consent compare with a bound, and
    /// milestones are looked at in DealRules.
    function check(IEscrow.Deal calldata deal) internal pure {
        assembly ("memory-safe") {
            // buyer, seller, arbiter, relayer, token
            let dirty := or(calldataload(deal), calldataload(add(deal, 0x20)))
            dirty := or(dirty, or(calldataload(add(deal, 0x40)), calldataload(add(deal, 0x60))))
            dirty := shr(160, or(dirty, calldataload(add(deal, 0x80))))
            // price, sellerBond, arbiterFee, relayFee, amendsLocked
            let wide := or(calldataload(add(deal, 0xa0)), calldataload(add(deal, 0xc0)))
            wide := or(wide, or(calldataload(add(deal, 0xe0)), calldataload(add(deal, 0x100))))
            dirty := or(dirty, shr(128, or(wide, calldataload(add(deal, 0x320)))))
            // openBy, cancelBy
            dirty := or(dirty, shr(40, or(calldataload(add(deal, 0x120)), calldataload(add(deal, 0x140)))))
            // transcriptLength, amendsMilestone
            dirty := or(dirty, shr(32, calldataload(add(deal, 0x2a0))))
            dirty := or(dirty, shr(8, calldataload(add(deal, 0x300))))
            if dirty { revert(0, 0) }
        }
    }

    /// @notice The same for what a rule bounds, where it is out of its bound: the encoding is refused before the number is.
    function checkBounded(IEscrow.Deal calldata deal) internal pure {
        uint256 windows = reviewWindow(deal) | disputeWindow(deal) | rulingWindow(deal);
        uint256 shares = rejectedSellerBps(deal) | lapsedSellerBps(deal) | walkAwayBps(deal);
        requireNone((windows >> 32) | (shares >> 16) | (payout(deal) >> 8));
    }

    /// @notice The same for what an instant deal is asked for. It has no life in which anything else could be read.
    function checkInstant(IEscrow.Deal calldata deal) internal pure {
        assembly ("memory-safe") {
            // buyer, seller, relayer, token
            let dirty := or(calldataload(deal), calldataload(add(deal, 0x20)))
            dirty := shr(160, or(dirty, or(calldataload(add(deal, 0x60)), calldataload(add(deal, 0x80)))))
            // price, relayFee; openBy
            dirty := or(dirty, shr(128, or(calldataload(add(deal, 0xa0)), calldataload(add(deal, 0x100)))))
            dirty := or(dirty, shr(40, calldataload(add(deal, 0x120))))
            if dirty { revert(0, 0) }
        }
    }

    /// @notice Reverts with no data unless `dirty` is zero.
    function requireNone(uint256 dirty) internal pure {
        assembly ("memory-safe") {
            if dirty { revert(0, 0) }
        }
    }

    function buyer(IEscrow.Deal calldata deal) internal pure returns (address) {
        return account(deal, 0x00);
    }

    function seller(IEscrow.Deal calldata deal) internal pure returns (address) {
        return account(deal, 0x20);
    }

    function arbiter(IEscrow.Deal calldata deal) internal pure returns (address) {
        return account(deal, 0x40);
    }

    function relayer(IEscrow.Deal calldata deal) internal pure returns (address) {
        return account(deal, 0x60);
    }

    function token(IEscrow.Deal calldata deal) internal pure returns (address) {
        return account(deal, 0x80);
    }

    function price(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0xa0);
    }

    function sellerBond(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0xc0);
    }

    function arbiterFee(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0xe0);
    }

    function relayFee(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0x100);
    }

    function openBy(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0x120);
    }

    function reviewWindow(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0x160);
    }

    function disputeWindow(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0x180);
    }

    function rulingWindow(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0x1a0);
    }

    function rejectedSellerBps(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0x1c0);
    }

    function lapsedSellerBps(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0x1e0);
    }

    function walkAwayBps(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0x200);
    }

    function payout(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0x220);
    }

    function buyerEpoch(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0x340);
    }

    function sellerEpoch(IEscrow.Deal calldata deal) internal pure returns (uint256) {
        return word(deal, 0x360);
    }

    /// @notice The milestones. That they lie inside the calldata was seen when they were hashed; what lies outside reads as zero.
    function milestones(IEscrow.Deal calldata deal) internal pure returns (IEscrow.Milestone[] calldata list) {
        assembly ("memory-safe") {
            let place := add(deal, calldataload(add(deal, 0x240)))
            list.offset := add(place, 0x20)
            list.length := calldataload(place)
        }
    }

    /// @notice Base units of one milestone. The caller knows that there is such a one.
    function amount(IEscrow.Milestone[] calldata list, uint256 index) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(add(list.offset, shl(6, index)))
        }
    }

    /// @notice Unix seconds of one milestone. The caller knows that there is such a one.
    function deliverBy(IEscrow.Milestone[] calldata list, uint256 index) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(add(add(list.offset, shl(6, index)), 0x20))
        }
    }

    function word(IEscrow.Deal calldata deal, uint256 place) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(add(deal, place))
        }
    }

    function account(IEscrow.Deal calldata deal, uint256 place) private pure returns (address value) {
        assembly ("memory-safe") {
            value := calldataload(add(deal, place))
        }
    }
}
