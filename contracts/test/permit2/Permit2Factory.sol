// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Test} from "../base/Test.sol";

/// @notice Puts the real Permit2 where it is on every chain, by the factory and the salt that put it there. The address is
/// made from the creation code: other bytes land elsewhere.
abstract contract Permit2Factory is Test {
    address internal constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;

    /// @dev Runtime of the deterministic deployment proxy: takes salt ‖ creation code, returns the address.
    bytes private constant FACTORY =
        hex"7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234f58015156039578182fd5b8082525050506014600cf3";

    function deployPermit2() internal {
        string memory json = vm.readFile(string.concat(vm.projectRoot(), "/test/permit2/permit2.json"));
        address factory = vm.parseJsonAddress(json, "$.factory");
        vm.etch(factory, FACTORY);
        bytes memory data = bytes.concat(vm.parseJsonBytes32(json, "$.salt"), vm.parseJsonBytes(json, "$.initCode"));
        (bool done, bytes memory answer) = factory.call(data);
        require(done, "Permit2 was not made");
        assertEq(address(bytes20(answer)), PERMIT2, "the real bytecode lands on the real address");
    }
}
