// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {ILens} from "../../src/interfaces/ILens.sol";
import {EscrowTest} from "../escrow/EscrowTest.sol";

/// @notice The lens beside an escrow. Tree: trees/Lens.tree
contract LensTest is EscrowTest {
    ILens internal lens;

    function setUp() public override {
        super.setUp();
        lens = ILens(vm.deployCode("src/Lens.sol:Lens", abi.encode(escrow)));
    }

    // ---- what the escrow itself does ----

    /// @dev The call that `caller` would make by itself, written apart from the lens.
    function callOf(ILens.Action action, IEscrow.Deal memory deal, address caller)
        internal
        view
        returns (bytes memory)
    {
        IEscrow.DealState memory s = state(deal);
        if (action == ILens.Action.Cancel) return abi.encodeCall(escrow.cancel, (deal, caller, 0, 0, ""));
        if (action == ILens.Action.Deliver) {
            return abi.encodeCall(escrow.deliver, (deal, s.milestone, s.deliveries + 1, GOODS, 0, 0, ""));
        }
        if (action == ILens.Action.Settle) {
            return abi.encodeCall(escrow.settle, (deal, s.milestone, GOODS, 0, 0, ""));
        }
        if (action == ILens.Action.SettleBySilence) return abi.encodeCall(escrow.settleBySilence, (deal));
        if (action == ILens.Action.Reject) {
            return abi.encodeCall(escrow.reject, (deal, s.milestone, s.deliveries, REASON, 0, 0, ""));
        }
        if (action == ILens.Action.CloseRejected) return abi.encodeCall(escrow.closeRejected, (deal));
        if (action == ILens.Action.Dispute) {
            return abi.encodeCall(escrow.dispute, (deal, caller, s.milestone, REASON, 0, 0, ""));
        }
        return laterCallOf(action, deal, caller, s.milestone);
    }

    function laterCallOf(ILens.Action action, IEscrow.Deal memory deal, address caller, uint8 milestone)
        private
        view
        returns (bytes memory)
    {
        if (action == ILens.Action.Rule) {
            return abi.encodeCall(escrow.rule, (deal, milestone, 3000, REASON, 0, 0, ""));
        }
        if (action == ILens.Action.Lapse) return abi.encodeCall(escrow.lapse, (deal));
        address party = action == ILens.Action.Refund ? caller : address(0);
        return abi.encodeCall(escrow.refund, (deal, party, milestone, 0, 0, ""));
    }

    /// @dev Makes the call for good and compares it with the verdict that was given before, then takes it back.
    function compare(ILens.Action action, IEscrow.Deal memory deal, address caller) internal {
        uint256 snapshot = vm.snapshotState();
        ILens.Verdict memory verdict = lens.can(action, deal, caller);
        bytes memory data;
        if (action == ILens.Action.Open) {
            bytes32 id = idOf(deal);
            data = abi.encodeCall(
                escrow.open, (deal, signed(buyerKey, id), signed(sellerKey, id), allowance(), allowance())
            );
        } else {
            data = callOf(action, deal, caller);
        }
        vm.prank(caller);
        (bool ok, bytes memory why) = address(escrow).call(data);
        assertEq(verdict.code == 0, ok, "yes, if and only if it succeeds");
        if (!ok) {
            assertEq(verdict.code, bytes4(why), "the same error");
            bool named = verdict.code == IEscrow.SignatureInvalid.selector;
            bytes memory said = bytes.concat(verdict.code, verdict.values);
            // Its digest is over contents that only the caller knows.
            if (!named) assertEq(said, why, "with the same values");
        } else {
            assertEq(verdict.values, bytes(""));
        }
        vm.revertToStateAndDelete(snapshot);
    }

    function randomDeal(uint256 seed) internal view returns (IEscrow.Deal memory deal) {
        deal = milestoneDeal(1 + seed % 3);
        if (seed >> 8 & 1 == 1) {
            deal.arbiter = address(0);
            deal.arbiterFee = 0;
        }
        deal.cancelBy = uint40(seed >> 9 & 1 == 1 ? START + (seed >> 16) % 10 days : 0);
        deal.payout = uint8((seed >> 10) % 4);
        deal.nonce = seed;
    }

    /// @dev Walks the deal some way, by whatever is possible.
    function walked(IEscrow.Deal memory deal, uint256 seed) internal {
        uint256 steps = seed % 9;
        if (steps == 0) return;
        if (seed >> 250 == 0) {
            vm.prank(seller);
            escrow.cancel(deal, seller, 0, 0, "");
            return;
        }
        opened(deal);
        for (uint256 i = 1; i < steps; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            if (seed % 4 == 0) skip((seed >> 8) % 4 days);
            address[3] memory who = [buyer, seller, arbiter];
            address caller = who[(seed >> 64) % 3];
            // Actions from Deliver on; what cannot be done is not done.
            ILens.Action action = ILens.Action(2 + (seed >> 72) % 10);
            bytes memory data = callOf(action, deal, caller);
            vm.prank(caller);
            (bool ok,) = address(escrow).call(data);
            ok;
        }
    }

    function testFuzz_sayYesIfAndOnlyIfTheCallSucceeds(uint256 seed, uint256 path, uint256 wait) external {
        IEscrow.Deal memory deal = randomDeal(seed);
        walked(deal, path);
        skip(wait % 3 == 0 ? 0 : bound(wait, 0, 8 days));
        address[4] memory callers = [buyer, seller, arbiter, stranger];
        for (uint256 a; a < 12; ++a) {
            for (uint256 c; c < 4; ++c) {
                compare(ILens.Action(a), deal, callers[c]);
            }
        }
    }

    function testFuzz_sayThatForDealsThatCannotOpen(uint256 seed, uint8 field, uint256 value) external {
        IEscrow.Deal memory deal = randomDeal(seed);
        field = field % 12;
        if (field == 0) deal.price = uint128(value);
        if (field == 1) deal.buyer = address(0);
        if (field == 2) deal.arbiter = buyer;
        if (field == 3) deal.token = stranger;
        if (field == 4) deal.openBy = uint40(START - 1);
        if (field == 5) deal.reviewWindow = uint32(value);
        if (field == 6) deal.lapsedSellerBps = uint16(value);
        if (field == 7) deal.payout = uint8(value);
        if (field == 8) deal.sellerEpoch = uint64(value);
        if (field == 9) deal.sellerBond = uint128(bound(value, FUNDS - 1, type(uint128).max));
        if (field == 10) deal.milestones = new IEscrow.Milestone[](value % 20);
        if (field == 11) deal.bundle = bytes32(value);
        compare(ILens.Action.Open, deal, stranger);
    }

    function test_sayThatForDealsThatCannotBePaid() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        vm.prank(buyer);
        token.approve(address(escrow), PRICE + FEE - 1);
        compare(ILens.Action.Open, deal, stranger);
        vm.prank(buyer);
        token.approve(address(escrow), PRICE + FEE);
        compare(ILens.Action.Open, deal, stranger);
        deal.relayFee = 1; // a relayer earns it, so it is due
        compare(ILens.Action.Open, deal, stranger);
        deal.relayer = relayer;
        compare(ILens.Action.Open, deal, stranger);
        compare(ILens.Action.Open, deal, relayer);
        vm.startPrank(seller);
        token.transfer(stranger, token.balanceOf(seller) - BOND + 1);
        vm.stopPrank();
        compare(ILens.Action.Open, deal, stranger);
    }

    function test_lookAtInternalBalancesToo() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        ILens.Verdict memory verdict =
            lens.canOpen(deal, IEscrow.FundingKind.Balance, IEscrow.FundingKind.Allowance, stranger);
        assertEq(verdict.code, IEscrow.BalanceShort.selector);
        assertEq(verdict.values, abi.encode(address(token), buyer, 0, PRICE + FEE));
        deposited(buyer, PRICE + FEE);
        verdict = lens.canOpen(deal, IEscrow.FundingKind.Balance, IEscrow.FundingKind.Allowance, stranger);
        assertEq(verdict.code, bytes4(0));
        // An authorisation needs no allowance, and always carries the fee.
        vm.prank(buyer);
        token.approve(address(escrow), 0);
        verdict = lens.canOpen(deal, IEscrow.FundingKind.Authorization, IEscrow.FundingKind.Allowance, stranger);
        assertEq(verdict.code, bytes4(0));
        deal.relayFee = uint128(token.balanceOf(buyer) - PRICE - FEE + 1);
        for (uint256 kind = 2; kind <= 4; ++kind) {
            verdict = lens.canOpen(deal, IEscrow.FundingKind(kind), IEscrow.FundingKind.Allowance, buyer);
            bool carried = kind != uint256(IEscrow.FundingKind.Permit);
            assertEq(verdict.code, carried ? IEscrow.FundingRefused.selector : bytes4(0));
        }
    }

    function test_judgeASplitBeforeItIsSigned() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        uint128 locked = lockedOf(deal);
        IEscrow.Split memory terms = IEscrow.Split(id, 0, 1, locked, locked, 0, 0, 1, 0, uint40(START));
        assertEq(lens.canSplit(deal, terms).code, bytes4(0));
        terms.toBuyer = 1;
        ILens.Verdict memory verdict = lens.canSplit(deal, terms);
        assertEq(verdict.code, IEscrow.SplitSum.selector);
        assertEq(verdict.values, abi.encode(uint256(locked) + 1, locked));
        terms.toBuyer = 0;
        delivered(deal);
        assertEq(lens.canSplit(deal, terms).code, IEscrow.SplitMismatch.selector);
    }

    /// @dev The one question about an amendment beside the call itself: yes, if and only if it succeeds.
    function amends(IEscrow.Deal memory deal, IEscrow.Deal memory amendment, IEscrow.FundingKind kind)
        private
        returns (bytes4 code)
    {
        ILens.Verdict memory verdict = lens.canAmend(deal, amendment, kind, kind, relayer);
        IEscrow.Funding memory pays = IEscrow.Funding(kind, "");
        bytes32 id = idOf(amendment);
        bytes memory data =
            abi.encodeCall(escrow.amend, (deal, amendment, signed(buyerKey, id), signed(sellerKey, id), pays, pays));
        uint256 snapshot = vm.snapshotState();
        vm.prank(relayer);
        (bool ok, bytes memory why) = address(escrow).call(data);
        vm.revertToState(snapshot);
        assertEq(verdict.code == 0, ok, "yes, if and only if it succeeds");
        if (!ok) assertEq(bytes.concat(verdict.code, verdict.values), why, "the same error with the same values");
        return verdict.code;
    }

    function test_judgeAnAmendmentBeforeItIsSigned() external {
        IEscrow.FundingKind allowed = IEscrow.FundingKind.Allowance;
        IEscrow.Deal memory deal = arbitratedDeal();
        IEscrow.Deal memory amendment = arbitratedDeal();
        assertEq(amends(deal, amendment, allowed), IEscrow.WrongStatus.selector);
        opened(deal);
        assertEq(amends(deal, amendment, allowed), IEscrow.AmendmentMismatch.selector);
        (amendment.amends, amendment.amendsLocked) = (idOf(deal), lockedOf(deal));
        assertEq(amends(deal, amendment, allowed), bytes4(0));
        // Paid from where there is nothing: more is owed only with a higher price, a bond or a relay fee.
        IEscrow.FundingKind inside = IEscrow.FundingKind.Balance;
        assertEq(amends(deal, amendment, inside), bytes4(0));
        amendment.relayFee = 1;
        assertEq(amends(deal, amendment, inside), IEscrow.BalanceShort.selector);
        deposited(buyer, 1);
        assertEq(amends(deal, amendment, inside), bytes4(0));
        amendment.sellerBond += 1;
        assertEq(amends(deal, amendment, inside), IEscrow.BalanceShort.selector);
        assertEq(amends(deal, amendment, allowed), bytes4(0));
        amendment.price = type(uint128).max;
        amendment.milestones[0].amount = type(uint128).max;
        assertEq(amends(deal, amendment, allowed), IEscrow.LockedTooLarge.selector);
        (amendment.price, amendment.milestones[0].amount) = (1, 1);
        assertEq(amends(deal, amendment, allowed), bytes4(0));
        amendment.token = address(lens);
        assertEq(amends(deal, amendment, allowed), IEscrow.AmendmentParties.selector);
        amendment.token = deal.token;
        delivered(deal);
        assertEq(amends(deal, amendment, allowed), IEscrow.WrongStatus.selector);
    }

    /// @dev What a ruling cost the seller is no longer in its bond.
    function test_countWhatARulingCost() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        broughtTo(deal, IEscrow.Status.Disputed);
        ruled(deal, 0);
        IEscrow.Deal memory amendment = arbitratedDeal();
        IEscrow.DealState memory s = state(deal);
        (amendment.amends, amendment.amendsMilestone, amendment.amendsLocked) = (idOf(deal), s.milestone, s.locked);
        (amendment.price, amendment.milestones[0].amount) = (1, 1);
        amendment.sellerBond = deal.sellerBond - FEE;
        assertEq(amends(deal, amendment, IEscrow.FundingKind.Balance), bytes4(0));
        amendment.sellerBond += 1;
        assertEq(amends(deal, amendment, IEscrow.FundingKind.Balance), IEscrow.BalanceShort.selector);
    }

    function test_answerUnderEachActionsOwnName() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.cancelBy = uint40(START);
        assertEq(lens.canCancel(deal, buyer).code, bytes4(0));
        assertEq(lens.canCancel(deal, stranger).code, IEscrow.NotParty.selector);
        opened(deal);
        assertEq(lens.canDeliver(deal, seller).code, bytes4(0));
        assertEq(lens.canSettle(deal, buyer).code, bytes4(0));
        assertEq(lens.canSettle(deal, seller).code, IEscrow.SignatureInvalid.selector);
        assertEq(lens.canRefund(deal, buyer).code, bytes4(0));
        assertEq(lens.canRefund(deal, seller).code, bytes4(0));
        assertEq(lens.canClaimDefault(deal).code, IEscrow.TooEarly.selector);
        delivered(deal);
        assertEq(lens.canReject(deal, buyer).code, bytes4(0));
        assertEq(lens.canSettleBySilence(deal).code, IEscrow.TooEarly.selector);
        assertEq(lens.canSettleBySilence(deal).values, abi.encode(START + 2 days + 1, START));
        rejected(deal);
        assertEq(lens.canDispute(deal, seller).code, bytes4(0));
        assertEq(lens.canCloseRejected(deal).code, IEscrow.TooEarly.selector);
        disputed(deal);
        assertEq(lens.canRule(deal, arbiter).code, bytes4(0));
        assertEq(lens.canLapse(deal).code, IEscrow.TooEarly.selector);
        skip(5 days + 1);
        assertEq(lens.canLapse(deal).code, bytes4(0));
    }

    function test_tryARelayedCallWithItsSignatures() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = idOf(deal);
        bytes memory data =
            abi.encodeCall(escrow.open, (deal, signed(buyerKey, id), signed(sellerKey, id), allowance(), allowance()));
        assertEq(lens.attempt(data).code, bytes4(0));
        assertStatus(id, IEscrow.Status.Unopened);
        data =
            abi.encodeCall(escrow.open, (deal, signed(sellerKey, id), signed(sellerKey, id), allowance(), allowance()));
        ILens.Verdict memory verdict = lens.attempt(data);
        assertEq(verdict.code, IEscrow.SignatureInvalid.selector);
        assertEq(verdict.values, abi.encode(buyer, id));
    }

    function test_giveARevertWithoutDataItsOwnCode() external {
        ILens.Verdict memory verdict = lens.attempt(hex"deadbeef");
        assertEq(verdict.code, bytes4(0xffffffff));
        assertEq(verdict.values, bytes(""));
    }

    function test_leaveNothingBehind() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        skip(6 days);
        bytes32 before = keccak256(abi.encode(escrow.stateOf(id), token.balanceOf(buyer), token.balanceOf(seller)));
        vm.recordLogs();
        lens.moves(deal);
        assertEq(lens.canLapse(deal).code, bytes4(0));
        bytes32 afterwards = keccak256(abi.encode(escrow.stateOf(id), token.balanceOf(buyer), token.balanceOf(seller)));
        assertEq(before, afterwards);
        assertBooks(lockedOf(deal));
    }

    function test_listWhatEachSideMayDo() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        ILens.Moves memory moves = lens.moves(deal);
        uint256 open = 1 << uint256(ILens.Action.Open);
        uint256 cancel = 1 << uint256(ILens.Action.Cancel);
        assertEq(moves.anyone, open);
        assertEq(moves.buyer, open | cancel);
        assertEq(moves.seller, open | cancel);
        assertEq(moves.arbiter, open);
        broughtTo(deal, IEscrow.Status.Delivered);
        moves = lens.moves(deal);
        assertEq(moves.anyone, 0);
        assertEq(moves.buyer, 1 << uint256(ILens.Action.Settle) | 1 << uint256(ILens.Action.Reject));
        assertEq(moves.seller, 1 << uint256(ILens.Action.Deliver));
        assertEq(moves.arbiter, 0);
        rejected(deal);
        disputed(deal);
        moves = lens.moves(deal);
        assertEq(moves.arbiter, 1 << uint256(ILens.Action.Rule));
        assertEq(moves.buyer, 1 << uint256(ILens.Action.Settle));
    }

    function test_showBothSidesAndTheArbiter() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        bytes32 id = opened(deal);
        deposited(seller, 77);
        vm.prank(seller);
        escrow.advanceEpoch(seller, 1, 0, "");
        ILens.Overview memory seen = lens.overview(deal);
        assertEq(seen.dealId, id);
        assertEq(uint256(seen.state.status), uint256(IEscrow.Status.Open));
        assertEq(seen.state.locked, lockedOf(deal));
        assertEq(seen.buyer.party, buyer);
        assertEq(seen.buyer.tokenBalance, token.balanceOf(buyer));
        assertEq(seen.buyer.allowance, token.allowance(buyer, address(escrow)));
        assertEq(seen.seller.epoch, 1);
        assertEq(seen.seller.account.balance, 77);
        assertEq(seen.arbiter.party, arbiter);
        settled(deal);
        settled(deal);
        seen = lens.overview(deal);
        assertEq(seen.seller.account.settledAsSeller, 1);
        assertEq(seen.buyer.account.settledAsBuyer, 1);
        assertEq(address(lens.escrow()), address(escrow));
    }

    function test_showNoArbiterWhereNoneIsNamed() external view {
        ILens.Overview memory seen = lens.overview(simpleDeal());
        assertEq(seen.arbiter.party, address(0));
        assertEq(uint256(seen.state.status), 0);
    }

    function test_showZeroForATokenThatDoesNotAnswer() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.token = stranger;
        assertEq(lens.overview(deal).buyer.tokenBalance, 0);
        deal.token = address(lens);
        assertEq(lens.overview(deal).buyer.allowance, 0);
    }

    function test_tellTheTimesWithTheShift() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        deal.cancelBy = uint40(START + 1);
        ILens.Times memory times = lens.overview(deal).times;
        assertEq(times.nowAt, START);
        assertEq(times.openBy, deal.openBy);
        assertEq(times.cancelBy + times.deliverBy + times.reviewUntil + times.disputeUntil + times.ruleUntil, 0);
        opened(deal);
        times = lens.overview(deal).times;
        assertEq(times.openBy, 0);
        assertEq(times.cancelBy, START + 1);
        assertEq(times.deliverBy, deal.milestones[0].deliverBy);
        delivered(deal);
        assertEq(lens.overview(deal).times.reviewUntil, START + 2 days);
        skip(1 days);
        rejected(deal);
        times = lens.overview(deal).times;
        assertEq(times.reviewUntil, 0);
        assertEq(times.deliverBy, uint256(deal.milestones[0].deliverBy) + 1 days, "the shift");
        assertEq(times.disputeUntil, START + 2 days);
        disputed(deal);
        times = lens.overview(deal).times;
        assertEq(times.ruleUntil, START + 6 days);
        assertEq(times.deliverBy + times.disputeUntil, 0);
    }

    function test_refuseAnybodyTheAttemptItself() external {
        (bool ok, bytes memory why) = address(lens).call(abi.encodeWithSignature("undone(bytes)", bytes("")));
        assertFalse(ok);
        assertEq(why, abi.encodeWithSelector(ILens.OnlySelf.selector, address(this)));
        assertEq(ILens.Undone.selector, bytes4(keccak256("Undone()")));
    }
}
