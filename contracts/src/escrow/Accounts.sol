// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {IEscrowCore} from "../interfaces/IEscrowHalves.sol";
import {ActionHash} from "../libraries/ActionHash.sol";
import {TokenCalls} from "../libraries/TokenCalls.sol";
import {Ledger} from "./Ledger.sol";

/// @notice Money into and out of internal balances. Keeps no storage of its own.
abstract contract Accounts is IEscrowCore, Ledger {
    /// @inheritdoc IEscrowCore
    function deposit(address token, address to, uint128 amount) external nonReentrant {
        _checkDeposit(token, to, amount);
        _credit(token, to, amount);
        TokenCalls.pull(token, msg.sender, amount);
    }

    /// @inheritdoc IEscrowCore
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

    /// @inheritdoc IEscrowCore
    function depositWithPermit(address token, address to, uint128 amount, bytes calldata permit) external nonReentrant {
        _checkDeposit(token, to, amount);
        _credit(token, to, amount);
        TokenCalls.permit(token, msg.sender, amount, permit);
        TokenCalls.pull(token, msg.sender, amount);
    }

    /// @inheritdoc IEscrowCore
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
        _requireRecipient(to);
        bytes32 action = ActionHash.withdrawal(party, token, to, amount, fee, nonce, validUntil);
        _requireAction(party, action, validUntil, signature);
        if (signature.length != 0) {
            _useNonce(party, nonce);
            emit IEscrow.NonceSpent(party, nonce);
        }
        _debit(token, party, amount);
        _payFee(token, party, fee);
        if (!TokenCalls.transfer(token, to, amount, gasleft())) revert IEscrow.TransferFailed(token, to, amount);
    }

    function _checkDeposit(address token, address to, uint256 amount) private view {
        if (amount == 0) revert IEscrow.AmountZero();
        _requireRecipient(to);
        if (token.code.length == 0) revert IEscrow.TokenWithoutCode(token);
        uint256 balance = _accounts[token][to].word.balance() + amount;
        if (balance > type(uint128).max) revert IEscrow.BalanceTooLarge(token, to, balance);
    }

    /// @dev What went to the escrow itself would belong to nobody.
    function _requireRecipient(address to) private view {
        if (to == address(0)) revert IEscrow.RecipientZero();
        if (to == address(this)) revert IEscrow.RecipientEscrow();
    }
}
