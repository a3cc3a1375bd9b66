// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Burns gas in `transfer`: all of it, or about `work` before it pays.
contract GasHungryToken is ERC20 {
    bool public hungry;
    uint256 public work;

    constructor() ERC20("Gas hungry", "HUNGRY") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setHungry(bool hungry_) external {
        hungry = hungry_;
    }

    /// @param gas_ to burn before paying
    function setWork(uint256 gas_) external {
        work = gas_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        uint256 given = gasleft();
        uint256 burn = hungry ? type(uint256).max : work;
        bytes32 seed;
        while (given - gasleft() < burn) {
            seed = keccak256(abi.encode(seed));
        }
        return super.transfer(to, amount);
    }
}
