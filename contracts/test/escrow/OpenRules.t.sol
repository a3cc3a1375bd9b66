// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice What a deal must satisfy to be opened. Tree: trees/Escrow.open.rules.tree
contract OpenRulesTest is EscrowTest {
    function test_refuseAPriceOfZero() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.price = 0;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.PriceZero.selector));
    }

    function test_refuseATokenWithoutCode() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.token = makeAddr("nothing here");
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.TokenWithoutCode.selector, deal.token));
    }

    function test_refuseAZeroParty() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.buyer = address(0);
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.PartyZero.selector, address(0), seller));
        deal.buyer = buyer;
        deal.seller = address(0);
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.PartyZero.selector, buyer, address(0)));
    }

    function test_refusePartiesThatAreNotDistinct() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.seller = buyer;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.PartiesNotDistinct.selector, buyer, buyer, arbiter));
        deal.seller = seller;
        deal.arbiter = buyer;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.PartiesNotDistinct.selector, buyer, seller, buyer));
        deal.arbiter = seller;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.PartiesNotDistinct.selector, buyer, seller, seller));
    }

    function test_refuseNoMilestoneOrMoreThan16() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.milestones = new IEscrow.Milestone[](0);
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.MilestoneCount.selector, 0, 16));
        deal = milestoneDeal(17);
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.MilestoneCount.selector, 17, 16));
    }

    function test_take16Milestones() external {
        IEscrow.Deal memory deal = milestoneDeal(16);
        assertEq(escrow.stateOf(opened(deal)).locked, lockedOf(deal));
    }

    function test_refuseAMilestoneOfZero() external {
        IEscrow.Deal memory deal = milestoneDeal(3);
        deal.milestones[1].amount = 0;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.MilestoneAmountZero.selector, 1));
    }

    function testFuzz_refuseMilestonesThatDoNotSumToThePrice(uint128 amount) external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        vm.assume(amount != 0 && amount != deal.milestones[1].amount);
        deal.milestones[1].amount = amount;
        uint256 sum = uint256(deal.milestones[0].amount) + amount;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.MilestonesSum.selector, sum, PRICE));
    }

    function test_refuseMilestonesCloserThanTheReviewWindow() external {
        IEscrow.Deal memory deal = milestoneDeal(3);
        uint40 earliest = deal.milestones[2].deliverBy;
        deal.milestones[2].deliverBy = earliest - 1;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.MilestoneOrder.selector, 2, earliest - 1, earliest));
    }

    function testFuzz_refuseAFirstDeadlineThatMayPassBeforeItOpens(uint40 deliverBy) external {
        IEscrow.Deal memory deal = simpleDeal();
        deliverBy = uint40(bound(deliverBy, 0, deal.openBy));
        deal.milestones[0].deliverBy = deliverBy;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.DeadlineBeforeOpening.selector, deliverBy, deal.openBy));
    }

    function test_takeAFirstDeadlineRightAfterTheLastOpening() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.milestones[0].deliverBy = deal.openBy;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.DeadlineBeforeOpening.selector, deal.openBy, deal.openBy));
        deal.milestones[0].deliverBy = deal.openBy + 1;
        vm.warp(deal.openBy);
        opened(deal);
        delivered(deal);
    }

    function test_refuseAWindowOutOfRange() external {
        uint32[2] memory bad = [uint32(0), uint32(365 days + 1)];
        for (uint256 i; i < 2; ++i) {
            bytes memory why = abi.encodeWithSelector(IEscrow.WindowOutOfRange.selector, bad[i], 365 days);
            IEscrow.Deal memory deal = simpleDeal();
            deal.reviewWindow = bad[i];
            refusesToOpen(deal, why);
            deal = simpleDeal();
            deal.disputeWindow = bad[i];
            refusesToOpen(deal, why);
            deal = simpleDeal();
            deal.rulingWindow = bad[i];
            refusesToOpen(deal, why);
        }
    }

    function test_takeWindowsOfASecondAndOfAYear() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.reviewWindow = 1;
        deal.disputeWindow = 365 days;
        deal.rulingWindow = 1;
        opened(deal);
    }

    function testFuzz_refuseAShareAbove10000Bps(uint16 bps) external {
        vm.assume(bps > 10_000);
        bytes memory why = abi.encodeWithSelector(IEscrow.BpsOutOfRange.selector, bps);
        IEscrow.Deal memory deal = simpleDeal();
        deal.rejectedSellerBps = bps;
        refusesToOpen(deal, why);
        deal = simpleDeal();
        deal.lapsedSellerBps = bps;
        refusesToOpen(deal, why);
        deal = simpleDeal();
        deal.walkAwayBps = bps;
        refusesToOpen(deal, why);
        // What is at its edge is not what is named.
        deal.lapsedSellerBps = 10_000;
        deal.rejectedSellerBps = 10_000;
        deal.payout = 3;
        (deal.reviewWindow, deal.disputeWindow, deal.rulingWindow) = (365 days, 365 days, 365 days);
        vm.warp(deal.openBy);
        refusesToOpen(deal, why);
    }

    function test_refuseABondBelowTheFees() external {
        IEscrow.Deal memory deal = milestoneDeal(3);
        deal.sellerBond = 3 * FEE - 1;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.BondBelowFees.selector, 3 * FEE - 1, 3 * FEE));
        deal.sellerBond = 3 * FEE;
        opened(deal);
    }

    function test_refuseAFeeWithoutAnArbiter() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.arbiter = address(0);
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.FeeWithoutArbiter.selector, FEE));
    }

    function testFuzz_refuseAnUnknownPayout(uint8 payout) external {
        vm.assume(payout > 3);
        IEscrow.Deal memory deal = simpleDeal();
        deal.payout = payout;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.PayoutUnknown.selector, payout));
    }

    function test_takeAPriceOfOneUnit() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.price = 1;
        deal.milestones[0].amount = 1;
        opened(deal);
        settled(deal);
        assertEq(token.balanceOf(seller), FUNDS + 1);
        assertBooks(0);
    }

    function test_refuseAfterOpenBy() external {
        IEscrow.Deal memory deal = simpleDeal();
        vm.warp(deal.openBy + 1);
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.OpenByPassed.selector, deal.openBy, deal.openBy + 1));
    }

    function test_takeTheSecondOfOpenBy() external {
        IEscrow.Deal memory deal = simpleDeal();
        vm.warp(deal.openBy);
        opened(deal);
    }

    function test_refuseALinkedDeal() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.bundle = keccak256("others");
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.LinkedDealAlone.selector, deal.bundle));
    }

    function test_refuseAnAmendment() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.amends = keccak256("another");
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.AmendmentNotHere.selector, deal.amends));
    }

    function test_refuseMoreThan128BitsLocked() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.sellerBond = type(uint128).max;
        uint256 locked = uint256(PRICE) + type(uint128).max;
        refusesToOpen(deal, abi.encodeWithSelector(IEscrow.LockedTooLarge.selector, locked));
    }

    /// @dev Both sides sign the encoding with the stray bit, so that nothing but the check of types can refuse it.
    function test_refuseBitsBeyondAFieldsType() external {
        uint8[29] memory widths = [
            160,
            160,
            160,
            160,
            160,
            128,
            128,
            128,
            128,
            40,
            40,
            32,
            32,
            32,
            16,
            16,
            16,
            8,
            0,
            0,
            0,
            32,
            0,
            0,
            8,
            128,
            64,
            64,
            0
        ];
        IEscrow.Deal memory deal = arbitratedDeal();
        for (uint256 word; word < 29; ++word) {
            if (widths[word] == 0) continue;
            bytes memory data = dealData(deal);
            stray(data, 32 + 32 * word, widths[word]);
            bytes32 id = typed(escrowDomain(), keccak256(data));
            // Selector, five offsets, the deal.
            refusesStray(deal, id, 4 + 5 * 32 + 32 * word, widths[word]);
        }
    }

    function test_refuseBitsBeyondAMilestonesTypes() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        for (uint256 word; word < 2; ++word) {
            uint256 width = word == 0 ? 128 : 40;
            bytes memory data =
                abi.encode(keccak256(bytes(MILESTONE_TYPE)), deal.milestones[0].amount, deal.milestones[0].deliverBy);
            stray(data, 32 + 32 * word, width);
            bytes32 list = keccak256(abi.encodePacked(keccak256(data)));
            bytes memory whole = dealData(deal);
            assembly ("memory-safe") {
                mstore(add(add(whole, 0x20), mul(32, 19)), list)
            }
            bytes32 id = typed(escrowDomain(), keccak256(whole));
            // Selector, five offsets, the head of the deal, the number of milestones.
            refusesStray(deal, id, 4 + 5 * 32 + 29 * 32 + 32 + 32 * word, width);
        }
    }

    function stray(bytes memory data, uint256 position, uint256 width) private pure {
        assembly ("memory-safe") {
            let place := add(add(data, 0x20), position)
            mstore(place, or(mload(place), shl(width, 1)))
        }
    }

    function refusesStray(IEscrow.Deal memory deal, bytes32 id, uint256 position, uint256 width) private {
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        bytes memory data = abi.encodeCall(escrow.open, (deal, ofBuyer, ofSeller, allowance(), allowance()));
        stray(data, position, width);
        (bool ok, bytes memory answer) = address(escrow).call(data);
        assertFalse(ok, "opened");
        assertEq(answer.length, 0, "refused for its encoding");
    }
}

