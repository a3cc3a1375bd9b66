// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {HookedToken, ReenteringHook} from "../tokens/HookedToken.sol";
import {GasBurnerWallet, ReenteringWallet} from "../tokens/wallets/HostileWallets.sol";
import {OwnerWallet} from "../tokens/wallets/OwnerWallet.sol";
import {Granting} from "./Granting.sol";

/// @notice Agents that open deals. Tree: trees/Escrow.useMandate.tree
contract MandateOpenTest is Granting {
    // ---- what it lets pass ----

    function test_openForTheBuyer() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        IEscrow.Mandate memory m = buyersMandate();
        bytes32 id = idOf(deal);
        uint128 cost = PRICE + 2 * FEE;
        vm.expectEmit(address(escrow));
        emit IEscrow.MandateUsed(mandateDigest(m), agent, id, cost);
        openedUnder(m, deal);
        assertStatus(id, IEscrow.Status.Open);
        assertEq(usedOf(m), cost, "price and fees");
        assertEq(token.balanceOf(buyer), FUNDS - cost);
        assertBooks(lockedOf(deal));
    }

    function test_openForTheSeller() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        IEscrow.Mandate memory m = sellersMandate();
        m.counterparty = buyer;
        m.dealLimit = PRICE;
        bytes32 id = idOf(deal);
        escrow.open(deal, signed(buyerKey, id), under(m, id), allowance(), allowance());
        assertStatus(id, IEscrow.Status.Open);
        assertEq(usedOf(m), BOND, "what it puts at risk");
    }

    function test_openForBothByTwoAgents() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = idOf(deal);
        escrow.open(deal, under(buyersMandate(), id), under(sellersMandate(), id), allowance(), allowance());
        assertStatus(id, IEscrow.Status.Open);
    }

    function test_takeACallOfTheAgentForItsSignature() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Mandate memory m = buyersMandate();
        bytes memory ofBuyer = carried(m, signed(buyerKey, mandateDigest(m)), "");
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, agent, idOf(deal)));
        escrow.open(deal, ofBuyer, ofSeller, allowance(), allowance());
        vm.prank(agent);
        escrow.open(deal, ofBuyer, ofSeller, allowance(), allowance());
        assertStatus(idOf(deal), IEscrow.Status.Open);
    }

    function test_openOutOfAnInternalBalance() external {
        IEscrow.Deal memory deal = simpleDeal();
        deposited(buyer, PRICE);
        bytes32 id = idOf(deal);
        escrow.open(deal, under(buyersMandate(), id), signed(sellerKey, id), balance(), allowance());
        assertEq(credit(buyer), 0);
    }

    function test_takeWalletsOnBothEnds() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.principal = address(new OwnerWallet(buyer));
        m.agent = address(new OwnerWallet(agent));
        IEscrow.Deal memory deal = simpleDeal();
        deal.buyer = m.principal;
        endow(m.principal);
        openedUnder(m, deal);
        assertStatus(idOf(deal), IEscrow.Status.Open);
    }

    function test_takeAPrincipalWithDelegatedCode() external {
        vm.signAndAttachDelegation(address(new GasBurnerWallet()), buyerKey);
        openedUnder(buyersMandate(), simpleDeal());
    }

    function test_takeWhatLiesOnEveryLimit() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.relayFee = 5;
        IEscrow.Mandate memory m = buyersMandate();
        m.dealLimit = PRICE + FEE + 5;
        m.budget = m.dealLimit;
        m.validUntil = m.validFrom;
        m.actions = OPEN;
        m.counterparty = seller;
        m.arbiter = arbiter;
        openedUnder(m, deal);
        assertEq(usedOf(m), m.budget);
    }

    // ---- what it does not ----

    function refuses(IEscrow.Mandate memory m, bytes memory why) internal {
        refusesUnder(m, arbitratedDeal(), why);
        assertEq(usedOf(m), 0);
    }

    function test_refuseADealBeyondTheLimit() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.dealLimit = PRICE + FEE - 1;
        refuses(m, abi.encodeWithSelector(IEscrow.MandateLimit.selector, m.dealLimit, PRICE + FEE));
        m = sellersMandate();
        m.dealLimit = PRICE + 1;
        IEscrow.Deal memory deal = arbitratedDeal();
        bytes memory ofBuyer = signed(buyerKey, idOf(deal));
        bytes memory ofSeller = under(m, idOf(deal));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MandateLimit.selector, m.dealLimit, PRICE));
        escrow.open(deal, ofBuyer, ofSeller, allowance(), allowance());
    }

    function test_countTheRelayFeeAgainstTheLimit() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.relayFee = 1;
        IEscrow.Mandate memory m = buyersMandate();
        m.dealLimit = PRICE;
        refusesUnder(m, deal, abi.encodeWithSelector(IEscrow.MandateLimit.selector, PRICE, PRICE + 1));
    }

    function test_refuseWhatTheBudgetDoesNotHold() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.budget = 2 * PRICE - 1;
        IEscrow.Deal memory deal = simpleDeal();
        openedUnder(m, deal);
        deal.nonce += 1;
        bytes memory why =
            abi.encodeWithSelector(IEscrow.MandateBudget.selector, mandateDigest(m), PRICE - 1, uint256(PRICE));
        refusesUnder(m, deal, why);
        assertEq(usedOf(m), PRICE);
    }

    function test_neverRestoreABudget() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.budget = PRICE;
        IEscrow.Deal memory deal = simpleDeal();
        deal.cancelBy = type(uint40).max;
        openedUnder(m, deal);
        vm.prank(buyer);
        escrow.refund(deal, buyer, 0, 0, 0, "");
        deal.nonce += 1;
        refusesUnder(
            m, deal, abi.encodeWithSelector(IEscrow.MandateBudget.selector, mandateDigest(m), 0, uint256(PRICE))
        );
    }

    function testFuzz_neverCommitMoreThanTheBudget(uint128 budget, uint128[6] memory prices) external {
        budget = uint128(bound(budget, 0, 4e14));
        IEscrow.Mandate memory m = buyersMandate();
        m.budget = budget;
        m.dealLimit = type(uint128).max;
        uint256 paid;
        for (uint256 i; i < prices.length; ++i) {
            IEscrow.Deal memory deal = simpleDeal();
            deal.price = uint128(bound(prices[i], 1, 1e14));
            deal.milestones[0].amount = deal.price;
            deal.nonce = i;
            bytes32 id = idOf(deal);
            bool fits = paid + deal.price <= budget;
            if (fits) openedUnder(m, deal);
            else refusesUnder(m, deal, beyond(m, budget - paid, deal.price));
            if (fits) paid += deal.price;
            assertStatus(id, fits ? IEscrow.Status.Open : IEscrow.Status.Unopened);
        }
        assertEq(usedOf(m), paid);
        assertEq(FUNDS - token.balanceOf(buyer), paid);
    }

    function beyond(IEscrow.Mandate memory m, uint256 left, uint256 wanted) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.MandateBudget.selector, mandateDigest(m), left, wanted);
    }

    function test_surviveTheLargestNumbers() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.budget = type(uint128).max;
        m.dealLimit = type(uint128).max;
        IEscrow.Deal memory deal = simpleDeal();
        openedUnder(m, deal);
        deal.nonce += 1;
        deal.price = type(uint128).max - PRICE + 1;
        deal.milestones[0].amount = deal.price;
        refusesUnder(m, deal, beyond(m, type(uint128).max - PRICE, deal.price));
    }

    function test_leaveTheBudgetWhereOpeningFails() external {
        IEscrow.Mandate memory m = buyersMandate();
        IEscrow.Deal memory deal = simpleDeal();
        vm.prank(buyer);
        token.approve(address(escrow), PRICE - 1);
        refusesUnder(
            m, deal, abi.encodeWithSelector(IEscrow.FundingRefused.selector, address(token), buyer, uint256(PRICE))
        );
        assertEq(usedOf(m), 0);
    }

    function test_refuseOutsideItsTime() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.validFrom += 1;
        refuses(m, outOfTime(m));
        m.validFrom = 0;
        m.validUntil = uint40(block.timestamp - 1);
        refuses(m, outOfTime(m));
    }

    function outOfTime(IEscrow.Mandate memory m) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.MandateTime.selector, m.validFrom, m.validUntil, block.timestamp);
    }

    function test_refuseAnotherTokenAndNone() external {
        IEscrow.Mandate memory m = buyersMandate();
        address[2] memory others = [address(0), stranger];
        for (uint256 i; i < others.length; ++i) {
            m.token = others[i];
            refuses(m, abi.encodeWithSelector(IEscrow.MandateToken.selector, others[i], address(token)));
        }
    }

    function test_refuseAnotherCounterparty() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.counterparty = stranger;
        refuses(m, abi.encodeWithSelector(IEscrow.MandateCounterparty.selector, stranger, seller));
    }

    function test_refuseAnotherArbiterOrNone() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.arbiter = stranger;
        refuses(m, abi.encodeWithSelector(IEscrow.MandateArbiter.selector, stranger, arbiter));
        m.arbiter = arbiter;
        refusesUnder(m, simpleDeal(), abi.encodeWithSelector(IEscrow.MandateArbiter.selector, arbiter, address(0)));
    }

    function test_refuseARoleThatIsNotTheSide() external {
        IEscrow.Mandate memory m = buyersMandate();
        uint8[4] memory roles = [0, 2, 3, 255];
        for (uint256 i; i < roles.length; ++i) {
            m.role = roles[i];
            refuses(m, abi.encodeWithSelector(IEscrow.MandateRole.selector, roles[i], uint8(1)));
        }
    }

    function test_refuseTheMandateOfAnother() external {
        IEscrow.Mandate memory m = buyersMandate();
        m.principal = seller; // it signs, too
        refuses(m, abi.encodeWithSelector(IEscrow.MandateOfAnother.selector, seller, buyer));
        m.principal = address(0);
        refuses(m, abi.encodeWithSelector(IEscrow.MandateOfAnother.selector, address(0), buyer));
    }

    function test_refuseAnAgentOfTheOtherSide() external {
        IEscrow.Mandate memory m = buyersMandate();
        address[2] memory others = [seller, arbiter];
        for (uint256 i; i < others.length; ++i) {
            m.agent = others[i];
            refuses(m, abi.encodeWithSelector(IEscrow.MandateAgent.selector, others[i]));
        }
    }

    function test_refuseOneAgentForBothSides() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Mandate memory m = sellersMandate();
        m.agent = agent;
        bytes memory ofBuyer = under(buyersMandate(), idOf(deal));
        bytes memory ofSeller = under(m, idOf(deal));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.MandateAgent.selector, agent));
        escrow.open(deal, ofBuyer, ofSeller, allowance(), allowance());
    }

    function test_refuseAnEpochThatIsOver() external {
        IEscrow.Mandate memory m = buyersMandate();
        vm.prank(buyer);
        escrow.advanceEpoch(buyer, 1, 0, "");
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.buyerEpoch = 1;
        refusesUnder(m, deal, abi.encodeWithSelector(IEscrow.EpochStale.selector, buyer, 0, 1));
        m.epoch = 1;
        openedUnder(m, deal);
    }

    // ---- who signed it ----

    function refusesSigned(bytes memory ofBuyer, IEscrow.Deal memory deal, bytes memory why) internal {
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.expectRevert(why);
        vm.prank(relayer);
        escrow.open(deal, ofBuyer, ofSeller, allowance(), allowance());
    }

    function invalid(address signer, bytes32 digest) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, signer, digest);
    }

    function test_refuseAMandateThatItsPrincipalDidNotSign() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Mandate memory m = buyersMandate();
        bytes memory ofAgent = signed(agentKey, idOf(deal));
        bytes32 digest = mandateDigest(m);
        refusesSigned(carried(m, signed(agentKey, digest), ofAgent), deal, invalid(buyer, digest));
        refusesSigned(carried(m, "", ofAgent), deal, invalid(buyer, digest));
        refusesSigned(carried(m, signedHigh(buyerKey, digest), ofAgent), deal, invalid(buyer, digest));
        IEscrow.Mandate memory wider = buyersMandate();
        wider.budget += 1;
        bytes memory narrower = signed(buyerKey, digest);
        refusesSigned(carried(wider, narrower, ofAgent), deal, invalid(buyer, mandateDigest(wider)));
    }

    function test_refuseWhatTheAgentDidNotSign() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Mandate memory m = buyersMandate();
        bytes memory ofPrincipal = signed(buyerKey, mandateDigest(m));
        bytes32 id = idOf(deal);
        IEscrow.Deal memory other = simpleDeal();
        other.nonce += 1;
        refusesSigned(carried(m, ofPrincipal, signed(buyerKey, id)), deal, invalid(agent, id));
        refusesSigned(carried(m, ofPrincipal, signed(agentKey, idOf(other))), deal, invalid(agent, id));
        refusesSigned(carried(m, ofPrincipal, ""), deal, invalid(agent, id));
        m.agent = address(0);
        ofPrincipal = signed(buyerKey, mandateDigest(m));
        bytes memory why = abi.encodeWithSelector(IEscrow.MandateAgent.selector, address(0));
        refusesSigned(carried(m, ofPrincipal, signed(agentKey, id)), deal, why);
    }

    function test_refuseAMandateInsideAMandate() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Mandate memory m = buyersMandate();
        bytes memory inner = under(m, idOf(deal));
        bytes memory ofPrincipal = signed(buyerKey, mandateDigest(m));
        bytes memory why = abi.encodeWithSelector(IEscrow.SignatureKindUnknown.selector, uint8(1));
        refusesSigned(carried(m, ofPrincipal, inner), deal, why);
        refusesSigned(carried(m, under(m, mandateDigest(m)), signed(agentKey, idOf(deal))), deal, why);
    }

    function test_refuseAMandateForAnotherChain() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Mandate memory m = buyersMandate();
        bytes memory ofPrincipal = signed(buyerKey, mandateDigest(m));
        vm.chainId(block.chainid + 1);
        bytes memory ofBuyer = carried(m, ofPrincipal, signed(agentKey, idOf(deal)));
        refusesSigned(ofBuyer, deal, invalid(buyer, mandateDigest(m)));
    }

    function test_refuseAMandateForAnotherEscrow() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Mandate memory m = buyersMandate();
        bytes memory ofPrincipal = signed(buyerKey, mandateDigest(m));
        escrow = deployEscrow();
        bytes memory ofBuyer = carried(m, ofPrincipal, signed(agentKey, idOf(deal)));
        refusesSigned(ofBuyer, deal, invalid(buyer, mandateDigest(m)));
    }

    function test_refuseAMandateWithoutSignatures() external {
        IEscrow.Mandate memory m = buyersMandate();
        refusesSigned(carried(m, "", ""), simpleDeal(), invalid(buyer, mandateDigest(m)));
    }

    function testFuzz_refuseBodiesCutShort(uint256 length) external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes memory whole = under(buyersMandate(), idOf(deal));
        length = bound(length, 1, 1 + 13 * 32 + 2 + 65); // the principal's signature has one byte more
        bytes memory part = new bytes(length);
        for (uint256 i; i < length; ++i) {
            part[i] = whole[i];
        }
        refusesSigned(part, deal, abi.encodeWithSelector(IEscrow.MandateMalformed.selector, length - 1));
    }

    // ---- from inside ----

    function test_letNobodyElseUseAMandate() external {
        IEscrow.MandateUse memory act;
        act.principal = buyer;
        act.role = 1;
        act.actions = OPEN;
        act.token = address(token);
        act.spend = BUDGET;
        IEscrow.Mandate memory m = buyersMandate();
        bytes memory body = abi.encodePacked(abi.encode(m), uint16(66), signed(buyerKey, mandateDigest(m)));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.NotAsked.selector, agent));
        vm.prank(agent);
        escrow.useMandate(act, body);
        assertEq(usedOf(m), 0);
    }

    function test_letATokenUseNoMandateWhileMoneyMoves() external {
        HookedToken hooked = new HookedToken();
        ReenteringHook hook = new ReenteringHook();
        IEscrow.Deal memory deal = simpleDeal();
        deal.token = address(hooked);
        hooked.mint(buyer, PRICE);
        vm.prank(buyer);
        hooked.approve(address(escrow), PRICE);
        IEscrow.Mandate memory m = buyersMandate();
        m.token = address(hooked);
        IEscrow.MandateUse memory act;
        hook.arm(address(escrow), abi.encodeCall(escrow.useMandate, (act, "")));
        hooked.setHook(buyer, hook);
        openedUnder(m, deal);
        assertEq(hook.successes(), 0);
        assertEq(hook.lastReturn(), abi.encodeWithSelector(IEscrow.NotAsked.selector, address(hook)));
        assertEq(usedOf(m), PRICE, "once");
    }

    function test_letAWalletChangeNothing() external {
        ReenteringWallet wallet = new ReenteringWallet();
        IEscrow.Mandate memory m = buyersMandate();
        m.principal = address(wallet);
        IEscrow.Deal memory deal = simpleDeal();
        deal.buyer = address(wallet);
        wallet.arm(
            address(escrow), abi.encodeCall(escrow.advanceEpoch, (address(wallet), uint64(1), uint40(0), "")), true
        );
        bytes memory ofBuyer = carried(m, hex"00", signed(agentKey, idOf(deal)));
        refusesSigned(ofBuyer, deal, invalid(address(wallet), mandateDigest(m)));
    }
}
