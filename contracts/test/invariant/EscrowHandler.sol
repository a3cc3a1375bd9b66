// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {PlainToken} from "../tokens/PlainToken.sol";
import {Agreements} from "./Agreements.sol";
import {EscrowModel} from "./EscrowModel.sol";

/// @notice Plays every action of the escrow, by the party itself or signed and relayed for a fee, over any passage of time.
/// For every call it says first, from the state table of the specification, whether it must succeed.
contract EscrowHandler is Agreements {
    /// @dev How an action is submitted.
    struct Form {
        address caller;
        uint128 fee;
        uint40 until;
        bool relayed;
    }

    constructor(IEscrow escrow_) EscrowModel(escrow_) {}

    /// @dev Every other time relayed, for a part of what the signer has inside.
    function form(uint256 seed, address signer, address token) private view returns (Form memory f) {
        f.relayed = (seed >> 64) & 1 == 1;
        f.caller = f.relayed ? relayer : signer;
        if (!f.relayed) return f;
        f.until = uint40(time());
        f.fee = uint128((seed >> 65) % 3 == 0 ? 0 : balanceOf(token, signer) / (1 + (seed >> 67) % 100));
    }

    function sign(Form memory f, address signer, bytes32 digest) private view returns (bytes memory) {
        return f.relayed ? signed(keyOf[signer], digest) : bytes("");
    }

    // ---- life ----

    function deliver(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = live(s) && s.status != IEscrow.Status.Disputed && s.deliveries < 4 && time() <= deadline(deal, s);
        Form memory f = form(which, deal.seller, deal.token);
        uint8 number = s.deliveries + 1;
        bytes memory data =
            sign(f, deal.seller, delivery(idOf(deal), s.milestone, number, bytes32(which), Action(f.fee, f.until)));
        data = abi.encodeCall(escrow.deliver, (deal, s.milestone, number, bytes32(which), f.fee, f.until, data));
        actOn("deliver", deal, f.caller, deal.seller, data, when(should));
    }

    function settle(uint256 which) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        Form memory f = form(which, deal.buyer, deal.token);
        bytes memory data =
            sign(f, deal.buyer, receipt(idOf(deal), s.milestone, bytes32(which), Action(f.fee, f.until)));
        data = abi.encodeCall(escrow.settle, (deal, s.milestone, bytes32(which), f.fee, f.until, data));
        actOn("settle", deal, f.caller, deal.buyer, data, when(live(s)));
        // The same receipt never pays twice.
        actOn("settle again", deal, f.caller, deal.buyer, data, Must.Fail);
    }

    function settleBySilence(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Delivered && time() > uint256(s.since) + deal.reviewWindow;
        actOn("silence", deal, relayer, address(0), abi.encodeCall(escrow.settleBySilence, (deal)), when(should));
    }

    function reject(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Delivered && time() <= uint256(s.since) + deal.reviewWindow;
        Form memory f = form(which, deal.buyer, deal.token);
        bytes memory data = sign(
            f, deal.buyer, rejection(idOf(deal), s.milestone, s.deliveries, bytes32(which), Action(f.fee, f.until))
        );
        data = abi.encodeCall(escrow.reject, (deal, s.milestone, s.deliveries, bytes32(which), f.fee, f.until, data));
        actOn("reject", deal, f.caller, deal.buyer, data, when(should));
    }

    /// @dev Promise 9: what the seller gets is its signed share and what rulings left of its bond, no more.
    function closeRejected(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Rejected
            && (deal.arbiter == address(0) || time() > uint256(s.since) + deal.disputeWindow);
        uint256 share = uint256(deal.milestones[s.milestone].amount) * deal.rejectedSellerBps / 10_000;
        uint256 before = held(deal.token, deal.seller);
        bytes memory data = abi.encodeCall(escrow.closeRejected, (deal));
        if (!actOn("close rejected", deal, relayer, address(0), data, when(should)) || !isExact(deal.token)) return;
        if (held(deal.token, deal.seller) > before + share + deal.sellerBond) fault("a rejection paid too much");
    }

    function dispute(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Rejected && deal.arbiter != address(0)
            && time() <= uint256(s.since) + deal.disputeWindow;
        address who = which & 1 == 0 ? deal.buyer : deal.seller;
        Form memory f = form(which, who, deal.token);
        bytes memory data =
            sign(f, who, disputeDigest(idOf(deal), who, s.milestone, bytes32(which), Action(f.fee, f.until)));
        data = abi.encodeCall(escrow.dispute, (deal, who, s.milestone, bytes32(which), f.fee, f.until, data));
        actOn("dispute", deal, f.caller, who, data, when(should));
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
        actOn("lapse", deal, relayer, address(0), abi.encodeCall(escrow.lapse, (deal)), when(should));
    }

    function refund(uint256 which, uint8 who) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Open;
        address side = who % 3 == 0 ? address(0) : who % 3 == 1 ? deal.buyer : deal.seller;
        if (side == address(0)) should = should && time() > deadline(deal, s);
        else if (side == deal.buyer) should = should && time() <= deal.cancelBy;
        else should = should && time() <= deadline(deal, s);
        Form memory f = form(which, side, deal.token);
        if (side == address(0)) f = Form(relayer, 0, 0, false);
        bytes memory data = sign(f, side, refundDigest(idOf(deal), side, s.milestone, Action(f.fee, f.until)));
        data = abi.encodeCall(escrow.refund, (deal, side, s.milestone, f.fee, f.until, data));
        actOn("refund", deal, f.caller, side, data, when(should));
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
        if (revoke && !revoked[digest]) revokeSplit(which, deal, terms, digest);
        bytes memory data = signed(keyOf[deal.seller], digest);
        data = abi.encodeCall(escrow.split, (deal, terms, signed(keyOf[deal.buyer], digest), data));
        Must must = when(live(s) && !revoked[digest]);
        act("split", terms.dealId, deal.token, relayer, [deal.buyer, deal.seller], data, must);
    }

    function revokeSplit(uint256 which, IEscrow.Deal memory deal, IEscrow.Split memory terms, bytes32 digest) private {
        address who = which & 2 == 0 ? deal.buyer : deal.seller;
        Form memory f = form(which, who, deal.token);
        bytes memory data = sign(f, who, splitRevocation(digest, who, f.until));
        data = abi.encodeCall(escrow.revokeSplit, (deal, terms, who, f.until, data));
        actOn("revoke", deal, f.caller, who, data, Must.Succeed);
    }

    /// @notice Promise 3 and 8: whoever has no part in an action, and signs it all the same, gets nowhere.
    function meddle(uint256 which, uint256 villain, uint8 what) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        address who = everybody[villain % everybody.length];
        vm.assume(who != deal.buyer && who != deal.seller && who != deal.arbiter);
        bytes[8] memory tries = [
            abi.encodeCall(escrow.deliver, (deal, s.milestone, s.deliveries + 1, bytes32(which), 0, 0, "")),
            abi.encodeCall(escrow.settle, (deal, s.milestone, bytes32(which), 0, 0, "")),
            abi.encodeCall(escrow.reject, (deal, s.milestone, s.deliveries, bytes32(which), 0, 0, "")),
            abi.encodeCall(escrow.dispute, (deal, deal.buyer, s.milestone, bytes32(which), 0, 0, "")),
            abi.encodeCall(escrow.rule, (deal, s.milestone, 10_000, bytes32(which), 0, 0, "")),
            abi.encodeCall(escrow.refund, (deal, deal.buyer, s.milestone, 0, 0, "")),
            abi.encodeCall(escrow.withdraw, (deal.token, deal.buyer, who, 1, 0, 0, 0, "")),
            abi.encodeCall(escrow.advanceEpoch, (deal.buyer, type(uint64).max, 0, ""))
        ];
        actOn("meddle", deal, who, address(0), tries[what % 8], Must.Fail);
    }

    /// @notice The next step of a deal in its natural order, so that campaigns get deep: deliveries, rejections, disputes,
    /// rulings, and each timed exit right after its window. Mostly of the newest deals, before time runs out for them.
    function progress(uint256 which, uint8 way) external {
        which = way < 192 ? newest(which) : which;
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        way = way % 4;
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

    // ---- balances, time, and the world ----

    function deposit(uint256 who, uint256 token, uint128 amount) external {
        address from = party(who);
        address money = tokens[token % tokens.length];
        amount = uint128(bound(amount, 1, 1e12));
        bytes memory data = abi.encodeCall(escrow.deposit, (money, party(who >> 8), amount));
        Must must = isRefused(money, from) ? Must.Fail : isMoody(money, from) ? Must.Either : Must.Succeed;
        act("deposit", 0, money, from, [from, address(0)], data, must);
    }

    /// @param nonce of the signed form; the same one never serves twice
    function withdraw(uint256 who, uint256 token, uint128 amount, uint16 nonce) external {
        address from = everybody[who % everybody.length];
        address to = everybody[(who >> 8) % everybody.length];
        address money = tokens[token % tokens.length];
        amount = uint128(bound(amount, 1, 1e12));
        Form memory f = form(who, from, money);
        bool should = balanceOf(money, from) >= uint256(amount) + f.fee && !isRefused(money, to);
        if (f.relayed && escrow.nonceUsed(from, nonce)) should = false;
        bytes memory data = sign(f, from, withdrawal(from, money, to, amount, nonce, Action(f.fee, f.until)));
        data = abi.encodeCall(escrow.withdraw, (money, from, to, amount, f.fee, nonce, f.until, data));
        Must must = should && money == address(rebasing) ? Must.Either : when(should);
        if (!act("withdraw", 0, money, f.caller, [from, address(0)], data, must) || !f.relayed) return;
        trackNonce(from, nonce);
        act("withdraw again", 0, money, f.caller, [from, address(0)], data, Must.Fail);
    }

    function advanceEpoch(uint256 who) external {
        address signer = party(who);
        Form memory f = form(who, signer, tokens[0]);
        uint64 epoch = epochs[signer] + 1;
        bytes memory data = sign(f, signer, epochDigest(signer, epoch, f.until));
        data = abi.encodeCall(escrow.advanceEpoch, (signer, epoch, f.until, data));
        act("epoch", 0, tokens[0], f.caller, [signer, address(0)], data, Must.Succeed);
    }

    function wait(uint256 seconds_) external {
        vm.warp(time() + bound(seconds_, 1, 1 days));
    }

    /// @notice An account of the hooked token that refuses, or strikes back at the escrow whenever it is paid or pays.
    function hook(uint256 which, uint256 who, uint8 kind) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bytes[5] memory calls = [
            abi.encodeCall(escrow.settleBySilence, (deal)),
            abi.encodeCall(escrow.closeRejected, (deal)),
            abi.encodeCall(escrow.lapse, (deal)),
            abi.encodeCall(escrow.refund, (deal, address(0), s.milestone, 0, 0, "")),
            abi.encodeCall(escrow.deposit, (address(hooked), address(reentering), 1))
        ];
        setHook(party(who), kind, calls[(which >> 32) % 5]);
    }

    /// @notice Tokens that just appear are nobody's and change nothing.
    function donate(uint256 token, uint128 amount) external {
        address money = tokens[token % tokens.length];
        amount = uint128(bound(amount, 1, 1e9));
        if (money == address(payment)) payment.transfer(address(escrow), amount);
        else PlainToken(money).mint(address(escrow), amount);
        trackGift(money, amount);
    }

    function held(address token, address who) private view returns (uint256) {
        return PlainToken(token).balanceOf(who) + balanceOf(token, who);
    }
}
