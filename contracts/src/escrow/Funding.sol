// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {Clean} from "../libraries/Clean.sol";
import {Permit2Calls} from "../libraries/Permit2Calls.sol";
import {TokenCalls} from "../libraries/TokenCalls.sol";
import {Ledger} from "./Ledger.sol";

/// @notice How the money of a deal comes in.
abstract contract Funding is Ledger {
    /// @dev Takes exactly `amount` from one side of `deal`. A payment that names the deal is checked even where it is of
    /// nothing: it may be that side's only consent.
    function _fund(
        IEscrow.Deal calldata deal,
        bytes32 dealId,
        address token,
        address from,
        uint256 amount,
        IEscrow.FundingKind kind,
        IEscrow.Funding calldata funding
    ) internal {
        if (kind == IEscrow.FundingKind.Allowance) {
            if (amount != 0) TokenCalls.pull(token, from, amount);
        } else if (kind == IEscrow.FundingKind.Authorization) {
            uint256 validBefore = Clean.openBy(deal) + 1;
            TokenCalls.pullAuthorized(token, from, amount, validBefore, dealId, funding.signature);
        } else if (kind == IEscrow.FundingKind.Balance) {
            _debit(token, from, amount);
        } else if (kind == IEscrow.FundingKind.Permit2) {
            Permit2Calls.pull(deal, from, amount, funding.signature);
        } else if (amount != 0) {
            TokenCalls.permit(token, from, amount, funding.signature);
            TokenCalls.pull(token, from, amount);
        }
    }

    /// @dev Whether a payment of this kind names the whole deal, so that it is its payer's consent too.
    function _consents(IEscrow.FundingKind kind) internal pure returns (bool) {
        return uint8(kind) & 2 != 0; // Authorization 2, Permit2 3
    }

    /// @dev The relay fee goes to a caller that may have it. A payment that names the deal always carries it, so what nobody
    /// earned returns to the buyer's internal balance.
    /// @return due base units to take from the buyer for it
    function _relayFee(IEscrow.Deal calldata deal, IEscrow.FundingKind kind) internal returns (uint256 due) {
        bool earned = (Clean.relayer(deal) == address(0) || Clean.relayer(deal) == msg.sender)
            && msg.sender != Clean.buyer(deal) && msg.sender != Clean.seller(deal);
        if (!earned && !_consents(kind)) return 0;
        due = Clean.relayFee(deal);
        _credit(Clean.token(deal), earned ? msg.sender : Clean.buyer(deal), due);
    }
}
