// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Keeps a share of every transfer, so that less arrives than was sent. The fee can be switched on while an
/// escrow already holds the token, as real tokens with a dormant fee can.
contract FeeOnTransferToken is ERC20 {
    address public constant COLLECTOR = address(0xFEE);

    /// @notice Share kept, in bps.
    uint16 public feeBps;

    constructor(uint16 feeBps_) ERC20("Fee on transfer", "FEE") {
        feeBps = feeBps_;
    }

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setFee(uint16 feeBps_) external {
        feeBps = feeBps_;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (from == address(0) || to == address(0)) return super._update(from, to, value);
        uint256 fee = (value * feeBps) / 10_000;
        super._update(from, COLLECTOR, fee);
        super._update(from, to, value - fee);
    }
}
