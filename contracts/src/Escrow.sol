// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {EscrowActions} from "./EscrowActions.sol";
import {Accounts} from "./escrow/Accounts.sol";
import {Batches} from "./escrow/Batches.sol";
import {Consent} from "./escrow/Consent.sol";
import {Opening} from "./escrow/Opening.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IEscrowActions, IEscrowCore} from "./interfaces/IEscrowHalves.sol";
import {AccountWords, RecordWords} from "./libraries/AccountWord.sol";
import {ActionHash} from "./libraries/ActionHash.sol";
import {Clean} from "./libraries/Clean.sol";
import {DealHash} from "./libraries/DealHash.sol";
import {DealRules} from "./libraries/DealRules.sol";
import {DealWord, DealWords} from "./libraries/DealWord.sol";
import {MandateRules} from "./libraries/MandateRules.sol";

/// @title Parley escrow
/// @notice Roles, money invariants, rounding, liveness and token assumptions: see IEscrow.
/// @dev Every call loads the deal's word, checks, writes the next word, credits, and calls the token last.
/// The code is in two halves, as one contract may not be larger than 24 576 bytes (EIP-170): what happens with every deal is
/// here, the rest in EscrowActions, which the constructor makes and which nothing can exchange. Together they are IEscrow.
/// Each function that is here costs every other some 20 gas, for a selector is looked for one by one: so even views are there.
contract Escrow is Opening, Batches, Accounts {
    uint256 private constant MAX_DELIVERIES = 4;
    uint256 private constant MAX_LINKED = 64;

    EscrowActions private immutable _actions;

    constructor() Consent(address(this)) {
        _actions = new EscrowActions();
    }

    /// @dev Runs the functions of IEscrowActions, on this contract's storage and in its name. That half has no fallback of
    /// its own, so that every other selector reverts with no data, as it would without this function.
    fallback() external {
        address half = address(_actions);
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, 0, calldatasize())
            let done := delegatecall(gas(), half, m, calldatasize(), 0, 0)
            returndatacopy(m, 0, returndatasize())
            if iszero(done) { revert(m, returndatasize()) }
            return(m, returndatasize())
        }
    }

    // ---------------------------------------------------------------- opening

    /// @inheritdoc IEscrowCore
    function open(
        IEscrow.Deal calldata deal,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature,
        IEscrow.Funding calldata buyerFunding,
        IEscrow.Funding calldata sellerFunding
    ) external nonReentrant returns (bytes32 dealId) {
        dealId = _unopened(deal);
        uint256 fees = DealRules.check(deal);
        _open(deal, dealId, fees, buyerSignature, sellerSignature, buyerFunding, sellerFunding);
    }

    /// @inheritdoc IEscrowCore
    function openLinked(IEscrow.Opening[] calldata items) external nonReentrant returns (bytes32[] memory dealIds) {
        uint256 count = items.length;
        if (count < 2 || count > MAX_LINKED) revert IEscrow.BundleSize(count, MAX_LINKED);
        bytes32 bundle = DealHash.bundleOf(items);
        dealIds = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            IEscrow.Opening calldata item = items[i];
            if (item.deal.bundle != bundle) revert IEscrow.BundleMismatch(i, item.deal.bundle, bundle);
            bytes32 dealId = _unopened(item.deal);
            dealIds[i] = dealId;
            uint256 fees = DealRules.checkLinked(item.deal);
            _open(
                item.deal,
                dealId,
                fees,
                item.buyerSignature,
                item.sellerSignature,
                item.buyerFunding,
                item.sellerFunding
            );
        }
    }

    /// @inheritdoc IEscrowCore
    function openAndSettle(
        IEscrow.Deal calldata deal,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature,
        IEscrow.Funding calldata buyerFunding
    ) external nonReentrant returns (bytes32 dealId) {
        DealRules.checkInstant(deal);
        dealId = _idOf(deal);
        _exchange(deal, dealId, buyerSignature, sellerSignature, buyerFunding);
    }

    /// @inheritdoc IEscrowCore
    function cancel(IEscrow.Deal calldata deal, address party, uint128 fee, uint40 validUntil, bytes calldata signature)
        external
        nonReentrant
    {
        bytes32 dealId = _idOf(deal);
        bool instant = deal.payout & DealRules.INSTANT != 0;
        if (instant) _useInstant(deal.buyer, deal.seller, deal.nonce);
        else _requireStatus(dealId, _deals[dealId], IEscrow.Status.Unopened);
        _requireParty(deal, party);
        bytes32 action = ActionHash.cancellation(dealId, party, fee, validUntil);
        _requireAct(deal, party, MandateRules.LEAVE, action, fee, validUntil, signature);
        if (instant) {
            emit IEscrow.InstantCancelled(dealId, deal.buyer, deal.seller, party, deal.nonce);
        } else {
            _deals[dealId] = DealWords.pack(IEscrow.Status.Cancelled, 0, 0, 0, 0, 0);
            emit IEscrow.Cancelled(dealId, party);
        }
        _payFee(deal.token, party, fee);
    }

    // ----------------------------------------------------------------- batches

    /// @inheritdoc IEscrowCore
    function openBatch(IEscrow.Opening[] calldata items) external returns (IEscrow.Failure[] memory) {
        uint256 place;
        assembly ("memory-safe") {
            place := items.offset
        }
        return _each(IEscrowCore.open.selector, place, items.length);
    }

    /// @inheritdoc IEscrowCore
    function settleBatch(IEscrow.Receipt[] calldata items) external returns (IEscrow.Failure[] memory) {
        uint256 place;
        assembly ("memory-safe") {
            place := items.offset
        }
        return _each(IEscrowCore.settle.selector, place, items.length);
    }

    /// @inheritdoc IEscrowCore
    function openAndSettleBatch(IEscrow.Exchange[] calldata items) external returns (IEscrow.Failure[] memory) {
        uint256 place;
        assembly ("memory-safe") {
            place := items.offset
        }
        return _each(IEscrowCore.openAndSettle.selector, place, items.length);
    }

    /// @inheritdoc IEscrowCore
    function patchBatch(bytes4 selector, uint256 count, uint256 size, bytes calldata patches)
        external
        returns (IEscrow.Failure[] memory)
    {
        if (
            selector != IEscrowCore.open.selector && selector != IEscrowCore.settle.selector
                && selector != IEscrowCore.openAndSettle.selector
        ) revert IEscrow.BatchSelector(selector);
        return _eachPatched(selector, count, size, patches);
    }

    // ------------------------------------------------------- life of one deal

    /// @inheritdoc IEscrowCore
    function deliver(
        IEscrow.Deal calldata deal,
        uint8 milestone,
        uint8 delivery,
        bytes32 deliverable,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        (bytes32 dealId, DealWord word) = _live(deal, milestone);
        if (word.status() == IEscrow.Status.Disputed) revert IEscrow.WrongStatus(dealId, IEscrow.Status.Disputed);
        uint256 number = word.deliveries() + 1;
        if (number > MAX_DELIVERIES) revert IEscrow.DeliveryLimit(MAX_DELIVERIES);
        if (delivery != number) revert IEscrow.DeliveryMismatch(delivery, number);
        _requireNotAfter(_deadline(deal, word));
        bytes32 action =
            ActionHash.numbered(ActionHash.DELIVERY, dealId, milestone, delivery, deliverable, fee, validUntil);
        _requireAct(deal, Clean.seller(deal), MandateRules.DELIVERY, action, fee, validUntil, signature);

        _deals[dealId] = word.turned(IEscrow.Status.Delivered, number, word.shift());
        emit IEscrow.Delivered(dealId, milestone, delivery, deliverable);
        _payFee(Clean.token(deal), Clean.seller(deal), fee);
    }

    /// @inheritdoc IEscrowCore
    function settle(
        IEscrow.Deal calldata deal,
        uint8 milestone,
        bytes32 deliverable,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        (bytes32 dealId, DealWord word) = _live(deal, milestone);
        bytes32 action = ActionHash.receipt(dealId, milestone, deliverable, fee, validUntil);
        _requireAct(deal, Clean.buyer(deal), MandateRules.RECEIPT, action, fee, validUntil, signature);
        _pay(deal, dealId, word, IEscrow.Acceptance.Receipt, deliverable, fee, 0);
    }

    /// @inheritdoc IEscrowCore
    function settleBySilence(IEscrow.Deal calldata deal) external nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, IEscrow.Status.Delivered);
        _requireAfter(word.since() + Clean.reviewWindow(deal));
        _count(Clean.token(deal), Clean.buyer(deal), AccountWords.BY_SILENCE);
        (uint256 reward,) = _payCaller(deal, dealId, _amount(deal, word), 0);
        _pay(deal, dealId, word, IEscrow.Acceptance.Silence, 0, 0, reward);
    }

    /// @inheritdoc IEscrowCore
    function closeRejected(IEscrow.Deal calldata deal) external nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, IEscrow.Status.Rejected);
        if (Clean.arbiter(deal) != address(0)) _requireAfter(word.since() + Clean.disputeWindow(deal));
        uint256 toSeller = _amount(deal, word) * Clean.rejectedSellerBps(deal) / BPS + _bondLeft(deal, word.lost());
        _note(Clean.token(deal), Clean.seller(deal), RecordWords.REJECTIONS_UNDISPUTED);
        uint256 toBuyer = word.locked() - toSeller;
        _close(dealId, word, IEscrow.Outcome.RejectionClosed, toSeller, toBuyer, 0);
        (uint256 fromSeller, uint256 fromBuyer) =
            _payCaller(deal, dealId, toSeller - _bondLeft(deal, word.lost()), toBuyer);
        _payOut(deal, address(0), 0, toSeller - fromSeller, toBuyer - fromBuyer);
    }

    /// @inheritdoc IEscrowCore
    function actions() external view returns (address) {
        return address(_actions);
    }

    // --------------------------------------------------------------- internal

    /// @dev The rules of mandates are in the other half, too large for this one.
    function _useMandate(IEscrow.MandateUse memory act, bytes calldata body) internal override returns (address agent) {
        _asked = 1;
        bytes memory data = abi.encodeCall(IEscrowActions.useMandate, (act, body));
        address rules = address(_actions);
        assembly ("memory-safe") {
            if iszero(delegatecall(gas(), rules, add(data, 0x20), mload(data), 0x00, 0x20)) {
                returndatacopy(data, 0, returndatasize())
                revert(data, returndatasize())
            }
            agent := mload(0x00)
        }
    }
}
