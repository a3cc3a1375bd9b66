// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Internal balances of the contracts beside the escrow, and how they are paid out
/// @notice A balance belongs to whoever it is credited to and leaves by that account's call or signature alone. A refusal
/// is an error of IEscrow with the same meaning.
interface IPurse {
    /// @dev Every change of an internal balance is one of these two; balances can be rebuilt from them alone.
    event Credited(address indexed token, address indexed party, uint128 amount);
    event Debited(address indexed token, address indexed party, uint128 amount);

    /// @notice Pays `amount` of the internal balance of `party` out to `to`, with no gas cap. By the party, or its
    /// `Withdrawal` signature with an unordered nonce; then `fee` goes to the submitter's internal balance.
    /// @param amount base units, above 0
    /// @param validUntil unix seconds, inclusive; not looked at in a call of the party itself, nor are fee and nonce
    function withdraw(
        address token,
        address party,
        address to,
        uint128 amount,
        uint128 fee,
        uint256 nonce,
        uint40 validUntil,
        bytes calldata signature
    ) external;

    /// @notice The internal balance in base units.
    function balanceOf(address token, address party) external view returns (uint256);

    /// @notice Whether a nonce of a signed withdrawal was used.
    function nonceUsed(address party, uint256 nonce) external view returns (bool);

    /// @notice The EIP-712 domain separator of this contract's signed actions.
    function domainSeparator() external view returns (bytes32);
}
