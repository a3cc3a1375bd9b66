// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AgentRegistry} from "../../src/AgentRegistry.sol";
import {IAgentRegistry} from "../../src/interfaces/IAgentRegistry.sol";
import {Test} from "../base/Test.sol";

/// @notice What the suites of the registry share: a registry, some accounts, and how a wallet proof is made.
abstract contract RegistryTest is Test {
    bytes32 internal constant PROOF_TYPEHASH =
        keccak256("AgentWalletSet(uint256 agentId,address newWallet,address owner,uint256 deadline)");
    bytes32 internal constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    uint256 internal constant CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    AgentRegistry internal registry;
    address internal alice = makeAddr("alice");
    address internal bob = makeAddr("bob");
    address internal stranger = makeAddr("stranger");

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        registry = new AgentRegistry();
    }

    function registered(address owner) internal returns (uint256 agentId) {
        vm.prank(owner);
        agentId = registry.register("https://agents.example/card.json");
    }

    /// @dev Written out once more, so that the contract's domain is checked and not believed.
    function domainOf(address verifier, uint256 chainId) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(DOMAIN_TYPEHASH, keccak256("ERC8004IdentityRegistry"), keccak256("1"), chainId, verifier)
            );
    }

    function digestOf(uint256 agentId, address newWallet, address owner, uint256 deadline)
        internal
        view
        returns (bytes32)
    {
        bytes32 structHash = keccak256(abi.encode(PROOF_TYPEHASH, agentId, newWallet, owner, deadline));
        return keccak256(abi.encodePacked("\x19\x01", domainOf(address(registry), block.chainid), structHash));
    }

    function signed(uint256 privateKey, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(privateKey, digest);
        return abi.encodePacked(r, s, v);
    }

    function notOperator(uint256 agentId, address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAgentRegistry.NotAgentOperator.selector, agentId, caller);
    }

    function unknown(uint256 agentId) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("ERC721NonexistentToken(uint256)", agentId);
    }
}
