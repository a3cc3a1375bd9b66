// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "./IEscrow.sol";

/// @title Parley lens: what an agent wants to know before it acts, in one call
/// @notice Reads the escrow and decides nothing: no money, no storage, no privilege.
///
/// Exactness. `can…` does not repeat the rules of the escrow. It makes the very call, in the name of nobody and without a
/// signature, and undoes it. Either the call went through, so anyone may make it; or the escrow named the signer that it
/// misses, so that one may; or it named the error that stands in the way. The functions that do so are therefore not
/// marked `view`, though they leave nothing behind: use `eth_call`.
///
/// A verdict holds for a call in the same block that pays no relay fee and names the present milestone and delivery.
interface ILens {
    // ------------------------------------------------------------------ types

    /// @dev What can be done with a deal. The order is that of the bits in `Moves`.
    enum Action {
        Open,
        Cancel,
        Deliver,
        Settle,
        SettleBySilence,
        Reject,
        CloseRejected,
        Dispute,
        Rule,
        Lapse,
        Refund, // by a party: a buyer's cancellation, a seller's leaving
        ClaimDefault // refund with the party zero
    }

    /// @dev `code` is the selector of the escrow's error and `values` its ABI-encoded arguments; both empty: yes. A revert
    /// without data has the code 0xffffffff.
    struct Verdict {
        bytes4 code;
        bytes values;
    }

    /// @dev Unix seconds, inclusive. 0 where the deal is not in a state in which the time counts.
    struct Times {
        uint256 nowAt;
        uint256 openBy; // while unopened
        uint256 cancelBy; // while open
        uint256 deliverBy; // of the present milestone, with the shift; while it can be delivered
        uint256 reviewUntil; // while delivered
        uint256 disputeUntil; // while rejected and an arbiter is named
        uint256 ruleUntil; // while disputed
    }

    /// @dev One side of a deal, in the deal's token. Of a token that does not answer, balance and allowance are 0.
    struct Side {
        address party;
        uint64 epoch;
        IEscrow.Account account;
        IEscrow.Record record;
        uint256 tokenBalance; // in its wallet
        uint256 allowance; // to the escrow
    }

    struct Overview {
        bytes32 dealId;
        IEscrow.DealState state;
        Times times;
        Side buyer;
        Side seller;
        Side arbiter; // all zero where none is named
    }

    /// @dev One bit for each Action, bit 0 first. `anyone` is part of all others.
    struct Moves {
        uint256 buyer;
        uint256 seller;
        uint256 arbiter;
        uint256 anyone;
    }

    // ----------------------------------------------------------------- errors

    error OnlySelf(address caller);
    /// @dev Inside only: the attempt went through, and is undone by this.
    error Undone();

    // ------------------------------------------------------------------ views

    function escrow() external view returns (IEscrow);

    /// @notice State, times, and both sides (and the arbiter) with balances, counters, epochs and allowances.
    function overview(IEscrow.Deal calldata deal) external view returns (Overview memory);

    // --------------------------------------------------------------- attempts

    /// @notice Whether a call of the escrow, with its signatures, would go through if a relayer that is no party made it.
    /// @param data calldata for the escrow
    function attempt(bytes calldata data) external returns (Verdict memory);

    /// @notice Whether `caller` could do this now by a call of its own.
    function can(Action action, IEscrow.Deal calldata deal, address caller) external returns (Verdict memory);

    /// @notice What each side could do now by a call of its own. Opening is judged as if both had signed, and paid from
    /// their allowances.
    function moves(IEscrow.Deal calldata deal) external returns (Moves memory);

    /// @notice Whether `caller` could open the deal if both sides signed it and paid in these ways.
    /// @dev Rules, status and epochs are the escrow's word; balances and allowances are read, so a token that takes a part
    /// of a transfer or stops it is found only by `attempt`, with the signatures.
    function canOpen(
        IEscrow.Deal calldata deal,
        IEscrow.FundingKind buyerKind,
        IEscrow.FundingKind sellerKind,
        address caller
    ) external returns (Verdict memory);

    /// @notice Whether `caller` could put `amendment` in the place of `deal` if both sides signed it and paid what they owe
    /// beyond what they have in the deal in these ways.
    function canAmend(
        IEscrow.Deal calldata deal,
        IEscrow.Deal calldata amendment,
        IEscrow.FundingKind buyerKind,
        IEscrow.FundingKind sellerKind,
        address caller
    ) external returns (Verdict memory);

    /// @notice Whether this split would close the deal if both sides signed it. Its fee is not looked at.
    function canSplit(IEscrow.Deal calldata deal, IEscrow.Split calldata terms) external returns (Verdict memory);

    function canCancel(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory);
    function canDeliver(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory);
    function canSettle(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory);
    function canSettleBySilence(IEscrow.Deal calldata deal) external returns (Verdict memory);
    function canReject(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory);
    function canCloseRejected(IEscrow.Deal calldata deal) external returns (Verdict memory);
    function canDispute(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory);
    function canRule(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory);
    function canLapse(IEscrow.Deal calldata deal) external returns (Verdict memory);
    function canRefund(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory);
    function canClaimDefault(IEscrow.Deal calldata deal) external returns (Verdict memory);
}
