// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Answers a transfer with `size` bytes of data, so that a caller that copies them all pays for the memory. The
/// transfer itself succeeds or fails as `failing` says.
contract ReturnBombToken is ERC20 {
    uint256 public size;
    bool public failing;

    constructor() ERC20("Return bomb", "BOMB") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function arm(uint256 size_, bool failing_) external {
        size = size_;
        failing = failing_;
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        if (!failing) super.transfer(to, amount);
        _answer();
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        if (!failing) super.transferFrom(from, to, amount);
        _answer();
        return true;
    }

    function _answer() private view {
        uint256 length = size;
        if (length == 0) return;
        bool fail = failing;
        assembly ("memory-safe") {
            // A leading 1 reads as `true`: only the length is hostile.
            mstore(0, 1)
            if fail { revert(0, length) }
            return(0, length)
        }
    }
}
