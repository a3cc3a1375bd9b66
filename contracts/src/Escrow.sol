// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Deals} from "./escrow/Deals.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {AccountWords, RecordWords} from "./libraries/AccountWord.sol";
import {ActionHash} from "./libraries/ActionHash.sol";
import {DealRules} from "./libraries/DealRules.sol";
import {DealWord, DealWords} from "./libraries/DealWord.sol";

/// @title Parley escrow
/// @notice Roles, money invariants, rounding, liveness and token assumptions: see IEscrow.
/// @dev Every call loads the deal's word, checks, writes the next word, credits, and calls the token last.
contract Escrow is Deals {
    uint256 private constant MAX_DELIVERIES = 4;

    mapping(bytes32 split => bool) private _splitSpent;

    // ---------------------------------------------------------------- opening

    /// @inheritdoc IEscrow
    function open(
        Deal calldata deal,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature,
        Funding calldata buyerFunding,
        Funding calldata sellerFunding
    ) external nonReentrant returns (bytes32 dealId) {
        uint256 fees = DealRules.check(deal);
        dealId = _idOf(deal);
        if (DealWord.unwrap(_deals[dealId]) != 0) revert WrongStatus(dealId, _deals[dealId].status());
        address buyer = deal.buyer;
        address seller = deal.seller;
        FundingKind buyerKind = buyerFunding.kind;
        FundingKind sellerKind = sellerFunding.kind;
        _requireEpoch(buyer, deal.buyerEpoch);
        _requireEpoch(seller, deal.sellerEpoch);
        // A party's EIP-3009 authorisation with the deal's id as nonce is its consent too; it is verified below.
        if (buyerKind != FundingKind.Authorization || buyerSignature.length != 0) {
            _requireSignature(buyer, dealId, buyerSignature);
        }
        if (sellerKind != FundingKind.Authorization || sellerSignature.length != 0) {
            _requireSignature(seller, dealId, sellerSignature);
        }

        address token = deal.token;
        uint256 bond = deal.sellerBond;
        uint256 due = deal.price;
        // A few amounts of 128 bits: no sum of them can wrap.
        unchecked {
            due += fees;
            if (due + bond > type(uint128).max) revert LockedTooLarge(due + bond);
            _deals[dealId] = DealWords.opened(due + bond);
            emit Opened(dealId, buyer, seller, token, deal.price, uint128(due + bond), deal.transcriptRoot);
            if (deal.relayFee != 0) due += _relayFee(deal, buyerKind);
        }
        _fund(deal, dealId, token, buyer, due, buyerKind, buyerFunding);
        _fund(deal, dealId, token, seller, bond, sellerKind, sellerFunding);
    }

    /// @inheritdoc IEscrow
    function cancel(Deal calldata deal, address party, uint128 fee, uint40 validUntil, bytes calldata signature)
        external
        nonReentrant
    {
        bytes32 dealId = _idOf(deal);
        _requireStatus(dealId, _deals[dealId], Status.Unopened);
        _requireParty(deal, party);
        _requireAction(party, ActionHash.cancellation(dealId, party, fee, validUntil), validUntil, signature);
        _deals[dealId] = DealWords.pack(Status.Cancelled, 0, 0, 0, 0, 0);
        emit Cancelled(dealId, party);
        _payFee(deal.token, party, fee);
    }

    // ------------------------------------------------------- life of one deal

    /// @inheritdoc IEscrow
    function deliver(
        Deal calldata deal,
        uint8 milestone,
        uint8 delivery,
        bytes32 deliverable,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        (bytes32 dealId, DealWord word) = _live(deal, milestone);
        if (word.status() == Status.Disputed) revert WrongStatus(dealId, Status.Disputed);
        uint256 number = word.deliveries() + 1;
        if (number > MAX_DELIVERIES) revert DeliveryLimit(MAX_DELIVERIES);
        if (delivery != number) revert DeliveryMismatch(delivery, number);
        _requireNotAfter(_deadline(deal, word));
        bytes32 action =
            ActionHash.numbered(ActionHash.DELIVERY, dealId, milestone, delivery, deliverable, fee, validUntil);
        _requireAction(deal.seller, action, validUntil, signature);

        _deals[dealId] = word.turned(Status.Delivered, number, word.shift());
        emit Delivered(dealId, milestone, delivery, deliverable);
        _payFee(deal.token, deal.seller, fee);
    }

    /// @inheritdoc IEscrow
    function settle(
        Deal calldata deal,
        uint8 milestone,
        bytes32 deliverable,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        (bytes32 dealId, DealWord word) = _live(deal, milestone);
        bytes32 action = ActionHash.receipt(dealId, milestone, deliverable, fee, validUntil);
        _requireAction(deal.buyer, action, validUntil, signature);
        _pay(deal, dealId, word, Acceptance.Receipt, deliverable, fee);
    }

    /// @inheritdoc IEscrow
    function settleBySilence(Deal calldata deal) external nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, Status.Delivered);
        _requireAfter(word.since() + deal.reviewWindow);
        _count(deal.token, deal.buyer, AccountWords.BY_SILENCE);
        _pay(deal, dealId, word, Acceptance.Silence, 0, 0);
    }

    /// @inheritdoc IEscrow
    function reject(
        Deal calldata deal,
        uint8 milestone,
        uint8 delivery,
        bytes32 reason,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, Status.Delivered);
        _requireMilestone(milestone, word);
        if (delivery != word.deliveries()) revert DeliveryMismatch(delivery, word.deliveries());
        _requireNotAfter(word.since() + deal.reviewWindow);
        bytes32 action = ActionHash.numbered(ActionHash.REJECTION, dealId, milestone, delivery, reason, fee, validUntil);
        _requireAction(deal.buyer, action, validUntil, signature);

        _deals[dealId] = word.turned(Status.Rejected, delivery, word.frozen());
        emit Rejected(dealId, milestone, delivery, reason);
        _payFee(deal.token, deal.buyer, fee);
    }

    /// @inheritdoc IEscrow
    function closeRejected(Deal calldata deal) external nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, Status.Rejected);
        if (deal.arbiter != address(0)) _requireAfter(word.since() + deal.disputeWindow);
        uint256 toSeller = _amount(deal, word) * deal.rejectedSellerBps / BPS + _bondLeft(deal, word.lost());
        _note(deal.token, deal.seller, RecordWords.REJECTIONS_UNDISPUTED);
        _close(dealId, word, Outcome.RejectionClosed, toSeller, word.locked() - toSeller, 0);
        _payOut(deal, address(0), 0, toSeller, word.locked() - toSeller);
    }

    /// @inheritdoc IEscrow
    function dispute(
        Deal calldata deal,
        address party,
        uint8 milestone,
        bytes32 evidence,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, Status.Rejected);
        if (deal.arbiter == address(0)) revert NoArbiter();
        _requireMilestone(milestone, word);
        _requireParty(deal, party);
        _requireNotAfter(word.since() + deal.disputeWindow);
        bytes32 action = ActionHash.dispute(dealId, party, milestone, evidence, fee, validUntil);
        _requireAction(party, action, validUntil, signature);

        _deals[dealId] = word.turned(Status.Disputed, word.deliveries(), word.frozen());
        emit Disputed(dealId, party, milestone, evidence);
        _payFee(deal.token, party, fee);
    }

    /// @inheritdoc IEscrow
    function rule(
        Deal calldata deal,
        uint8 milestone,
        uint16 sellerBps,
        bytes32 rationale,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, Status.Disputed);
        _requireMilestone(milestone, word);
        if (sellerBps > BPS) revert BpsOutOfRange(sellerBps);
        _requireNotAfter(word.since() + deal.rulingWindow);
        bytes32 action = ActionHash.ruling(dealId, milestone, sellerBps, rationale, fee, validUntil);
        _requireAction(deal.arbiter, action, validUntil, signature);

        uint256 toSeller = _amount(deal, word) * sellerBps / BPS;
        uint256 toBuyer = _amount(deal, word) - toSeller;
        emit Ruled(
            dealId, deal.arbiter, milestone, sellerBps, uint128(toSeller), uint128(toBuyer), deal.arbiterFee, rationale
        );
        _countRuling(deal, sellerBps);
        _credit(deal.token, deal.arbiter, deal.arbiterFee);
        _divide(deal, dealId, word, word.lost() + BPS - sellerBps, toSeller, toBuyer, deal.arbiterFee, fee);
    }

    /// @inheritdoc IEscrow
    function lapse(Deal calldata deal) external nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, Status.Disputed);
        _requireAfter(word.since() + deal.rulingWindow);
        uint256 toSeller = _amount(deal, word) * deal.lapsedSellerBps / BPS;
        uint256 toBuyer = _amount(deal, word) - toSeller;
        emit Lapsed(dealId, deal.arbiter, uint8(word.milestone()), uint128(toSeller), uint128(toBuyer));
        _note(deal.token, deal.arbiter, RecordWords.LAPSED);
        _divide(deal, dealId, word, word.lost(), toSeller, toBuyer, 0, 0);
    }

    /// @inheritdoc IEscrow
    function refund(
        Deal calldata deal,
        address party,
        uint8 milestone,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, Status.Open);
        _requireMilestone(milestone, word);
        uint256 deadline = _deadline(deal, word);
        uint256 toSeller = 0;
        Outcome outcome = Outcome.Defaulted;
        if (party == address(0)) {
            _requireAfter(deadline);
            _count(deal.token, deal.seller, AccountWords.DEFAULTED);
        } else {
            _requireParty(deal, party);
            toSeller = _bondLeft(deal, word.lost());
            if (party == deal.buyer) {
                outcome = Outcome.CancelledByBuyer;
                _requireNotAfter(deal.cancelBy);
                _note(deal.token, party, RecordWords.CANCELLED);
            } else {
                outcome = Outcome.WalkedAway;
                _requireNotAfter(deadline);
                toSeller -= toSeller * deal.walkAwayBps / BPS;
                _note(deal.token, party, RecordWords.WALKED_AWAY);
            }
            bytes32 action = ActionHash.refund(dealId, party, milestone, fee, validUntil);
            _requireAction(party, action, validUntil, signature);
        }
        uint256 toBuyer = word.locked() - toSeller;
        _close(dealId, word, outcome, toSeller, toBuyer, 0);
        _payOut(deal, party, party == address(0) ? 0 : fee, toSeller, toBuyer);
    }

    /// @inheritdoc IEscrow
    function split(
        Deal calldata deal,
        Split calldata terms,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature
    ) external nonReentrant {
        (bytes32 dealId, DealWord word) = _live(deal);
        _requireSplit(deal, dealId, word, terms);
        bytes32 digest = _hashTypedData(ActionHash.split(terms));
        if (_splitSpent[digest]) revert SplitSpent(digest);
        _requireSignature(deal.buyer, digest, buyerSignature);
        _requireSignature(deal.seller, digest, sellerSignature);

        _note(deal.token, deal.buyer, RecordWords.SPLITS);
        _note(deal.token, deal.seller, RecordWords.SPLITS);
        _credit(deal.token, deal.arbiter, terms.toArbiter);
        _close(dealId, word, Outcome.Split, terms.toSeller, terms.toBuyer, terms.toArbiter);
        _paySplit(deal, terms);
    }

    /// @inheritdoc IEscrow
    function revokeSplit(
        Deal calldata deal,
        Split calldata terms,
        address party,
        uint40 validUntil,
        bytes calldata signature
    ) external {
        bytes32 dealId = _idOf(deal);
        if (terms.dealId != dealId) revert SplitMismatch(terms.milestone, terms.status, terms.locked);
        _requireParty(deal, party);
        bytes32 digest = _hashTypedData(ActionHash.split(terms));
        _requireAction(party, ActionHash.splitRevocation(digest, party, validUntil), validUntil, signature);
        if (_splitSpent[digest]) revert SplitSpent(digest);
        _splitSpent[digest] = true;
        emit SplitRevoked(digest, party);
    }

    /// @inheritdoc IEscrow
    function splitSpent(bytes32 digest) external view returns (bool) {
        return _splitSpent[digest];
    }

    // --------------------------------------------------------------- internal

    /// @dev The relay fee goes to a caller that may have it; an authorisation always carries it, so what nobody earned
    /// returns to the buyer's internal balance.
    /// @return due base units to take from the buyer for it
    function _relayFee(Deal calldata deal, FundingKind kind) private returns (uint256 due) {
        bool earned = (deal.relayer == address(0) || deal.relayer == msg.sender) && msg.sender != deal.buyer
            && msg.sender != deal.seller;
        if (!earned && kind != FundingKind.Authorization) return 0;
        due = deal.relayFee;
        _credit(deal.token, earned ? msg.sender : deal.buyer, due);
    }

    function _paySplit(Deal calldata deal, Split calldata terms) private {
        uint256 fee = msg.sender == deal.buyer || msg.sender == deal.seller ? 0 : terms.fee;
        uint256 payout = deal.payout;
        if (payout & 1 != 0) _credit(deal.token, deal.seller, terms.toSeller);
        if (payout & 2 != 0) _credit(deal.token, deal.buyer, terms.toBuyer);
        _payFee(deal.token, deal.seller, fee / 2);
        _payFee(deal.token, deal.buyer, fee - fee / 2);
        if (payout & 1 == 0) _push(deal.token, deal.seller, terms.toSeller);
        if (payout & 2 == 0) _push(deal.token, deal.buyer, terms.toBuyer);
    }

    function _countRuling(Deal calldata deal, uint256 sellerBps) private {
        _note(deal.token, deal.arbiter, RecordWords.RULED);
        _countDispute(deal.token, deal.seller, sellerBps * 2 < BPS);
        _countDispute(deal.token, deal.buyer, sellerBps * 2 > BPS);
    }

    function _countDispute(address token, address party, bool lost) private {
        if (lost) _count(token, party, AccountWords.DISPUTES_LOST);
        else _note(token, party, RecordWords.DISPUTES_WON);
    }

    function _requireSplit(Deal calldata deal, bytes32 dealId, DealWord word, Split calldata terms) private view {
        Status status = word.status();
        if (
            terms.dealId != dealId || terms.milestone != word.milestone() || terms.status != uint8(status)
                || terms.locked != word.locked()
        ) {
            revert SplitMismatch(uint8(word.milestone()), uint8(status), uint128(word.locked()));
        }
        uint256 sum = uint256(terms.toSeller) + terms.toBuyer + terms.toArbiter;
        if (sum != terms.locked) revert SplitSum(sum, terms.locked);
        if (terms.toArbiter != 0 && deal.arbiter == address(0)) revert NoArbiter();
        if (block.timestamp > terms.validUntil) revert ActionExpired(terms.validUntil, block.timestamp);
    }
}
