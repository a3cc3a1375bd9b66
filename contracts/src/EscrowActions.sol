// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Amendments} from "./escrow/Amendments.sol";
import {Consent} from "./escrow/Consent.sol";
import {Deals} from "./escrow/Deals.sol";
import {Mandates} from "./escrow/Mandates.sol";
import {Views} from "./escrow/Views.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IEscrowActions} from "./interfaces/IEscrowHalves.sol";
import {AccountWords, RecordWords} from "./libraries/AccountWord.sol";
import {ActionHash} from "./libraries/ActionHash.sol";
import {Clean} from "./libraries/Clean.sol";
import {DealRules} from "./libraries/DealRules.sol";
import {DealWord, DealWords} from "./libraries/DealWord.sol";
import {MandateRules} from "./libraries/MandateRules.sol";

/// @title Parley escrow, the other half
/// @notice The rarer calls of the escrow. Runs only as the escrow that made it, on its storage: its own is never used and
/// it never holds money.
/// @dev Both halves take their storage from Deals and declare none, so that their layouts are the same.
contract EscrowActions is Deals, Mandates, Amendments, Views {
    constructor() Consent(msg.sender) {}

    // --------------------------------------------------------- before opening

    /// @inheritdoc IEscrowActions
    function advanceEpoch(address party, uint64 epoch, uint40 validUntil, bytes calldata signature) external asEscrow {
        uint64 current = _epochs[party];
        if (epoch <= current) revert IEscrow.EpochStale(party, epoch, current);
        _requireAction(party, ActionHash.epochOf(party, epoch, validUntil), validUntil, signature);
        // One step at a time, or one account could use up the numbers of all.
        uint64 newest = _era;
        if (epoch > newest) {
            if (epoch != newest + 1) revert IEscrow.EpochStale(party, epoch, newest);
            _era = epoch;
        }
        _epochs[party] = epoch;
        emit IEscrow.EpochAdvanced(party, epoch);
    }

    // ------------------------------------------------------- life of one deal

    /// @inheritdoc IEscrowActions
    function reject(
        IEscrow.Deal calldata deal,
        uint8 milestone,
        uint8 delivery,
        bytes32 reason,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external asEscrow nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, IEscrow.Status.Delivered);
        _requireMilestone(milestone, word);
        if (delivery != word.deliveries()) revert IEscrow.DeliveryMismatch(delivery, word.deliveries());
        _requireNotAfter(word.since() + Clean.reviewWindow(deal));
        bytes32 action = ActionHash.numbered(ActionHash.REJECTION, dealId, milestone, delivery, reason, fee, validUntil);
        _requireAct(deal, Clean.buyer(deal), MandateRules.REJECTION, action, fee, validUntil, signature);

        _deals[dealId] = word.turned(IEscrow.Status.Rejected, delivery, word.frozen());
        emit IEscrow.Rejected(dealId, milestone, delivery, reason);
        _payFee(Clean.token(deal), Clean.buyer(deal), fee);
    }

    /// @inheritdoc IEscrowActions
    function dispute(
        IEscrow.Deal calldata deal,
        address party,
        uint8 milestone,
        bytes32 evidence,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external asEscrow nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, IEscrow.Status.Rejected);
        if (Clean.arbiter(deal) == address(0)) revert IEscrow.NoArbiter();
        _requireMilestone(milestone, word);
        _requireParty(deal, party);
        _requireNotAfter(word.since() + Clean.disputeWindow(deal));
        bytes32 action = ActionHash.dispute(dealId, party, milestone, evidence, fee, validUntil);
        _requireAct(deal, party, MandateRules.DISPUTE, action, fee, validUntil, signature);

        _deals[dealId] = word.turned(IEscrow.Status.Disputed, word.deliveries(), word.frozen());
        emit IEscrow.Disputed(dealId, party, milestone, evidence);
        _payFee(Clean.token(deal), party, fee);
    }

    /// @inheritdoc IEscrowActions
    function rule(
        IEscrow.Deal calldata deal,
        uint8 milestone,
        uint16 sellerBps,
        bytes32 rationale,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external asEscrow nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, IEscrow.Status.Disputed);
        _requireMilestone(milestone, word);
        if (sellerBps > BPS) revert IEscrow.BpsOutOfRange(sellerBps);
        _requireNotAfter(word.since() + Clean.rulingWindow(deal));
        bytes32 action = ActionHash.ruling(dealId, milestone, sellerBps, rationale, fee, validUntil);
        _requireAction(Clean.arbiter(deal), action, validUntil, signature);

        uint256 toSeller = _amount(deal, word) * sellerBps / BPS;
        uint256 toBuyer = _amount(deal, word) - toSeller;
        emit IEscrow.Ruled(
            dealId,
            Clean.arbiter(deal),
            milestone,
            sellerBps,
            uint128(toSeller),
            uint128(toBuyer),
            uint128(Clean.arbiterFee(deal)),
            rationale
        );
        _countRuling(deal, sellerBps);
        _credit(Clean.token(deal), Clean.arbiter(deal), Clean.arbiterFee(deal));
        (toSeller, toBuyer) =
            _divide(deal, dealId, word, word.lost() + BPS - sellerBps, toSeller, toBuyer, Clean.arbiterFee(deal));
        _payOut(deal, Clean.arbiter(deal), fee, toSeller, toBuyer);
    }

    /// @inheritdoc IEscrowActions
    function lapse(IEscrow.Deal calldata deal) external asEscrow nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, IEscrow.Status.Disputed);
        _requireAfter(word.since() + Clean.rulingWindow(deal));
        uint256 toSeller = _amount(deal, word) * Clean.lapsedSellerBps(deal) / BPS;
        uint256 toBuyer = _amount(deal, word) - toSeller;
        emit IEscrow.Lapsed(dealId, Clean.arbiter(deal), uint8(word.milestone()), uint128(toSeller), uint128(toBuyer));
        _note(Clean.token(deal), Clean.arbiter(deal), RecordWords.LAPSED);
        (uint256 sellerGets, uint256 buyerGets) = _divide(deal, dealId, word, word.lost(), toSeller, toBuyer, 0);
        (uint256 fromSeller, uint256 fromBuyer) = _payCaller(deal, dealId, toSeller, toBuyer);
        _payOut(deal, address(0), 0, sellerGets - fromSeller, buyerGets - fromBuyer);
    }

    /// @inheritdoc IEscrowActions
    function refund(
        IEscrow.Deal calldata deal,
        address party,
        uint8 milestone,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external asEscrow nonReentrant {
        (bytes32 dealId, DealWord word) = _in(deal, IEscrow.Status.Open);
        _requireMilestone(milestone, word);
        uint256 deadline = _deadline(deal, word);
        uint256 toSeller = 0;
        IEscrow.Outcome outcome = IEscrow.Outcome.Defaulted;
        if (party == address(0)) {
            _requireAfter(deadline);
            _count(Clean.token(deal), Clean.seller(deal), AccountWords.DEFAULTED);
        } else {
            _requireParty(deal, party);
            toSeller = _bondLeft(deal, word.lost());
            if (party == Clean.buyer(deal)) {
                outcome = IEscrow.Outcome.CancelledByBuyer;
                _requireNotAfter(deal.cancelBy);
                _note(Clean.token(deal), party, RecordWords.CANCELLED);
            } else {
                outcome = IEscrow.Outcome.WalkedAway;
                _requireNotAfter(deadline);
                toSeller -= toSeller * Clean.walkAwayBps(deal) / BPS;
                _note(Clean.token(deal), party, RecordWords.WALKED_AWAY);
            }
            bytes32 action = ActionHash.refund(dealId, party, milestone, fee, validUntil);
            _requireAct(deal, party, MandateRules.LEAVE, action, fee, validUntil, signature);
        }
        uint256 toBuyer = word.locked() - toSeller;
        _close(dealId, word, outcome, toSeller, toBuyer, 0);
        if (party == address(0)) {
            (, uint256 reward) = _payCaller(deal, dealId, 0, toBuyer);
            _payOut(deal, party, 0, toSeller, toBuyer - reward);
        } else {
            _payOut(deal, party, fee, toSeller, toBuyer);
        }
    }

    /// @inheritdoc IEscrowActions
    function split(
        IEscrow.Deal calldata deal,
        IEscrow.Split calldata terms,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature
    ) external asEscrow nonReentrant {
        (bytes32 dealId, DealWord word) = _live(deal);
        _requireSplit(deal, dealId, word, terms);
        bytes32 digest = _hashTypedData(ActionHash.split(terms));
        if (_splitSpent[digest]) revert IEscrow.SplitSpent(digest);
        // Each side pays half of the fee; either half is at most this.
        uint256 half = terms.fee - terms.fee / 2;
        address actor = _requireConsent(deal, Clean.buyer(deal), MandateRules.SPLIT, half, digest, buyerSignature);
        address other = _requireConsent(deal, Clean.seller(deal), MandateRules.SPLIT, half, digest, sellerSignature);
        if (other == actor) revert IEscrow.MandateAgent(actor);

        _note(Clean.token(deal), Clean.buyer(deal), RecordWords.SPLITS);
        _note(Clean.token(deal), Clean.seller(deal), RecordWords.SPLITS);
        _credit(Clean.token(deal), Clean.arbiter(deal), terms.toArbiter);
        _close(dealId, word, IEscrow.Outcome.Split, terms.toSeller, terms.toBuyer, terms.toArbiter);
        _paySplit(deal, terms);
    }

    /// @inheritdoc IEscrowActions
    function revokeSplit(
        IEscrow.Deal calldata deal,
        IEscrow.Split calldata terms,
        address party,
        uint40 validUntil,
        bytes calldata signature
    ) external asEscrow {
        bytes32 dealId = _idOf(deal);
        if (terms.dealId != dealId) revert IEscrow.SplitMismatch(terms.milestone, terms.status, terms.locked);
        _requireParty(deal, party);
        bytes32 digest = _hashTypedData(ActionHash.split(terms));
        bytes32 action = ActionHash.splitRevocation(digest, party, validUntil);
        _requireAct(deal, party, MandateRules.SPLIT, action, 0, validUntil, signature);
        if (_splitSpent[digest]) revert IEscrow.SplitSpent(digest);
        _splitSpent[digest] = true;
        emit IEscrow.SplitRevoked(digest, party);
    }

    // --------------------------------------------------------------- internal

    function _paySplit(IEscrow.Deal calldata deal, IEscrow.Split calldata terms) private {
        uint256 fee = msg.sender == Clean.buyer(deal) || msg.sender == Clean.seller(deal) ? 0 : terms.fee;
        uint256 payout = Clean.payout(deal);
        if (payout & 1 != 0) _credit(Clean.token(deal), Clean.seller(deal), terms.toSeller);
        if (payout & 2 != 0) _credit(Clean.token(deal), Clean.buyer(deal), terms.toBuyer);
        _payFee(Clean.token(deal), Clean.seller(deal), fee / 2);
        _payFee(Clean.token(deal), Clean.buyer(deal), fee - fee / 2);
        if (payout & 1 == 0) _push(Clean.token(deal), Clean.seller(deal), terms.toSeller);
        if (payout & 2 == 0) _push(Clean.token(deal), Clean.buyer(deal), terms.toBuyer);
    }

    function _countRuling(IEscrow.Deal calldata deal, uint256 sellerBps) private {
        _note(Clean.token(deal), Clean.arbiter(deal), RecordWords.RULED);
        _countDispute(Clean.token(deal), Clean.seller(deal), sellerBps * 2 < BPS);
        _countDispute(Clean.token(deal), Clean.buyer(deal), sellerBps * 2 > BPS);
    }

    function _countDispute(address token, address party, bool lost) private {
        if (lost) _count(token, party, AccountWords.DISPUTES_LOST);
        else _note(token, party, RecordWords.DISPUTES_WON);
    }

    function _requireSplit(IEscrow.Deal calldata deal, bytes32 dealId, DealWord word, IEscrow.Split calldata terms)
        private
        view
    {
        IEscrow.Status status = word.status();
        if (
            terms.dealId != dealId || terms.milestone != word.milestone() || terms.status != uint8(status)
                || terms.locked != word.locked()
        ) {
            revert IEscrow.SplitMismatch(uint8(word.milestone()), uint8(status), uint128(word.locked()));
        }
        uint256 sum = uint256(terms.toSeller) + terms.toBuyer + terms.toArbiter;
        if (sum != terms.locked) revert IEscrow.SplitSum(sum, terms.locked);
        if (terms.toArbiter != 0 && Clean.arbiter(deal) == address(0)) revert IEscrow.NoArbiter();
        if (block.timestamp > terms.validUntil) revert IEscrow.ActionExpired(terms.validUntil, block.timestamp);
    }
}
