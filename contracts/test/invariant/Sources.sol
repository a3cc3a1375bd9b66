// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowModel} from "./EscrowModel.sol";

interface IPermitNonces {
    function nonces(address owner) external view returns (uint256);
}

/// @notice What one side brings to a deal: its money, from any source, and its consent, its own or an agent's under a mandate.
abstract contract Sources is EscrowModel {
    IEscrow.FundingKind internal constant ALLOWANCE = IEscrow.FundingKind.Allowance;
    IEscrow.FundingKind internal constant BALANCE = IEscrow.FundingKind.Balance;
    IEscrow.FundingKind internal constant AUTHORIZATION = IEscrow.FundingKind.Authorization;
    IEscrow.FundingKind internal constant PERMIT2_WITNESS = IEscrow.FundingKind.Permit2;
    IEscrow.FundingKind internal constant PERMIT = IEscrow.FundingKind.Permit;

    /// @dev How a side says yes: by its own signature, long or short; by its agent; by a payment that names the deal.
    uint256 internal constant SHORT = 1;
    uint256 internal constant AGENT = 2;
    uint256 internal constant BY_PAYMENT = 3;

    struct Side {
        IEscrow.Funding funding;
        Must pays;
        bytes signature;
    }

    /// @dev Accounts that hold no allowance for now, as they are to pay by a permit.
    address[] private withoutAllowance;

    // ---- both sides ----

    /// @param choices kind of money (3 bits) and of consent (2 bits) of the buyer, then of the seller
    function sides(IEscrow.Deal memory deal, bytes32 id, uint256 choices)
        internal
        returns (Side memory ofBuyer, Side memory ofSeller)
    {
        ofBuyer = side(deal, id, deal.buyer, choices & 7, choices >> 3 & 3);
        ofSeller = side(deal, id, deal.seller, choices >> 5 & 7, choices >> 8 & 3);
    }

    function both(Must one, Must other) internal pure returns (Must) {
        if (one == Must.Fail || other == Must.Fail) return Must.Fail;
        return one == other ? one : Must.Either;
    }

    function side(IEscrow.Deal memory deal, bytes32 id, address who, uint256 kind, uint256 how)
        private
        returns (Side memory s)
    {
        bool buys = who == deal.buyer;
        uint256 due = buys ? costOf(deal) : deal.sellerBond;
        (s.funding, s.pays) = source(deal, id, who, due, kind);
        if (how == AGENT) {
            IEscrow.Mandate memory m = standing(who, deal.token, buys, id);
            if (!covers(m, due)) s.pays = Must.Fail;
            s.signature = byAgent(m, id);
        } else {
            s.signature = consent(id, who, s.funding.kind, how);
        }
    }

    /// @notice What the buyer pays in all.
    function costOf(IEscrow.Deal memory deal) internal pure returns (uint256) {
        return uint256(deal.price) + uint256(deal.arbiterFee) * deal.milestones.length + deal.relayFee;
    }

    /// @dev A payment that names the deal is consent too; both at once is as good.
    function consent(bytes32 id, address who, IEscrow.FundingKind kind, uint256 how)
        internal
        view
        returns (bytes memory)
    {
        if (how == BY_PAYMENT && (kind == AUTHORIZATION || kind == PERMIT2_WITNESS)) return "";
        return how == SHORT && who.code.length == 0 ? signedShort(keyOf[who], id) : signed(keyOf[who], id);
    }

    // ---- money ----

    /// @notice The kind asked for where the account and the token know it, an allowance otherwise; and whether it will pay.
    function source(IEscrow.Deal memory deal, bytes32 id, address from, uint256 amount, uint256 kind)
        internal
        returns (IEscrow.Funding memory funding, Must must)
    {
        if (kind == 1 && balanceOf(deal.token, from) >= amount) {
            return (IEscrow.Funding(BALANCE, ""), Must.Succeed);
        }
        bool knowsPermits = deal.token == address(payment) && from.code.length == 0;
        if (kind == 2 && knowsPermits) {
            bytes32 digest = authorization(payment.DOMAIN_SEPARATOR(), from, amount, uint256(deal.openBy) + 1, id);
            return (IEscrow.Funding(AUTHORIZATION, bare(keyOf[from], digest)), Must.Succeed);
        }
        if (kind == 3) {
            uint256 nonce = uint256(keccak256(abi.encode(id, from)));
            bytes memory signature = bare(keyOf[from], witnessed(deal, amount, nonce, deal.openBy, address(escrow)));
            funding = IEscrow.Funding(PERMIT2_WITNESS, abi.encodePacked(nonce, signature));
            return (funding, willPay(deal.token, from));
        }
        if (kind == 4 && knowsPermits && amount != 0) {
            return (IEscrow.Funding(PERMIT, permitOf(from)), Must.Succeed);
        }
        return (IEscrow.Funding(ALLOWANCE, ""), amount == 0 ? Must.Succeed : willPay(deal.token, from));
    }

    function willPay(address token, address from) internal view returns (Must) {
        if (isRefused(token, from)) return Must.Fail;
        return isMoody(token, from) ? Must.Either : Must.Succeed;
    }

    /// @notice A permit over everything of an account that approved nothing until then.
    function permitOf(address from) internal returns (bytes memory) {
        vm.prank(from);
        payment.approve(address(escrow), 0);
        withoutAllowance.push(from);
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        uint256 nonce = IPermitNonces(address(payment)).nonces(from);
        bytes memory fields = abi.encode(typeHash, from, address(escrow), type(uint256).max, nonce, time());
        bytes memory signature = bare(keyOf[from], typed(payment.DOMAIN_SEPARATOR(), keccak256(fields)));
        return abi.encodePacked(type(uint256).max, time(), signature);
    }

    /// @notice Gives back the allowances that permits took the place of, whatever came of them.
    function restoreAllowances() internal {
        while (withoutAllowance.length != 0) {
            vm.prank(withoutAllowance[withoutAllowance.length - 1]);
            payment.approve(address(escrow), type(uint256).max);
            withoutAllowance.pop();
        }
    }

    // ---- mandates ----

    /// @notice What a party lets its agent do in this epoch: everything, within a budget that is soon used up or never.
    function standing(address principal, address token, bool buys, bytes32 seed)
        internal
        view
        returns (IEscrow.Mandate memory m)
    {
        (m.principal, m.agent, m.role, m.token) = (principal, agents[buys ? 0 : 1], buys ? 1 : 2, token);
        if (buys) m.dealLimit = type(uint128).max;
        m.nonce = uint256(seed) % 3;
        m.budget = m.nonce == 0 ? 3e10 : type(uint128).max;
        m.validUntil = type(uint40).max;
        m.actions = 255;
        m.epoch = epochs[principal];
    }

    function covers(IEscrow.Mandate memory m, uint256 spend) internal view returns (bool) {
        bytes32 digest = mandateDigest(m);
        return !mandateRevoked[digest] && mandateUsed[digest] + spend <= m.budget;
    }

    /// @notice The mandate signed by its principal, and `digest` by the agent.
    function byAgent(IEscrow.Mandate memory m, bytes32 digest) internal returns (bytes memory) {
        bytes32 mandate = mandateDigest(m);
        trackMandate(mandate, m.budget);
        return carried(m, signed(keyOf[m.principal], mandate), signed(keyOf[m.agent], digest));
    }
}
