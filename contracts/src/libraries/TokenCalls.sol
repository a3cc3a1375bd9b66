// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";
import {SignatureCheck} from "./SignatureCheck.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

/// @notice Every call to a token. No more than one word of an answer is ever copied.
library TokenCalls {
    /// @dev Gas of a pushed payout: several times what a proxied or rebasing token needs.
    uint256 internal constant PUSH_GAS = 200_000;

    bytes32 private constant RECEIVE_WITH_AUTHORIZATION = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    /// @notice Pays `amount` with a capped gas; false when the token refused.
    /// @dev A refusal counts only when the token had the whole cap, or a caller could turn a payout into a credit by
    /// bringing too little gas.
    function tryPush(address token, address to, uint256 amount) internal returns (bool paid) {
        uint256 given = gasleft();
        paid = transfer(token, to, amount, PUSH_GAS);
        // EIP-150: a call gets at most 63/64 of what is left.
        if (!paid && given - given / 64 < PUSH_GAS + 3000) revert IEscrow.GasShort(given, PUSH_GAS + 8000);
    }

    /// @notice ERC-20 transfer; true on success with no answer (and code at `token`) or the answer true.
    function transfer(address token, address to, uint256 amount, uint256 gasCap) internal returns (bool paid) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, shl(224, 0xa9059cbb)) // transfer(address,uint256)
            mstore(add(m, 0x04), to)
            mstore(add(m, 0x24), amount)
            mstore(0x00, 0)
            paid := call(gasCap, token, 0, m, 0x44, 0x00, 0x20)
            switch returndatasize()
            case 0 { paid := and(paid, iszero(iszero(extcodesize(token)))) }
            default { paid := and(paid, and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))) }
        }
    }

    /// @notice Takes `amount` by allowance and requires that it arrived in full.
    /// @dev Three calls with every opening, so in one piece: this contract's balance, the transfer (no answer, or true), and the
    /// balance again. A token with no code, or one that tells no balance, brings nothing.
    function pull(address token, address from, uint256 amount) internal {
        bool taken;
        uint256 before;
        uint256 afterwards;
        assembly ("memory-safe") {
            function held(of) -> found {
                mstore(0x00, 0x70a08231) // balanceOf(address)
                mstore(0x20, address())
                let known := staticcall(gas(), of, 0x1c, 0x24, 0x00, 0x20)
                found := mul(mload(0x00), and(known, gt(returndatasize(), 0x1f)))
            }
            before := held(token)
            let m := mload(0x40)
            mstore(m, shl(224, 0x23b872dd)) // transferFrom(address,address,uint256)
            mstore(add(m, 0x04), from)
            mstore(add(m, 0x24), address())
            mstore(add(m, 0x44), amount)
            taken := call(gas(), token, 0, m, 0x64, 0x00, 0x20)
            switch returndatasize()
            case 0 { taken := and(taken, iszero(iszero(extcodesize(token)))) }
            default { taken := and(taken, and(gt(returndatasize(), 0x1f), eq(mload(0x00), 1))) }
            afterwards := held(token)
        }
        if (!taken) revert IEscrow.FundingRefused(token, from, amount);
        requireArrived(token, from, amount, before, afterwards);
    }

    /// @notice Takes `amount` by EIP-3009 with validAfter 0, and requires that it arrived in full.
    /// @dev The digest is verified here first: a token that accepts anything must not open a deal in someone's name.
    function pullAuthorized(
        address token,
        address from,
        uint256 amount,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) internal {
        bytes32 digest = authorizationDigest(token, from, amount, validBefore, nonce);
        if (signature.length != 65) revert IEscrow.AuthorizationInvalid(from, digest);
        (uint8 v, bytes32 r, bytes32 s) = SignatureCheck.parts(signature);
        if (!SignatureCheck.isEcdsa(from, digest, v, r, s)) revert IEscrow.AuthorizationInvalid(from, digest);
        uint256 before = SafeTransferLib.balanceOf(token, address(this));
        bool taken;
        assembly ("memory-safe") {
            let m := mload(0x40)
            // receiveWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)
            mstore(m, shl(224, 0xef55bec6))
            mstore(add(m, 0x04), from)
            mstore(add(m, 0x24), address())
            mstore(add(m, 0x44), amount)
            mstore(add(m, 0x64), 0)
            mstore(add(m, 0x84), validBefore)
            mstore(add(m, 0xa4), nonce)
            mstore(add(m, 0xc4), v)
            mstore(add(m, 0xe4), r)
            mstore(add(m, 0x104), s)
            taken := call(gas(), token, 0, m, 0x124, 0x00, 0x00)
        }
        if (!taken) revert IEscrow.FundingRefused(token, from, amount);
        requireReceived(token, from, amount, before);
    }

    /// @notice Submits an EIP-2612 permit for this contract and requires an allowance of `wanted` afterwards.
    /// @dev Whether the permit itself worked is not asked: somebody may have submitted it first, and a token that knows no permits
    /// may answer anything. What counts is the allowance.
    /// @param signature value ‖ deadline ‖ r ‖ s ‖ v
    function permit(address token, address from, uint256 wanted, bytes calldata signature) internal {
        if (signature.length != 129) revert IEscrow.FundingMalformed(signature.length);
        uint256 allowance;
        assembly ("memory-safe") {
            let m := mload(0x40)
            // permit(address,address,uint256,uint256,uint8,bytes32,bytes32)
            mstore(m, shl(224, 0xd505accf))
            mstore(add(m, 0x04), from)
            mstore(add(m, 0x24), address())
            calldatacopy(add(m, 0x44), signature.offset, 0x40) // value, deadline
            mstore(add(m, 0x84), byte(0, calldataload(add(signature.offset, 0x80)))) // v
            calldatacopy(add(m, 0xa4), add(signature.offset, 0x40), 0x40) // r, s
            pop(call(gas(), token, 0, m, 0xe4, 0x00, 0x00))
            mstore(m, shl(224, 0xdd62ed3e)) // allowance(address,address)
            mstore(add(m, 0x04), from)
            mstore(add(m, 0x24), address())
            let known := staticcall(gas(), token, m, 0x44, 0x00, 0x20)
            if and(known, gt(returndatasize(), 0x1f)) { allowance := mload(0x00) }
        }
        if (allowance < wanted) revert IEscrow.AllowanceShort(token, from, allowance, wanted);
    }

    function authorizationDigest(address token, address from, uint256 amount, uint256 validBefore, bytes32 nonce)
        internal
        view
        returns (bytes32 digest)
    {
        bool known;
        bytes32 separator;
        assembly ("memory-safe") {
            mstore(0x00, 0x3644e515) // DOMAIN_SEPARATOR()
            known := and(staticcall(gas(), token, 0x1c, 0x04, 0x00, 0x20), 1)
            known := and(known, gt(returndatasize(), 0x1f))
            separator := mload(0x00)
        }
        if (!known) revert IEscrow.FundingRefused(token, from, amount);
        bytes32 typeHash = RECEIVE_WITH_AUTHORIZATION;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, typeHash)
            mstore(add(m, 0x20), shr(96, shl(96, from)))
            mstore(add(m, 0x40), address())
            mstore(add(m, 0x60), amount)
            mstore(add(m, 0x80), 0) // validAfter
            mstore(add(m, 0xa0), validBefore)
            mstore(add(m, 0xc0), nonce)
            let structHash := keccak256(m, 0xe0)
            mstore(m, hex"1901")
            mstore(add(m, 0x02), separator)
            mstore(add(m, 0x22), structHash)
            digest := keccak256(m, 0x42)
        }
    }

    function requireReceived(address token, address from, uint256 amount, uint256 before) internal view {
        requireArrived(token, from, amount, before, SafeTransferLib.balanceOf(token, address(this)));
    }

    function requireArrived(address token, address from, uint256 amount, uint256 before, uint256 afterwards)
        private
        pure
    {
        uint256 received = 0;
        unchecked {
            if (afterwards > before) received = afterwards - before;
        }
        if (received < amount) revert IEscrow.FundingShort(token, from, amount, received);
    }
}
