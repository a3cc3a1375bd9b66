// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {EscrowActions} from "./EscrowActions.sol";
import {Accounts} from "./escrow/Accounts.sol";
import {Consent} from "./escrow/Consent.sol";
import {Deals} from "./escrow/Deals.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IEscrowActions, IEscrowCore} from "./interfaces/IEscrowHalves.sol";
import {AccountWords} from "./libraries/AccountWord.sol";
import {ActionHash} from "./libraries/ActionHash.sol";
import {DealRules} from "./libraries/DealRules.sol";
import {DealWord, DealWords} from "./libraries/DealWord.sol";
import {MandateRules} from "./libraries/MandateRules.sol";

/// @title Parley escrow
/// @notice Roles, money invariants, rounding, liveness and token assumptions: see IEscrow.
/// @dev Every call loads the deal's word, checks, writes the next word, credits, and calls the token last.
/// The code is in two halves, as one contract may not be larger than 24 576 bytes (EIP-170): what happens with every deal is
/// here, the rest in EscrowActions, which the constructor makes and which nothing can exchange. Together they are IEscrow.
contract Escrow is Deals, Accounts {
    uint256 private constant MAX_DELIVERIES = 4;

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
        uint256 fees = DealRules.check(deal);
        dealId = _idOf(deal);
        if (DealWord.unwrap(_deals[dealId]) != 0) revert IEscrow.WrongStatus(dealId, _deals[dealId].status());
        address buyer = deal.buyer;
        address seller = deal.seller;
        IEscrow.FundingKind buyerKind = buyerFunding.kind;
        IEscrow.FundingKind sellerKind = sellerFunding.kind;
        _requireEpoch(buyer, deal.buyerEpoch);
        _requireEpoch(seller, deal.sellerEpoch);
        // A party's payment that names the whole deal is its consent too; it is verified below.
        address actor = buyer;
        if (!_consents(buyerKind) || buyerSignature.length != 0) {
            actor = _requireConsent(deal, buyer, MandateRules.OPEN, 0, dealId, buyerSignature);
        }
        if (!_consents(sellerKind) || sellerSignature.length != 0) {
            address other = _requireConsent(deal, seller, MandateRules.OPEN, 0, dealId, sellerSignature);
            if (other == actor) revert IEscrow.MandateAgent(actor);
        }

        address token = deal.token;
        uint256 bond = deal.sellerBond;
        uint256 due = deal.price;
        // A few amounts of 128 bits: no sum of them can wrap.
        unchecked {
            due += fees;
            if (due + bond > type(uint128).max) revert IEscrow.LockedTooLarge(due + bond);
            _deals[dealId] = DealWords.opened(due + bond);
            emit IEscrow.Opened(dealId, buyer, seller, token, deal.price, uint128(due + bond), deal.transcriptRoot);
            if (deal.relayFee != 0) due += _relayFee(deal, buyerKind);
        }
        _fund(deal, dealId, token, buyer, due, buyerKind, buyerFunding);
        _fund(deal, dealId, token, seller, bond, sellerKind, sellerFunding);
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
        _requireAct(deal, deal.seller, MandateRules.DELIVERY, action, fee, validUntil, signature);

        _deals[dealId] = word.turned(IEscrow.Status.Delivered, number, word.shift());
        emit IEscrow.Delivered(dealId, milestone, delivery, deliverable);
        _payFee(deal.token, deal.seller, fee);
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
        _requireAct(deal, deal.buyer, MandateRules.RECEIPT, action, fee, validUntil, signature);
        _pay(deal, dealId, word, IEscrow.Acceptance.Receipt, deliverable, fee);
    }

    /// @inheritdoc IEscrowCore
    function settleBySilence(IEscrow.Deal calldata deal) external nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, IEscrow.Status.Delivered);
        _requireAfter(word.since() + deal.reviewWindow);
        _count(deal.token, deal.buyer, AccountWords.BY_SILENCE);
        _pay(deal, dealId, word, IEscrow.Acceptance.Silence, 0, 0);
    }

    // ------------------------------------------------------------------ views

    /// @inheritdoc IEscrowCore
    function dealIdOf(IEscrow.Deal calldata deal) external view returns (bytes32) {
        return _idOf(deal);
    }

    /// @inheritdoc IEscrowCore
    function stateOf(bytes32 dealId) external view returns (IEscrow.DealState memory) {
        return _deals[dealId].decoded();
    }

    /// @inheritdoc IEscrowCore
    function epochOf(address party) external view returns (uint64) {
        return _epochs[party];
    }

    /// @inheritdoc IEscrowCore
    function splitSpent(bytes32 digest) external view returns (bool) {
        return _splitSpent[digest];
    }

    /// @inheritdoc IEscrowCore
    function nonceUsed(address party, uint256 nonce) external view returns (bool) {
        return _nonces[party][nonce >> 8] >> (nonce & 0xff) & 1 == 1;
    }

    /// @inheritdoc IEscrowCore
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparator();
    }

    /// @inheritdoc IEscrowCore
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (hex"0f", NAME, VERSION, block.chainid, _escrow, bytes32(0), new uint256[](0));
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
