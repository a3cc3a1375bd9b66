// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Moves anybody's money on any EIP-3009 "signature", and publishes the domain separator of an honest token. A
/// contract that takes a token's word for the holder's consent can be made to record deals of people who never signed.
contract AnyAuthorizationToken is ERC20 {
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    /// @notice The separator it publishes; zero for that of an honest token of its name.
    bytes32 public borrowed;

    constructor() ERC20("Any authorization", "ANY") {}

    /// @notice Publishes the separator of another token, so that signatures made for that one verify here.
    function borrow(bytes32 separator) external {
        borrowed = separator;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        if (borrowed != bytes32(0)) return borrowed;
        bytes32 name_ = keccak256("Any authorization");
        return keccak256(abi.encode(DOMAIN_TYPEHASH, name_, keccak256("1"), block.chainid, address(this)));
    }

    function authorizationState(address, bytes32) external pure returns (bool) {
        return false;
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        uint8,
        bytes32,
        bytes32
    ) external {
        _transfer(from, to, value);
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        bytes calldata
    ) external {
        _transfer(from, to, value);
    }
}
