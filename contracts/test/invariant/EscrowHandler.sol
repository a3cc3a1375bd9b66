// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {BlocklistToken} from "../tokens/BlocklistToken.sol";
import {EscrowModel} from "./EscrowModel.sol";

/// @notice Plays several buyers, sellers, an arbiter and a relayer over several tokens and any passage of time. For every
/// call it says first, from the state table of the specification, whether it must succeed; EscrowModel compares.
contract EscrowHandler is EscrowModel {
    constructor(IEscrow escrow_) EscrowModel(escrow_) {}

    // ---- opening ----

    function open(uint256 seed, uint256 amounts, uint8 count, uint8 options) external {
        IEscrow.Deal memory deal = makeDeal(seed, amounts, count, options);
        uint256 due = uint256(deal.price) + uint256(deal.arbiterFee) * deal.milestones.length;
        bool earned = deal.relayFee != 0; // nobody is named, and the relayer submits
        if (earned) due += deal.relayFee;
        bool fromBalance = options & 64 != 0 && credit(deal.token, deal.buyer) >= due;
        bool bondFromBalance = options & 128 != 0 && credit(deal.token, deal.seller) >= deal.sellerBond;
        bool should = (fromBalance || !blocked(deal.token, deal.buyer))
            && (bondFromBalance || deal.sellerBond == 0 || !blocked(deal.token, deal.seller));
        bytes32 id = idOf(deal);
        bytes memory ofBuyer = signed(keyOf[deal.buyer], id);
        bytes memory ofSeller = signed(keyOf[deal.seller], id);
        IEscrow.Funding memory allowance = IEscrow.Funding(IEscrow.FundingKind.Allowance, "");
        IEscrow.Funding memory balance = IEscrow.Funding(IEscrow.FundingKind.Balance, "");
        bytes memory data = abi.encodeCall(
            escrow.open,
            (deal, ofBuyer, ofSeller, fromBalance ? balance : allowance, bondFromBalance ? balance : allowance)
        );
        track(deal);
        act("open", deal, relayer, data, should);
        // A second time, and a cancellation now, never.
        if (should) {
            act("reopen", deal, relayer, data, false);
            act("cancel opened", deal, deal.buyer, abi.encodeCall(escrow.cancel, (deal, deal.buyer, 0, 0, "")), false);
        }
    }

    function cancel(uint256 seed, uint8 options) external {
        IEscrow.Deal memory deal = makeDeal(seed, seed, 1, options);
        address party = options & 1 == 0 ? deal.buyer : deal.seller;
        track(deal);
        act("cancel", deal, party, abi.encodeCall(escrow.cancel, (deal, party, 0, 0, "")), true);
    }

    // ---- life ----

    function deliver(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should =
            (s.status == IEscrow.Status.Open
                    || s.status == IEscrow.Status.Delivered
                    || s.status == IEscrow.Status.Rejected) && s.deliveries < 4 && time() <= deadline(deal, s);
        bytes memory data =
            abi.encodeCall(escrow.deliver, (deal, s.milestone, s.deliveries + 1, bytes32(which), 0, 0, ""));
        act("deliver", deal, deal.seller, data, should);
    }

    function settle(uint256 which, uint128 fee) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = live(s);
        uint40 until = uint40(time());
        // The fee may come out of what this very call credits: ask for no more than was there before.
        fee = uint128(bound(fee, 0, credit(deal.token, deal.buyer)));
        bytes32 digest = receipt(idOf(deal), s.milestone, bytes32(which), Action(fee, until));
        bytes memory ofBuyer = signed(keyOf[deal.buyer], digest);
        bytes memory data = abi.encodeCall(escrow.settle, (deal, s.milestone, bytes32(which), fee, until, ofBuyer));
        act("settle", deal, relayer, data, should);
        // The same receipt never pays twice.
        act("settle again", deal, relayer, data, false);
    }

    function settleBySilence(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Delivered && time() > uint256(s.since) + deal.reviewWindow;
        act("silence", deal, relayer, abi.encodeCall(escrow.settleBySilence, (deal)), should);
    }

    function reject(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Delivered && time() <= uint256(s.since) + deal.reviewWindow;
        bytes memory data = abi.encodeCall(escrow.reject, (deal, s.milestone, s.deliveries, bytes32(which), 0, 0, ""));
        act("reject", deal, deal.buyer, data, should);
    }

    function closeRejected(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Rejected
            && (deal.arbiter == address(0) || time() > uint256(s.since) + deal.disputeWindow);
        act("close rejected", deal, relayer, abi.encodeCall(escrow.closeRejected, (deal)), should);
    }

    function dispute(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Rejected && deal.arbiter != address(0)
            && time() <= uint256(s.since) + deal.disputeWindow;
        address party = which & 1 == 0 ? deal.buyer : deal.seller;
        bytes memory data = abi.encodeCall(escrow.dispute, (deal, party, s.milestone, bytes32(which), 0, 0, ""));
        act("dispute", deal, party, data, should);
    }

    function rule(uint256 which, uint16 bps) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Disputed && time() <= uint256(s.since) + deal.rulingWindow;
        bps = uint16(bound(bps, 0, 10_000));
        bytes memory data = abi.encodeCall(escrow.rule, (deal, s.milestone, bps, bytes32(which), 0, 0, ""));
        act("rule", deal, arbiter, data, should);
    }

    function lapse(uint256 which) public {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Disputed && time() > uint256(s.since) + deal.rulingWindow;
        act("lapse", deal, relayer, abi.encodeCall(escrow.lapse, (deal)), should);
    }

    function refund(uint256 which, uint8 who) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bool should = s.status == IEscrow.Status.Open;
        address party = who % 3 == 0 ? address(0) : who % 3 == 1 ? deal.buyer : deal.seller;
        if (party == address(0)) should = should && time() > deadline(deal, s);
        else if (party == deal.buyer) should = should && time() <= deal.cancelBy;
        else should = should && time() <= deadline(deal, s);
        bytes memory data = abi.encodeCall(escrow.refund, (deal, party, s.milestone, 0, 0, ""));
        act("refund", deal, party == address(0) ? relayer : party, data, should);
    }

    function split(uint256 which, uint128 toSeller, uint128 toArbiter, bool revoke) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        IEscrow.Split memory terms;
        terms.dealId = idOf(deal);
        terms.milestone = s.milestone;
        terms.status = uint8(s.status);
        terms.locked = s.locked;
        terms.toSeller = uint128(bound(toSeller, 0, s.locked));
        terms.toArbiter = deal.arbiter == address(0) ? 0 : uint128(bound(toArbiter, 0, s.locked - terms.toSeller));
        terms.toBuyer = s.locked - terms.toSeller - terms.toArbiter;
        terms.nonce = which;
        terms.validUntil = uint40(time());
        bytes32 digest = splitDigest(terms);
        if (revoke && !escrow.splitSpent(digest)) {
            bytes memory revocation = abi.encodeCall(escrow.revokeSplit, (deal, terms, deal.buyer, 0, ""));
            act("revoke", deal, deal.buyer, revocation, true);
        }
        bytes memory ofBuyer = signed(keyOf[deal.buyer], digest);
        bytes memory ofSeller = signed(keyOf[deal.seller], digest);
        bytes memory data = abi.encodeCall(escrow.split, (deal, terms, ofBuyer, ofSeller));
        act("split", deal, relayer, data, live(s) && !revoke);
    }

    /// @notice The next step of a deal in its natural order, so that campaigns get deep: deliveries, rejections, disputes,
    /// rulings, and each timed exit right after its window.
    function progress(uint256 which, uint8 way) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        way = way % 4;
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
        address party = actors[who % actors.length];
        address money = tokens[token % tokens.length];
        amount = uint128(bound(amount, 1, 1e12));
        bytes memory data = abi.encodeCall(escrow.deposit, (money, actors[(who >> 8) % actors.length], amount));
        actOn("deposit", money, party, data, !blocked(money, party));
    }

    function withdraw(uint256 who, uint256 token, uint128 amount) external {
        address party = everybody[who % everybody.length];
        address money = tokens[token % tokens.length];
        amount = uint128(bound(amount, 1, 1e12));
        bool should = credit(money, party) >= amount && !blocked(money, party);
        bytes memory data = abi.encodeCall(escrow.withdraw, (money, party, party, amount, 0, 0, 0, ""));
        actOn("withdraw", money, party, data, should);
    }

    function advanceEpoch(uint256 who) external {
        address party = actors[who % actors.length];
        bytes memory data = abi.encodeCall(escrow.advanceEpoch, (party, escrow.epochOf(party) + 1, 0, ""));
        actOn("epoch", tokens[0], party, data, true);
    }

    function wait(uint256 seconds_) external {
        vm.warp(time() + bound(seconds_, 1, 1 days));
    }

    function toggleBlock(uint256 who) external {
        address party = actors[who % actors.length];
        bool now_ = BlocklistToken(tokens[1]).blocked(party);
        BlocklistToken(tokens[1]).setBlocked(party, !now_);
    }

    /// @notice Tokens that just appear are nobody's and change nothing.
    function donate(uint256 token, uint128 amount) external {
        address money = tokens[token % tokens.length];
        amount = uint128(bound(amount, 1, 1e9));
        BlocklistToken(money).mint(address(escrow), amount);
        donated[money] += amount;
    }
}
