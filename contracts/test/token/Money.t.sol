// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PaymentToken} from "../../src/PaymentToken.sol";
import {TokenTest} from "./TokenTest.sol";

/// @notice Tree: trees/PaymentToken.money.tree
contract MoneyTest is TokenTest {
    bytes32 internal constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    function testFuzz_giveTheFirstSupplyToTheHolder(address holder, uint128 supply) external {
        vm.assume(holder != address(0));
        PaymentToken fresh = new PaymentToken(holder, supply);
        assertEq(fresh.balanceOf(holder), supply);
        assertEq(fresh.totalSupply(), supply);
    }

    function test_deployWithoutAFirstSupply() external {
        PaymentToken fresh = new PaymentToken(address(0), 0);
        assertEq(fresh.totalSupply(), 0);
    }

    function testFuzz_refuseAFirstSupplyAboveTheLimit(uint256 supply) external {
        supply = bound(supply, uint256(type(uint128).max) + 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(PaymentToken.SupplyLimit.selector, supply, uint256(type(uint128).max)));
        new PaymentToken(alice, supply);
    }

    function test_haveSixDecimalsAndTheDomainOfItsName() external view {
        assertEq(token.decimals(), 6);
        assertEq(token.name(), "Parley Dollar");
        assertEq(token.symbol(), "PUSD");
        assertEq(token.version(), "1");
        assertEq(token.DOMAIN_SEPARATOR(), domainOf(address(token), block.chainid));
    }

    function testFuzz_mintUpToTheLimitOfACall(address caller, uint256 amount) external {
        amount = bound(amount, 0, 1_000_000e6);
        vm.prank(caller);
        token.mint(bob, amount);
        assertEq(token.balanceOf(bob), amount);
        assertEq(token.totalSupply(), SUPPLY + amount);
    }

    function testFuzz_refuseMoreThanTheLimitOfACall(uint256 amount) external {
        amount = bound(amount, 1_000_000e6 + 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(PaymentToken.MintLimit.selector, amount, uint256(1_000_000e6)));
        token.mint(bob, amount);
    }

    function testFuzz_neverMintPastTheSupplyLimit(uint256 room, uint256 amount) external {
        room = bound(room, 0, 1_000_000e6 - 1);
        amount = bound(amount, room + 1, 1_000_000e6);
        uint256 limit = type(uint128).max;
        PaymentToken full = new PaymentToken(alice, limit - room);
        vm.expectRevert(abi.encodeWithSelector(PaymentToken.SupplyLimit.selector, limit - room + amount, limit));
        full.mint(bob, amount);
        full.mint(bob, room);
        assertEq(full.totalSupply(), limit);
    }

    function testFuzz_conserveTheSupply(uint256 amount, uint256 allowed) external {
        amount = bound(amount, 0, SUPPLY);
        vm.prank(alice);
        token.transfer(bob, amount);
        assertEq(token.balanceOf(bob), amount);
        assertEq(token.balanceOf(alice), SUPPLY - amount);
        allowed = bound(allowed, 0, amount);
        vm.prank(bob);
        token.approve(address(this), allowed);
        token.transferFrom(bob, alice, allowed);
        assertEq(token.balanceOf(alice), SUPPLY - amount + allowed);
        assertEq(token.totalSupply(), SUPPLY);
    }

    function testFuzz_setTheAllowanceOnTheSignatureOfTheOwner(uint256 value) external {
        bytes32 digest = typed(keccak256(abi.encode(PERMIT_TYPEHASH, alice, bob, value, 0, block.timestamp)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, digest);
        token.permit(alice, bob, value, block.timestamp, v, r, s);
        assertEq(token.allowance(alice, bob), value);
        assertEq(token.nonces(alice), 1);
    }

    function test_refuseAPermitOfAnotherKey() external {
        bytes32 digest = typed(keccak256(abi.encode(PERMIT_TYPEHASH, alice, bob, 1, 0, block.timestamp)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(bobKey, digest);
        vm.expectRevert(abi.encodeWithSignature("ERC2612InvalidSigner(address,address)", bob, alice));
        token.permit(alice, bob, 1, block.timestamp, v, r, s);
        assertEq(token.allowance(alice, bob), 0);
    }
}
