// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Granting} from "./Granting.sol";

/// @notice What agents do with a deal once it is open. Tree: trees/Escrow.useMandate.tree
contract MandateActsTest is Granting {
    Action internal timed;

    function setUp() public override {
        super.setUp();
        timed = Action(0, uint40(START + 30 days));
    }

    function missing(IEscrow.Mandate memory m, uint8 wanted) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.MandateAction.selector, m.actions, wanted);
    }

    // ---- one by one: with its bit alone, and with every bit but its own ----

    function test_deliverWithItsBitOnly() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Open);
        IEscrow.Mandate memory m = sellersMandate();
        bytes32 digest = delivery(id, 0, 1, GOODS, timed);
        m.actions = 255 - DELIVERY;
        bytes memory signature = under(m, digest);
        vm.expectRevert(missing(m, DELIVERY));
        escrow.deliver(deal, 0, 1, GOODS, 0, timed.validUntil, signature);
        m.actions = DELIVERY;
        escrow.deliver(deal, 0, 1, GOODS, 0, timed.validUntil, under(m, digest));
        assertStatus(id, IEscrow.Status.Delivered);
    }

    function test_acceptWithItsBitOnly() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        IEscrow.Mandate memory m = buyersMandate();
        bytes32 digest = receipt(id, 0, GOODS, timed);
        m.actions = 255 - RECEIPT;
        bytes memory signature = under(m, digest);
        vm.expectRevert(missing(m, RECEIPT));
        escrow.settle(deal, 0, GOODS, 0, timed.validUntil, signature);
        m.actions = RECEIPT;
        escrow.settle(deal, 0, GOODS, 0, timed.validUntil, under(m, digest));
        assertClosed(id);
        assertEq(usedOf(m), 0, "what was committed at opening counts no second time");
    }

    function test_rejectWithItsBitOnly() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        IEscrow.Mandate memory m = buyersMandate();
        bytes32 digest = rejection(id, 0, 1, REASON, timed);
        m.actions = 255 - REJECTION;
        bytes memory signature = under(m, digest);
        vm.expectRevert(missing(m, REJECTION));
        escrow.reject(deal, 0, 1, REASON, 0, timed.validUntil, signature);
        m.actions = REJECTION;
        escrow.reject(deal, 0, 1, REASON, 0, timed.validUntil, under(m, digest));
        assertStatus(id, IEscrow.Status.Rejected);
    }

    function test_disputeWithItsBitOnly() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Rejected);
        IEscrow.Mandate memory m = sellersMandate();
        bytes32 digest = disputeDigest(id, seller, 0, REASON, timed);
        m.actions = 255 - DISPUTE;
        bytes memory signature = under(m, digest);
        vm.expectRevert(missing(m, DISPUTE));
        escrow.dispute(deal, seller, 0, REASON, 0, timed.validUntil, signature);
        m.actions = DISPUTE;
        escrow.dispute(deal, seller, 0, REASON, 0, timed.validUntil, under(m, digest));
        assertStatus(id, IEscrow.Status.Disputed);
    }

    function test_leaveWithItsBitOnly() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Open);
        IEscrow.Mandate memory m = sellersMandate();
        bytes32 digest = refundDigest(id, seller, 0, timed);
        m.actions = 255 - LEAVE;
        bytes memory signature = under(m, digest);
        vm.expectRevert(missing(m, LEAVE));
        escrow.refund(deal, seller, 0, 0, timed.validUntil, signature);
        m.actions = LEAVE;
        escrow.refund(deal, seller, 0, 0, timed.validUntil, under(m, digest));
        assertClosed(id);
    }

    function test_cancelWithItsBitOnly() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = idOf(deal);
        IEscrow.Mandate memory m = buyersMandate();
        bytes32 digest = cancellation(id, buyer, timed);
        m.actions = 255 - LEAVE;
        bytes memory signature = under(m, digest);
        vm.expectRevert(missing(m, LEAVE));
        escrow.cancel(deal, buyer, 0, timed.validUntil, signature);
        m.actions = LEAVE;
        escrow.cancel(deal, buyer, 0, timed.validUntil, under(m, digest));
        assertStatus(id, IEscrow.Status.Cancelled);
    }

    function test_openWithItsBitOnly() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.actions = 255 - OPEN;
        refusesUnder(m, simpleDeal(), missing(m, OPEN));
        m.actions = OPEN;
        openedUnder(m, simpleDeal());
    }

    function test_amendWithItsBitOnly() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        IEscrow.Deal memory amendment = arbitratedDeal();
        amendment.amends = id;
        amendment.amendsLocked = lockedOf(deal);
        amendment.sellerBond = BOND + 7;
        bytes32 digest = idOf(amendment);
        IEscrow.Mandate memory m = sellersMandate();
        m.actions = 255 - AMEND;
        bytes memory ofBuyer = signed(buyerKey, digest);
        bytes memory ofSeller = under(m, digest);
        vm.expectRevert(missing(m, AMEND));
        escrow.amend(deal, amendment, ofBuyer, ofSeller, allowance(), allowance());
        m.actions = AMEND;
        escrow.amend(deal, amendment, ofBuyer, under(m, digest), allowance(), allowance());
        assertStatus(digest, IEscrow.Status.Open);
        assertEq(usedOf(m), 7, "what its side adds");
    }

    function termsOf(IEscrow.Deal memory deal) internal view returns (IEscrow.Split memory terms) {
        terms.dealId = idOf(deal);
        terms.status = 1;
        terms.locked = lockedOf(deal);
        terms.toSeller = terms.locked;
        terms.validUntil = timed.validUntil;
    }

    function test_splitWithItsBitOnly() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        IEscrow.Split memory terms = termsOf(deal);
        IEscrow.Mandate memory m = buyersMandate();
        bytes32 digest = splitDigest(terms);
        bytes memory ofSeller = signed(sellerKey, digest);
        m.actions = 255 - SPLIT;
        bytes memory signature = under(m, digest);
        vm.expectRevert(missing(m, SPLIT));
        escrow.split(deal, terms, signature, ofSeller);
        m.actions = SPLIT;
        escrow.split(deal, terms, under(m, digest), ofSeller);
        assertClosed(id);
    }

    function test_takeASplitBackWithTheSameBit() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        IEscrow.Split memory terms = termsOf(deal);
        IEscrow.Mandate memory m = buyersMandate();
        bytes32 digest = splitRevocation(splitDigest(terms), buyer, timed.validUntil);
        m.actions = 255 - SPLIT;
        bytes memory signature = under(m, digest);
        vm.expectRevert(missing(m, SPLIT));
        escrow.revokeSplit(deal, terms, buyer, timed.validUntil, signature);
        m.actions = SPLIT;
        m.budget = 0; // it costs nothing
        escrow.revokeSplit(deal, terms, buyer, timed.validUntil, under(m, digest));
        assertTrue(escrow.splitSpent(splitDigest(terms)));
    }

    function test_refuseOneAgentForBothSidesOfASplit() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        opened(deal);
        IEscrow.Split memory terms = termsOf(deal);
        IEscrow.Mandate memory m = sellersMandate();
        m.agent = agent;
        bytes memory ofBuyer = under(buyersMandate(), splitDigest(terms));
        bytes memory ofSeller = under(m, splitDigest(terms));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MandateAgent.selector, agent));
        escrow.split(deal, terms, ofBuyer, ofSeller);
    }

    function test_refuseOneAgentForBothSidesOfAnAmendment() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = opened(deal);
        IEscrow.Deal memory amendment = arbitratedDeal();
        amendment.amends = id;
        amendment.amendsLocked = lockedOf(deal);
        IEscrow.Mandate memory m = sellersMandate();
        m.agent = agent;
        bytes memory ofBuyer = under(buyersMandate(), idOf(amendment));
        bytes memory ofSeller = under(m, idOf(amendment));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MandateAgent.selector, agent));
        escrow.amend(deal, amendment, ofBuyer, ofSeller, allowance(), allowance());
    }

    // ---- limits and fees ----

    function test_acceptNothingBeyondTheLimitThatItsPrincipalOpenedItself() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        IEscrow.Mandate memory m = buyersMandate();
        m.dealLimit = PRICE;
        bytes memory signature = under(m, receipt(id, 0, GOODS, timed));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MandateLimit.selector, PRICE, PRICE + FEE));
        escrow.settle(deal, 0, GOODS, 0, timed.validUntil, signature);
    }

    function test_refuseAnActForTheOtherSide() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Rejected);
        IEscrow.Mandate memory m = buyersMandate();
        bytes memory signature = under(m, disputeDigest(id, seller, 0, REASON, timed));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MandateOfAnother.selector, buyer, seller));
        escrow.dispute(deal, seller, 0, REASON, 0, timed.validUntil, signature);
    }

    function test_countEveryFeeAgainstTheBudget() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        deposited(buyer, 100);
        IEscrow.Mandate memory m = buyersMandate();
        m.budget = 60;
        timed.fee = 61;
        bytes memory signature = under(m, rejection(id, 0, 1, REASON, timed));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MandateBudget.selector, mandateDigest(m), 60, 61));
        escrow.reject(deal, 0, 1, REASON, 61, timed.validUntil, signature);
        timed.fee = 60;
        vm.prank(relayer);
        escrow.reject(deal, 0, 1, REASON, 60, timed.validUntil, under(m, rejection(id, 0, 1, REASON, timed)));
        assertEq(credit(relayer), 60);
        assertEq(credit(buyer), 40);
        assertEq(usedOf(m), 60);
    }

    function test_countItsHalfOfASplitsFee() external {
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        deposited(buyer, 10);
        deposited(seller, 10);
        IEscrow.Split memory terms = termsOf(deal);
        terms.fee = 7;
        IEscrow.Mandate memory m = buyersMandate();
        bytes memory ofBuyer = under(m, splitDigest(terms));
        bytes memory ofSeller = signed(sellerKey, splitDigest(terms));
        vm.prank(relayer);
        escrow.split(deal, terms, ofBuyer, ofSeller);
        assertEq(usedOf(m), 4);
        assertEq(credit(buyer), 6);
    }

    function test_refuseAnActThatIsTooLate() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Delivered);
        timed.validUntil = uint40(START - 1);
        bytes memory signature = under(buyersMandate(), receipt(id, 0, GOODS, timed));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ActionExpired.selector, START - 1, START));
        escrow.settle(deal, 0, GOODS, 0, timed.validUntil, signature);
    }

    // ---- never ----

    function test_neverSignAWithdrawal() external {
        deposited(buyer, 50);
        bytes memory signature = under(buyersMandate(), withdrawal(buyer, address(token), agent, 50, 1, timed));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureKindUnknown.selector, uint8(1)));
        escrow.withdraw(address(token), buyer, agent, 50, 0, 1, timed.validUntil, signature);
    }

    function test_neverSignAnEpoch() external {
        bytes memory signature = under(buyersMandate(), epochDigest(buyer, 1, timed.validUntil));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureKindUnknown.selector, uint8(1)));
        escrow.advanceEpoch(buyer, 1, timed.validUntil, signature);
    }

    function test_neverSignARuling() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes32 id = broughtTo(deal, IEscrow.Status.Disputed);
        IEscrow.Mandate memory m = buyersMandate();
        m.principal = arbiter;
        bytes memory ofPrincipal = signed(arbiterKey, mandateDigest(m));
        bytes memory signature = carried(m, ofPrincipal, signed(agentKey, ruling(id, 0, 1, REASON, timed)));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureKindUnknown.selector, uint8(1)));
        escrow.rule(deal, 0, 1, REASON, 0, timed.validUntil, signature);
    }
}
