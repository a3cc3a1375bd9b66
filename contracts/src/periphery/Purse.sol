// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {IPurse} from "../interfaces/IPurse.sol";
import {ActionHash} from "../libraries/ActionHash.sol";
import {Relayed} from "./Relayed.sol";

/// @notice Internal balances and their withdrawal. Where the tokens lie is for the contract to say.
abstract contract Purse is IPurse, Relayed {
    mapping(address token => mapping(address party => uint256)) private _balances;
    /// @dev 256 nonces a word: order does not matter, so nothing waits for anything.
    mapping(address party => mapping(uint256 index => uint256 bits)) private _nonces;

    /// @inheritdoc IPurse
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
        if (amount == 0) revert IEscrow.AmountZero();
        if (to == address(0)) revert IEscrow.RecipientZero();
        bytes32 action = ActionHash.withdrawal(party, token, to, amount, fee, nonce, validUntil);
        _requireAction(party, action, validUntil, signature);
        if (signature.length != 0) _useNonce(party, nonce);
        _debit(token, party, amount);
        _payFee(token, party, fee);
        _send(token, to, amount);
    }

    /// @inheritdoc IPurse
    function balanceOf(address token, address party) external view returns (uint256) {
        return _balances[token][party];
    }

    /// @inheritdoc IPurse
    function nonceUsed(address party, uint256 nonce) external view returns (bool) {
        return _nonces[party][nonce >> 8] >> (nonce & 0xff) & 1 == 1;
    }

    /// @inheritdoc IPurse
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparator();
    }

    /// @dev Pays out of the contract's holdings, or reverts.
    function _send(address token, address to, uint256 amount) internal virtual;

    function _credit(address token, address party, uint256 amount) internal {
        if (amount != 0) {
            // Amounts are of 128 bits: no number of calls that fits a chain adds up to 2^256.
            unchecked {
                _balances[token][party] += amount;
            }
            emit Credited(token, party, uint128(amount));
        }
    }

    function _debit(address token, address party, uint256 amount) internal {
        if (amount == 0) return;
        uint256 available = _balances[token][party];
        if (available < amount) revert IEscrow.BalanceShort(token, party, available, amount);
        unchecked {
            _balances[token][party] = available - amount;
        }
        emit Debited(token, party, uint128(amount));
    }

    /// @dev From the signer's internal balance to the caller's, unless they are one.
    function _payFee(address token, address signer, uint256 fee) internal {
        if (fee == 0 || msg.sender == signer) return;
        _debit(token, signer, fee);
        _credit(token, msg.sender, fee);
    }

    function _useNonce(address party, uint256 nonce) private {
        uint256 bit = 1 << (nonce & 0xff);
        uint256 bits = _nonces[party][nonce >> 8];
        if (bits & bit != 0) revert IEscrow.NonceUsed(party, nonce);
        _nonces[party][nonce >> 8] = bits | bit;
    }
}
