// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAgentRegistry} from "../../src/interfaces/IAgentRegistry.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// @notice Tree: trees/AgentRegistry.metadata.tree
contract MetadataTest is RegistryTest {
    uint256 internal id;

    function setUp() public override {
        super.setUp();
        id = registered(alice);
    }

    function testFuzz_refuseEveryCallAboutIt(uint256 missing) external {
        missing = bound(missing, 1, type(uint256).max);
        string[] memory tags = new string[](0);
        vm.expectRevert(unknown(missing));
        registry.setAgentURI(missing, "x");
        vm.expectRevert(unknown(missing));
        registry.setMetadata(missing, "k", "v");
        vm.expectRevert(unknown(missing));
        registry.setAgentWallet(missing, bob, block.timestamp, "");
        vm.expectRevert(unknown(missing));
        registry.unsetAgentWallet(missing);
        vm.expectRevert(unknown(missing));
        registry.setCapabilities(missing, tags);
        vm.expectRevert(unknown(missing));
        registry.tokenURI(missing);
        vm.expectRevert(unknown(missing));
        registry.getMetadata(missing, "k");
        vm.expectRevert(unknown(missing));
        registry.getAgentWallet(missing);
        vm.expectRevert(unknown(missing));
        registry.capabilitiesRevisionOf(missing);
    }

    function testFuzz_refuseStrangersToChangeAnything(address caller) external {
        vm.assume(caller != alice);
        vm.expectRevert(notOperator(id, caller));
        vm.prank(caller);
        registry.setAgentURI(id, "x");
        vm.expectRevert(notOperator(id, caller));
        vm.prank(caller);
        registry.setMetadata(id, "k", "v");
        assertEq(registry.tokenURI(id), "https://agents.example/card.json");
        assertEq(registry.getMetadata(id, "k"), bytes(""));
    }

    function testFuzz_replaceTheURI(string calldata uri) external {
        vm.expectEmit(address(registry));
        emit IAgentRegistry.URIUpdated(id, uri, alice);
        vm.prank(alice);
        registry.setAgentURI(id, uri);
        assertEq(registry.tokenURI(id), uri);
    }

    function testFuzz_setAnEntry(string calldata key, bytes calldata value) external {
        vm.assume(keccak256(bytes(key)) != keccak256("agentWallet"));
        vm.expectEmit(address(registry));
        emit IAgentRegistry.MetadataSet(id, key, key, value);
        vm.prank(alice);
        registry.setMetadata(id, key, value);
        assertEq(registry.getMetadata(id, key), value);
    }

    function test_removeAnEntryByAnEmptyValue() external {
        vm.startPrank(alice);
        registry.setMetadata(id, "region", "eu-west");
        registry.setMetadata(id, "region", "");
        vm.stopPrank();
        assertEq(registry.getMetadata(id, "region"), bytes(""));
    }

    function test_keepEntriesOfDifferentAgentsApart() external {
        uint256 other = registered(bob);
        vm.prank(alice);
        registry.setMetadata(id, "region", "eu-west");
        assertEq(registry.getMetadata(other, "region"), bytes(""));
        vm.prank(bob);
        registry.setMetadata(other, "region", "us-east");
        assertEq(registry.getMetadata(id, "region"), bytes("eu-west"));
    }

    function test_letTheApprovedAccountChangeTheEntry() external {
        vm.prank(alice);
        registry.approve(bob, id);
        vm.expectEmit(address(registry));
        emit IAgentRegistry.URIUpdated(id, "ipfs://new", bob);
        vm.prank(bob);
        registry.setAgentURI(id, "ipfs://new");
        assertEq(registry.tokenURI(id), "ipfs://new");
    }

    function test_letTheOperatorChangeTheEntry() external {
        vm.prank(alice);
        registry.setApprovalForAll(bob, true);
        vm.prank(bob);
        registry.setMetadata(id, "region", "eu-west");
        assertEq(registry.getMetadata(id, "region"), bytes("eu-west"));
        vm.prank(alice);
        registry.setApprovalForAll(bob, false);
        vm.expectRevert(notOperator(id, bob));
        vm.prank(bob);
        registry.setMetadata(id, "region", "us-east");
    }

    function test_refuseToSetTheReservedKey() external {
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.MetadataKeyReserved.selector, "agentWallet"));
        vm.prank(alice);
        registry.setMetadata(id, "agentWallet", abi.encodePacked(bob));
        assertEq(registry.getAgentWallet(id), alice);
    }

    function test_giveTheWalletForTheReservedKey() external {
        assertEq(registry.getMetadata(id, "agentWallet"), abi.encodePacked(alice));
        vm.prank(alice);
        registry.unsetAgentWallet(id);
        assertEq(registry.getMetadata(id, "agentWallet"), bytes(""));
    }

    function test_answerForERC721AndItsMetadata() external view {
        assertTrue(registry.supportsInterface(0x01ffc9a7), "ERC-165");
        assertTrue(registry.supportsInterface(0x80ac58cd), "ERC-721");
        assertTrue(registry.supportsInterface(0x5b5e139f), "ERC-721 metadata");
        assertFalse(registry.supportsInterface(0xffffffff), "the invalid id");
        assertEq(registry.name(), "Parley Agents");
        assertEq(registry.symbol(), "AGENT");
    }
}
