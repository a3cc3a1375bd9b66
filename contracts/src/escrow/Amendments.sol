// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {IEscrowActions} from "../interfaces/IEscrowHalves.sol";
import {DealRules} from "../libraries/DealRules.sol";
import {DealWord, DealWords} from "../libraries/DealWord.sol";
import {MandateRules} from "../libraries/MandateRules.sol";
import {Deals} from "./Deals.sol";

/// @notice Putting a new deal in the place of what remains of an old one. Keeps no storage of its own.
abstract contract Amendments is IEscrowActions, Deals {
    /// @dev What each side has in the old deal and owes in the new one, base units.
    struct Move {
        uint256 buyerHas;
        uint256 sellerHas;
        uint256 buyerOwes;
        uint256 sellerOwes;
    }

    /// @inheritdoc IEscrowActions
    function amend(
        IEscrow.Deal calldata deal,
        IEscrow.Deal calldata amendment,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature,
        IEscrow.Funding calldata buyerFunding,
        IEscrow.Funding calldata sellerFunding
    ) external asEscrow nonReentrant returns (bytes32 amendmentId) {
        (bytes32 dealId, DealWord word) = _live(deal);
        _requireAmends(deal, amendment, dealId, word);
        Move memory move = Move(0, 0, 0, 0);
        move.buyerOwes = amendment.price + DealRules.checkAmendment(amendment);
        move.sellerOwes = amendment.sellerBond;
        move.sellerHas = _bondLeft(deal, word.lost());
        move.buyerHas = word.locked() - move.sellerHas;
        amendmentId = _idOf(amendment);
        _requireStatus(amendmentId, _deals[amendmentId], IEscrow.Status.Unopened);
        _requireEpochs(amendment);
        address actor = amendment.buyer;
        if (!_consents(buyerFunding.kind) || buyerSignature.length != 0) {
            uint256 spend = short(move.buyerOwes + amendment.relayFee, move.buyerHas);
            actor = _requireConsent(amendment, amendment.buyer, MandateRules.AMEND, spend, amendmentId, buyerSignature);
        }
        if (!_consents(sellerFunding.kind) || sellerSignature.length != 0) {
            uint256 spend = short(move.sellerOwes, move.sellerHas);
            address other =
                _requireConsent(amendment, amendment.seller, MandateRules.AMEND, spend, amendmentId, sellerSignature);
            if (other == actor) revert IEscrow.MandateAgent(actor);
        }
        _replace(amendment, dealId, amendmentId, word, move, buyerFunding.kind);
        _fund(
            amendment,
            amendmentId,
            amendment.token,
            amendment.buyer,
            short(move.buyerOwes, move.buyerHas),
            buyerFunding.kind,
            buyerFunding
        );
        _fund(
            amendment,
            amendmentId,
            amendment.token,
            amendment.seller,
            short(move.sellerOwes, move.sellerHas),
            sellerFunding.kind,
            sellerFunding
        );
        uint256 toSeller = short(move.sellerHas, move.sellerOwes);
        _payOut(amendment, address(0), 0, toSeller, short(move.buyerHas, move.buyerOwes));
    }

    /// @dev The old word closes, the new one begins; both before any token is called.
    function _replace(
        IEscrow.Deal calldata amendment,
        bytes32 dealId,
        bytes32 amendmentId,
        DealWord word,
        Move memory move,
        IEscrow.FundingKind buyerKind
    ) private {
        uint256 locked = move.buyerOwes + move.sellerOwes;
        if (locked > type(uint128).max) revert IEscrow.LockedTooLarge(locked);
        if (amendment.relayFee != 0) move.buyerOwes += _relayFee(amendment, buyerKind);
        uint256 toSeller = short(move.sellerHas, move.sellerOwes);
        _close(dealId, word, IEscrow.Outcome.Amended, toSeller, short(move.buyerHas, move.buyerOwes), 0);
        _deals[amendmentId] = DealWords.opened(locked);
        emit IEscrow.Opened(
            amendmentId,
            amendment.buyer,
            amendment.seller,
            amendment.token,
            amendment.price,
            uint128(locked),
            amendment.transcriptRoot
        );
        emit IEscrow.Amended(dealId, amendmentId);
    }

    function _requireAmends(IEscrow.Deal calldata deal, IEscrow.Deal calldata amendment, bytes32 dealId, DealWord word)
        private
        pure
    {
        IEscrow.Status status = word.status();
        if (status != IEscrow.Status.Open && status != IEscrow.Status.Rejected) {
            revert IEscrow.WrongStatus(dealId, status);
        }
        if (
            amendment.amends != dealId || amendment.amendsMilestone != word.milestone()
                || amendment.amendsLocked != word.locked()
        ) {
            revert IEscrow.AmendmentMismatch(dealId, uint8(word.milestone()), uint128(word.locked()));
        }
        if (amendment.buyer != deal.buyer || amendment.seller != deal.seller || amendment.token != deal.token) {
            revert IEscrow.AmendmentParties(deal.buyer, deal.seller, deal.token);
        }
    }

    /// @dev How much of `owes` is not covered by `has`.
    function short(uint256 owes, uint256 has) private pure returns (uint256) {
        return owes > has ? owes - has : 0;
    }
}
