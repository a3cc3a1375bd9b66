// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAgentRegistry} from "../../src/interfaces/IAgentRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// @notice Tree: trees/AgentRegistry.register.tree
contract RegisterTest is RegistryTest {
    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);

    function test_giveTheFirstAgentTheIdZero() external {
        vm.prank(alice);
        assertEq(registry.register(), 0);
        assertEq(registry.ownerOf(0), alice);
    }

    function test_countIdsUp() external {
        assertEq(registry.agentCount(), 0);
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(i == 1 ? bob : alice);
            assertEq(registry.register(), i);
            assertEq(registry.agentCount(), i + 1);
        }
        assertEq(registry.balanceOf(alice), 2);
        assertEq(registry.balanceOf(bob), 1);
    }

    function test_makeTheCallerOwnerAndWallet() external {
        vm.prank(alice);
        uint256 id = registry.register();
        assertEq(registry.ownerOf(id), alice);
        assertEq(registry.getAgentWallet(id), alice);
        assertEq(registry.tokenURI(id), "");
    }

    function test_announceTheAgentAndItsWallet() external {
        vm.expectEmit(address(registry));
        emit Transfer(address(0), alice, 0);
        vm.expectEmit(address(registry));
        emit IAgentRegistry.Registered(0, "", alice);
        vm.expectEmit(address(registry));
        emit IAgentRegistry.MetadataSet(0, "agentWallet", "agentWallet", abi.encodePacked(alice));
        vm.prank(alice);
        registry.register();
    }

    function testFuzz_keepTheURIItWasGiven(string calldata uri) external {
        vm.expectEmit(address(registry));
        emit IAgentRegistry.Registered(0, uri, alice);
        vm.prank(alice);
        uint256 id = registry.register(uri);
        assertEq(registry.tokenURI(id), uri);
    }

    function test_keepAndAnnounceEveryEntry() external {
        IAgentRegistry.MetadataEntry[] memory entries = new IAgentRegistry.MetadataEntry[](2);
        entries[0] = IAgentRegistry.MetadataEntry("region", "eu-west");
        entries[1] = IAgentRegistry.MetadataEntry("", hex"00ff");
        vm.expectEmit(address(registry));
        emit IAgentRegistry.MetadataSet(0, "region", "region", "eu-west");
        vm.expectEmit(address(registry));
        emit IAgentRegistry.MetadataSet(0, "", "", hex"00ff");
        vm.prank(alice);
        uint256 id = registry.register("ipfs://card", entries);
        assertEq(registry.tokenURI(id), "ipfs://card");
        assertEq(registry.getMetadata(id, "region"), bytes("eu-west"));
        assertEq(registry.getMetadata(id, ""), hex"00ff");
        assertEq(registry.getAgentWallet(id), alice);
    }

    function test_refuseTheReservedKeyAmongTheEntries() external {
        IAgentRegistry.MetadataEntry[] memory entries = new IAgentRegistry.MetadataEntry[](2);
        entries[0] = IAgentRegistry.MetadataEntry("region", "eu-west");
        entries[1] = IAgentRegistry.MetadataEntry("agentWallet", abi.encodePacked(bob));
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.MetadataKeyReserved.selector, "agentWallet"));
        vm.prank(alice);
        registry.register("ipfs://card", entries);
        assertEq(registry.agentCount(), 0);
    }

    function test_registerItWithoutCallingBack() external {
        // This contract implements no onERC721Received: a safe mint would refuse it.
        uint256 id = registry.register();
        assertEq(registry.ownerOf(id), address(this));
        assertEq(registry.getAgentWallet(id), address(this));
    }
}
