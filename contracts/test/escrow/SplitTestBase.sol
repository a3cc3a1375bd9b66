// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Terms of a split that fit a deal, and their submission.
abstract contract SplitTestBase is EscrowTest {
    /// @notice Terms that fit the deal as it is: `toSeller`, `toArbiter`, and the rest to the buyer.
    function termsFor(IEscrow.Deal memory deal, uint128 toSeller, uint128 toArbiter)
        internal
        view
        returns (IEscrow.Split memory terms)
    {
        IEscrow.DealState memory s = state(deal);
        terms.dealId = idOf(deal);
        terms.milestone = s.milestone;
        terms.status = uint8(s.status);
        terms.locked = s.locked;
        terms.toSeller = toSeller;
        terms.toArbiter = toArbiter;
        terms.toBuyer = s.locked - toSeller - toArbiter;
        terms.nonce = 1;
        terms.validUntil = uint40(block.timestamp + 1 hours);
    }

    function splitBy(address caller, IEscrow.Deal memory deal, IEscrow.Split memory terms) internal {
        bytes memory ofBuyer = signed(buyerKey, splitDigest(terms));
        bytes memory ofSeller = signed(sellerKey, splitDigest(terms));
        vm.prank(caller);
        escrow.split(deal, terms, ofBuyer, ofSeller);
    }

    function refuses(IEscrow.Deal memory deal, IEscrow.Split memory terms, bytes memory why) internal {
        bytes memory ofBuyer = signed(buyerKey, splitDigest(terms));
        bytes memory ofSeller = signed(sellerKey, splitDigest(terms));
        vm.expectRevert(why);
        escrow.split(deal, terms, ofBuyer, ofSeller);
    }
}
