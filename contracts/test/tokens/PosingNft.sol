// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";

/// @notice An ERC-721 handed in where a token amount is expected: `transferFrom` has the same selector, and what would be
/// the amount is the id. `balanceOf` grows by one, whatever the id.
contract PosingNft is ERC721 {
    constructor() ERC721("Posing", "POSE") {}

    function mint(address to, uint256 id) external {
        _mint(to, id);
    }
}
