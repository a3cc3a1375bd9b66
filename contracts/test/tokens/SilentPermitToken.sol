// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Answers every unknown call with silence, as wrapped ether does: `permit` and the EIP-3009 calls look as if they
/// had worked, and nothing happened.
contract SilentPermitToken is ERC20 {
    constructor() ERC20("Silent permit", "SILENT") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    fallback() external payable {}

    receive() external payable {}
}
