// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {IEscrowActions} from "../interfaces/IEscrowHalves.sol";
import {ActionHash} from "../libraries/ActionHash.sol";
import {MandateRules} from "../libraries/MandateRules.sol";
import {Ledger} from "./Ledger.sol";

/// @notice Agents that sign for a principal, inside what it granted. Keeps no storage of its own.
abstract contract Mandates is IEscrowActions, Ledger {
    uint256 private constant REVOKED = 1 << 255;

    /// @inheritdoc IEscrowActions
    function revokeMandate(IEscrow.Mandate calldata mandate, uint128 fee, uint40 validUntil, bytes calldata signature)
        external
        asEscrow
        nonReentrant
    {
        address principal = mandate.principal;
        bytes32 digest = _hashTypedData(MandateRules.structHash(mandate));
        bytes32 action = ActionHash.mandateRevocation(digest, principal, fee, validUntil);
        _requireAction(principal, action, validUntil, signature);
        uint256 used = _mandates[digest];
        if (used & REVOKED != 0) revert IEscrow.MandateVoid(digest);
        _mandates[digest] = used | REVOKED;
        emit IEscrow.MandateRevoked(digest, principal);
        _payFee(mandate.token, principal, fee);
    }

    /// @inheritdoc IEscrowActions
    function mandateOf(bytes32 mandate) external view returns (uint128 used, bool revoked) {
        return (uint128(_mandates[mandate]), _mandates[mandate] & REVOKED != 0);
    }

    /// @inheritdoc IEscrowActions
    function useMandate(IEscrow.MandateUse calldata act, bytes calldata body)
        external
        asEscrow
        returns (address agent)
    {
        if (_asked == 0) revert IEscrow.NotAsked(msg.sender);
        _asked = 0;
        return _useMandate(act, body);
    }

    /// @dev Wallets are asked by static calls only, so nothing changes between looking at the budget and counting.
    function _useMandate(IEscrow.MandateUse memory act, bytes calldata body) internal override returns (address agent) {
        (IEscrow.Mandate calldata mandate, bytes calldata ofPrincipal, bytes calldata ofAgent) =
            MandateRules.parts(body);
        MandateRules.requireCovers(mandate, act);
        _requireEpoch(mandate.principal, mandate.epoch);
        bytes32 digest = _hashTypedData(MandateRules.structHash(mandate));
        uint256 used = _mandates[digest];
        if (used & REVOKED != 0) revert IEscrow.MandateVoid(digest);
        if (used + act.spend > mandate.budget) {
            revert IEscrow.MandateBudget(digest, mandate.budget - used, act.spend);
        }
        _requireSignature(mandate.principal, digest, ofPrincipal);
        agent = mandate.agent;
        _requireSignature(agent, act.digest, ofAgent);
        if (act.spend != 0) _mandates[digest] = used += act.spend;
        emit IEscrow.MandateUsed(digest, agent, act.digest, uint128(used));
    }
}
