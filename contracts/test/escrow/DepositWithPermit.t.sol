// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {SilentPermitToken} from "../tokens/SilentPermitToken.sol";
import {IPermitToken, PermitTestBase} from "./PermitTestBase.sol";

/// @notice Tree: trees/Escrow.depositWithPermit.tree
contract DepositWithPermitTest is PermitTestBase {
    function packed(uint256 key, uint256 value) internal view returns (bytes memory) {
        return permitting(key, value).signature;
    }

    function test_creditWhatThePermitLetItTake() external {
        bytes memory ofBuyer = packed(buyerKey, PRICE);
        vm.prank(buyer);
        escrow.depositWithPermit(address(token), stranger, PRICE, ofBuyer);
        assertEq(credit(stranger), PRICE);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE);
        assertBooks(0);
    }

    function test_creditWhereSomebodySubmittedThePermitFirst() external {
        bytes memory ofBuyer = packed(buyerKey, PRICE);
        bytes memory signature = permit(buyerKey, PRICE, START + 60);
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        IPermitToken(address(token)).permit(buyer, address(escrow), PRICE, START + 60, uint8(signature[64]), r, s);
        vm.prank(buyer);
        escrow.depositWithPermit(address(token), buyer, PRICE, ofBuyer);
        assertEq(credit(buyer), PRICE);
    }

    function test_takeThePermitOfTheCallerOnly() external {
        bytes memory ofBuyer = packed(buyerKey, PRICE);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.AllowanceShort.selector, address(token), stranger, 0, uint256(PRICE))
        );
        vm.prank(stranger);
        escrow.depositWithPermit(address(token), stranger, PRICE, ofBuyer);
    }

    function test_refuseATokenWhosePermitDoesNothing() external {
        SilentPermitToken other = new SilentPermitToken();
        other.mint(buyer, PRICE);
        bytes memory ofBuyer = packed(buyerKey, PRICE);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.AllowanceShort.selector, address(other), buyer, 0, uint256(PRICE))
        );
        vm.prank(buyer);
        escrow.depositWithPermit(address(other), buyer, PRICE, ofBuyer);
    }

    function test_refuseNothingOrNobody() external {
        bytes memory ofBuyer = packed(buyerKey, PRICE);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AmountZero.selector));
        vm.prank(buyer);
        escrow.depositWithPermit(address(token), buyer, 0, ofBuyer);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.RecipientZero.selector));
        vm.prank(buyer);
        escrow.depositWithPermit(address(token), address(0), PRICE, ofBuyer);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.FundingMalformed.selector, 0));
        vm.prank(buyer);
        escrow.depositWithPermit(address(token), buyer, PRICE, "");
    }
}
