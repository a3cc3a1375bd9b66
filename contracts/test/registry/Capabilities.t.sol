// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAgentRegistry} from "../../src/interfaces/IAgentRegistry.sol";
import {Vm} from "../base/Vm.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// @notice Tree: trees/AgentRegistry.capabilities.tree
contract CapabilitiesTest is RegistryTest {
    uint256 internal id;

    function setUp() public override {
        super.setUp();
        id = registered(alice);
    }

    function tagsOf(uint256 count, uint256 length) internal pure returns (string[] memory tags) {
        tags = new string[](count);
        for (uint256 i = 0; i < count; ++i) {
            bytes memory tag = new bytes(length);
            for (uint256 j = 0; j < length; ++j) {
                tag[j] = bytes1(uint8(97 + ((i + j) % 26)));
            }
            tags[i] = string(tag);
        }
    }

    function testFuzz_refuseAStrangerToSetTags(address caller) external {
        vm.assume(caller != alice);
        vm.expectRevert(notOperator(id, caller));
        vm.prank(caller);
        registry.setCapabilities(id, tagsOf(1, 4));
        assertEq(registry.capabilitiesRevisionOf(id), 0);
    }

    function testFuzz_refuseTooManyTags(uint256 count) external {
        count = bound(count, 33, 100);
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.TooManyCapabilities.selector, count, uint256(32)));
        vm.prank(alice);
        registry.setCapabilities(id, tagsOf(count, 1));
    }

    function testFuzz_refuseATagOfAWrongLength(uint256 index, uint256 length) external {
        index = bound(index, 0, 31);
        length = length % 4 == 0 ? 0 : bound(length, 65, 200);
        string[] memory tags = tagsOf(32, 64);
        tags[index] = string(new bytes(length));
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.CapabilityLength.selector, index, length, uint256(64)));
        vm.prank(alice);
        registry.setCapabilities(id, tags);
        assertEq(registry.capabilitiesRevisionOf(id), 0);
    }

    function test_announceTheSetAndEachTag() external {
        string[] memory tags = new string[](2);
        tags[0] = "gpu-lease";
        tags[1] = "inference";
        vm.expectEmit(address(registry));
        emit IAgentRegistry.CapabilitiesSet(id, 1, alice, tags);
        vm.expectEmit(address(registry));
        emit IAgentRegistry.CapabilityTagged(id, keccak256("gpu-lease"), 1, "gpu-lease");
        vm.expectEmit(address(registry));
        emit IAgentRegistry.CapabilityTagged(id, keccak256("inference"), 1, "inference");
        vm.prank(alice);
        registry.setCapabilities(id, tags);
    }

    function test_countTheRevisionsOfEachAgent() external {
        uint256 other = registered(bob);
        vm.startPrank(alice);
        registry.setCapabilities(id, tagsOf(1, 4));
        registry.setCapabilities(id, tagsOf(2, 4));
        vm.stopPrank();
        assertEq(registry.capabilitiesRevisionOf(id), 2);
        assertEq(registry.capabilitiesRevisionOf(other), 0);
    }

    function testFuzz_takeAnySetWithinTheBounds(uint256 count, uint256 length) external {
        count = bound(count, 1, 32);
        length = bound(length, 1, 64);
        string[] memory tags = tagsOf(count, length);
        vm.recordLogs();
        vm.prank(alice);
        registry.setCapabilities(id, tags);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(logs.length, count + 1);
        assertEq(abi.encode(abi.decode(logs[0].data, (string[]))), abi.encode(tags));
        for (uint256 i = 0; i < count; ++i) {
            assertEq(logs[i + 1].topics[2], keccak256(bytes(tags[i])));
        }
    }

    function test_withdrawAllTags() external {
        vm.startPrank(alice);
        registry.setCapabilities(id, tagsOf(3, 8));
        vm.expectEmit(address(registry));
        emit IAgentRegistry.CapabilitiesSet(id, 2, alice, new string[](0));
        registry.setCapabilities(id, new string[](0));
        vm.stopPrank();
        assertEq(registry.capabilitiesRevisionOf(id), 2);
    }
}
