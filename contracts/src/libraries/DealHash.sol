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
    /// they are: opening refuses bits beyond a field's type (see DealRules).
    function structHash(IEscrow.Deal calldata deal) internal pure returns (bytes32) {
        return structHash(deal, deal.bundle);
    }

    /// @notice keccak256 over the struct hashes of linked deals in order, each taken with a zero bundle.
    function bundleOf(IEscrow.Opening[] calldata items) internal pure returns (bytes32) {
        bytes32[] memory hashes = new bytes32[](items.length);
        for (uint256 i; i < items.length; ++i) {
            hashes[i] = structHash(items[i].deal, 0);
        }
        return keccak256(abi.encodePacked(hashes));
    }

    function structHash(IEscrow.Deal calldata deal, bytes32 bundle) private pure returns (bytes32 result) {
        bytes32 milestones = milestonesHash(deal.milestones);
        bytes32 typeHash = DEAL_TYPEHASH;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            calldatacopy(add(m, 0x20), deal, 0x3a0)
            mstore(add(m, 0x260), milestones)
            mstore(add(m, 0x2e0), bundle)
            result := keccak256(m, 0x3c0)
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

    /// @notice Reverts with no data, as typed access does, when relayer, cancelBy, transcriptLength, amendsMilestone or
    /// amendsLocked has bits beyond its type.
    function requireCleanRest(IEscrow.Deal calldata deal) internal pure {
        assembly ("memory-safe") {
            let dirty := shr(160, calldataload(add(deal, 0x60)))
            dirty := or(dirty, shr(40, calldataload(add(deal, 0x140))))
            dirty := or(dirty, shr(32, calldataload(add(deal, 0x2a0))))
            dirty := or(dirty, shr(8, calldataload(add(deal, 0x300))))
            dirty := or(dirty, shr(128, calldataload(add(deal, 0x320))))
            if dirty { revert(0, 0) }
        }
    }
}
