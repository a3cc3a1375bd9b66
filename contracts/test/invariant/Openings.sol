// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Sources} from "./Sources.sol";

/// @notice Deals of every shape, from every source of money; instant ones; deals that are cancelled before they were opened.
abstract contract Openings is Sources {
    uint8 internal constant INSTANT = 4;

    /// @param options bits: payout (2), arbiter, spare bond, relay fee, cancellation window; epochs (2 each)
    /// @param choices see Sources.sides
    function open(uint256 seed, uint256 amounts, uint16 options, uint16 choices) external {
        IEscrow.Deal memory deal = makeDeal(seed, amounts, options);
        bytes32 id = track(deal);
        (Side memory ofBuyer, Side memory ofSeller) = sides(deal, id, choices);
        bytes memory data = abi.encodeCall(
            escrow.open, (deal, ofBuyer.signature, ofSeller.signature, ofBuyer.funding, ofSeller.funding)
        );
        Must must = both(both(ofBuyer.pays, ofSeller.pays), current(deal));
        bool done = act("open", id, deal.token, relayer, [deal.buyer, deal.seller], data, must);
        restoreAllowances();
        if (!done) return;
        // A second time, and a cancellation now, never.
        actOn("reopen", deal, relayer, address(0), data, Must.Fail);
        data = abi.encodeCall(escrow.cancel, (deal, deal.buyer, 0, 0, ""));
        actOn("cancel opened", deal, deal.buyer, address(0), data, Must.Fail);
    }

    /// @notice Promise 3: with any signature missing or of somebody else, a deal does not open, whoever pays.
    function openForged(uint256 seed, uint256 amounts, uint16 options, uint256 forger) external {
        IEscrow.Deal memory deal = options & 4 == 0 ? makeDeal(seed, amounts, options) : makeInstant(seed, options);
        bytes32 id = idOf(deal);
        address victim = options & 1 == 0 ? deal.buyer : deal.seller;
        address villain = party(forger);
        if (villain == victim) villain = party(forger + 1);
        bytes memory good = signed(keyOf[victim == deal.buyer ? deal.seller : deal.buyer], id);
        bytes memory bad = options & 2 == 0 ? bytes("") : signed(keyOf[villain], id);
        (bytes memory first, bytes memory second) = victim == deal.buyer ? (bad, good) : (good, bad);
        IEscrow.Funding memory allowance = IEscrow.Funding(ALLOWANCE, "");
        bytes memory data = deal.payout & INSTANT != 0
            ? abi.encodeCall(escrow.openAndSettle, (deal, first, second, allowance))
            : abi.encodeCall(escrow.open, (deal, first, second, allowance, allowance));
        act("forged opening", 0, deal.token, villain, [address(0), address(0)], data, Must.Fail);
    }

    /// @notice An instant deal, under nonces so few that they meet again.
    function exchange(uint256 seed, uint16 options, uint16 choices) external {
        IEscrow.Deal memory deal = makeInstant(seed, options);
        bytes32 id = idOf(deal);
        (Side memory ofBuyer, Side memory ofSeller) = sides(deal, id, choices & 0x31f);
        bytes memory data =
            abi.encodeCall(escrow.openAndSettle, (deal, ofBuyer.signature, ofSeller.signature, ofBuyer.funding));
        Must must = both(both(ofBuyer.pays, ofSeller.pays), both(current(deal), unspent(deal)));
        trackInstant(deal);
        bool before = exchanged[id]; // the same deal was drawn before
        bool done = act("exchange", 0, deal.token, relayer, [deal.buyer, deal.seller], data, must);
        restoreAllowances();
        if ((done || before) != exchanged[id]) fault("an instant deal is not what its event says");
        if (done) act("exchange again", 0, deal.token, relayer, [address(0), address(0)], data, Must.Fail);
    }

    /// @notice Kills a deal, ordinary or instant, that was not opened.
    function cancel(uint256 seed, uint16 options, uint8 how) external {
        bool instant = how & 4 != 0;
        IEscrow.Deal memory deal = instant ? makeInstant(seed, options) : makeDeal(seed, seed, options);
        address who = options & 1 == 0 ? deal.buyer : deal.seller;
        bytes32 id = instant ? idOf(deal) : track(deal);
        if (instant) trackInstant(deal);
        bool relayed = how & 1 == 1;
        uint128 fee = relayed ? balanceOf(deal.token, who) / 7 : 0;
        uint40 until = uint40(time());
        bytes memory data = relayed ? signed(keyOf[who], cancellation(id, who, Action(fee, until))) : bytes("");
        Must must = instant ? unspent(deal) : Must.Succeed;
        if (how & 3 == 3) {
            IEscrow.Mandate memory m = standing(who, deal.token, who == deal.buyer, id);
            if (!covers(m, fee)) must = Must.Fail;
            data = byAgent(m, cancellation(id, who, Action(fee, until)));
        }
        data = abi.encodeCall(escrow.cancel, (deal, who, fee, until, data));
        act(
            instant ? "cancel instant" : "cancel",
            instant ? bytes32(0) : id,
            deal.token,
            relayed ? relayer : who,
            [who, address(0)],
            data,
            must
        );
    }

    // ---- terms ----

    function unspent(IEscrow.Deal memory deal) internal view returns (Must) {
        return when(!instantSpent[deal.buyer][deal.seller][deal.nonce]);
    }

    /// @notice Whether the epochs that a deal was signed for still count, and have begun.
    function current(IEscrow.Deal memory deal) internal view returns (Must) {
        uint64 newest = escrow.era();
        bool ofBuyer = deal.buyerEpoch >= epochs[deal.buyer] && deal.buyerEpoch <= newest;
        return when(ofBuyer && deal.sellerEpoch >= epochs[deal.seller] && deal.sellerEpoch <= newest);
    }

    /// @dev Mostly the party's own or the newest of all; now and then the last one before its own, or one to come.
    function epochFor(address who, uint256 choice) private view returns (uint64) {
        choice = choice % 32;
        if (choice == 31) return escrow.era() + 1;
        if (choice >= 28 && epochs[who] != 0) return epochs[who] - 1;
        return choice >= 16 ? escrow.era() : epochs[who];
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
        deal.buyerEpoch = epochFor(deal.buyer, options >> 6);
        deal.sellerEpoch = epochFor(deal.seller, options >> 11);
        deal.nonce = seed;
    }

    function makeInstant(uint256 seed, uint16 options) internal view returns (IEscrow.Deal memory deal) {
        deal = makeDeal(seed, seed >> 8 << 2, options & ~uint16(12));
        deal.payout |= INSTANT;
        deal.nonce = seed >> 32 & 0x1ff;
        deal.termsHash = bytes32(seed);
    }
}
