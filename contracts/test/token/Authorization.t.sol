// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PaymentToken} from "../../src/PaymentToken.sol";
import {TokenTest} from "./TokenTest.sol";

/// @notice Tree: trees/PaymentToken.authorization.tree
contract AuthorizationTest is TokenTest {
    struct Authorization {
        bytes32 typehash;
        address from;
        address to;
        uint256 value;
        uint256 validAfter;
        uint256 validBefore;
        bytes32 nonce;
    }

    /// @dev The type strings of EIP-3009, written out once more.
    bytes32 internal constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 internal constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 internal constant CANCEL = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");
    bytes32 internal constant NONCE = keccak256("nonce");

    function plain(bytes32 typehash) internal view returns (Authorization memory) {
        return Authorization(typehash, alice, bob, 7e6, 0, block.timestamp + 60, NONCE);
    }

    function digestOf(Authorization memory a) internal view returns (bytes32) {
        return typed(keccak256(abi.encode(a.typehash, a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce)));
    }

    /// @dev Submits `a`, signed over `signedOver`, as the payee where the kind wants it.
    function submit(Authorization memory a, uint256 key, bytes32 signedOver) internal {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, signedOver);
        submit(a, v, r, s);
    }

    function submit(Authorization memory a, uint8 v, bytes32 r, bytes32 s) internal {
        if (a.typehash == RECEIVE) {
            vm.prank(a.to);
            token.receiveWithAuthorization(a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce, v, r, s);
        } else {
            token.transferWithAuthorization(a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce, v, r, s);
        }
    }

    function submit(Authorization memory a) internal {
        submit(a, aliceKey, digestOf(a));
    }

    function refused(Authorization memory a, uint256 key, bytes32 signedOver) internal {
        vm.expectRevert(
            abi.encodeWithSelector(PaymentToken.AuthorizationSignatureInvalid.selector, a.from, digestOf(a))
        );
        submit(a, key, signedOver);
        assertFalse(token.authorizationState(a.from, a.nonce));
        assertEq(token.balanceOf(alice), SUPPLY);
    }

    function spent(address who) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(PaymentToken.AuthorizationSpent.selector, who, NONCE);
    }

    function cancel(address who, uint256 key) internal {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, typed(keccak256(abi.encode(CANCEL, who, NONCE))));
        token.cancelAuthorization(who, NONCE, v, r, s);
    }

    // ---- the good paths ----

    function testFuzz_moveTheMoneyWhoeverSubmits(address caller, uint256 value, bytes32 nonce) external {
        Authorization memory a = plain(TRANSFER);
        a.value = bound(value, 0, SUPPLY);
        a.nonce = nonce;
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, digestOf(a));
        vm.prank(caller);
        token.transferWithAuthorization(a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce, v, r, s);
        assertEq(token.balanceOf(bob), a.value);
        assertEq(token.balanceOf(alice), SUPPLY - a.value);
    }

    function test_reportTheAuthorizationAsUsed() external {
        assertFalse(token.authorizationState(alice, NONCE));
        vm.expectEmit(address(token));
        emit PaymentToken.AuthorizationUsed(alice, NONCE);
        submit(plain(TRANSFER));
        assertTrue(token.authorizationState(alice, NONCE));
    }

    function testFuzz_moveTheMoneyWhenThePayeeCalls(uint256 value, bytes32 nonce) external {
        Authorization memory a = plain(RECEIVE);
        a.value = bound(value, 0, SUPPLY);
        a.nonce = nonce;
        vm.expectEmit(address(token));
        emit PaymentToken.AuthorizationUsed(alice, nonce);
        submit(a);
        assertEq(token.balanceOf(bob), a.value);
        assertTrue(token.authorizationState(alice, nonce));
    }

    function testFuzz_refuseAnyOtherCaller(address caller) external {
        vm.assume(caller != bob);
        Authorization memory a = plain(RECEIVE);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, digestOf(a));
        vm.expectRevert(abi.encodeWithSelector(PaymentToken.CallerNotPayee.selector, caller, bob));
        vm.prank(caller);
        token.receiveWithAuthorization(a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce, v, r, s);
        assertFalse(token.authorizationState(alice, NONCE));
    }

    // ---- time ----

    function testFuzz_refuseBeforeAndAtValidAfter(uint256 validAfter, bool receive_) external {
        Authorization memory a = plain(receive_ ? RECEIVE : TRANSFER);
        a.validAfter = bound(validAfter, block.timestamp, type(uint256).max);
        a.validBefore = type(uint256).max;
        vm.expectRevert(
            abi.encodeWithSelector(PaymentToken.AuthorizationNotYetValid.selector, a.validAfter, block.timestamp)
        );
        submit(a);
    }

    function testFuzz_refuseAtAndAfterValidBefore(uint256 validBefore, bool receive_) external {
        Authorization memory a = plain(receive_ ? RECEIVE : TRANSFER);
        a.validBefore = bound(validBefore, 0, block.timestamp);
        vm.expectRevert(
            abi.encodeWithSelector(PaymentToken.AuthorizationExpired.selector, a.validBefore, block.timestamp)
        );
        submit(a);
    }

    function testFuzz_acceptTheWholeTimeBetween(uint256 after_, uint256 before_) external {
        Authorization memory a = plain(TRANSFER);
        a.validAfter = bound(after_, 0, block.timestamp - 1);
        a.validBefore = bound(before_, block.timestamp + 1, type(uint256).max);
        submit(a);
        assertEq(token.balanceOf(bob), a.value);
    }

    // ---- signatures ----

    function testFuzz_refuseAnAuthorizationOfAnotherKey(uint256 key, bool receive_) external {
        key = bound(key, 1, CURVE_ORDER - 1);
        vm.assume(key != aliceKey);
        Authorization memory a = plain(receive_ ? RECEIVE : TRANSFER);
        refused(a, key, digestOf(a));
    }

    function test_refuseAnAuthorizationWithAnyFieldChanged() external {
        bytes32 good = digestOf(plain(TRANSFER));
        Authorization memory a = plain(TRANSFER);
        a.from = makeAddr("carol");
        refused(a, aliceKey, good);
        a = plain(TRANSFER);
        a.to = makeAddr("carol");
        refused(a, aliceKey, good);
        a = plain(TRANSFER);
        a.value += 1;
        refused(a, aliceKey, good);
        a = plain(TRANSFER);
        a.validAfter += 1;
        refused(a, aliceKey, good);
        a = plain(TRANSFER);
        a.validBefore += 1;
        refused(a, aliceKey, good);
        a = plain(TRANSFER);
        a.nonce = keccak256("other");
        refused(a, aliceKey, good);
    }

    function test_refuseOneKindForTheOther() external {
        refused(plain(TRANSFER), aliceKey, digestOf(plain(RECEIVE)));
        refused(plain(RECEIVE), aliceKey, digestOf(plain(TRANSFER)));
    }

    function test_refuseTheHighSTwin() external {
        Authorization memory a = plain(TRANSFER);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, digestOf(a));
        vm.expectRevert(abi.encodeWithSelector(PaymentToken.AuthorizationSignatureInvalid.selector, alice, digestOf(a)));
        submit(a, v == 27 ? 28 : 27, r, bytes32(CURVE_ORDER - uint256(s)));
    }

    function test_refuseAnAuthorizationForTheZeroAddress() external {
        // ecrecover answers zero for garbage: it must not pass for the zero address.
        Authorization memory a = plain(TRANSFER);
        a.from = address(0);
        vm.expectRevert(
            abi.encodeWithSelector(PaymentToken.AuthorizationSignatureInvalid.selector, address(0), digestOf(a))
        );
        submit(a, 27, bytes32(0), bytes32(0));
    }

    function test_refuseAnAuthorizationForAnotherChainOrToken() external {
        Authorization memory a = plain(TRANSFER);
        bytes32 structHash =
            keccak256(abi.encode(a.typehash, a.from, a.to, a.value, a.validAfter, a.validBefore, a.nonce));
        refused(a, aliceKey, typed(domainOf(address(token), 1), structHash));
        refused(a, aliceKey, typed(domainOf(address(this), block.chainid), structHash));
        bytes32 here = digestOf(a);
        vm.chainId(99);
        refused(a, aliceKey, here);
    }

    // ---- nonces ----

    function test_refuseToUseItTwice() external {
        submit(plain(TRANSFER));
        vm.expectRevert(spent(alice));
        submit(plain(TRANSFER));
        vm.expectRevert(spent(alice));
        submit(plain(RECEIVE));
        assertEq(token.balanceOf(bob), 7e6);
    }

    function test_refuseToUseACancelledOne() external {
        cancel(alice, aliceKey);
        vm.expectRevert(spent(alice));
        submit(plain(TRANSFER));
    }

    function test_refuseToCancelAUsedOne() external {
        submit(plain(TRANSFER));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(aliceKey, typed(keccak256(abi.encode(CANCEL, alice, NONCE))));
        vm.expectRevert(spent(alice));
        token.cancelAuthorization(alice, NONCE, v, r, s);
    }

    function test_keepTheNoncesOfAccountsApart() external {
        cancel(bob, bobKey);
        submit(plain(TRANSFER));
        assertEq(token.balanceOf(bob), 7e6);
    }

    function test_spendTheNonceAndSaySo() external {
        vm.expectEmit(address(token));
        emit PaymentToken.AuthorizationCanceled(alice, NONCE);
        cancel(alice, aliceKey);
        assertTrue(token.authorizationState(alice, NONCE));
    }

    function test_refuseACancellationOfAnotherKey() external {
        bytes32 digest = typed(keccak256(abi.encode(CANCEL, alice, NONCE)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(bobKey, digest);
        vm.expectRevert(abi.encodeWithSelector(PaymentToken.AuthorizationSignatureInvalid.selector, alice, digest));
        token.cancelAuthorization(alice, NONCE, v, r, s);
        assertFalse(token.authorizationState(alice, NONCE));
    }

    function test_leaveTheAuthorizationUnspent() external {
        Authorization memory a = plain(TRANSFER);
        a.value = SUPPLY + 1;
        vm.expectRevert(
            abi.encodeWithSignature("ERC20InsufficientBalance(address,uint256,uint256)", alice, SUPPLY, SUPPLY + 1)
        );
        submit(a);
        assertFalse(token.authorizationState(alice, NONCE));
        token.mint(alice, 1);
        submit(a);
        assertEq(token.balanceOf(bob), SUPPLY + 1);
    }
}
