// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Test} from "../base/Test.sol";

/// @notice The formulas of Conservation.t.sol, with nothing around them: whatever the amounts, what they give is what was
/// locked, to the unit, and no part is larger than that, so that all of them fit.
/// @dev A share stands for any number that is at most the whole, and what a seller lost of its bond for any that is at most
/// one fee a ruling. That floor(a · b / 10 000) <= a where b <= 10 000 is the one fact about division that is proved on paper:
/// a · b <= a · 10 000.
contract SumsProof is Test {
    uint256 private constant MAX = type(uint128).max;

    /// @dev `amount` is what the seller earned, all of a milestone or less; `bond` is what is left of it.
    function check_aMilestonePaidInFull(uint128 amount, uint128 bond, uint128 locked) external pure {
        vm.assume(uint256(amount) + bond <= locked);
        unchecked {
            uint256 toSeller = uint256(amount) + bond;
            assertTrue(toSeller + (uint256(locked) - toSeller) == locked);
            assertTrue(toSeller <= MAX && uint256(locked) - toSeller <= MAX);
        }
    }

    /// @dev The last milestone divided: both sides, the bond and the arbiter.
    function check_aLastDivision(uint128 amount, uint128 share, uint128 bond, uint128 charged, uint128 locked)
        external
        pure
    {
        vm.assume(share <= amount);
        vm.assume(uint256(amount) + bond + charged <= locked);
        unchecked {
            uint256 rest = uint256(amount) - share;
            uint256 remaining = uint256(locked) - share - rest - charged;
            uint256 toSeller = uint256(share) + bond;
            uint256 toBuyer = rest + (remaining - bond);
            assertTrue(toSeller + toBuyer + charged == locked);
            assertTrue(toSeller <= MAX && toBuyer <= MAX && remaining >= bond);
        }
    }

    /// @dev Another one: what is left is what must be locked for the milestones to come.
    function check_aDivisionInTheMiddle(
        uint128 amount,
        uint128 share,
        uint128 later,
        uint128 bond,
        uint128 fee,
        uint8 left,
        bool ruled
    ) external pure {
        vm.assume(share <= amount);
        vm.assume(left >= 1 && left <= 6);
        // Both sides' fees that no arbiter has earned.
        uint256 locked = uint256(amount) + later + bond + uint256(fee) * left;
        vm.assume(locked <= MAX);
        unchecked {
            uint256 charged = ruled ? fee : 0;
            uint256 rest = uint256(amount) - share;
            uint256 remaining = locked - share - rest - charged;
            assertTrue(remaining == uint256(later) + bond + uint256(fee) * (left - (ruled ? 1 : 0)));
            assertTrue(share + rest + charged + remaining == locked);
        }
    }

    /// @dev The bond holds a fee for every milestone, and what was lost of it is at most one a ruling.
    function check_theBondIsNeverOverdrawn(uint128 bond, uint128 fee, uint256 lost) external pure {
        for (uint256 count = 1; count <= 3; ++count) {
            if (bond < uint256(fee) * count) continue;
            for (uint256 rulings; rulings <= count; ++rulings) {
                if (lost <= uint256(fee) * rulings) assertTrue(lost <= bond);
            }
        }
    }
}
