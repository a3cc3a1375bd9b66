// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Burns about `work` gas, to some tens of units, before it lets anybody take an allowance.
contract SlowPullToken is ERC20 {
    uint256 public work;

    constructor() ERC20("Slow pull", "SLOW") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @param gas_ to burn before paying
    function setWork(uint256 gas_) external {
        work = gas_;
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        uint256 given = gasleft();
        uint256 burn = work;
        while (given - gasleft() < burn) {}
        return super.transferFrom(from, to, amount);
    }
}
