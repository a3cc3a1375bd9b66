// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {AccountWord, AccountWords, Counter, RecordWords} from "../libraries/AccountWord.sol";
import {ActionHash} from "../libraries/ActionHash.sol";
import {TokenCalls} from "../libraries/TokenCalls.sol";
import {Consent} from "./Consent.sol";

/// @notice Internal balances, counters, and money in and out of them.
abstract contract Ledger is Consent {
    /// @dev A struct, so that a reference to the word can be kept instead of hashing its place twice.
    struct Place {
        AccountWord word;
    }

    mapping(address token => mapping(address party => Place)) private _accounts;
    mapping(address token => mapping(address party => uint256)) private _records;

    // --------------------------------------------------------------- external

    /// @inheritdoc IEscrow
    function deposit(address token, address to, uint128 amount) external nonReentrant {
        _checkDeposit(token, to, amount);
        _credit(token, to, amount);
        TokenCalls.pull(token, msg.sender, amount);
    }

    /// @inheritdoc IEscrow
    function depositWithAuthorization(
        address token,
        address from,
        address to,
        uint128 amount,
        uint256 validBefore,
        bytes32 salt,
        bytes calldata signature
    ) external nonReentrant {
        _checkDeposit(token, to, amount);
        _credit(token, to, amount);
        bytes32 nonce = keccak256(abi.encodePacked("Parley Deposit", to, salt));
        TokenCalls.pullAuthorized(token, from, amount, validBefore, nonce, signature);
    }

    /// @inheritdoc IEscrow
    function withdraw(
        address token,
        address party,
        address to,
        uint128 amount,
        uint128 fee,
        uint256 nonce,
        uint40 validUntil,
        bytes calldata signature
    ) external nonReentrant {
        if (amount == 0) revert AmountZero();
        _requireRecipient(to);
        bytes32 action = ActionHash.withdrawal(party, token, to, amount, fee, nonce, validUntil);
        _requireAction(party, action, validUntil, signature);
        if (signature.length != 0) _useNonce(party, nonce);
        _debit(token, party, amount);
        _payFee(token, party, fee);
        if (!TokenCalls.transfer(token, to, amount, gasleft())) revert TransferFailed(token, to, amount);
    }

    /// @inheritdoc IEscrow
    function accountOf(address token, address party) external view returns (Account memory) {
        return _accounts[token][party].word.decoded();
    }

    /// @inheritdoc IEscrow
    function recordOf(address token, address party) external view returns (Record memory) {
        return RecordWords.decoded(_records[token][party]);
    }

    // --------------------------------------------------------------- internal

    function _credit(address token, address party, uint256 amount) internal {
        if (amount == 0) return;
        Place storage place = _accounts[token][party];
        place.word = _credited(place.word, token, party, amount);
    }

    function _creditAndCount(address token, address party, uint256 amount, Counter counter) internal {
        Place storage place = _accounts[token][party];
        AccountWord word = place.word.bumped(counter);
        if (amount != 0) word = _credited(word, token, party, amount);
        place.word = word;
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
        if (available < amount) revert BalanceShort(token, party, available, amount);
        place.word = place.word.minus(amount);
        emit Debited(token, party, uint128(amount));
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

    function _fund(
        Deal calldata deal,
        bytes32 dealId,
        address token,
        address from,
        uint256 amount,
        FundingKind kind,
        Funding calldata funding
    ) internal {
        if (kind == FundingKind.Authorization) {
            uint256 validBefore = uint256(deal.openBy) + 1;
            TokenCalls.pullAuthorized(token, from, amount, validBefore, dealId, funding.signature);
        } else if (amount != 0) {
            if (kind == FundingKind.Balance) _debit(token, from, amount);
            else TokenCalls.pull(token, from, amount);
        }
    }

    /// @dev A balance stops at 2^128 − 1, so that no payout can revert: a token that conjures more than that may lose its own
    /// books, but holds up no deal. Nothing that a supported token does gets there.
    function _credited(AccountWord word, address token, address party, uint256 amount) private returns (AccountWord) {
        uint256 room = type(uint128).max - word.balance();
        if (amount > room) amount = room;
        emit Credited(token, party, uint128(amount));
        return word.plus(amount);
    }

    function _checkDeposit(address token, address to, uint256 amount) private view {
        if (amount == 0) revert AmountZero();
        _requireRecipient(to);
        if (token.code.length == 0) revert TokenWithoutCode(token);
        uint256 balance = _accounts[token][to].word.balance() + amount;
        if (balance > type(uint128).max) revert BalanceTooLarge(token, to, balance);
    }

    /// @dev What went to the escrow itself would belong to nobody.
    function _requireRecipient(address to) private view {
        if (to == address(0)) revert RecipientZero();
        if (to == address(this)) revert RecipientEscrow();
    }
}
