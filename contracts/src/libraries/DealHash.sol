// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";

/// @notice EIP-712 struct hashes of Deal and Milestone, straight from calldata.
library DealHash {
    bytes32 internal constant MILESTONE_TYPEHASH = keccak256("Milestone(uint128 amount,uint40 deliverBy)");
    bytes32 internal constant DEAL_TYPEHASH = keccak256(
        "Deal(address buyer,address seller,address arbiter,address relayer,address token,uint128 price,uint128 sellerBond,uint128 arbiterFee,uint128 relayFee,uint40 openBy,uint40 cancelBy,uint32 reviewWindow,uint32 disputeWindow,uint32 rulingWindow,uint16 rejectedSellerBps,uint16 lapsedSellerBps,uint16 walkAwayBps,uint8 payout,Milestone[] milestones,bytes32 termsHash,bytes32 transcriptRoot,uint32 transcriptLength,bytes32 bundle,bytes32 amends,uint8 amendsMilestone,uint128 amendsLocked,uint64 buyerEpoch,uint64 sellerEpoch,uint256 nonce)Milestone(uint128 amount,uint40 deliverBy)"
    );

    /// @dev The head of a Deal in calldata is its EIP-712 data word for word, except that `milestones` (word 18 of 29)
    /// is an offset there and a hash here. So the head is copied once and that word overwritten. Words are taken as
    /// they are: opening refuses bits beyond a field's type (see Clean).
    function structHash(IEscrow.Deal calldata deal) internal pure returns (bytes32 result) {
        uint256 data = encoded(deal);
        assembly ("memory-safe") {
            result := keccak256(data, 0x3c0)
        }
    }

    /// @notice keccak256 over the struct hashes of linked deals in order, each taken with a zero bundle.
    function bundleOf(IEscrow.Opening[] calldata items) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i; i < items.length; ++i) {
            uint256 data = encoded(items[i].deal);
            bytes32 result;
            assembly ("memory-safe") {
                mstore(add(data, 0x2e0), 0) // bundle
                result := keccak256(data, 0x3c0)
            }
            hashes[i] = result;
        }
        return keccak256(abi.encodePacked(hashes));
    }

    /// @dev The EIP-712 data of a deal, 0x3c0 bytes in memory that is not kept.
    function encoded(IEscrow.Deal calldata deal) private pure returns (uint256 data) {
        bytes32 milestones = milestonesHash(milestonesOf(deal));
        bytes32 typeHash = DEAL_TYPEHASH;
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(data, typeHash)
            calldatacopy(add(data, 0x20), deal, 0x3a0)
            mstore(add(data, 0x260), milestones)
        }
    }

    /// @dev The milestones, seen to lie inside the calldata: what typed access does in three steps. Whatever the length is, it
    /// is one that calldata can hold.
    function milestonesOf(IEscrow.Deal calldata deal) private pure returns (IEscrow.Milestone[] calldata milestones) {
        assembly ("memory-safe") {
            let place := add(deal, calldataload(add(deal, 0x240)))
            milestones.length := calldataload(place)
            milestones.offset := add(place, 0x20)
            let end := add(milestones.offset, shl(6, milestones.length))
            if or(shr(32, or(place, milestones.length)), gt(end, calldatasize())) { revert(0, 0) }
        }
    }

    /// @notice keccak256 over the struct hashes of the milestones in order.
    function milestonesHash(IEscrow.Milestone[] calldata milestones) internal pure returns (bytes32 result) {
        bytes32 typeHash = MILESTONE_TYPEHASH;
        assembly ("memory-safe") {
            let list := mload(0x40)
            let size := shl(5, milestones.length)
            let scratch := add(list, size)
            mstore(scratch, typeHash)
            for { let i := 0 } lt(i, size) { i := add(i, 0x20) } {
                calldatacopy(add(scratch, 0x20), add(milestones.offset, shl(1, i)), 0x40)
                mstore(add(list, i), keccak256(scratch, 0x60))
            }
            result := keccak256(list, size)
        }
    }
}
