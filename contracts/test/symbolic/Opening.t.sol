// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {SymbolicTest} from "./SymbolicTest.sol";

/// @notice Whatever the amounts: an opening takes from each side what that side signed to lock, to the unit, and books it. That
/// is the state from which the proofs of conservation start; the campaign and the fuzz tests open from the other sources of
/// money.
contract OpeningProof is SymbolicTest {
    address private constant RELAYER = address(0x4e1a);

    function setUp() public override {
        super.setUp();
        agree();
    }

    /// @dev From internal balances of any size. Where it goes through, all of it is as signed.
    function opens(Numbers memory n, uint256 count, uint128 relayFee, uint128 ofBuyer, uint128 ofSeller) private {
        IEscrow.Deal memory deal = dealOf(n, count);
        deal.relayFee = relayFee;
        started.give(token, BUYER, ofBuyer);
        started.give(token, SELLER, ofSeller);
        IEscrow.Funding memory inside = IEscrow.Funding(IEscrow.FundingKind.Balance, "");
        vm.prank(RELAYER);
        bytes32 id = escrow.open(deal, SIGNED, SIGNED, inside, inside);
        IEscrow.DealState memory state = escrow.stateOf(id);
        uint256 fees = uint256(n.fee) * count;
        assertEq(uint256(state.status), uint256(IEscrow.Status.Open));
        assertEq(uint256(state.milestone) | state.sellerLostBps, 0);
        assertEq(state.locked, lockedIn(deal, 0, 0));
        // Of each side: what it had is what it has and what it locked.
        assertEq(credit(BUYER) + deal.price + fees + relayFee, ofBuyer);
        assertEq(credit(SELLER) + deal.sellerBond, ofSeller);
        assertEq(credit(RELAYER), relayFee);
    }

    function check_openingOfOneMilestone(Numbers memory n, uint128 ofBuyer, uint128 ofSeller) external {
        opens(n, 1, 0, ofBuyer, ofSeller);
    }

    function check_openingOfThreeMilestones(Numbers memory n, uint128 ofBuyer, uint128 ofSeller) external {
        opens(n, 3, 0, ofBuyer, ofSeller);
    }

    function check_openingForARelayFee(Numbers memory n, uint128 fee, uint128 ofBuyer, uint128 ofSeller) external {
        opens(n, 1, fee, ofBuyer, ofSeller);
    }
}
