// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "./IEscrow.sol";
import {IPurse} from "./IPurse.sol";

/// @title Parley panel: an arbiter of several members
/// @notice A deal names the panel's address as its arbiter. When enough members have signed votes, anyone hands them in with
/// one call; the median share is the ruling, and the escrow executes it in that call. There is no owner, no pause, no
/// upgrade, and a panel never changes.
///
/// Creation. Anyone creates a panel from the contract that was deployed first; its address follows from members and
/// threshold alone, so it can be named in a deal, and checked, before it exists. Members are in ascending order, and the
/// threshold is more than half of them: no two sets of votes can both be enough without a member in common.
///
/// Votes. A vote is for one milestone of one deal, which the escrow disputes once at most. Who hands the votes in chooses
/// among them if there are more than enough. The median of an even number is the floor of the mean of the middle two.
///
/// Equivocation. Two different votes of one member for the same dispute, shown before the ruling, strike that member: no
/// vote of it counts in this dispute any more. The threshold stays, so the dispute may lapse for it, as signed in the deal.
///
/// Money. What the escrow credits for a ruling is divided equally among the members whose votes were handed in, the
/// remainder of the division to the first of them. A member's vote may leave a `fee` out of its share to whoever hands it
/// in. Whatever else the escrow credits to the panel (the arbiter's part of a split that the parties signed) is divided
/// among all members; a remainder of it waits for the next. Nobody else is ever paid. The money stays in the escrow until
/// its owner withdraws it; per honest token the panel's balance there is at least the sum of the balances here.
///
/// Signatures are `kind (1 byte) ‖ body` as with the escrow; an empty one stands for the caller. A refusal that the escrow
/// knows too is an error of IEscrow.
interface IPanelArbiter is IPurse {
    // ------------------------------------------------------------------ types

    /// @dev `fee` base units of the deal's token out of this member's share, for whoever hands the vote in.
    struct Vote {
        address member;
        uint16 sellerBps; // 0 .. 10 000
        bytes32 rationale;
        uint128 fee;
        uint40 validUntil; // unix seconds, inclusive
        bytes signature;
    }

    // ----------------------------------------------------------------- events

    event PanelCreated(address indexed panel, address[] members, uint256 threshold);
    event Voted(bytes32 indexed dealId, address indexed member, uint8 milestone, uint16 sellerBps, bytes32 rationale);
    /// @dev Follows the votes. `rationale` is keccak256 of those of the votes in order, and is what the escrow logs.
    event PanelRuled(bytes32 indexed dealId, uint8 milestone, uint16 sellerBps, uint256 votes, bytes32 rationale);
    event MemberStruck(bytes32 indexed dealId, address indexed member, uint8 milestone);

    // ----------------------------------------------------------------- errors

    error NotAPanel();
    error MembersCount(uint256 count, uint256 maximum);
    error MembersNotAscending(uint256 index, address member);
    error ThresholdNotMajority(uint256 threshold, uint256 members);
    error NotArbiterOf(bytes32 dealId, address arbiter);
    error VotesShort(uint256 votes, uint256 threshold);
    error VoteForeign(address member);
    error VoteRepeated(address member);
    error VotesNotAscending(address member);
    error VoteLate(address member, uint256 validUntil, uint256 nowAt);
    error VotesAgree(address member);
    error VoterStruck(bytes32 dealId, address member);
    error FeeAboveShare(address member, uint256 fee, uint256 share);
    error NothingToShare(address token);

    // --------------------------------------------------------------- creation

    /// @notice Creates the panel of these members, or returns it where it exists. Anyone.
    /// @param members 1 to 15 in ascending order
    /// @param threshold votes that a ruling takes, more than half of the members
    function create(address[] calldata members, uint256 threshold) external returns (address panel);

    /// @notice Where the panel of these members is or will be. Reverts as `create` does for members that make no panel.
    function panelOf(address[] calldata members, uint256 threshold) external view returns (address panel);

    // ------------------------------------------------------------------ votes

    /// @notice Rules on the disputed milestone by the median of the votes. Anyone.
    /// @param votes at least the threshold, of different members, in the members' order
    function rule(IEscrow.Deal calldata deal, uint8 milestone, Vote[] calldata votes) external;

    /// @notice Strikes a member that signed two different votes for one dispute. Anyone, before the ruling.
    function strike(IEscrow.Deal calldata deal, uint8 milestone, Vote calldata first, Vote calldata second) external;

    // ------------------------------------------------------------------ money

    /// @notice Divides what the escrow credited to this panel outside a ruling among all members. Anyone.
    /// @return each base units that every member got
    function share(address token) external returns (uint256 each);

    // ------------------------------------------------------------------ views

    function escrow() external view returns (IEscrow);
    function membersOf() external view returns (address[] memory members, uint256 threshold);
    function struck(bytes32 dealId, uint8 milestone, address member) external view returns (bool);
    /// @notice What the members and submitters own of the panel's balance in the escrow, all together.
    function owed(address token) external view returns (uint256);
}
