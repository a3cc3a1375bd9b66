// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {AccountWord, AccountWords, Counter, RecordWords} from "../libraries/AccountWord.sol";
import {TokenCalls} from "../libraries/TokenCalls.sol";
import {Consent} from "./Consent.sol";

/// @notice Internal balances, counters, and money in and out of them.
abstract contract Ledger is Consent {
    /// @dev A struct, so that a reference to the word can be kept instead of hashing its place twice.
    struct Place {
        AccountWord word;
    }

    mapping(address token => mapping(address party => Place)) internal _accounts;
    mapping(address token => mapping(address party => uint256)) internal _records;

    function _credit(address token, address party, uint256 amount) internal {
        if (amount == 0) return;
        Place storage place = _accounts[token][party];
        place.word = _credited(place.word, token, party, amount);
    }

    /// @dev A deal is settled: what is left of it comes to the buyer, and both sides count it.
    function _settled(address token, address buyer, address seller, uint256 left) internal {
        mapping(address party => Place) storage books = _accounts[token];
        Place storage place = books[buyer];
        AccountWord word = place.word.bumped(AccountWords.SETTLED_AS_BUYER);
        if (left != 0) word = _credited(word, token, buyer, left);
        place.word = word;
        place = books[seller];
        place.word = place.word.bumped(AccountWords.SETTLED_AS_SELLER);
    }

    /// @dev Counts an instant deal and changes the balance by what its own event says: no other event is logged for it.
    function _moveAndCount(address token, address party, uint256 comes, uint256 goes) internal {
        Place storage place = _accounts[token][party];
        AccountWord word = place.word.bumped(AccountWords.INSTANT);
        uint256 available = word.balance();
        if (available < goes) revert IEscrow.BalanceShort(token, party, available, goes);
        place.word = word.minus(goes).plus(fitting(word, comes));
    }

    function _count(address token, address party, Counter counter) internal {
        Place storage place = _accounts[token][party];
        place.word = place.word.bumped(counter);
    }

    function _note(address token, address party, Counter counter) internal {
        _records[token][party] = AccountWords.bump(_records[token][party], counter);
    }

    function _debit(address token, address party, uint256 amount) internal {
        if (amount == 0) return;
        Place storage place = _accounts[token][party];
        uint256 available = place.word.balance();
        if (available < amount) revert IEscrow.BalanceShort(token, party, available, amount);
        place.word = place.word.minus(amount);
        emit IEscrow.Debited(token, party, uint128(amount));
    }

    /// @dev From the signer's internal balance to the caller's, unless they are one.
    function _payFee(address token, address signer, uint256 fee) internal {
        if (fee == 0 || msg.sender == signer) return;
        _debit(token, signer, fee);
        _credit(token, msg.sender, fee);
    }

    /// @dev Sends a payout; where the token refuses, credits it. Nobody's refusal holds up a deal.
    function _push(address token, address to, uint256 amount) internal {
        if (amount != 0 && !TokenCalls.tryPush(token, to, amount)) _credit(token, to, amount);
    }

    /// @dev A balance stops at 2^128 − 1, so that no payout can revert: a token that conjures more than that may lose its own
    /// books, but holds up no deal. Nothing that a supported token does gets there.
    function _credited(AccountWord word, address token, address party, uint256 amount) private returns (AccountWord) {
        amount = fitting(word, amount);
        emit IEscrow.Credited(token, party, uint128(amount));
        return word.plus(amount);
    }

    function fitting(AccountWord word, uint256 amount) private pure returns (uint256) {
        uint256 room = type(uint128).max - word.balance();
        return amount > room ? room : amount;
    }
}
