// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Test} from "../base/Test.sol";

/// @notice Reads tests/vectors/*.json, which the Python side and a third implementation read too.
abstract contract VectorReader is Test {
    /// @dev The case that is being read, and the JSONPath of the object in it, with its last dot.
    string internal json;
    string internal node = "$.";

    /// @notice Each case of a file as a text of its own: a look-up parses all it is given.
    function load(string memory subject) internal returns (string[] memory cases) {
        vm.pauseGasMetering();
        bytes memory file = bytes(vm.readFile(string.concat(vm.projectRoot(), "/../tests/vectors/", subject, ".json")));
        cases = new string[](1000);
        uint256 count;
        uint256 depth;
        uint256 start;
        bool quoted;
        for (uint256 i; i < file.length; ++i) {
            bytes1 c = file[i];
            if (c == '"' && file[i - 1] != "\\") quoted = !quoted;
            if (quoted) continue;
            if (c == "{" && ++depth == 2) start = i;
            if (c == "}" && depth-- == 2) cases[count++] = cut(file, start, i + 1);
        }
        assembly ("memory-safe") {
            mstore(cases, count)
        }
    }

    function cut(bytes memory file, uint256 start, uint256 end) private pure returns (string memory part) {
        part = new string(end - start);
        assembly ("memory-safe") {
            mcopy(add(part, 0x20), add(add(file, 0x20), start), mload(part))
        }
    }

    /// @dev A JSON integer, or an amount in a decimal string.
    function number(string memory key) internal view returns (uint256) {
        return vm.parseJsonUint(json, string.concat(node, key));
    }

    function word(string memory key) internal view returns (bytes32) {
        return vm.parseJsonBytes32(json, string.concat(node, key));
    }

    function account(string memory key) internal view returns (address) {
        return vm.parseJsonAddress(json, string.concat(node, key));
    }

    function text(string memory key) internal view returns (string memory) {
        return vm.parseJsonString(json, string.concat(node, key));
    }
}
