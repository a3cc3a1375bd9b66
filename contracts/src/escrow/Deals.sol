// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {Clean} from "../libraries/Clean.sol";
import {DealHash} from "../libraries/DealHash.sol";
import {DealRules} from "../libraries/DealRules.sol";
import {DealWord, DealWords} from "../libraries/DealWord.sol";
import {Funding} from "./Funding.sol";

/// @notice The words of all deals: how they are found and checked, and the ways in which a milestone or a deal ends.
abstract contract Deals is Funding {
    uint256 internal constant BPS = DealRules.BPS;

    mapping(bytes32 dealId => DealWord) internal _deals;
    // Written by EscrowActions, read by Escrow.
    // slither-disable-next-line uninitialized-state
    mapping(bytes32 split => bool) internal _splitSpent;
    /// @dev Nonces of instant deals, for each (buyer, seller) apart: neither can use up those of the other with anyone else.
    mapping(bytes32 place => uint256 bits) internal _instants;

    // ------------------------------------------------------------------ money

    /// @dev Pays the current milestone in full and goes to the next one or closes. `reward` is the caller's part of it, by now
    /// in its account.
    function _pay(
        IEscrow.Deal calldata deal,
        bytes32 dealId,
        DealWord word,
        IEscrow.Acceptance how,
        bytes32 deliverable,
        uint256 fee,
        uint256 reward
    ) internal {
        address token = Clean.token(deal);
        address buyer = Clean.buyer(deal);
        address seller = Clean.seller(deal);
        IEscrow.Milestone[] calldata milestones = Clean.milestones(deal);
        uint256 index = word.milestone();
        uint256 toSeller = Clean.amount(milestones, index);
        // Unpaid milestones and what is left of the bond are parts of what is locked: nothing here can wrap.
        unchecked {
            if (index + 1 != milestones.length) {
                uint256 remaining = word.locked() - toSeller;
                _deals[dealId] = _next(word, word.lost(), remaining);
                emit IEscrow.Settled(dealId, uint8(index), how, uint128(toSeller), uint128(remaining), deliverable);
            } else {
                _deals[dealId] = word.closed();
                emit IEscrow.Settled(dealId, uint8(index), how, uint128(toSeller), 0, deliverable);
                toSeller += _bondLeft(deal, word.lost());
                // What is neither the last milestone nor bond is the buyer's: fees that no arbiter earned.
                _settled(token, buyer, seller, word.locked() - toSeller);
            }
        }
        unchecked {
            toSeller -= reward;
        }
        bool inside = Clean.payout(deal) & 1 != 0;
        if (inside) _credit(token, seller, toSeller);
        if (fee != 0) _payFee(token, buyer, fee);
        if (!inside) _push(token, seller, toSeller);
    }

    /// @dev Divides the current milestone and goes to the next one or closes. `charged` is the arbiter's, by now in its
    /// account.
    /// @return sellerGets base units to pay out, bond included where the deal closes
    /// @return buyerGets base units to pay out, unused fees included where the deal closes
    function _divide(
        IEscrow.Deal calldata deal,
        bytes32 dealId,
        DealWord word,
        uint256 lost,
        uint256 toSeller,
        uint256 toBuyer,
        uint256 charged
    ) internal returns (uint256 sellerGets, uint256 buyerGets) {
        uint256 remaining = word.locked() - toSeller - toBuyer - charged;
        if (_isLast(deal, word)) {
            uint256 bond = _bondLeft(deal, lost);
            toSeller += bond;
            toBuyer += remaining - bond;
            _close(dealId, word, IEscrow.Outcome.Settled, toSeller, toBuyer, charged);
        } else {
            _deals[dealId] = _next(word, lost, remaining);
        }
        return (toSeller, toBuyer);
    }

    function _close(
        bytes32 dealId,
        DealWord word,
        IEscrow.Outcome outcome,
        uint256 toSeller,
        uint256 toBuyer,
        uint256 toArbiter
    ) internal {
        _deals[dealId] = word.closed();
        emit IEscrow.Closed(dealId, outcome, uint128(toSeller), uint128(toBuyer), uint128(toArbiter));
    }

    /// @dev Pays a stranger that calls a timed exit, so that an agent without gas is not stuck there: at most `relayFee` and a
    /// hundredth of what the exit gives, each side in proportion to its part and the remainder the buyer.
    /// @param sellerGains what the exit gives the seller, without its own bond
    /// @return fromSeller base units that the seller gets less
    /// @return fromBuyer base units that the buyer gets less
    function _payCaller(IEscrow.Deal calldata deal, bytes32 dealId, uint256 sellerGains, uint256 buyerGains)
        internal
        returns (uint256 fromSeller, uint256 fromBuyer)
    {
        if (msg.sender == Clean.buyer(deal) || msg.sender == Clean.seller(deal)) return (0, 0);
        if (msg.sender == Clean.arbiter(deal)) return (0, 0);
        uint256 gains = sellerGains + buyerGains;
        uint256 reward = gains / 100;
        if (reward > Clean.relayFee(deal)) reward = Clean.relayFee(deal);
        if (reward == 0) return (0, 0);
        // slither-disable-next-line divide-before-multiply
        fromSeller = reward * sellerGains / gains; // the reward is a whole number of units, and so is the part of it
        fromBuyer = reward - fromSeller;
        _credit(Clean.token(deal), msg.sender, reward);
        emit IEscrow.CallerPaid(dealId, msg.sender, uint128(fromSeller), uint128(fromBuyer));
    }

    /// @dev Bit of the nonce of an instant deal: one for all deals of its buyer with its seller.
    function _useInstant(address buyer, address seller, uint256 nonce) internal {
        bytes32 place = _instantPlace(buyer, seller, nonce);
        uint256 bits = _instants[place];
        uint256 bit = 1 << (nonce & 0xff);
        if (bits & bit != 0) revert IEscrow.InstantNonceUsed(buyer, seller, nonce);
        _instants[place] = bits | bit;
    }

    function _instantPlace(address buyer, address seller, uint256 nonce) internal pure returns (bytes32) {
        return keccak256(abi.encode(buyer, seller, nonce >> 8));
    }

    /// @dev Credits first, then the fee of the signed action, and only then calls of the token.
    function _payOut(IEscrow.Deal calldata deal, address signer, uint256 fee, uint256 toSeller, uint256 toBuyer)
        internal
    {
        uint256 payout = Clean.payout(deal);
        if (payout & 1 != 0) _credit(Clean.token(deal), Clean.seller(deal), toSeller);
        if (payout & 2 != 0) _credit(Clean.token(deal), Clean.buyer(deal), toBuyer);
        _payFee(Clean.token(deal), signer, fee);
        if (payout & 1 == 0) _push(Clean.token(deal), Clean.seller(deal), toSeller);
        if (payout & 2 == 0) _push(Clean.token(deal), Clean.buyer(deal), toBuyer);
    }

    // ---------------------------------------------------------------- reading

    function _idOf(IEscrow.Deal calldata deal) internal view returns (bytes32) {
        return _hashTypedData(DealHash.structHash(deal));
    }

    function _amount(IEscrow.Deal calldata deal, DealWord word) internal pure returns (uint256) {
        return Clean.amount(Clean.milestones(deal), word.milestone());
    }

    function _isLast(IEscrow.Deal calldata deal, DealWord word) internal pure returns (bool) {
        return word.milestone() + 1 == Clean.milestones(deal).length;
    }

    /// @dev The last second in which the current milestone may be delivered.
    function _deadline(IEscrow.Deal calldata deal, DealWord word) internal pure returns (uint256) {
        return Clean.deliverBy(Clean.milestones(deal), word.milestone()) + word.shift();
    }

    /// @dev What rulings left of the seller's bond: its part of them all is floor(arbiterFee · lost / 10 000).
    function _bondLeft(IEscrow.Deal calldata deal, uint256 lost) internal pure returns (uint256) {
        if (lost == 0) return Clean.sellerBond(deal);
        // At most one fee a ruling, and the bond holds one for every milestone.
        unchecked {
            return Clean.sellerBond(deal) - Clean.arbiterFee(deal) * lost / BPS;
        }
    }

    function _next(DealWord word, uint256 lost, uint256 locked) internal view returns (DealWord) {
        uint256 shift = word.status() == IEscrow.Status.Open ? word.shift() : word.frozen();
        return DealWords.pack(IEscrow.Status.Open, word.milestone() + 1, 0, lost, shift, locked);
    }

    // --------------------------------------------------------------- requiring

    function _live(IEscrow.Deal calldata deal) internal view returns (bytes32 dealId, DealWord word) {
        dealId = _idOf(deal);
        word = _deals[dealId];
        // Open, Delivered, Rejected or Disputed; Unopened wraps to the largest number.
        unchecked {
            uint256 status = DealWord.unwrap(word) & 0xff;
            if (status - 1 >= uint256(IEscrow.Status.Disputed)) revert IEscrow.WrongStatus(dealId, word.status());
        }
    }

    function _live(IEscrow.Deal calldata deal, uint8 milestone) internal view returns (bytes32 dealId, DealWord word) {
        (dealId, word) = _live(deal);
        _requireMilestone(milestone, word);
    }

    function _in(IEscrow.Deal calldata deal, IEscrow.Status status)
        internal
        view
        returns (bytes32 dealId, DealWord word)
    {
        dealId = _idOf(deal);
        word = _deals[dealId];
        _requireStatus(dealId, word, status);
    }

    function _requireStatus(bytes32 dealId, DealWord word, IEscrow.Status wanted) internal pure {
        if (word.status() != wanted) revert IEscrow.WrongStatus(dealId, word.status());
    }

    function _requireMilestone(uint8 milestone, DealWord word) internal pure {
        if (milestone != word.milestone()) revert IEscrow.MilestoneMismatch(milestone, word.milestone());
    }

    function _requireParty(IEscrow.Deal calldata deal, address party) internal pure {
        if (party == address(0) || (party != deal.buyer && party != deal.seller)) revert IEscrow.NotParty(party);
    }

    function _requireAfter(uint256 until) internal view {
        if (block.timestamp <= until) revert IEscrow.TooEarly(until + 1, block.timestamp);
    }

    function _requireNotAfter(uint256 until) internal view {
        if (block.timestamp > until) revert IEscrow.TooLate(until, block.timestamp);
    }
}
