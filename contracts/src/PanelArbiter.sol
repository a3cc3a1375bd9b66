// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "./interfaces/IEscrow.sol";
import {IPanelArbiter} from "./interfaces/IPanelArbiter.sol";
import {DealRules} from "./libraries/DealRules.sol";
import {Medians} from "./periphery/Medians.sol";
import {Purse} from "./periphery/Purse.sol";
import {StatementHash} from "./periphery/StatementHash.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

/// @title Parley panel
/// @notice Creation, votes, equivocation and money: see IPanelArbiter.
/// @dev The contract that is deployed makes panels and is none: each is a minimal clone of it with members and threshold in
/// its code, at an address that follows from them.
contract PanelArbiter is IPanelArbiter, Purse {
    uint256 private constant MAX_MEMBERS = 15;
    IEscrow private immutable ESCROW;
    address private immutable MAKER;

    mapping(address token => uint256) private _owed;
    mapping(bytes32 dispute => mapping(address member => bool)) private _struck;

    /// @param escrow_ whose deals its panels rule on
    constructor(IEscrow escrow_) {
        ESCROW = escrow_;
        MAKER = address(this);
    }

    // --------------------------------------------------------------- creation

    /// @inheritdoc IPanelArbiter
    function create(address[] calldata members, uint256 threshold) external returns (address panel) {
        panel = panelOf(members, threshold);
        if (panel.code.length != 0) return panel;
        panel = Clones.cloneDeterministicWithImmutableArgs(MAKER, abi.encode(members, threshold), 0);
        emit PanelCreated(panel, members, threshold);
    }

    /// @inheritdoc IPanelArbiter
    function panelOf(address[] calldata members, uint256 threshold) public view returns (address panel) {
        uint256 count = members.length;
        if (count == 0 || count > MAX_MEMBERS) revert MembersCount(count, MAX_MEMBERS);
        address last = address(0);
        for (uint256 i; i < count; ++i) {
            if (members[i] <= last) revert MembersNotAscending(i, members[i]);
            last = members[i];
        }
        if (threshold > count || threshold * 2 <= count) revert ThresholdNotMajority(threshold, count);
        // A panel's own panels would be others at the same terms: only the maker makes them.
        if (address(this) != MAKER) revert NotAPanel();
        return Clones.predictDeterministicAddressWithImmutableArgs(MAKER, abi.encode(members, threshold), 0);
    }

    // ------------------------------------------------------------------ votes

    /// @inheritdoc IPanelArbiter
    function rule(IEscrow.Deal calldata deal, uint8 milestone, Vote[] calldata votes) external nonReentrant {
        (address[] memory members, uint256 threshold) = membersOf();
        bytes32 dealId = _mine(deal);
        uint256 count = votes.length;
        if (count < threshold) revert VotesShort(count, threshold);
        uint256[] memory shares = new uint256[](count);
        bytes32[] memory rationales = new bytes32[](count);
        address last = address(0);
        for (uint256 i; i < count; ++i) {
            Vote calldata vote = votes[i];
            if (vote.member == last) revert VoteRepeated(vote.member);
            if (vote.member < last) revert VotesNotAscending(vote.member);
            last = vote.member;
            _requireVote(members, dealId, milestone, vote);
            if (block.timestamp > vote.validUntil) {
                revert VoteLate(vote.member, vote.validUntil, block.timestamp);
            }
            if (struck(dealId, milestone, vote.member)) revert VoterStruck(dealId, vote.member);
            shares[i] = vote.sellerBps;
            rationales[i] = vote.rationale;
            emit Voted(dealId, vote.member, milestone, vote.sellerBps, vote.rationale);
        }
        _commit(deal, dealId, milestone, uint16(Medians.median(shares)), keccak256(abi.encodePacked(rationales)), votes);
    }

    /// @inheritdoc IPanelArbiter
    function strike(IEscrow.Deal calldata deal, uint8 milestone, Vote calldata first, Vote calldata second) external {
        (address[] memory members,) = membersOf();
        bytes32 dealId = _mine(deal);
        address member = first.member;
        if (second.member != member) revert VoteForeign(second.member);
        // Another fee or a longer validity is the same opinion.
        if (first.sellerBps == second.sellerBps && first.rationale == second.rationale) revert VotesAgree(member);
        if (struck(dealId, milestone, member)) revert VoterStruck(dealId, member);
        _requireVote(members, dealId, milestone, first);
        _requireVote(members, dealId, milestone, second);
        _struck[_dispute(dealId, milestone)][member] = true;
        emit MemberStruck(dealId, member, milestone);
    }

    // ------------------------------------------------------------------ money

    /// @inheritdoc IPanelArbiter
    function share(address token) external nonReentrant returns (uint256 each) {
        (address[] memory members,) = membersOf();
        uint256 held = _held(token);
        uint256 owed_ = _owed[token];
        each = held > owed_ ? (held - owed_) / members.length : 0;
        if (each == 0) revert NothingToShare(token);
        _owed[token] = owed_ + each * members.length;
        for (uint256 i; i < members.length; ++i) {
            _credit(token, members[i], each);
        }
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IPanelArbiter
    function escrow() external view returns (IEscrow) {
        return ESCROW;
    }

    /// @inheritdoc IPanelArbiter
    function membersOf() public view returns (address[] memory members, uint256 threshold) {
        if (address(this) == MAKER) revert NotAPanel();
        return abi.decode(Clones.fetchCloneArgs(address(this)), (address[], uint256));
    }

    /// @inheritdoc IPanelArbiter
    function struck(bytes32 dealId, uint8 milestone, address member) public view returns (bool) {
        return _struck[_dispute(dealId, milestone)][member];
    }

    /// @inheritdoc IPanelArbiter
    function owed(address token) external view returns (uint256) {
        return _owed[token];
    }

    // --------------------------------------------------------------- internal

    function _domainNameAndVersion() internal pure override returns (string memory name, string memory version) {
        return ("Parley Panel", "1");
    }

    /// @dev Out of the panel's balance in the escrow.
    function _send(address token, address to, uint256 amount) internal override {
        _owed[token] -= amount;
        ESCROW.withdraw(token, address(this), to, uint128(amount), 0, 0, 0, "");
    }

    /// @dev Rules, and divides what the escrow credited for it among those who voted. Its caller holds the guard.
    // slither-disable-next-line reentrancy-benign
    function _commit(
        IEscrow.Deal calldata deal,
        bytes32 dealId,
        uint8 milestone,
        uint16 sellerBps,
        bytes32 rationale,
        Vote[] calldata votes
    ) private {
        address token = deal.token;
        emit PanelRuled(dealId, milestone, sellerBps, votes.length, rationale);
        uint256 before = _held(token);
        ESCROW.rule(deal, milestone, sellerBps, rationale, 0, 0, "");
        uint256 earned = _held(token) - before;
        _owed[token] += earned;
        uint256 each = earned / votes.length;
        uint256 first = each + earned % votes.length;
        uint256 fees = 0;
        for (uint256 i; i < votes.length; ++i) {
            uint256 own = i == 0 ? first : each;
            uint256 fee = votes[i].member == msg.sender ? 0 : votes[i].fee;
            if (fee > own) revert FeeAboveShare(votes[i].member, fee, own);
            fees += fee;
            _credit(token, votes[i].member, own - fee);
        }
        _credit(token, msg.sender, fees);
    }

    /// @dev A vote of a member, within the whole, and signed by it for this dispute.
    function _requireVote(address[] memory members, bytes32 dealId, uint8 milestone, Vote calldata vote) private view {
        if (!_isMember(members, vote.member)) revert VoteForeign(vote.member);
        if (vote.sellerBps > DealRules.BPS) revert IEscrow.BpsOutOfRange(vote.sellerBps);
        bytes32 structHash = StatementHash.vote(
            vote.member, dealId, milestone, vote.sellerBps, vote.rationale, vote.fee, vote.validUntil
        );
        _requireSignature(vote.member, _hashTypedData(structHash), vote.signature);
    }

    function _isMember(address[] memory members, address account) private pure returns (bool) {
        for (uint256 i; i < members.length; ++i) {
            if (members[i] == account) return true;
        }
        return false;
    }

    function _mine(IEscrow.Deal calldata deal) private view returns (bytes32 dealId) {
        dealId = ESCROW.dealIdOf(deal);
        if (deal.arbiter != address(this)) revert NotArbiterOf(dealId, deal.arbiter);
    }

    function _held(address token) private view returns (uint256) {
        return ESCROW.accountOf(token, address(this)).balance;
    }

    function _dispute(bytes32 dealId, uint8 milestone) private pure returns (bytes32) {
        return keccak256(abi.encode(dealId, milestone));
    }
}
