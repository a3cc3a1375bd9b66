// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {SignatureCheck} from "./libraries/SignatureCheck.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @title Payment token for local chains
/// @notice FOR LOCAL CHAINS ONLY. It is worth nothing: anyone may mint. On a public chain use an existing token.
///
/// A plain ERC-20 with six decimals, EIP-2612 permits and EIP-3009 authorisations, so that demonstrations and tests pay the
/// same way as with the large dollar tokens.
///
/// Roles. None: no owner, no minter, no blocklist, no pause, no upgrade.
/// Money. Balances change only by mint and transfer. The supply never exceeds `SUPPLY_LIMIT`, so every balance fits the
/// uint128 amounts of the escrow.
/// Signatures. Low-s ECDSA of the account's key (EIP-2612, EIP-3009). EIP-712 domain: the token's name, version 1.
contract PaymentToken is ERC20Permit {
    /// @dev EIP-3009.
    event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);
    event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce);

    error MintLimit(uint256 amount, uint256 maximum);
    error SupplyLimit(uint256 supply, uint256 maximum);
    error AuthorizationNotYetValid(uint256 validAfter, uint256 nowAt);
    error AuthorizationExpired(uint256 validBefore, uint256 nowAt);
    error AuthorizationSpent(address authorizer, bytes32 nonce);
    error AuthorizationSignatureInvalid(address authorizer, bytes32 digest);
    error CallerNotPayee(address caller, address payee);

    bytes32 public constant TRANSFER_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 public constant RECEIVE_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 public constant CANCEL_AUTHORIZATION_TYPEHASH =
        keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    /// @notice The most one call of `mint` gives: a million tokens, in base units.
    uint256 public constant MINT_LIMIT = 1_000_000e6;

    uint256 public constant SUPPLY_LIMIT = type(uint128).max;

    mapping(address authorizer => mapping(bytes32 nonce => bool spent)) private _spent;

    /// @param holder receives the first supply
    /// @param supply base units, at most `SUPPLY_LIMIT`; 0 for none
    constructor(address holder, uint256 supply) ERC20("Parley Dollar", "PUSD") ERC20Permit("Parley Dollar") {
        if (supply != 0) _issue(holder, supply);
    }

    // ------------------------------------------------------------------ money

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    /// @notice The version of the EIP-712 domain.
    function version() external pure returns (string memory) {
        return "1";
    }

    /// @notice The faucet: gives anyone up to `MINT_LIMIT` base units a call.
    function mint(address to, uint256 amount) external {
        if (amount > MINT_LIMIT) revert MintLimit(amount, MINT_LIMIT);
        _issue(to, amount);
    }

    // --------------------------------------------------------------- EIP-3009

    /// @notice Whether a nonce was used or cancelled.
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool) {
        return _spent[authorizer][nonce];
    }

    /// @notice Moves `value` on the signature of `from`. Anyone may submit it.
    /// @dev Whoever sees it may submit it first and alone. A contract that acts on a payment uses `receiveWithAuthorization`.
    /// @param validAfter unix seconds, exclusive
    /// @param validBefore unix seconds, exclusive
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        _inTime(validAfter, validBefore);
        bytes32 structHash = keccak256(
            abi.encode(TRANSFER_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce)
        );
        _spend(from, nonce, structHash, v, r, s);
        emit AuthorizationUsed(from, nonce);
        _transfer(from, to, value);
    }

    /// @notice The same, but the payee itself has to call: nobody can submit it ahead of the payee and strand the money.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external {
        if (msg.sender != to) revert CallerNotPayee(msg.sender, to);
        _inTime(validAfter, validBefore);
        bytes32 structHash =
            keccak256(abi.encode(RECEIVE_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce));
        _spend(from, nonce, structHash, v, r, s);
        emit AuthorizationUsed(from, nonce);
        _transfer(from, to, value);
    }

    /// @notice Kills an authorisation that was not used yet, on its signer's signature. Anyone may submit it.
    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external {
        bytes32 structHash = keccak256(abi.encode(CANCEL_AUTHORIZATION_TYPEHASH, authorizer, nonce));
        _spend(authorizer, nonce, structHash, v, r, s);
        emit AuthorizationCanceled(authorizer, nonce);
    }

    // --------------------------------------------------------------- internal

    function _inTime(uint256 validAfter, uint256 validBefore) private view {
        if (block.timestamp <= validAfter) revert AuthorizationNotYetValid(validAfter, block.timestamp);
        if (block.timestamp >= validBefore) revert AuthorizationExpired(validBefore, block.timestamp);
    }

    function _spend(address signer, bytes32 nonce, bytes32 structHash, uint8 v, bytes32 r, bytes32 s) private {
        if (_spent[signer][nonce]) revert AuthorizationSpent(signer, nonce);
        bytes32 digest = _hashTypedDataV4(structHash);
        if (!SignatureCheck.isEcdsa(signer, digest, v, r, s)) revert AuthorizationSignatureInvalid(signer, digest);
        _spent[signer][nonce] = true;
    }

    /// @dev Only a mint changes the supply upwards.
    function _issue(address to, uint256 amount) private {
        _mint(to, amount);
        if (totalSupply() > SUPPLY_LIMIT) revert SupplyLimit(totalSupply(), SUPPLY_LIMIT);
    }
}
