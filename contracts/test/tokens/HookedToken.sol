// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice What a hooked token tells an account about a transfer.
interface ITransferHook {
    function onTransfer(address from, address to, uint256 amount) external;
}

/// @notice Calls code chosen by sender and recipient in the middle of a transfer, as ERC-777 does: before the balances
/// change for the sender, after it for the recipient. A revert of a hook reverts the transfer.
contract HookedToken is ERC20 {
    mapping(address account => ITransferHook) public hookOf;

    constructor() ERC20("Hooked", "HOOK") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice Registers the hook of any account: the tests play every side.
    function setHook(address account, ITransferHook hook) external {
        hookOf[account] = hook;
    }

    function _update(address from, address to, uint256 value) internal override {
        if (address(hookOf[from]) != address(0)) hookOf[from].onTransfer(from, to, value);
        super._update(from, to, value);
        if (address(hookOf[to]) != address(0)) hookOf[to].onTransfer(from, to, value);
    }
}

/// @notice A hook that calls back into `target` with prepared calldata, every time it is told of a transfer, and keeps what
/// came of it. It swallows the failure, so that the outer transfer goes on and the test can see both.
contract ReenteringHook is ITransferHook {
    address public target;
    bytes public data;
    uint256 public calls;
    uint256 public successes;
    bytes public lastReturn;

    function arm(address target_, bytes calldata data_) external {
        target = target_;
        data = data_;
        calls = 0;
        successes = 0;
        lastReturn = "";
    }

    function onTransfer(address, address, uint256) external {
        if (target == address(0)) return;
        calls += 1;
        // Each hook strikes once a level: a reentered call that moves tokens would otherwise never end.
        address aim = target;
        target = address(0);
        (bool ok, bytes memory answer) = aim.call(data);
        target = aim;
        if (ok) successes += 1;
        lastReturn = answer;
    }
}

/// @notice A hook that refuses every transfer: a recipient that wants to hold up everybody else.
contract RefusingHook is ITransferHook {
    error NotToday();

    function onTransfer(address, address, uint256) external pure {
        revert NotToday();
    }
}
