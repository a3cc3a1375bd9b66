// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {PlainToken} from "../tokens/PlainToken.sol";
import {Batches} from "./Batches.sol";

/// @notice The life of a deal: every action by the party itself, signed and relayed for a fee, or by its agent.
abstract contract Lives is Batches {
    /// @dev How an action is submitted: by the party itself, or relayed for a fee with its own signature or its agent's.
    struct Form {
        address caller;
        uint128 fee;
        uint40 until;
        bool relayed;
        bool byAgent;
        bool covered; // or no agent
        IEscrow.Mandate mandate;
    }

    /// @dev Every other time relayed, for a part of what the signer has inside.
    function form(uint256 seed, address signer, address token) internal view returns (Form memory f) {
        f.relayed = (seed >> 64) & 1 == 1;
        f.covered = true;
        f.caller = f.relayed ? relayer : signer;
        if (!f.relayed) return f;
        f.until = uint40(time());
        f.fee = uint128((seed >> 65) % 3 == 0 ? 0 : balanceOf(token, signer) / (1 + (seed >> 67) % 100));
    }

    /// @dev The same of a party of a deal, whose agent may act for it.
    function formOf(uint256 seed, address signer, IEscrow.Deal memory deal) internal view returns (Form memory f) {
        f = form(seed, signer, deal.token);
        if (!f.relayed || (seed >> 80) % 3 != 0 || keyOf[signer] == 0) return f;
        f.byAgent = true;
        f.mandate = standing(signer, deal.token, signer == deal.buyer, bytes32(seed >> 84));
        f.covered = covers(f.mandate, f.fee);
    }

    function sign(Form memory f, address signer, bytes32 digest) internal returns (bytes memory) {
        if (f.byAgent) return byAgent(f.mandate, digest);
        return f.relayed ? signed(keyOf[signer], digest) : bytes("");
    }

    // ---- life ----

    function deliver(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = live(s) && s.status != IEscrow.Status.Disputed && s.deliveries < 4 && time() <= deadline(deal, s);
        Form memory f = formOf(which, deal.seller, deal);
        uint8 number = s.deliveries + 1;
        bytes memory data =
            sign(f, deal.seller, delivery(idOf(deal), s.milestone, number, bytes32(which), Action(f.fee, f.until)));
        data = abi.encodeCall(escrow.deliver, (deal, s.milestone, number, bytes32(which), f.fee, f.until, data));
        actOn("deliver", deal, f.caller, deal.seller, data, when(should && f.covered));
    }

    function settle(uint256 which) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        Form memory f = formOf(which, deal.buyer, deal);
        bytes memory data =
            sign(f, deal.buyer, receipt(idOf(deal), s.milestone, bytes32(which), Action(f.fee, f.until)));
        data = abi.encodeCall(escrow.settle, (deal, s.milestone, bytes32(which), f.fee, f.until, data));
        actOn("settle", deal, f.caller, deal.buyer, data, when(live(s) && f.covered));
        // The same receipt never pays twice.
        actOn("settle again", deal, f.caller, deal.buyer, data, Must.Fail);
    }

    function settleBySilence(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Delivered && time() > uint256(s.since) + deal.reviewWindow;
        uint256 gains = live(s) ? deal.milestones[s.milestone].amount : 0;
        actTimed("silence", deal, which, abi.encodeCall(escrow.settleBySilence, (deal)), gains, should);
    }

    /// @dev A timed exit by anyone: a stranger to the deal earns the relay fee, but no more than a hundredth of what it gives.
    function actTimed(
        string memory what,
        IEscrow.Deal memory deal,
        uint256 seed,
        bytes memory data,
        uint256 gains,
        bool should
    ) private returns (bool ok) {
        address caller = everybody[(seed >> 96) % everybody.length];
        uint256 before = balanceOf(deal.token, caller);
        ok = actOn(what, deal, caller, address(0), data, when(should));
        if (!ok || caller == deal.buyer || caller == deal.seller || caller == deal.arbiter) return ok;
        uint256 reward = gains / 100 < deal.relayFee ? gains / 100 : deal.relayFee;
        if (balanceOf(deal.token, caller) - before != reward) fault(string.concat("the caller's reward: ", what));
    }

    function reject(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Delivered && time() <= uint256(s.since) + deal.reviewWindow;
        Form memory f = formOf(which, deal.buyer, deal);
        bytes memory data = sign(
            f, deal.buyer, rejection(idOf(deal), s.milestone, s.deliveries, bytes32(which), Action(f.fee, f.until))
        );
        data = abi.encodeCall(escrow.reject, (deal, s.milestone, s.deliveries, bytes32(which), f.fee, f.until, data));
        actOn("reject", deal, f.caller, deal.buyer, data, when(should && f.covered));
    }

    /// @dev Promise 9: what the seller gets is its signed share and what rulings left of its bond, no more.
    function closeRejected(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Rejected
            && (deal.arbiter == address(0) || time() > uint256(s.since) + deal.disputeWindow);
        uint256 share = uint256(deal.milestones[s.milestone].amount) * deal.rejectedSellerBps / 10_000;
        uint256 before = held(deal.token, deal.seller);
        uint256 gains = should ? s.locked - bondLeft(deal, s) : 0;
        bytes memory data = abi.encodeCall(escrow.closeRejected, (deal));
        if (!actTimed("close rejected", deal, which, data, gains, should) || !isExact(deal.token)) return;
        if (held(deal.token, deal.seller) > before + share + deal.sellerBond) fault("a rejection paid too much");
    }

    function dispute(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Rejected && deal.arbiter != address(0)
            && time() <= uint256(s.since) + deal.disputeWindow;
        address who = which & 1 == 0 ? deal.buyer : deal.seller;
        Form memory f = formOf(which, who, deal);
        bytes memory data =
            sign(f, who, disputeDigest(idOf(deal), who, s.milestone, bytes32(which), Action(f.fee, f.until)));
        data = abi.encodeCall(escrow.dispute, (deal, who, s.milestone, bytes32(which), f.fee, f.until, data));
        actOn("dispute", deal, f.caller, who, data, when(should && f.covered));
    }

    function rule(uint256 which, uint16 bps) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Disputed && time() <= uint256(s.since) + deal.rulingWindow;
        bps = uint16(bound(bps, 0, 10_000));
        address judge = deal.arbiter == address(0) ? arbiters[0] : deal.arbiter;
        Form memory f = form(which, judge, deal.token);
        bytes memory data = sign(f, judge, ruling(idOf(deal), s.milestone, bps, bytes32(which), Action(f.fee, f.until)));
        data = abi.encodeCall(escrow.rule, (deal, s.milestone, bps, bytes32(which), f.fee, f.until, data));
        actOn("rule", deal, f.caller, judge, data, when(should));
    }

    function lapse(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Disputed && time() > uint256(s.since) + deal.rulingWindow;
        uint256 gains = live(s) ? deal.milestones[s.milestone].amount : 0;
        actTimed("lapse", deal, which, abi.encodeCall(escrow.lapse, (deal)), gains, should);
    }

    function refund(uint256 which, uint8 who) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Open;
        address side = who % 3 == 0 ? address(0) : who % 3 == 1 ? deal.buyer : deal.seller;
        if (side == address(0)) should = should && time() > deadline(deal, s);
        else if (side == deal.buyer) should = should && time() <= deal.cancelBy;
        else should = should && time() <= deadline(deal, s);
        if (side == address(0)) {
            bytes memory claim = abi.encodeCall(escrow.refund, (deal, side, s.milestone, 0, 0, ""));
            actTimed("default", deal, which, claim, s.locked, should);
            return;
        }
        Form memory f = formOf(which, side, deal);
        bytes memory data = sign(f, side, refundDigest(idOf(deal), side, s.milestone, Action(f.fee, f.until)));
        data = abi.encodeCall(escrow.refund, (deal, side, s.milestone, f.fee, f.until, data));
        actOn("refund", deal, f.caller, side, data, when(should && f.covered));
    }

    function split(uint256 which, uint128 toSeller, uint128 toArbiter, bool revoke) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        IEscrow.Split memory terms;
        terms.dealId = idOf(deal);
        (terms.milestone, terms.status, terms.locked) = (s.milestone, uint8(s.status), s.locked);
        terms.toSeller = uint128(bound(toSeller, 0, s.locked));
        terms.toArbiter = deal.arbiter == address(0) ? 0 : uint128(bound(toArbiter, 0, s.locked - terms.toSeller));
        terms.toBuyer = s.locked - terms.toSeller - terms.toArbiter;
        terms.nonce = which;
        terms.validUntil = uint40(time());
        uint256 purse = balanceOf(deal.token, deal.buyer);
        if (balanceOf(deal.token, deal.seller) < purse) purse = balanceOf(deal.token, deal.seller);
        terms.fee = uint128(purse / 3);
        bytes32 digest = splitDigest(terms);
        trackSplit(digest);
        if (revoke) revokeSplit(which, deal, terms, digest);
        bytes memory ofBuyer = signed(keyOf[deal.buyer], digest);
        bool covered = true;
        if ((which >> 80) % 3 == 0) {
            IEscrow.Mandate memory m = standing(deal.buyer, deal.token, true, digest);
            covered = covers(m, terms.fee - terms.fee / 2);
            ofBuyer = byAgent(m, digest);
        }
        bytes memory data = abi.encodeCall(escrow.split, (deal, terms, ofBuyer, signed(keyOf[deal.seller], digest)));
        Must must = when(live(s) && !revoked[digest] && covered);
        act("split", terms.dealId, deal.token, relayer, [deal.buyer, deal.seller], data, must);
    }

    function revokeSplit(uint256 which, IEscrow.Deal memory deal, IEscrow.Split memory terms, bytes32 digest) private {
        address who = which & 2 == 0 ? deal.buyer : deal.seller;
        Form memory f = formOf(which, who, deal);
        if (f.byAgent) f.covered = covers(f.mandate, 0); // it carries no fee
        bytes memory data = sign(f, who, splitRevocation(digest, who, f.until));
        data = abi.encodeCall(escrow.revokeSplit, (deal, terms, who, f.until, data));
        actOn("revoke", deal, f.caller, who, data, when(!revoked[digest] && f.covered));
    }

    /// @notice The next steps of a deal in their natural order, so that campaigns get deep: deliveries, rejections, disputes,
    /// rulings, and each timed exit right after its window. Mostly of the newest deals, before time runs out for them.
    /// @param ways how many steps (2 bits), which deal (2), and the way of each (2)
    function progress(uint256 which, uint16 ways) external {
        if (ways & 12 != 0) which = newest(which);
        for (uint256 i; i <= ways & 3; ++i) {
            proceed(which, (ways >> (4 + 2 * i)) & 3);
        }
    }

    function proceed(uint256 which, uint256 way) private {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        if (s.status == IEscrow.Status.Open && time() > deadline(deal, s)) return refund(which, 0);
        if (s.status == IEscrow.Status.Open) return deliver(which);
        if (s.status == IEscrow.Status.Delivered) {
            if (way != 0) return reject(which);
            past(uint256(s.since) + deal.reviewWindow);
            return settleBySilence(which);
        }
        if (s.status == IEscrow.Status.Rejected) {
            if (way == 0) return deliver(which);
            if (way != 1) return dispute(which);
            past(uint256(s.since) + deal.disputeWindow);
            return closeRejected(which);
        }
        if (s.status != IEscrow.Status.Disputed) return;
        if (way < 3) return rule(which, uint16(which >> 32));
        past(uint256(s.since) + deal.rulingWindow);
        lapse(which);
    }

    function bondLeft(IEscrow.Deal memory deal, IEscrow.DealState memory s) private pure returns (uint256) {
        return deal.sellerBond - uint256(deal.arbiterFee) * s.sellerLostBps / 10_000;
    }

    function held(address token, address who) private view returns (uint256) {
        return PlainToken(token).balanceOf(who) + balanceOf(token, who);
    }
}
