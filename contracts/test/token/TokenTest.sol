// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PaymentToken} from "../../src/PaymentToken.sol";
import {Test} from "../base/Test.sol";

/// @notice What the suites of the payment token share.
abstract contract TokenTest is Test {
    bytes32 internal constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    uint256 internal constant CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 internal constant SUPPLY = 1_000_000e6;

    PaymentToken internal token;
    address internal alice;
    uint256 internal aliceKey;
    address internal bob;
    uint256 internal bobKey;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        (alice, aliceKey) = makeAddrAndKey("alice");
        (bob, bobKey) = makeAddrAndKey("bob");
        token = new PaymentToken(alice, SUPPLY);
    }

    /// @dev Written out once more, so that the token's domain is checked and not believed.
    function domainOf(address verifier, uint256 chainId) internal pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, keccak256("Parley Dollar"), keccak256("1"), chainId, verifier));
    }

    function typed(bytes32 structHash) internal view returns (bytes32) {
        return typed(domainOf(address(token), block.chainid), structHash);
    }

    function typed(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("\x19\x01", domain, structHash));
    }
}
