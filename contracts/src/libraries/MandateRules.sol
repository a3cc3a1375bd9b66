// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";

/// @notice What a mandate is, and whether it covers an act. Signatures, epochs and budgets are checked by its caller.
library MandateRules {
    uint8 internal constant BUY = 1;
    uint8 internal constant SELL = 2;

    // The bits of `actions`. Withdrawals, epochs, rulings and mandates themselves have none: no agent ever signs them.
    uint8 internal constant OPEN = 1;
    uint8 internal constant RECEIPT = 2;
    uint8 internal constant SPLIT = 4; // and taking a split back
    uint8 internal constant AMEND = 8;
    uint8 internal constant DISPUTE = 16;
    uint8 internal constant DELIVERY = 32;
    uint8 internal constant REJECTION = 64;
    uint8 internal constant LEAVE = 128; // refund before delivery, cancellation before opening

    /// @dev Mandate, 13 words, and the length of the principal's signature in two bytes.
    uint256 private constant HEAD = 13 * 32 + 2;

    bytes32 internal constant MANDATE = keccak256(
        "Mandate(address principal,address agent,uint8 role,address token,uint128 dealLimit,uint128 budget,uint40 validFrom,uint40 validUntil,uint8 actions,address counterparty,address arbiter,uint64 epoch,uint256 nonce)"
    );

    /// @notice The act as a mandate looks at it.
    /// @param spend base units that it takes from `party`, beside what opening takes
    function useOf(IEscrow.Deal calldata deal, address party, uint8 acts, uint256 spend, bytes32 digest)
        internal
        pure
        returns (IEscrow.MandateUse memory act)
    {
        bool buying = party == deal.buyer;
        act.principal = party;
        act.role = buying ? BUY : SELL;
        act.actions = acts;
        act.digest = digest;
        act.token = deal.token;
        act.counterparty = buying ? deal.seller : deal.buyer;
        act.arbiter = deal.arbiter;
        act.worth = deal.price;
        if (buying) act.worth += uint256(deal.arbiterFee) * deal.milestones.length + deal.relayFee;
        act.spend = spend;
        if (acts & OPEN != 0) act.spend += buying ? act.worth : deal.sellerBond;
    }

    /// @dev Every field of Mandate is a word of its own, so its ABI encoding is its EIP-712 data.
    function structHash(IEscrow.Mandate calldata mandate) internal pure returns (bytes32) {
        return keccak256(abi.encode(MANDATE, mandate));
    }

    /// @notice Takes the body of a mandate signature apart: `abi.encode(mandate) ‖ length (2 bytes) ‖ the principal's
    /// signature ‖ the agent's`, both with their kind byte. One meaning, one encoding.
    function parts(bytes calldata body)
        internal
        pure
        returns (IEscrow.Mandate calldata mandate, bytes calldata ofPrincipal, bytes calldata ofAgent)
    {
        if (body.length < HEAD) revert IEscrow.MandateMalformed(body.length);
        uint256 end = HEAD + uint16(bytes2(body[HEAD - 2:HEAD]));
        if (body.length < end) revert IEscrow.MandateMalformed(body.length);
        assembly ("memory-safe") {
            mandate := body.offset
        }
        ofPrincipal = body[HEAD:end];
        ofAgent = body[end:];
    }

    /// @notice Reverts unless `mandate` covers `act`.
    /// @dev Its limits hold for whatever is done with a deal, so that an agent that may only accept deliveries does not
    /// accept those of a deal beyond them that its principal opened itself.
    function requireCovers(IEscrow.Mandate calldata mandate, IEscrow.MandateUse memory act) internal view {
        if (mandate.principal != act.principal) revert IEscrow.MandateOfAnother(mandate.principal, act.principal);
        if (mandate.role != act.role) revert IEscrow.MandateRole(mandate.role, act.role);
        if (mandate.actions & act.actions != act.actions) {
            revert IEscrow.MandateAction(mandate.actions, act.actions);
        }
        if (block.timestamp < mandate.validFrom || block.timestamp > mandate.validUntil) {
            revert IEscrow.MandateTime(mandate.validFrom, mandate.validUntil, block.timestamp);
        }
        if (mandate.token != act.token) revert IEscrow.MandateToken(mandate.token, act.token);
        if (mandate.counterparty != address(0) && mandate.counterparty != act.counterparty) {
            revert IEscrow.MandateCounterparty(mandate.counterparty, act.counterparty);
        }
        if (mandate.arbiter != address(0) && mandate.arbiter != act.arbiter) {
            revert IEscrow.MandateArbiter(mandate.arbiter, act.arbiter);
        }
        if (mandate.agent == act.counterparty || mandate.agent == act.arbiter) {
            revert IEscrow.MandateAgent(mandate.agent);
        }
        if (act.role == BUY ? act.worth > mandate.dealLimit : act.worth < mandate.dealLimit) {
            revert IEscrow.MandateLimit(mandate.dealLimit, act.worth);
        }
    }
}
