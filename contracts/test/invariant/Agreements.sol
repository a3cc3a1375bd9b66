// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Openings} from "./Openings.sol";

/// @notice What both sides agree on later: amendments of what remains of a deal. And what a principal gives its agent, and
/// takes back.
abstract contract Agreements is Openings {
    uint8 private constant RECEIPT = 2;

    function amend(uint256 which, uint256 amounts, uint16 options, uint16 choices) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        IEscrow.Deal memory amendment = makeDeal(which, amounts, options);
        (amendment.buyer, amendment.seller, amendment.token) = (deal.buyer, deal.seller, deal.token);
        (amendment.buyerEpoch, amendment.sellerEpoch) = (epochs[deal.buyer], epochs[deal.seller]);
        (amendment.amends, amendment.amendsMilestone, amendment.amendsLocked) = (idOf(deal), s.milestone, s.locked);
        bytes32 id = track(amendment);
        (bytes memory data, Must must) = amending(deal, s, amendment, choices);
        if (s.status != IEscrow.Status.Open && s.status != IEscrow.Status.Rejected) must = Must.Fail;
        act("amend", id, deal.token, relayer, [deal.buyer, deal.seller], data, must);
        restoreAllowances();
        if (!sameDeal(amendment.amends)) fault("events and the amended deal's word differ");
    }

    function amending(
        IEscrow.Deal memory deal,
        IEscrow.DealState memory s,
        IEscrow.Deal memory amendment,
        uint256 choices
    ) private returns (bytes memory data, Must must) {
        // What each side has in the old deal.
        uint256 sellerHas;
        uint256 buyerHas;
        if (live(s)) {
            sellerHas = deal.sellerBond - uint256(deal.arbiterFee) * s.sellerLostBps / 10_000;
            buyerHas = s.locked - sellerHas;
        }
        bytes32 id = idOf(amendment);
        Side memory ofBuyer = paying(amendment, id, amendment.buyer, short(costOf(amendment), buyerHas), choices);
        Side memory ofSeller =
            paying(amendment, id, amendment.seller, short(amendment.sellerBond, sellerHas), choices >> 5);
        data = abi.encodeCall(
            escrow.amend, (deal, amendment, ofBuyer.signature, ofSeller.signature, ofBuyer.funding, ofSeller.funding)
        );
        return (data, both(ofBuyer.pays, ofSeller.pays));
    }

    /// @param choices kind of money (3 bits) and of consent (2 bits)
    function paying(IEscrow.Deal memory amendment, bytes32 id, address who, uint256 due, uint256 choices)
        private
        returns (Side memory s)
    {
        (s.funding, s.pays) = source(amendment, id, who, due, choices & 7);
        if (choices >> 3 & 3 != AGENT) {
            s.signature = consent(id, who, s.funding.kind, choices >> 3 & 3);
            return s;
        }
        IEscrow.Mandate memory m = standing(who, amendment.token, who == amendment.buyer, id);
        if (!covers(m, due)) s.pays = Must.Fail;
        s.signature = byAgent(m, id);
    }

    function short(uint256 owes, uint256 has) private pure returns (uint256) {
        return owes > has ? owes - has : 0;
    }

    /// @notice A principal takes back what its agent may do; once.
    function revokeMandate(uint256 which, uint256 who, bool relayed) external {
        (IEscrow.Deal memory deal,) = pick(which);
        address principal = party(who);
        IEscrow.Mandate memory m = standing(principal, deal.token, which & 1 == 0, bytes32(who >> 8));
        Action memory a = Action(relayed ? balanceOf(m.token, principal) / 5 : 0, uint40(time()));
        bytes32 digest = mandateDigest(m);
        trackMandate(digest, m.budget);
        bytes memory data = relayed ? signed(keyOf[principal], mandateRevocation(m, a)) : bytes("");
        data = abi.encodeCall(escrow.revokeMandate, (m, a.fee, a.validUntil, data));
        address caller = relayed ? relayer : principal;
        act("revoke mandate", 0, m.token, caller, [principal, address(0)], data, when(!mandateRevoked[digest]));
        act("revoke mandate again", 0, m.token, caller, [principal, address(0)], data, Must.Fail);
    }

    /// @notice An agent accepts a delivery, with the right to do so or without.
    function settleUnder(uint256 which, uint8 actions, uint64 back) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        IEscrow.Mandate memory m;
        (m.principal, m.agent, m.role, m.token) = (deal.buyer, agents[0], 1, deal.token);
        (m.dealLimit, m.budget) = (type(uint128).max, type(uint128).max);
        m.validUntil = uint40(time());
        m.actions = actions;
        m.epoch = back % 4 == 0 && epochs[deal.buyer] != 0 ? epochs[deal.buyer] - 1 : epochs[deal.buyer];
        m.nonce = which | 1 << 255;
        bool should = live(s) && actions & RECEIPT != 0 && m.epoch == epochs[deal.buyer];
        bytes32 mandate = mandateDigest(m);
        trackMandate(mandate, m.budget);
        Action memory a = Action(0, uint40(time()));
        bytes memory data = signed(keyOf[agents[0]], receipt(idOf(deal), s.milestone, bytes32(which), a));
        data = carried(m, signed(keyOf[deal.buyer], mandate), data);
        data = abi.encodeCall(escrow.settle, (deal, s.milestone, bytes32(which), 0, a.validUntil, data));
        actOn("settle under a mandate", deal, relayer, deal.buyer, data, when(should));
    }
}
