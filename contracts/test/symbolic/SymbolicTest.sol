// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Escrow} from "../../src/Escrow.sol";
import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {DealWords} from "../../src/libraries/DealWord.sol";
import {Test} from "../base/Test.sol";

/// @notice The escrow, and a way to start from any state of a deal instead of from its opening.
contract StartedEscrow is Escrow {
    function start(bytes32 dealId, IEscrow.Status status, uint256 milestone, uint256 lost, uint256 locked) external {
        _deals[dealId] = DealWords.pack(status, milestone, 1, lost, 0, locked);
    }

    function give(address token, address party, uint256 amount) external {
        _credit(token, party, amount);
    }
}

/// @notice Says yes to whatever anybody says that it signed.
contract AgreeingWallet {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return this.isValidSignature.selector;
    }
}

/// @notice One call on a deal of any amounts in any state that can be, for `scripts/prove`. What a state can be is the
/// invariant of `lockedIn`: every call that leaves the deal open keeps it, so that what is proved of one call holds for any
/// sequence of them. That opening makes it is proved in Opening.t.sol.
/// @dev Fixed: the shape of the deal (1 to 3 milestones), addresses, times, and the shares that both signed (3 333 bps, which
/// leaves remainders). Any: amounts, bond and fee of 128 bits, rulings before and now, callers.
abstract contract SymbolicTest is Test {
    uint256 internal constant START = 1_900_000_000;
    uint32 internal constant WINDOW = 1 days;
    uint16 internal constant SHARE = 3333;
    uint256 internal constant BPS = 10_000;

    /// @dev Enough where both parties are wallets that agree.
    bytes internal constant SIGNED = hex"00";

    address internal constant BUYER = address(0xb001);
    address internal constant SELLER = address(0x5e11);
    address internal constant ARBITER = address(0xa4b1);

    StartedEscrow internal started;
    IEscrow internal escrow;
    /// @dev Code is all that is asked of it where everything stays inside.
    address internal token;

    /// @dev What a proof is about.
    struct Numbers {
        uint128 first;
        uint128 second;
        uint128 third;
        uint128 bond;
        uint128 fee;
        uint24 lost; // bps that the seller lost in the rulings so far
    }

    function setUp() public virtual {
        vm.warp(START);
        started = new StartedEscrow();
        escrow = IEscrow(address(started));
        token = address(this);
    }

    /// @notice Both parties sign everything.
    function agree() internal {
        address wallet = address(new AgreeingWallet());
        vm.etch(BUYER, wallet.code);
        vm.etch(SELLER, wallet.code);
    }

    /// @notice A deal with these numbers in one, two or three milestones, whose payouts stay inside.
    function dealOf(Numbers memory n, uint256 count) internal view returns (IEscrow.Deal memory deal) {
        deal.buyer = BUYER;
        deal.seller = SELLER;
        deal.arbiter = ARBITER;
        deal.token = token;
        deal.sellerBond = n.bond;
        deal.arbiterFee = n.fee;
        deal.openBy = uint40(START);
        deal.cancelBy = uint40(START + 365 days);
        deal.reviewWindow = WINDOW;
        deal.disputeWindow = WINDOW;
        deal.rulingWindow = WINDOW;
        deal.rejectedSellerBps = SHARE;
        deal.lapsedSellerBps = SHARE;
        deal.walkAwayBps = SHARE;
        deal.payout = 3;
        deal.milestones = new IEscrow.Milestone[](count);
        uint128[3] memory amounts = [n.first, n.second, n.third];
        uint256 price = 0;
        for (uint256 i; i < count; ++i) {
            deal.milestones[i] = IEscrow.Milestone(amounts[i], uint40(START + (7 * (i + 1)) * 1 days));
            price += amounts[i];
        }
        vm.assume(price <= type(uint128).max);
        deal.price = uint128(price);
    }

    /// @notice What is locked in a deal at `milestone` after `rulings`: the milestones to come, the bond, and every fee that
    /// no arbiter has earned, of both sides' fees together.
    function lockedIn(IEscrow.Deal memory deal, uint256 milestone, uint256 rulings)
        internal
        pure
        returns (uint256 sum)
    {
        unchecked {
            for (uint256 i = milestone; i < deal.milestones.length; ++i) {
                sum += deal.milestones[i].amount;
            }
            sum += uint256(deal.sellerBond) + uint256(deal.arbiterFee) * (deal.milestones.length - rulings);
        }
    }

    /// @notice The deal in `status` at `milestone`, after as many rulings as given that cost the seller `lost` together.
    function begin(IEscrow.Deal memory deal, IEscrow.Status status, uint256 milestone, uint256 rulings, uint24 lost)
        internal
        returns (bytes32 id, uint256 locked)
    {
        // Terms of 128 bits and less: nothing wraps.
        unchecked {
            vm.assume(uint256(deal.sellerBond) >= uint256(deal.arbiterFee) * deal.milestones.length);
            vm.assume(lost <= rulings * BPS);
            boundLoss(deal, lost, rulings);
            locked = lockedIn(deal, milestone, rulings);
        }
        vm.assume(locked <= type(uint128).max);
        // The same number, as the term that the contract takes out of its word.
        locked = uint128(locked);
        id = escrow.dealIdOf(deal);
        started.start(id, status, milestone, lost, locked);
    }

    /// @dev lost <= rulings · BPS gives fee · lost <= fee · rulings · BPS, hence floor(fee · lost / BPS) <= fee · rulings. Said
    /// here, no solver has to find it out by dividing.
    function boundLoss(IEscrow.Deal memory deal, uint256 lost, uint256 rulings) internal pure {
        unchecked {
            vm.assume(uint256(deal.arbiterFee) * lost / BPS <= uint256(deal.arbiterFee) * rulings);
        }
    }

    function credit(address party) internal view returns (uint256) {
        return escrow.accountOf(token, party).balance;
    }

    /// @notice What rulings left of the bond, by the formula of the specification.
    function bondLeft(IEscrow.Deal memory deal, uint256 lost) internal pure returns (uint256) {
        if (lost == 0) return deal.sellerBond;
        unchecked {
            return deal.sellerBond - uint256(deal.arbiterFee) * lost / BPS;
        }
    }

    /// @notice What is there after a call, by the formulas of the specification.
    struct Outcome {
        IEscrow.Status status;
        uint256 locked;
        uint256 toSeller;
        uint256 toBuyer;
        uint256 charged;
    }

    /// @notice What everybody has afterwards, and what is locked still, to the unit. That these sums are all of what was locked
    /// before, and fit, is Sums.t.sol's to prove.
    function assertPaid(bytes32 id, Outcome memory due) internal view {
        IEscrow.DealState memory state = escrow.stateOf(id);
        assertEq(uint256(state.status), uint256(due.status));
        assertEq(state.locked, uint128(due.locked));
        assertEq(credit(SELLER), uint128(due.toSeller));
        assertEq(credit(BUYER), uint128(due.toBuyer));
        assertEq(credit(ARBITER), due.charged);
    }
}
