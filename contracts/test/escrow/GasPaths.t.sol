// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {BatchTest} from "./BatchTest.sol";

/// @notice What each step of a deal costs, as whole transactions in the steady state: everybody holds the token and an internal
/// balance, and every counter that is written here was written before. Kept in contracts/snapshots/Paths.json, from which
/// docs/gas.md is made. Whatever has a signed form is relayed, with no fee.
/// forge-config: default.isolate = true
contract GasPathsTest is BatchTest {
    uint256 private _nonce = 1000;

    function setUp() public override {
        super.setUp();
        deposited(buyer, 10 * PRICE);
        deposited(seller, 1e6);
        deposited(arbiter, 1e6);
        deposited(stranger, 1e6);
        deposited(relayer, 1e6);
        done(next(simpleDeal()));
        IEscrow.Deal memory deal = next(arbitratedDeal());
        broughtTo(deal, IEscrow.Status.Disputed);
        ruled(deal, 5000);
        lapsing();
        escrow.lapse(kept());
        rejecting();
        escrow.closeRejected(kept());
        missing();
        refundDefault();
        deal = next(arbitratedDeal());
        opened(deal);
        vm.prank(seller);
        escrow.refund(deal, seller, 0, 0, 0, "");
        splitting(next(arbitratedDeal()), 0);
        silent();
        escrow.settleBySilence(kept());
    }

    // ---- how a deal comes to each step

    /// @dev The same deal once more.
    function next(IEscrow.Deal memory deal) private returns (IEscrow.Deal memory) {
        deal.nonce = uint256(keccak256(abi.encode(++_nonce)));
        return deal;
    }

    function done(IEscrow.Deal memory deal) private {
        opened(deal);
        settled(deal);
    }

    function lapsing() private {
        IEscrow.Deal memory deal = next(arbitratedDeal());
        broughtTo(deal, IEscrow.Status.Disputed);
        skip(deal.rulingWindow + 1);
        keep(deal);
    }

    function rejecting() private {
        IEscrow.Deal memory deal = next(arbitratedDeal());
        broughtTo(deal, IEscrow.Status.Rejected);
        skip(deal.disputeWindow + 1);
        keep(deal);
    }

    function missing() private {
        IEscrow.Deal memory deal = next(arbitratedDeal());
        opened(deal);
        skip(8 days);
        keep(deal);
    }

    function silent() private {
        IEscrow.Deal memory deal = next(arbitratedDeal());
        broughtTo(deal, IEscrow.Status.Delivered);
        skip(deal.reviewWindow + 1);
        keep(deal);
    }

    function refundDefault() private {
        escrow.refund(kept(), address(0), 0, 0, 0, "");
    }

    function splitting(IEscrow.Deal memory deal, uint256 fee) private {
        bytes32 id = opened(deal);
        uint128 locked = lockedOf(deal);
        IEscrow.Split memory terms =
            IEscrow.Split(id, 0, 1, locked, locked / 2, locked - locked / 2, 0, 1, uint128(fee), deal.openBy);
        bytes32 digest = splitDigest(terms);
        bytes memory ofBuyer = signed(buyerKey, digest);
        bytes memory ofSeller = signed(sellerKey, digest);
        vm.prank(relayer);
        escrow.split(deal, terms, ofBuyer, ofSeller);
    }

    function until(IEscrow.Deal memory deal) private pure returns (Action memory) {
        return Action(0, deal.openBy);
    }

    function measured(string memory name) private {
        vm.snapshotGasLastCall("Paths", name);
    }

    // ---- opening

    function test_open() external {
        opened(next(simpleDeal()));
        measured("open");
        IEscrow.Deal memory deal = next(simpleDeal());
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.prank(buyer);
        escrow.open(deal, "", ofSeller, allowance(), allowance());
        measured("open, sent by the buyer");
        deal = next(simpleDeal());
        deal.relayFee = 1e5;
        opened(deal);
        measured("open, with a relay fee");
    }

    function test_openWithMore() external {
        opened(next(milestoneDeal(2)));
        measured("open, with arbiter and bond, two milestones");
        opened(next(arbitratedDeal()));
        measured("open, with arbiter and bond");
        IEscrow.Deal memory deal = next(simpleDeal());
        deal.sellerBond = BOND;
        opened(deal);
        measured("open, with bond");
    }

    function test_openForAnOlderEpoch() external {
        IEscrow.Deal memory deal = next(simpleDeal());
        vm.prank(stranger);
        escrow.advanceEpoch(stranger, 1, 0, "");
        opened(deal);
        measured("open, signed for an older epoch");
    }

    function test_openLinked() external {
        IEscrow.Opening[] memory items = new IEscrow.Opening[](2);
        IEscrow.Deal[2] memory deals = [next(simpleDeal()), next(simpleDeal())];
        bytes32 bundle = keccak256(abi.encodePacked(keccak256(dealData(deals[0])), keccak256(dealData(deals[1]))));
        for (uint256 i; i < 2; ++i) {
            deals[i].bundle = bundle;
            items[i] = opening(deals[i]);
        }
        vm.prank(relayer);
        escrow.openLinked(items);
        measured("open linked, two deals");
    }

    function test_cancel() external {
        IEscrow.Deal memory deal = next(simpleDeal());
        bytes memory ofBuyer = signed(buyerKey, cancellation(idOf(deal), buyer, until(deal)));
        vm.prank(relayer);
        escrow.cancel(deal, buyer, 0, deal.openBy, ofBuyer);
        measured("cancel");
    }

    // ---- the usual end

    function test_deliver() external {
        IEscrow.Deal memory deal = next(simpleDeal());
        bytes memory ofSeller = signed(sellerKey, delivery(opened(deal), 0, 1, GOODS, until(deal)));
        vm.prank(relayer);
        escrow.deliver(deal, 0, 1, GOODS, 0, deal.openBy, ofSeller);
        measured("deliver");
    }

    function settledFor(IEscrow.Deal memory deal, uint8 milestone, string memory name) private {
        bytes memory ofBuyer = signed(buyerKey, receipt(idOf(deal), milestone, GOODS, until(deal)));
        vm.prank(relayer);
        escrow.settle(deal, milestone, GOODS, 0, deal.openBy, ofBuyer);
        measured(name);
    }

    function test_settle() external {
        IEscrow.Deal memory deal = next(simpleDeal());
        opened(deal);
        settledFor(deal, 0, "settle");
        deal = next(simpleDeal());
        opened(deal);
        vm.prank(buyer);
        escrow.settle(deal, 0, GOODS, 0, 0, "");
        measured("settle, sent by the buyer");
        deal = next(simpleDeal());
        deal.payout = 1;
        opened(deal);
        settledFor(deal, 0, "settle, into the internal balance");
    }

    function test_settleMore() external {
        IEscrow.Deal memory deal = next(milestoneDeal(2));
        opened(deal);
        settledFor(deal, 0, "settle the first of two milestones");
        settledFor(deal, 1, "settle the last of two milestones");
        deal = next(arbitratedDeal());
        opened(deal);
        settledFor(deal, 0, "settle, with arbiter and bond");
    }

    function test_settleBatch() external {
        IEscrow.Receipt[] memory items = new IEscrow.Receipt[](20);
        for (uint256 i; i < 20; ++i) {
            IEscrow.Deal memory deal = next(simpleDeal());
            opened(deal);
            items[i] = receiptFor(deal);
        }
        vm.prank(relayer);
        escrow.settleBatch(items);
        measured("settle, 20 in a batch, as an array");
    }

    function test_settleBySilence() external {
        silent();
        vm.prank(relayer);
        escrow.settleBySilence(kept());
        measured("settle by silence");
    }

    // ---- other ends

    function test_reject() external {
        IEscrow.Deal memory deal = next(arbitratedDeal());
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        bytes memory ofBuyer = signed(buyerKey, rejection(id, 0, 1, REASON, until(deal)));
        vm.prank(relayer);
        escrow.reject(deal, 0, 1, REASON, 0, deal.openBy, ofBuyer);
        measured("reject");
        bytes memory ofSeller = signed(sellerKey, disputeDigest(id, seller, 0, REASON, until(deal)));
        vm.prank(relayer);
        escrow.dispute(deal, seller, 0, REASON, 0, deal.openBy, ofSeller);
        measured("dispute");
        bytes memory ofArbiter = signed(arbiterKey, ruling(id, 0, 5000, REASON, until(deal)));
        vm.prank(relayer);
        escrow.rule(deal, 0, 5000, REASON, 0, deal.openBy, ofArbiter);
        measured("rule");
    }

    function test_closeRejected() external {
        rejecting();
        vm.prank(relayer);
        escrow.closeRejected(kept());
        measured("close a rejected deal");
    }

    function test_lapse() external {
        lapsing();
        vm.prank(relayer);
        escrow.lapse(kept());
        measured("lapse");
    }

    function test_refund() external {
        missing();
        vm.prank(relayer);
        refundDefault();
        measured("refund after a missed deadline");
        IEscrow.Deal memory deal = next(arbitratedDeal());
        bytes memory ofSeller = signed(sellerKey, refundDigest(opened(deal), seller, 0, until(deal)));
        vm.prank(relayer);
        escrow.refund(deal, seller, 0, 0, deal.openBy, ofSeller);
        measured("refund by the seller");
    }

    function test_split() external {
        splitting(next(arbitratedDeal()), 0);
        measured("split");
    }

    // ---- internal balances

    function test_accounts() external {
        vm.prank(buyer);
        escrow.deposit(address(token), buyer, 1e6);
        measured("deposit");
        uint40 end = uint40(block.timestamp + 1);
        bytes32 digest = withdrawal(buyer, address(token), buyer, 1e6, 7, Action(0, end));
        bytes memory ofBuyer = signed(buyerKey, digest);
        vm.prank(relayer);
        escrow.withdraw(address(token), buyer, buyer, 1e6, 0, 7, end, ofBuyer);
        measured("withdraw, first nonce of a word");
    }
}
