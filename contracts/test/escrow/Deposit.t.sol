// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {FalseReturningToken} from "../tokens/FalseReturningToken.sol";
import {FeeOnTransferToken} from "../tokens/FeeOnTransferToken.sol";
import {PlainToken} from "../tokens/PlainToken.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Tree: trees/Escrow.deposit.tree
contract DepositTest is EscrowTest {
    bytes32 internal constant SALT = keccak256("salt");

    function testFuzz_creditExactlyWhatWasTaken(uint128 amount) external {
        amount = uint128(bound(amount, 1, FUNDS));
        vm.expectEmit(address(escrow));
        emit IEscrow.Credited(address(token), stranger, amount);
        vm.prank(buyer);
        escrow.deposit(address(token), stranger, amount);
        assertEq(credit(stranger), amount);
        assertEq(token.balanceOf(buyer), FUNDS - amount);
        assertBooks(0);
    }

    function test_creditASingleUnit() external {
        deposited(stranger, 1);
        assertEq(credit(stranger), 1);
    }

    function test_refuseNothing() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AmountZero.selector));
        escrow.deposit(address(token), buyer, 0);
    }

    function test_refuseTheZeroRecipient() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.RecipientZero.selector));
        escrow.deposit(address(token), address(0), 1);
    }

    function test_refuseATokenWithoutCode() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TokenWithoutCode.selector, stranger));
        escrow.deposit(stranger, buyer, 1);
    }

    function test_refuseATokenThatTakesAFee() external {
        FeeOnTransferToken other = new FeeOnTransferToken(100);
        other.mint(address(this), 1000);
        other.approve(address(escrow), 1000);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.FundingShort.selector, address(other), address(this), 1000, 990));
        escrow.deposit(address(other), buyer, 1000);
    }

    function test_refuseASingleUnitLess() external {
        FeeOnTransferToken other = new FeeOnTransferToken(1);
        other.mint(address(this), 10_000);
        other.approve(address(escrow), 10_000);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.FundingShort.selector, address(other), address(this), 10_000, 9999)
        );
        escrow.deposit(address(other), buyer, 10_000);
    }

    function test_refuseATokenThatAnswersFalse() external {
        FalseReturningToken other = new FalseReturningToken();
        vm.expectRevert(abi.encodeWithSelector(IEscrow.FundingRefused.selector, address(other), address(this), 10));
        escrow.deposit(address(other), buyer, 10);
    }

    function test_refuseABalanceAbove128Bits() external {
        PlainToken other = new PlainToken();
        other.mint(address(this), type(uint256).max);
        other.approve(address(escrow), type(uint256).max);
        escrow.deposit(address(other), buyer, type(uint128).max);
        uint256 sum = uint256(type(uint128).max) + 1;
        vm.expectRevert(abi.encodeWithSelector(IEscrow.BalanceTooLarge.selector, address(other), buyer, sum));
        escrow.deposit(address(other), buyer, 1);
        assertEq(escrow.accountOf(address(other), buyer).settledAsBuyer, 0, "no carry into the counters");
    }

    // ---- by authorisation ----

    function digestFor(address to, uint256 amount, uint256 validBefore) internal view returns (bytes32) {
        bytes32 nonce = keccak256(abi.encodePacked("Parley Deposit", to, SALT));
        return authorization(token.DOMAIN_SEPARATOR(), buyer, amount, validBefore, nonce);
    }

    function test_depositByAnAuthorisation() external {
        uint256 validBefore = block.timestamp + 1;
        bytes memory ofBuyer = bare(buyerKey, digestFor(stranger, 500, validBefore));
        vm.expectEmit(address(escrow));
        emit IEscrow.Credited(address(token), stranger, 500);
        vm.prank(relayer);
        escrow.depositWithAuthorization(address(token), buyer, stranger, 500, validBefore, SALT, ofBuyer);
        assertEq(credit(stranger), 500);
        assertEq(token.balanceOf(buyer), FUNDS - 500);
        assertBooks(0);
    }

    function test_bindTheBeneficiary() external {
        uint256 validBefore = block.timestamp + 1;
        bytes memory ofBuyer = bare(buyerKey, digestFor(stranger, 500, validBefore));
        bytes32 other = digestFor(relayer, 500, validBefore);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AuthorizationInvalid.selector, buyer, other));
        vm.prank(relayer);
        escrow.depositWithAuthorization(address(token), buyer, relayer, 500, validBefore, SALT, ofBuyer);
    }

    function test_refuseAnAuthorisationTwiceOrLate() external {
        uint256 validBefore = START + 1;
        bytes memory ofBuyer = bare(buyerKey, digestFor(stranger, 500, validBefore));
        bytes memory refused = abi.encodeWithSelector(IEscrow.FundingRefused.selector, address(token), buyer, 500);
        vm.warp(validBefore);
        vm.expectRevert(refused);
        escrow.depositWithAuthorization(address(token), buyer, stranger, 500, validBefore, SALT, ofBuyer);
        vm.warp(START);
        escrow.depositWithAuthorization(address(token), buyer, stranger, 500, validBefore, SALT, ofBuyer);
        vm.expectRevert(refused);
        escrow.depositWithAuthorization(address(token), buyer, stranger, 500, validBefore, SALT, ofBuyer);
    }

    function test_refuseNothingOrNobodyByAnAuthorisation() external {
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AmountZero.selector));
        escrow.depositWithAuthorization(address(token), buyer, stranger, 0, 1, SALT, "");
        vm.expectRevert(abi.encodeWithSelector(IEscrow.RecipientZero.selector));
        escrow.depositWithAuthorization(address(token), buyer, address(0), 1, 1, SALT, "");
        vm.expectRevert(abi.encodeWithSelector(IEscrow.TokenWithoutCode.selector, stranger));
        escrow.depositWithAuthorization(stranger, buyer, stranger, 1, 1, SALT, "");
    }

    /// @dev An authorisation made for a deal is worth nothing here, and the other way round: the nonces differ.
    function test_refuseTheAuthorisationOfADeal() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes memory forDeal = authorized(buyerKey, deal, PRICE).signature;
        uint256 validBefore = uint256(deal.openBy) + 1;
        bytes32 digest = digestFor(stranger, PRICE, validBefore);
        vm.expectRevert(abi.encodeWithSelector(IEscrow.AuthorizationInvalid.selector, buyer, digest));
        escrow.depositWithAuthorization(address(token), buyer, stranger, PRICE, validBefore, SALT, forDeal);
    }
}
