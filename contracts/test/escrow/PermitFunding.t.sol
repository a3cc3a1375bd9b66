// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {PlainToken} from "../tokens/PlainToken.sol";
import {SilentPermitToken} from "../tokens/SilentPermitToken.sol";
import {IPermitToken, PermitTestBase} from "./PermitTestBase.sol";

/// @notice Payments by EIP-2612. Tree: trees/Escrow.open.permit.tree
contract PermitFundingTest is PermitTestBase {
    function openBy(address caller, IEscrow.Deal memory deal, IEscrow.Funding memory b, IEscrow.Funding memory s)
        internal
    {
        bytes memory ofBuyer = signed(buyerKey, idOf(deal));
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.prank(caller);
        escrow.open(deal, ofBuyer, ofSeller, b, s);
    }

    // ---- what pays ----

    function test_openByPermits() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        deal.relayFee = 5;
        openBy(relayer, deal, permitting(buyerKey, PRICE + FEE + 5), permitting(sellerKey, BOND));
        assertStatus(idOf(deal), IEscrow.Status.Open);
        assertEq(token.balanceOf(buyer), FUNDS - PRICE - FEE - 5);
        assertEq(token.balanceOf(seller), FUNDS - BOND);
        assertEq(credit(relayer), 5);
        assertBooks(lockedOf(deal));
    }

    function test_takeAPermitOfOneUnit() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.sellerBond = 1;
        openBy(relayer, deal, permitting(buyerKey, PRICE), permitting(sellerKey, 1));
        assertBooks(PRICE + 1);
    }

    function test_openByAPermitThatSomebodySubmittedFirst() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Funding memory ofBuyer = permitting(buyerKey, PRICE);
        bytes memory signature = permit(buyerKey, PRICE, START + 60);
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        vm.prank(stranger);
        IPermitToken(address(token)).permit(buyer, address(escrow), PRICE, START + 60, uint8(signature[64]), r, s);
        openBy(relayer, deal, ofBuyer, allowance());
        assertStatus(idOf(deal), IEscrow.Status.Open);
        assertEq(token.allowance(buyer, address(escrow)), 0);
    }

    function test_takeAPermitForMore() external {
        IEscrow.Deal memory deal = simpleDeal();
        openBy(relayer, deal, permitting(buyerKey, 3 * PRICE), allowance());
        assertEq(token.allowance(buyer, address(escrow)), 2 * PRICE);
        deal.nonce += 1;
        openBy(relayer, deal, allowance(), allowance());
        assertBooks(2 * PRICE);
    }

    function test_forgiveAPermitWhereTheAllowanceIsThere() external {
        IEscrow.Deal memory deal = simpleDeal();
        vm.prank(buyer);
        token.approve(address(escrow), PRICE);
        openBy(relayer, deal, funding(PRICE, 0, new bytes(65)), allowance());
        assertStatus(idOf(deal), IEscrow.Status.Open);
    }

    function test_askForNoPermitWhereNothingIsDue() external {
        IEscrow.Deal memory deal = simpleDeal();
        openBy(relayer, deal, permitting(buyerKey, PRICE), IEscrow.Funding(IEscrow.FundingKind.Permit, ""));
        assertStatus(idOf(deal), IEscrow.Status.Open);
    }

    function test_payForAnAmendment() external {
        IEscrow.Deal memory deal = simpleDeal();
        openBy(relayer, deal, permitting(buyerKey, PRICE), allowance());
        IEscrow.Deal memory amendment = simpleDeal();
        amendment.amends = idOf(deal);
        amendment.amendsLocked = PRICE;
        amendment.price = PRICE + 500;
        amendment.milestones[0].amount = PRICE + 500;
        bytes memory ofBuyer = signed(buyerKey, idOf(amendment));
        bytes memory ofSeller = signed(sellerKey, idOf(amendment));
        escrow.amend(deal, amendment, ofBuyer, ofSeller, permitting(buyerKey, 500), allowance());
        assertBooks(PRICE + 500);
    }

    // ---- what does not ----

    function refuses(IEscrow.Deal memory deal, IEscrow.Funding memory ofBuyer, uint256 found) internal {
        bytes memory signatureOfBuyer = signed(buyerKey, idOf(deal));
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.AllowanceShort.selector, deal.token, buyer, found, uint256(PRICE))
        );
        escrow.open(deal, signatureOfBuyer, ofSeller, ofBuyer, allowance());
    }

    function test_takeNoPermitForConsent() external {
        IEscrow.Deal memory deal = simpleDeal();
        IEscrow.Funding memory ofBuyer = permitting(buyerKey, PRICE);
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.SignatureInvalid.selector, buyer, idOf(deal)));
        escrow.open(deal, "", ofSeller, ofBuyer, allowance());
    }

    function test_refuseAPermitThatIsNotGood() external {
        IEscrow.Deal memory deal = simpleDeal();
        refuses(deal, permitting(buyerKey, PRICE - 1), PRICE - 1);
        refuses(deal, funding(PRICE, START + 60, permit(sellerKey, PRICE, START + 60)), 0);
        refuses(deal, funding(PRICE, START - 1, permit(buyerKey, PRICE, START - 1)), 0);
        refuses(deal, funding(PRICE + 1, START + 60, permit(buyerKey, PRICE, START + 60)), 0);
    }

    function test_refuseATokenWhosePermitDoesNothing() external {
        SilentPermitToken other = new SilentPermitToken();
        other.mint(buyer, PRICE);
        IEscrow.Deal memory deal = simpleDeal();
        deal.token = address(other);
        refuses(deal, permitting(buyerKey, PRICE), 0);
    }

    function test_refuseATokenWithoutPermits() external {
        PlainToken other = new PlainToken();
        other.mint(buyer, PRICE);
        IEscrow.Deal memory deal = simpleDeal();
        deal.token = address(other);
        refuses(deal, permitting(buyerKey, PRICE), 0);
    }

    function testFuzz_refuseAnyOtherLength(uint8 length) external {
        vm.assume(length != 129);
        IEscrow.Deal memory deal = simpleDeal();
        bytes memory ofBuyer = signed(buyerKey, idOf(deal));
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.expectRevert(abi.encodeWithSelector(IEscrow.FundingMalformed.selector, length));
        escrow.open(
            deal, ofBuyer, ofSeller, IEscrow.Funding(IEscrow.FundingKind.Permit, new bytes(length)), allowance()
        );
    }
}
