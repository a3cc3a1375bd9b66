// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "./interfaces/IEscrow.sol";
import {ILens} from "./interfaces/ILens.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Parley lens
/// @notice What it answers, and why that is exact: see ILens.
contract Lens is ILens {
    bytes4 private constant NO_REASON = 0xffffffff;
    uint256 private constant BPS = 10_000;
    uint256 private constant ACTIONS = uint256(type(Action).max) + 1;

    IEscrow private immutable ESCROW;

    /// @param escrow_ the escrow to look at
    constructor(IEscrow escrow_) {
        ESCROW = escrow_;
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc ILens
    function escrow() external view returns (IEscrow) {
        return ESCROW;
    }

    /// @inheritdoc ILens
    function overview(IEscrow.Deal calldata deal) external view returns (Overview memory seen) {
        seen.dealId = ESCROW.dealIdOf(deal);
        seen.state = ESCROW.stateOf(seen.dealId);
        seen.times = _times(deal, seen.state);
        seen.buyer = _side(deal.token, deal.buyer);
        seen.seller = _side(deal.token, deal.seller);
        if (deal.arbiter != address(0)) seen.arbiter = _side(deal.token, deal.arbiter);
    }

    // --------------------------------------------------------------- attempts

    /// @inheritdoc ILens
    function attempt(bytes calldata data) external returns (Verdict memory) {
        return _attempt(data);
    }

    /// @inheritdoc ILens
    function can(Action action, IEscrow.Deal calldata deal, address caller) external returns (Verdict memory) {
        return _can(action, deal, caller);
    }

    /// @inheritdoc ILens
    function moves(IEscrow.Deal calldata deal) external returns (Moves memory found) {
        for (uint256 i; i < ACTIONS; ++i) {
            Action action = Action(i);
            uint256 bit = 1 << i;
            if (_yes(_can(action, deal, address(0)))) {
                found.anyone |= bit;
                found.buyer |= bit;
                found.seller |= bit;
                if (deal.arbiter != address(0)) found.arbiter |= bit;
                continue;
            }
            if (_yes(_can(action, deal, deal.buyer))) found.buyer |= bit;
            if (_yes(_can(action, deal, deal.seller))) found.seller |= bit;
            if (deal.arbiter != address(0) && _yes(_can(action, deal, deal.arbiter))) found.arbiter |= bit;
        }
    }

    /// @inheritdoc ILens
    function canOpen(
        IEscrow.Deal calldata deal,
        IEscrow.FundingKind buyerKind,
        IEscrow.FundingKind sellerKind,
        address caller
    ) external returns (Verdict memory) {
        return _canOpen(deal, buyerKind, sellerKind, caller);
    }

    /// @inheritdoc ILens
    function canAmend(
        IEscrow.Deal calldata deal,
        IEscrow.Deal calldata amendment,
        IEscrow.FundingKind buyerKind,
        IEscrow.FundingKind sellerKind,
        address caller
    ) external returns (Verdict memory verdict) {
        IEscrow.Funding memory none = IEscrow.Funding(IEscrow.FundingKind.Allowance, "");
        // As with opening: the buyer's signature is the first that is asked for.
        verdict = _for(amendment.buyer, abi.encodeCall(ESCROW.amend, (deal, amendment, "", "", none, none)));
        if (!_yes(verdict)) return verdict;
        uint256 due = _due(amendment);
        if (due + amendment.sellerBond > type(uint128).max) return _tooLarge(due + amendment.sellerBond);
        IEscrow.DealState memory state = ESCROW.stateOf(ESCROW.dealIdOf(deal));
        uint256 sellerHas = deal.sellerBond - uint256(deal.arbiterFee) * state.sellerLostBps / BPS;
        due = _short(due + _relayFee(amendment, buyerKind, caller), state.locked - sellerHas);
        verdict = _canFund(deal.token, deal.buyer, due, buyerKind);
        if (!_yes(verdict)) return verdict;
        return _canFund(deal.token, deal.seller, _short(amendment.sellerBond, sellerHas), sellerKind);
    }

    /// @inheritdoc ILens
    function canSplit(IEscrow.Deal calldata deal, IEscrow.Split calldata terms) external returns (Verdict memory) {
        return _for(deal.buyer, abi.encodeCall(ESCROW.split, (deal, terms, "", "")));
    }

    /// @inheritdoc ILens
    function canCancel(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory) {
        return _can(Action.Cancel, deal, caller);
    }

    /// @inheritdoc ILens
    function canDeliver(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory) {
        return _can(Action.Deliver, deal, caller);
    }

    /// @inheritdoc ILens
    function canSettle(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory) {
        return _can(Action.Settle, deal, caller);
    }

    /// @inheritdoc ILens
    function canSettleBySilence(IEscrow.Deal calldata deal) external returns (Verdict memory) {
        return _can(Action.SettleBySilence, deal, address(0));
    }

    /// @inheritdoc ILens
    function canReject(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory) {
        return _can(Action.Reject, deal, caller);
    }

    /// @inheritdoc ILens
    function canCloseRejected(IEscrow.Deal calldata deal) external returns (Verdict memory) {
        return _can(Action.CloseRejected, deal, address(0));
    }

    /// @inheritdoc ILens
    function canDispute(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory) {
        return _can(Action.Dispute, deal, caller);
    }

    /// @inheritdoc ILens
    function canRule(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory) {
        return _can(Action.Rule, deal, caller);
    }

    /// @inheritdoc ILens
    function canLapse(IEscrow.Deal calldata deal) external returns (Verdict memory) {
        return _can(Action.Lapse, deal, address(0));
    }

    /// @inheritdoc ILens
    function canRefund(IEscrow.Deal calldata deal, address caller) external returns (Verdict memory) {
        return _can(Action.Refund, deal, caller);
    }

    /// @inheritdoc ILens
    function canClaimDefault(IEscrow.Deal calldata deal) external returns (Verdict memory) {
        return _can(Action.ClaimDefault, deal, address(0));
    }

    /// @notice Makes the call and undoes it. For this contract itself.
    function undone(bytes calldata data) external {
        if (msg.sender != address(this)) revert OnlySelf(msg.sender);
        // slither-disable-next-line low-level-calls
        (bool ok, bytes memory why) = address(ESCROW).call(data);
        if (ok) revert Undone();
        assembly ("memory-safe") {
            revert(add(why, 0x20), mload(why))
        }
    }

    // --------------------------------------------------------------- internal

    function _can(Action action, IEscrow.Deal calldata deal, address caller) private returns (Verdict memory) {
        if (action == Action.Open) {
            return _canOpen(deal, IEscrow.FundingKind.Allowance, IEscrow.FundingKind.Allowance, caller);
        }
        // slither-disable-next-line calls-loop
        IEscrow.DealState memory state = ESCROW.stateOf(ESCROW.dealIdOf(deal));
        return _for(caller, _call(action, deal, caller, state));
    }

    /// @dev The call that `caller` would make, at the deal's present place.
    function _call(Action action, IEscrow.Deal calldata deal, address caller, IEscrow.DealState memory state)
        private
        view
        returns (bytes memory)
    {
        uint8 milestone = state.milestone;
        if (action == Action.Cancel) return abi.encodeCall(ESCROW.cancel, (deal, caller, 0, 0, ""));
        if (action == Action.Deliver) {
            return abi.encodeCall(ESCROW.deliver, (deal, milestone, state.deliveries + 1, 0, 0, 0, ""));
        }
        if (action == Action.Settle) return abi.encodeCall(ESCROW.settle, (deal, milestone, 0, 0, 0, ""));
        if (action == Action.SettleBySilence) return abi.encodeCall(ESCROW.settleBySilence, (deal));
        if (action == Action.Reject) {
            return abi.encodeCall(ESCROW.reject, (deal, milestone, state.deliveries, 0, 0, 0, ""));
        }
        if (action == Action.CloseRejected) return abi.encodeCall(ESCROW.closeRejected, (deal));
        if (action == Action.Dispute) return abi.encodeCall(ESCROW.dispute, (deal, caller, milestone, 0, 0, 0, ""));
        if (action == Action.Rule) return abi.encodeCall(ESCROW.rule, (deal, milestone, 0, 0, 0, 0, ""));
        if (action == Action.Lapse) return abi.encodeCall(ESCROW.lapse, (deal));
        address party = action == Action.Refund ? caller : address(0);
        // A refund to nobody is the claim of a default: only a party can leave.
        if (action == Action.Refund && party == address(0)) party = address(this);
        return abi.encodeCall(ESCROW.refund, (deal, party, milestone, 0, 0, ""));
    }

    function _canOpen(
        IEscrow.Deal calldata deal,
        IEscrow.FundingKind buyerKind,
        IEscrow.FundingKind sellerKind,
        address caller
    ) private returns (Verdict memory verdict) {
        IEscrow.Funding memory none = IEscrow.Funding(IEscrow.FundingKind.Allowance, "");
        // The buyer's signature is the first that the escrow asks for, when everything else is in order.
        verdict = _for(deal.buyer, abi.encodeCall(ESCROW.open, (deal, "", "", none, none)));
        if (!_yes(verdict)) return verdict;
        uint256 due = _due(deal);
        if (due + deal.sellerBond > type(uint128).max) return _tooLarge(due + deal.sellerBond);
        verdict = _canFund(deal.token, deal.buyer, due + _relayFee(deal, buyerKind, caller), buyerKind);
        if (_yes(verdict)) verdict = _canFund(deal.token, deal.seller, deal.sellerBond, sellerKind);
    }

    /// @dev What the buyer locks.
    function _due(IEscrow.Deal calldata deal) private pure returns (uint256) {
        return deal.price + uint256(deal.arbiterFee) * (deal.arbiter == address(0) ? 0 : deal.milestones.length);
    }

    /// @dev A payment that names the whole deal always carries the relay fee.
    function _relayFee(IEscrow.Deal calldata deal, IEscrow.FundingKind buyerKind, address caller)
        private
        pure
        returns (uint256)
    {
        bool earned =
            (deal.relayer == address(0) || deal.relayer == caller) && caller != deal.buyer && caller != deal.seller;
        bool carried = buyerKind == IEscrow.FundingKind.Authorization || buyerKind == IEscrow.FundingKind.Permit2;
        return earned || carried ? deal.relayFee : 0;
    }

    function _tooLarge(uint256 locked) private pure returns (Verdict memory) {
        return _no(abi.encodeWithSelector(IEscrow.LockedTooLarge.selector, locked));
    }

    /// @dev How much of `owes` is not covered by `has`.
    function _short(uint256 owes, uint256 has) private pure returns (uint256) {
        return owes > has ? owes - has : 0;
    }

    function _canFund(address token, address from, uint256 amount, IEscrow.FundingKind kind)
        private
        view
        returns (Verdict memory verdict)
    {
        if (amount == 0) return verdict;
        if (kind == IEscrow.FundingKind.Balance) {
            // slither-disable-next-line calls-loop
            uint256 available = ESCROW.accountOf(token, from).balance;
            if (available >= amount) return verdict;
            return _no(abi.encodeWithSelector(IEscrow.BalanceShort.selector, token, from, available, amount));
        }
        bool allowed = kind != IEscrow.FundingKind.Allowance || _allowance(token, from) >= amount;
        if (allowed && _balance(token, from) >= amount) return verdict;
        return _no(abi.encodeWithSelector(IEscrow.FundingRefused.selector, token, from, amount));
    }

    /// @dev The verdict on a call of `caller`: the escrow refused this one for want of its consent alone, or not at all.
    function _for(address caller, bytes memory data) private returns (Verdict memory verdict) {
        verdict = _attempt(data);
        if (verdict.code != IEscrow.SignatureInvalid.selector) return verdict;
        (address signer,) = abi.decode(verdict.values, (address, bytes32));
        if (signer == caller && caller != address(0)) delete verdict;
    }

    function _attempt(bytes memory data) private returns (Verdict memory) {
        // slither-disable-next-line calls-loop
        try this.undone(data) {
            return _no("");
        } catch (bytes memory why) {
            if (bytes4(why) == Undone.selector) return Verdict(0, "");
            return _no(why);
        }
    }

    /// @dev Takes the data of a revert apart.
    function _no(bytes memory why) private pure returns (Verdict memory verdict) {
        if (why.length < 4) return Verdict(NO_REASON, why);
        verdict.code = bytes4(why);
        uint256 length = why.length - 4;
        verdict.values = new bytes(length);
        bytes memory values = verdict.values;
        assembly ("memory-safe") {
            mcopy(add(values, 0x20), add(why, 0x24), length)
        }
    }

    function _yes(Verdict memory verdict) private pure returns (bool) {
        return verdict.code == 0;
    }

    function _times(IEscrow.Deal calldata deal, IEscrow.DealState memory state)
        private
        view
        returns (Times memory times)
    {
        IEscrow.Status status = state.status;
        times.nowAt = block.timestamp;
        if (status == IEscrow.Status.Unopened) times.openBy = deal.openBy;
        if (status == IEscrow.Status.Open) times.cancelBy = deal.cancelBy;
        bool deliverable =
            status == IEscrow.Status.Open || status == IEscrow.Status.Delivered || status == IEscrow.Status.Rejected;
        if (deliverable) times.deliverBy = uint256(deal.milestones[state.milestone].deliverBy) + state.shift;
        if (status == IEscrow.Status.Delivered) times.reviewUntil = uint256(state.since) + deal.reviewWindow;
        if (status == IEscrow.Status.Rejected && deal.arbiter != address(0)) {
            times.disputeUntil = uint256(state.since) + deal.disputeWindow;
        }
        if (status == IEscrow.Status.Disputed) times.ruleUntil = uint256(state.since) + deal.rulingWindow;
    }

    function _side(address token, address party) private view returns (Side memory) {
        return Side(
            party,
            ESCROW.epochOf(party),
            ESCROW.accountOf(token, party),
            ESCROW.recordOf(token, party),
            _balance(token, party),
            _allowance(token, party)
        );
    }

    function _balance(address token, address party) private view returns (uint256) {
        return _read(token, abi.encodeCall(IERC20.balanceOf, (party)));
    }

    function _allowance(address token, address party) private view returns (uint256) {
        return _read(token, abi.encodeCall(IERC20.allowance, (party, address(ESCROW))));
    }

    /// @dev One word of an answer, or 0.
    function _read(address token, bytes memory data) private view returns (uint256 word) {
        assembly ("memory-safe") {
            mstore(0x00, 0)
            let ok := staticcall(gas(), token, add(data, 0x20), mload(data), 0x00, 0x20)
            if and(ok, gt(returndatasize(), 0x1f)) { word := mload(0x00) }
        }
    }
}
