// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowModel} from "./EscrowModel.sol";

/// @notice Deals of every shape, from every source of money; deals that are cancelled before they were opened.
abstract contract Openings is EscrowModel {
    IEscrow.FundingKind private constant ALLOWANCE = IEscrow.FundingKind.Allowance;
    IEscrow.FundingKind private constant BALANCE = IEscrow.FundingKind.Balance;
    IEscrow.FundingKind private constant AUTHORIZATION = IEscrow.FundingKind.Authorization;

    struct Side {
        IEscrow.Funding funding;
        Must pays;
        bytes signature;
    }

    /// @param options bits: payout (2), arbiter, spare bond, relay fee, cancellation window, buyer's and seller's source (2)
    function open(uint256 seed, uint256 amounts, uint16 options) external {
        IEscrow.Deal memory deal = makeDeal(seed, amounts, options);
        bytes32 id = track(deal);
        (bytes memory data, Must must) = opening(deal, id, options);
        if (!act("open", id, deal.token, relayer, [deal.buyer, deal.seller], data, must)) return;
        // A second time, and a cancellation now, never.
        actOn("reopen", deal, relayer, address(0), data, Must.Fail);
        data = abi.encodeCall(escrow.cancel, (deal, deal.buyer, 0, 0, ""));
        actOn("cancel opened", deal, deal.buyer, address(0), data, Must.Fail);
    }

    function opening(IEscrow.Deal memory deal, bytes32 id, uint16 options)
        private
        view
        returns (bytes memory data, Must must)
    {
        Side memory ofBuyer = side(deal, id, deal.buyer, options, options >> 6);
        Side memory ofSeller = side(deal, id, deal.seller, options, options >> 8);
        data = abi.encodeCall(
            escrow.open, (deal, ofBuyer.signature, ofSeller.signature, ofBuyer.funding, ofSeller.funding)
        );
        must = Must.Either;
        if (ofBuyer.pays == Must.Fail || ofSeller.pays == Must.Fail) must = Must.Fail;
        else if (ofBuyer.pays == ofSeller.pays) must = ofBuyer.pays;
    }

    /// @dev What one side brings: its money, whether that will come, and its signature.
    function side(IEscrow.Deal memory deal, bytes32 id, address who, uint16 options, uint16 kind)
        private
        view
        returns (Side memory s)
    {
        uint256 due = deal.sellerBond;
        if (who == deal.buyer) {
            due = uint256(deal.price) + uint256(deal.arbiterFee) * deal.milestones.length + deal.relayFee;
        }
        (s.funding, s.pays) = source(deal, id, who, due, kind & 3);
        s.signature = consent(id, who, s.funding.kind, options);
    }

    /// @notice Promise 3: with any signature missing or of somebody else, a deal does not open, whoever pays.
    function openForged(uint256 seed, uint256 amounts, uint16 options, uint256 forger) external {
        IEscrow.Deal memory deal = makeDeal(seed, amounts, options);
        bytes32 id = idOf(deal);
        address victim = options & 1 == 0 ? deal.buyer : deal.seller;
        address villain = party(forger);
        vm.assume(villain != victim);
        bytes memory good = signed(keyOf[victim == deal.buyer ? deal.seller : deal.buyer], id);
        bytes memory bad = options & 2 == 0 ? bytes("") : signed(keyOf[villain], id);
        IEscrow.Funding memory allowance = IEscrow.Funding(ALLOWANCE, "");
        bytes memory data = victim == deal.buyer
            ? abi.encodeCall(escrow.open, (deal, bad, good, allowance, allowance))
            : abi.encodeCall(escrow.open, (deal, good, bad, allowance, allowance));
        act("forged opening", 0, deal.token, villain, [address(0), address(0)], data, Must.Fail);
    }

    function cancel(uint256 seed, uint16 options, bool relayed) external {
        IEscrow.Deal memory deal = makeDeal(seed, seed, options);
        address who = options & 1 == 0 ? deal.buyer : deal.seller;
        bytes32 id = track(deal);
        uint128 fee = relayed ? balanceOf(deal.token, who) / 7 : 0;
        uint40 until = uint40(time());
        bytes memory data = relayed ? signed(keyOf[who], cancellation(id, who, Action(fee, until))) : bytes("");
        data = abi.encodeCall(escrow.cancel, (deal, who, fee, until, data));
        actOn("cancel", deal, relayed ? relayer : who, who, data, Must.Succeed);
    }

    /// @dev The kind asked for where the account and the token know it, an allowance otherwise; and whether it will pay.
    function source(IEscrow.Deal memory deal, bytes32 id, address from, uint256 amount, uint256 kind)
        private
        view
        returns (IEscrow.Funding memory funding, Must must)
    {
        if (kind == 1 && balanceOf(deal.token, from) >= amount) {
            return (IEscrow.Funding(BALANCE, ""), Must.Succeed);
        }
        if (kind == 2 && deal.token == address(payment) && from.code.length == 0) {
            bytes32 digest = authorization(payment.DOMAIN_SEPARATOR(), from, amount, uint256(deal.openBy) + 1, id);
            return (IEscrow.Funding(AUTHORIZATION, bare(keyOf[from], digest)), Must.Succeed);
        }
        funding = IEscrow.Funding(ALLOWANCE, "");
        if (amount == 0) return (funding, Must.Succeed);
        if (isRefused(deal.token, from)) return (funding, Must.Fail);
        return (funding, isMoody(deal.token, from) ? Must.Either : Must.Succeed);
    }

    /// @dev An authorisation of the payment is consent too; both at once is as good.
    function consent(bytes32 id, address who, IEscrow.FundingKind kind, uint16 options)
        private
        view
        returns (bytes memory)
    {
        if (kind == AUTHORIZATION && options & 1 == 0) return "";
        return options & 2 == 0 || who.code.length != 0 ? signed(keyOf[who], id) : signedShort(keyOf[who], id);
    }

    function makeDeal(uint256 seed, uint256 amounts, uint16 options) internal view returns (IEscrow.Deal memory deal) {
        uint256 n = 1 + amounts % 4;
        deal.buyer = everybody[seed % PARTIES];
        deal.seller = everybody[(seed % PARTIES + 1 + (seed >> 8) % (PARTIES - 1)) % PARTIES];
        deal.token = tokens[(seed >> 16) % tokens.length];
        deal.milestones = new IEscrow.Milestone[](n);
        deal.reviewWindow = uint32(1 + (seed >> 24) % 2 days);
        deal.disputeWindow = uint32(1 + (seed >> 48) % 2 days);
        deal.rulingWindow = uint32(1 + (seed >> 72) % 2 days);
        uint256 due = time() + 1 + (seed >> 96) % 3 days;
        for (uint256 i; i < n; ++i) {
            uint128 amount = uint128(1 + (amounts >> (i * 40)) % 1e10);
            deal.price += amount;
            deal.milestones[i] = IEscrow.Milestone(amount, uint40(due));
            due += deal.reviewWindow + (seed >> 120) % 1 days;
        }
        if (options & 4 != 0) {
            deal.arbiter = arbiters[(seed >> 240) & 1];
            deal.arbiterFee = uint128((amounts >> 160) % 1e6);
        }
        deal.sellerBond = uint128(deal.arbiterFee * n + (options & 8 != 0 ? (amounts >> 184) % 1e8 : 0));
        deal.relayFee = options & 16 != 0 ? uint128((amounts >> 216) % 1000) : 0;
        deal.payout = uint8(options & 3);
        deal.openBy = uint40(time());
        deal.cancelBy = options & 32 != 0 ? uint40(time() + 1 days) : 0;
        deal.rejectedSellerBps = uint16((seed >> 144) % 10_001);
        deal.lapsedSellerBps = uint16((seed >> 160) % 10_001);
        deal.walkAwayBps = uint16((seed >> 176) % 10_001);
        deal.buyerEpoch = epochs[deal.buyer];
        deal.sellerEpoch = epochs[deal.seller];
        deal.nonce = seed;
    }
}
