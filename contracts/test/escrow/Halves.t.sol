// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Two halves of code, one escrow. Tree: trees/Escrow.halves.tree
contract HalvesTest is EscrowTest {
    function test_makeItsOtherHalfItself() external {
        address half = escrow.actions();
        bytes32 created = keccak256(abi.encodePacked(hex"d694", address(escrow), hex"01"));
        assertEq(half, address(uint160(uint256(created))), "made by its constructor");
        bytes memory creation = vm.getCode("src/EscrowActions.sol:EscrowActions");
        address again;
        vm.prank(address(escrow));
        assembly ("memory-safe") {
            again := create(0, add(creation, 0x20), mload(creation))
        }
        assertEq(keccak256(half.code), keccak256(again.code), "nothing but the code of EscrowActions");
    }

    function test_keepNothingInTheOtherHalf() external {
        IEscrow.Deal memory deal = arbitratedDeal();
        vm.record();
        broughtTo(deal, IEscrow.Status.Disputed);
        ruled(deal, 4000);
        (bytes32[] memory reads, bytes32[] memory writes) = vm.accesses(escrow.actions());
        assertEq(reads.length + writes.length, 0, "its own storage is not touched");
        assertEq(token.balanceOf(escrow.actions()), 0);
    }

    function test_refuseCallsToTheOtherHalfItself() external {
        address half = escrow.actions();
        IEscrow.Deal memory deal = arbitratedDeal();
        IEscrow.Split memory terms;
        terms.dealId = idOf(deal);
        IEscrow.Mandate memory mandate;
        mandate.principal = buyer;
        IEscrow.MandateUse memory act;
        bytes[11] memory calls = [
            abi.encodeCall(IEscrow(half).advanceEpoch, (buyer, 1, 0, "")),
            abi.encodeCall(IEscrow(half).reject, (deal, 0, 1, REASON, 0, 0, "")),
            abi.encodeCall(IEscrow(half).dispute, (deal, buyer, 0, REASON, 0, 0, "")),
            abi.encodeCall(IEscrow(half).rule, (deal, 0, 1, REASON, 0, 0, "")),
            abi.encodeCall(IEscrow(half).lapse, (deal)),
            abi.encodeCall(IEscrow(half).refund, (deal, address(0), 0, 0, 0, "")),
            abi.encodeCall(IEscrow(half).split, (deal, terms, "", "")),
            abi.encodeCall(IEscrow(half).revokeSplit, (deal, terms, buyer, 0, "")),
            abi.encodeCall(IEscrow(half).amend, (deal, deal, "", "", allowance(), allowance())),
            abi.encodeCall(IEscrow(half).revokeMandate, (mandate, 0, 0, "")),
            abi.encodeCall(IEscrow(half).useMandate, (act, ""))
        ];
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(buyer);
            (bool done, bytes memory answer) = half.call(calls[i]);
            assertFalse(done);
            assertEq(answer, abi.encodeWithSelector(IEscrow.NotTheEscrow.selector, half));
        }
    }

    /// @dev Fewer than fifty of 2^32 selectors are known: the seeded ones are none of them.
    function testFuzz_refuseAnUnknownSelectorWithNoData(bytes4 selector, bytes memory rest) external {
        (bool done, bytes memory answer) = address(escrow).call(bytes.concat(selector, rest));
        assertFalse(done);
        assertEq(answer.length, 0);
    }

    function test_beNoProxy() external {
        string[5] memory names =
            ["upgradeTo(address)", "upgradeToAndCall(address,bytes)", "implementation()", "owner()", "admin()"];
        for (uint256 i; i < names.length; ++i) {
            (bool done,) = address(escrow).call(bytes.concat(bytes4(keccak256(bytes(names[i]))), abi.encode(buyer, "")));
            assertFalse(done, names[i]);
        }
        string[3] memory slots = ["eip1967.proxy.implementation", "eip1967.proxy.admin", "eip1967.proxy.beacon"];
        for (uint256 i; i < slots.length; ++i) {
            bytes32 slot = bytes32(uint256(keccak256(bytes(slots[i]))) - 1);
            assertEq(vm.load(address(escrow), slot), 0, slots[i]);
        }
    }

    function test_refuseACallWithoutData() external {
        (bool done,) = address(escrow).call("");
        assertFalse(done);
    }

    function test_takeNoEther() external {
        vm.deal(address(this), 3);
        (bool done,) = address(escrow).call{value: 1}("");
        assertFalse(done, "by a plain transfer");
        (done,) = address(escrow).call{value: 1}(abi.encodeCall(escrow.lapse, (arbitratedDeal())));
        assertFalse(done, "by a function of the other half");
        (done,) = address(escrow).call{value: 1}(abi.encodeCall(escrow.actions, ()));
        assertFalse(done, "by a function of its own");
    }
}
