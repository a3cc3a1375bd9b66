// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Amendments of what remains of a deal, and their submission on both keys.
abstract contract AmendTestBase is EscrowTest {
    /// @notice The milestones that remain, on the same terms, due when they are due now.
    function amendmentOf(IEscrow.Deal memory deal) internal view returns (IEscrow.Deal memory amendment) {
        IEscrow.DealState memory s = state(deal);
        amendment = milestoneDeal(1);
        amendment.arbiter = deal.arbiter;
        amendment.arbiterFee = deal.arbiterFee;
        amendment.sellerBond = deal.sellerBond;
        amendment.payout = deal.payout;
        uint256 left = deal.milestones.length - s.milestone;
        amendment.milestones = new IEscrow.Milestone[](left);
        amendment.price = 0;
        for (uint256 i; i < left; ++i) {
            IEscrow.Milestone memory part = deal.milestones[s.milestone + i];
            amendment.milestones[i] = IEscrow.Milestone(part.amount, part.deliverBy + s.shift);
            amendment.price += part.amount;
        }
        amendment.amends = idOf(deal);
        amendment.amendsMilestone = s.milestone;
        amendment.amendsLocked = s.locked;
        amendment.nonce = deal.nonce + 1;
    }

    /// @dev Sets the amount of the only milestone.
    function priced(IEscrow.Deal memory amendment, uint128 price) internal pure {
        amendment.price = price;
        amendment.milestones[0].amount = price;
    }

    function amended(IEscrow.Deal memory deal, IEscrow.Deal memory amendment) internal returns (bytes32 id) {
        id = idOf(amendment);
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.prank(relayer);
        assertEq(escrow.amend(deal, amendment, ofBuyer, ofSeller, allowance(), allowance()), id, "id");
    }

    function refusesToAmend(IEscrow.Deal memory deal, IEscrow.Deal memory amendment, bytes memory why) internal {
        bytes32 id = idOf(amendment);
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.expectRevert(why);
        vm.prank(relayer);
        escrow.amend(deal, amendment, ofBuyer, ofSeller, allowance(), allowance());
    }
}
