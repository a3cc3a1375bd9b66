// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Works until it is stopped; from then on every transfer reverts, and so does `balanceOf` if asked to.
contract RevertingToken is ERC20 {
    error Stopped();

    bool public stopped;
    bool public blind;

    constructor() ERC20("Reverting", "REVERT") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setStopped(bool stopped_) external {
        stopped = stopped_;
    }

    function setBlind(bool blind_) external {
        blind = blind_;
    }

    function balanceOf(address account) public view override returns (uint256) {
        if (blind) revert Stopped();
        return super.balanceOf(account);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (stopped) revert Stopped();
        super._update(from, to, value);
    }
}
