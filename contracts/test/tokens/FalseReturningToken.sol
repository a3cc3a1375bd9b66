// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Never reverts: on failure it returns false and moves nothing. `LyingTrue` is its worse form: it moves nothing
/// and returns true.
contract FalseReturningToken is ERC20 {
    enum Mode {
        Honest,
        RefusingFalse,
        LyingTrue
    }

    Mode public mode;

    constructor() ERC20("False returning", "FALSE") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setMode(Mode mode_) external {
        mode = mode_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (mode != Mode.Honest) return mode == Mode.LyingTrue;
        if (balanceOf(msg.sender) < amount) return false;
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (mode != Mode.Honest) return mode == Mode.LyingTrue;
        if (balanceOf(from) < amount || allowance(from, msg.sender) < amount) return false;
        return super.transferFrom(from, to, amount);
    }
}
