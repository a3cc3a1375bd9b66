// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {DealReader} from "./DealReader.sol";

/// @notice The contract's deal ids against tests/vectors/deals.json. Tree: trees/Escrow.vectors.tree
contract DealVectorsTest is DealReader {
    function test_giveEveryDealItsId() external {
        string[] memory cases = load("deals");
        assertGt(cases.length, 60, "read the vectors");
        bytes memory creation = vm.getCode("src/Escrow.sol:Escrow");
        for (uint256 i; i < cases.length; ++i) {
            json = cases[i];
            node = "$.input.";
            address place = account("escrow");
            // An escrow made at the vector's address: it names its domain by where it was made and on which chain it is.
            vm.etch(place, creation);
            (, bytes memory code) = place.call("");
            vm.etch(place, code);
            vm.chainId(number("chain_id"));
            node = "$.input.deal.";
            bytes32 id = IEscrow(place).dealIdOf(readDeal());
            node = "$.expected.";
            assertEq(id, word("deal_id"), vm.parseJsonString(json, "$.name"));
        }
    }
}
