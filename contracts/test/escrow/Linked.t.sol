// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {BatchTest} from "./BatchTest.sol";

/// @notice Tree: trees/Escrow.openLinked.tree
contract LinkedTest is BatchTest {
    /// @dev keccak256 over the struct hashes of the deals, each with a zero bundle.
    function bundleOf(IEscrow.Deal[] memory deals) private pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i; i < deals.length; ++i) {
            bytes32 kept = deals[i].bundle;
            deals[i].bundle = 0;
            hashes = bytes.concat(hashes, keccak256(dealData(deals[i])));
            deals[i].bundle = kept;
        }
        return keccak256(hashes);
    }

    function linked(uint256 count) private view returns (IEscrow.Deal[] memory deals) {
        deals = new IEscrow.Deal[](count);
        for (uint256 i; i < count; ++i) {
            deals[i] = numbered(i);
        }
        bytes32 bundle = bundleOf(deals);
        for (uint256 i; i < count; ++i) {
            deals[i].bundle = bundle;
        }
    }

    function items(IEscrow.Deal[] memory deals) private view returns (IEscrow.Opening[] memory list) {
        list = new IEscrow.Opening[](deals.length);
        for (uint256 i; i < deals.length; ++i) {
            list[i] = opening(deals[i]);
        }
    }

    function assertAll(IEscrow.Deal[] memory deals, IEscrow.Status status) private view {
        for (uint256 i; i < deals.length; ++i) {
            assertStatus(idOf(deals[i]), status);
        }
    }

    function test_openAllTogether() external {
        IEscrow.Deal[] memory deals = linked(4);
        vm.prank(relayer);
        bytes32[] memory ids = escrow.openLinked(items(deals));
        for (uint256 i; i < 4; ++i) {
            assertEq(ids[i], idOf(deals[i]));
        }
        assertAll(deals, IEscrow.Status.Open);
        assertBooks(4 * PRICE);
    }

    function testFuzz_openNoneWhereOneCannot(uint8 which) external {
        IEscrow.Deal[] memory deals = linked(4);
        IEscrow.Opening[] memory list = items(deals);
        which = which % 4;
        list[which].sellerSignature = signed(buyerKey, idOf(deals[which]));
        vm.expectRevert(signatureInvalid(seller, idOf(deals[which])));
        escrow.openLinked(list);
        assertAll(deals, IEscrow.Status.Unopened);
        assertBooks(0);
    }

    function test_openNoneWhereOneWasCancelled() external {
        IEscrow.Deal[] memory deals = linked(3);
        vm.prank(seller);
        escrow.cancel(deals[2], seller, 0, 0, "");
        IEscrow.Opening[] memory list = items(deals);
        vm.expectRevert(wrongStatus(idOf(deals[2]), IEscrow.Status.Cancelled));
        escrow.openLinked(list);
        assertStatus(idOf(deals[0]), IEscrow.Status.Unopened);
    }

    function test_openNoneWhereTheMoneyEnds() external {
        IEscrow.Deal[] memory deals = linked(3);
        IEscrow.Opening[] memory list = items(deals);
        vm.prank(buyer);
        token.approve(address(escrow), 2 * PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.FundingRefused.selector, address(token), buyer, PRICE));
        escrow.openLinked(list);
        assertAll(deals, IEscrow.Status.Unopened);
        assertBooks(0);
    }

    function test_refuseAPartOfTheBundle() external {
        IEscrow.Deal[] memory deals = linked(3);
        IEscrow.Deal[] memory part = new IEscrow.Deal[](2);
        (part[0], part[1]) = (deals[0], deals[1]);
        IEscrow.Opening[] memory list = items(part);
        bytes32 actual = bundleOf(part);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BundleMismatch.selector, 0, deals[0].bundle, actual));
        escrow.openLinked(list);
    }

    function test_refuseAnotherOrder() external {
        IEscrow.Deal[] memory deals = linked(2);
        (deals[0], deals[1]) = (deals[1], deals[0]);
        IEscrow.Opening[] memory list = items(deals);
        bytes32 actual = bundleOf(deals);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BundleMismatch.selector, 0, deals[0].bundle, actual));
        escrow.openLinked(list);
    }

    function test_refuseADealThatIsNotLinked() external {
        IEscrow.Deal[] memory deals = linked(2);
        deals[1].bundle = 0;
        IEscrow.Opening[] memory list = items(deals);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BundleMismatch.selector, 1, bytes32(0), deals[0].bundle));
        escrow.openLinked(list);
    }

    function test_refuseToOpenOneAlone() external {
        IEscrow.Deal[] memory deals = linked(2);
        refusesToOpen(deals[0], abi.encodeWithSelector(IEscrow.LinkedDealAlone.selector, deals[0].bundle));
    }

    function test_refuseTheSameDealTwice() external {
        IEscrow.Deal[] memory deals = new IEscrow.Deal[](2);
        (deals[0], deals[1]) = (numbered(0), numbered(0));
        bytes32 bundle = bundleOf(deals);
        (deals[0].bundle, deals[1].bundle) = (bundle, bundle);
        IEscrow.Opening[] memory list = items(deals);
        vm.expectRevert(wrongStatus(idOf(deals[0]), IEscrow.Status.Open));
        escrow.openLinked(list);
    }

    function test_refuseASecondTime() external {
        IEscrow.Deal[] memory deals = linked(2);
        IEscrow.Opening[] memory list = items(deals);
        escrow.openLinked(list);
        vm.expectRevert(wrongStatus(idOf(deals[0]), IEscrow.Status.Open));
        escrow.openLinked(list);
    }

    function test_refuseOneDealAndTooMany() external {
        IEscrow.Opening[] memory list = openings(1);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BundleSize.selector, 1, 64));
        escrow.openLinked(list);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BundleSize.selector, 65, 64));
        escrow.openLinked(new IEscrow.Opening[](65));
    }

    function test_refuseAnAmendmentInABundle() external {
        IEscrow.Deal[] memory deals = new IEscrow.Deal[](2);
        (deals[0], deals[1]) = (numbered(0), numbered(1));
        deals[1].amends = REASON;
        bytes32 bundle = bundleOf(deals);
        (deals[0].bundle, deals[1].bundle) = (bundle, bundle);
        IEscrow.Opening[] memory list = items(deals);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AmendmentNotHere.selector, REASON));
        escrow.openLinked(list);
    }
}
