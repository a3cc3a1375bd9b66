// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The one function of Permit2 that the escrow calls, as Permit2 declares it.
interface ISignatureTransfer {
    struct TokenPermissions {
        address token;
        uint256 amount; // base units, the most that may be taken
    }

    struct PermitTransferFrom {
        TokenPermissions permitted;
        uint256 nonce; // unordered
        uint256 deadline; // unix seconds, inclusive
    }

    struct SignatureTransferDetails {
        address to;
        uint256 requestedAmount; // base units
    }

    /// @param witness struct hash of what was signed beside the payment
    /// @param witnessTypeString the end of the signed type, from the witness on
    function permitWitnessTransferFrom(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes32 witness,
        string calldata witnessTypeString,
        bytes calldata signature
    ) external;
}
