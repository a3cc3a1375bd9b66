// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {Clean} from "../libraries/Clean.sol";
import {DealWord, DealWords} from "../libraries/DealWord.sol";
import {MandateRules} from "../libraries/MandateRules.sol";
import {TokenCalls} from "../libraries/TokenCalls.sol";
import {Deals} from "./Deals.sol";

/// @notice How a deal begins, and how an instant one is done. Keeps no storage of its own.
abstract contract Opening is Deals {
    /// @dev The id of a deal that has no word yet.
    function _unopened(IEscrow.Deal calldata deal) internal view returns (bytes32 dealId) {
        dealId = _idOf(deal);
        DealWord word = _deals[dealId];
        if (DealWord.unwrap(word) != 0) revert IEscrow.WrongStatus(dealId, word.status());
    }

    /// @dev Opens a deal whose terms were checked.
    /// @param fees base units that each side locks for the arbiter
    function _open(
        IEscrow.Deal calldata deal,
        bytes32 dealId,
        uint256 fees,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature,
        IEscrow.Funding calldata buyerFunding,
        IEscrow.Funding calldata sellerFunding
    ) internal {
        IEscrow.FundingKind buyerKind = buyerFunding.kind;
        IEscrow.FundingKind sellerKind = sellerFunding.kind;
        _requireEpochs(deal);
        // A party's payment that names the whole deal is its consent too; it is verified below.
        address buyer = Clean.buyer(deal);
        address seller = Clean.seller(deal);
        address actor = buyer;
        if (buyerSignature.length != 0 || !_consents(buyerKind)) {
            actor = _requireConsent(deal, buyer, MandateRules.OPEN, 0, dealId, buyerSignature);
        }
        if (sellerSignature.length != 0 || !_consents(sellerKind)) {
            address other = _requireConsent(deal, seller, MandateRules.OPEN, 0, dealId, sellerSignature);
            if (other == actor) revert IEscrow.MandateAgent(actor);
        }

        address token = Clean.token(deal);
        uint256 bond = Clean.sellerBond(deal);
        uint256 due = Clean.price(deal);
        // A few amounts of 128 bits: no sum of them can wrap.
        unchecked {
            due += fees;
            if (due + bond > type(uint128).max) revert IEscrow.LockedTooLarge(due + bond);
            _deals[dealId] = DealWords.opened(due + bond);
            emit IEscrow.Opened(
                dealId, buyer, seller, token, uint128(Clean.price(deal)), uint128(due + bond), deal.transcriptRoot
            );
            if (Clean.relayFee(deal) != 0) due += _relayFee(deal, buyerKind);
        }
        // The usual way is the first that is asked for, and a price is never zero.
        if (buyerKind == IEscrow.FundingKind.Allowance) TokenCalls.pull(token, buyer, due);
        else _fund(deal, dealId, token, buyer, due, buyerKind, buyerFunding);
        // With neither bond nor anything signed, the seller's side has nothing to do.
        if (bond != 0 || sellerKind != IEscrow.FundingKind.Allowance) {
            _fund(deal, dealId, token, seller, bond, sellerKind, sellerFunding);
        }
    }

    /// @dev Does an instant deal whose terms were checked: the buyer's money goes to the seller. What is left of it is a bit
    /// of a nonce, one event and a count on both sides.
    function _exchange(
        IEscrow.Deal calldata deal,
        bytes32 dealId,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature,
        IEscrow.Funding calldata buyerFunding
    ) internal {
        IEscrow.FundingKind kind = buyerFunding.kind;
        address buyer = Clean.buyer(deal);
        address seller = Clean.seller(deal);
        address token = Clean.token(deal);
        uint256 price = Clean.price(deal);
        _requireEpochs(deal);
        _useInstant(buyer, seller, deal.nonce);
        address actor = buyer;
        if (buyerSignature.length != 0 || !_consents(kind)) {
            // An agent that may open, but not accept, may not pay at once either.
            uint8 acts = MandateRules.OPEN | MandateRules.RECEIPT;
            actor = _requireConsent(deal, buyer, acts, 0, dealId, buyerSignature);
        }
        if (_requireConsent(deal, seller, MandateRules.OPEN, 0, dealId, sellerSignature) == actor) {
            revert IEscrow.MandateAgent(actor);
        }
        bool inside = Clean.payout(deal) & 1 != 0;
        bool fromBalance = kind == IEscrow.FundingKind.Balance;
        emit IEscrow.InstantSettled(
            dealId, buyer, seller, token, uint128(price), deal.nonce, deal.transcriptRoot, inside, fromBalance
        );

        uint256 fee = 0;
        if (Clean.relayFee(deal) != 0) fee = _relayFee(deal, kind);
        _moveAndCount(token, seller, inside ? price : 0, 0);
        _moveAndCount(token, buyer, 0, fromBalance ? price : 0);
        if (fromBalance) {
            _debit(token, buyer, fee);
        } else {
            // Two amounts of 128 bits.
            unchecked {
                _fund(deal, dealId, token, buyer, price + fee, kind, buyerFunding);
            }
        }
        if (!inside) _push(token, seller, price);
    }
}
