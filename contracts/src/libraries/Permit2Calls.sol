// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {ISignatureTransfer} from "../interfaces/ISignatureTransfer.sol";
import {DealHash} from "./DealHash.sol";
import {TokenCalls} from "./TokenCalls.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @notice Pulls money through Permit2 on a signature that names the whole deal.
/// @dev What the owner signed binds chain and Permit2 (its domain), this contract (`spender`), token, amount, deadline and,
/// as the witness, every term of the deal: it is consent to the deal. Permit2 checks it against the owner before it calls
/// the token, so no token can vouch for anyone; its address is made from its code, so there is no other code there.
library Permit2Calls {
    address internal constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;

    /// @dev What follows `...,uint256 deadline,` in the type that is signed.
    string internal constant WITNESS =
        "Deal witness)Deal(address buyer,address seller,address arbiter,address relayer,address token,uint128 price,uint128 sellerBond,uint128 arbiterFee,uint128 relayFee,uint40 openBy,uint40 cancelBy,uint32 reviewWindow,uint32 disputeWindow,uint32 rulingWindow,uint16 rejectedSellerBps,uint16 lapsedSellerBps,uint16 walkAwayBps,uint8 payout,Milestone[] milestones,bytes32 termsHash,bytes32 transcriptRoot,uint32 transcriptLength,bytes32 bundle,bytes32 amends,uint8 amendsMilestone,uint128 amendsLocked,uint64 buyerEpoch,uint64 sellerEpoch,uint256 nonce)Milestone(uint128 amount,uint40 deliverBy)TokenPermissions(address token,uint256 amount)";

    /// @notice Takes exactly `amount` of the deal's token and requires that it arrived in full.
    /// @param amount base units, as signed
    /// @param signature nonce (32 bytes, free) ‖ what Permit2 takes as a signature
    function pull(IEscrow.Deal calldata deal, address from, uint256 amount, bytes calldata signature) internal {
        if (signature.length < 32) revert IEscrow.FundingMalformed(signature.length);
        address token = deal.token;
        uint256 before = SafeTransferLib.balanceOf(token, address(this));
        if (!tryPull(deal, token, from, amount, signature)) revert IEscrow.FundingRefused(token, from, amount);
        TokenCalls.requireReceived(token, from, amount, before);
    }

    function tryPull(IEscrow.Deal calldata deal, address token, address from, uint256 amount, bytes calldata signature)
        private
        returns (bool taken)
    {
        bytes memory data = abi.encodeCall(
            ISignatureTransfer.permitWitnessTransferFrom,
            (
                ISignatureTransfer.PermitTransferFrom(
                    ISignatureTransfer.TokenPermissions(token, amount), uint256(bytes32(signature[:32])), deal.openBy
                ),
                ISignatureTransfer.SignatureTransferDetails(address(this), amount),
                from,
                DealHash.structHash(deal),
                WITNESS,
                signature[32:]
            )
        );
        address target = PERMIT2;
        // Nothing of an answer is copied: a wallet's refusal passes through Permit2 and may be of any size.
        assembly ("memory-safe") {
            taken := call(gas(), target, 0, add(data, 0x20), mload(data), 0x00, 0x00)
            taken := and(taken, iszero(iszero(extcodesize(target))))
        }
    }
}
