// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Openings} from "./Openings.sol";

/// @notice What both sides agree on later: amendments of what remains of a deal. And receipts that an agent signs under a
/// mandate of the buyer.
abstract contract Agreements is Openings {
    uint8 private constant RECEIPT = 2;

    /// @dev What each side has in the old deal and owes in the new one.
    struct Sums {
        uint256 buyerHas;
        uint256 sellerHas;
        uint256 buyerOwes;
        uint256 sellerOwes;
    }

    function amend(uint256 which, uint256 amounts, uint16 options) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        IEscrow.Deal memory amendment = makeDeal(which, amounts, options);
        (amendment.buyer, amendment.seller, amendment.token) = (deal.buyer, deal.seller, deal.token);
        (amendment.buyerEpoch, amendment.sellerEpoch) = (epochs[deal.buyer], epochs[deal.seller]);
        (amendment.amends, amendment.amendsMilestone, amendment.amendsLocked) = (idOf(deal), s.milestone, s.locked);
        bytes32 id = track(amendment);
        bytes memory data = signed(keyOf[deal.seller], id);
        IEscrow.Funding memory allowance = IEscrow.Funding(IEscrow.FundingKind.Allowance, "");
        data =
            abi.encodeCall(escrow.amend, (deal, amendment, signed(keyOf[deal.buyer], id), data, allowance, allowance));
        act("amend", id, deal.token, relayer, [deal.buyer, deal.seller], data, amendable(deal, s, amendment));
        if (!sameDeal(amendment.amends)) fault("events and the amended deal's word differ");
    }

    function amendable(IEscrow.Deal memory deal, IEscrow.DealState memory s, IEscrow.Deal memory amendment)
        private
        view
        returns (Must)
    {
        if (s.status != IEscrow.Status.Open && s.status != IEscrow.Status.Rejected) return Must.Fail;
        Sums memory sums;
        sums.sellerHas = deal.sellerBond - uint256(deal.arbiterFee) * s.sellerLostBps / 10_000;
        sums.buyerHas = s.locked - sums.sellerHas;
        sums.sellerOwes = amendment.sellerBond;
        sums.buyerOwes =
            uint256(amendment.price) + uint256(amendment.arbiterFee) * amendment.milestones.length + amendment.relayFee;
        Must ofBuyer = payable_(deal.token, deal.buyer, sums.buyerOwes > sums.buyerHas);
        Must ofSeller = payable_(deal.token, deal.seller, sums.sellerOwes > sums.sellerHas);
        if (ofBuyer == Must.Fail || ofSeller == Must.Fail) return Must.Fail;
        return ofBuyer == ofSeller ? ofBuyer : Must.Either;
    }

    function payable_(address token, address from, bool pays) private view returns (Must) {
        if (!pays) return Must.Succeed;
        if (isRefused(token, from)) return Must.Fail;
        return isMoody(token, from) ? Must.Either : Must.Succeed;
    }

    /// @notice An agent accepts a delivery, with the right to do so or without.
    function settleUnder(uint256 which, uint8 actions, uint64 back) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        IEscrow.Mandate memory m;
        (m.principal, m.agent, m.role, m.token) = (deal.buyer, agent, 1, deal.token);
        (m.dealLimit, m.budget) = (type(uint128).max, type(uint128).max);
        m.validUntil = uint40(time());
        m.actions = actions;
        m.epoch = back % 4 == 0 && epochs[deal.buyer] != 0 ? epochs[deal.buyer] - 1 : epochs[deal.buyer];
        m.nonce = which;
        bool should = live(s) && actions & RECEIPT != 0 && m.epoch == epochs[deal.buyer];
        bytes32 mandate = mandateDigest(m);
        trackMandate(mandate);
        Action memory a = Action(0, uint40(time()));
        bytes memory data = signed(keyOf[agent], receipt(idOf(deal), s.milestone, bytes32(which), a));
        data = carried(m, signed(keyOf[deal.buyer], mandate), data);
        data = abi.encodeCall(escrow.settle, (deal, s.milestone, bytes32(which), 0, a.validUntil, data));
        actOn("settle under a mandate", deal, relayer, deal.buyer, data, when(should));
    }
}
