// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AgentRegistry} from "../../src/AgentRegistry.sol";
import {IAgentRegistry} from "../../src/interfaces/IAgentRegistry.sol";
import {Vm} from "../base/Vm.sol";
import {
    DirtyAnswerWallet,
    GasBurnerWallet,
    ReenteringWallet,
    ReturnBombWallet,
    RevertingWallet,
    ShortAnswerWallet
} from "../tokens/wallets/HostileWallets.sol";
import {OwnerWallet} from "../tokens/wallets/OwnerWallet.sol";
import {RegistryTest} from "./RegistryTest.sol";

/// @notice Tree: trees/AgentRegistry.wallet.tree
contract WalletTest is RegistryTest {
    uint256 internal id;
    uint256 internal deadline;
    address internal wallet;
    uint256 internal walletKey;

    function setUp() public override {
        super.setUp();
        id = registered(alice);
        deadline = block.timestamp + 60;
        (wallet, walletKey) = makeAddrAndKey("wallet");
    }

    function set(address newWallet, uint256 until, bytes memory given) internal {
        vm.prank(alice);
        // A wallet may burn what the check hands it and no more.
        registry.setAgentWallet{gas: 700_000}(id, newWallet, until, given);
    }

    function refused(address newWallet, uint256 until, bytes memory given) internal {
        bytes32 digest = digestOf(id, newWallet, alice, until);
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.WalletProofInvalid.selector, newWallet, digest));
        set(newWallet, until, given);
        assertEq(registry.getAgentWallet(id), alice);
    }

    function proof() internal view returns (bytes memory) {
        return signed(walletKey, digestOf(id, wallet, alice, deadline));
    }

    function testFuzz_refuseAStrangerToSetOrUnset(address caller) external {
        vm.assume(caller != alice);
        bytes memory given = proof();
        vm.expectRevert(notOperator(id, caller));
        vm.prank(caller);
        registry.setAgentWallet(id, wallet, deadline, given);
        vm.expectRevert(notOperator(id, caller));
        vm.prank(caller);
        registry.unsetAgentWallet(id);
        assertEq(registry.getAgentWallet(id), alice);
    }

    function test_refuseTheZeroWallet() external {
        // An unchecked recovery gives zero for garbage: zero must never get that far.
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.AgentWalletZero.selector, id));
        set(address(0), deadline, new bytes(65));
    }

    function testFuzz_refuseAnExpiredProof(uint256 until) external {
        until = bound(until, 0, block.timestamp - 1);
        bytes memory given = signed(walletKey, digestOf(id, wallet, alice, until));
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.WalletProofExpired.selector, until, block.timestamp));
        set(wallet, until, given);
    }

    function testFuzz_refuseAProofThatLivesTooLong(uint256 until) external {
        uint256 latest = block.timestamp + 300;
        until = bound(until, latest + 1, type(uint256).max);
        bytes memory given = signed(walletKey, digestOf(id, wallet, alice, until));
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.WalletProofTooLong.selector, until, latest));
        set(wallet, until, given);
    }

    function test_acceptBothEdgesOfTheLifetime() external {
        uint256 now_ = vm.getBlockTimestamp();
        set(wallet, now_, signed(walletKey, digestOf(id, wallet, alice, now_)));
        assertEq(registry.getAgentWallet(id), wallet);
        (address other, uint256 otherKey) = makeAddrAndKey("other");
        set(other, now_ + 300, signed(otherKey, digestOf(id, other, alice, now_ + 300)));
        assertEq(registry.getAgentWallet(id), other);
    }

    function testFuzz_takeTheWalletWithItsProof(uint256 key, uint256 lifetime) external {
        key = bound(key, 1, CURVE_ORDER - 1);
        uint256 until = block.timestamp + bound(lifetime, 0, 300);
        address chosen = vm.addr(key);
        bytes memory given = signed(key, digestOf(id, chosen, alice, until));
        vm.expectEmit(address(registry));
        emit IAgentRegistry.MetadataSet(id, "agentWallet", "agentWallet", abi.encodePacked(chosen));
        set(chosen, until, given);
        assertEq(registry.getAgentWallet(id), chosen);
        assertEq(registry.getMetadata(id, "agentWallet"), abi.encodePacked(chosen));
    }

    function test_wantTheOwnersNameInTheProofOfAnOperator() external {
        vm.prank(alice);
        registry.approve(bob, id);
        bytes memory named = signed(walletKey, digestOf(id, wallet, bob, deadline));
        bytes32 digest = digestOf(id, wallet, alice, deadline);
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.WalletProofInvalid.selector, wallet, digest));
        vm.prank(bob);
        registry.setAgentWallet(id, wallet, deadline, named);
        bytes memory given = proof();
        vm.prank(bob);
        registry.setAgentWallet(id, wallet, deadline, given);
        assertEq(registry.getAgentWallet(id), wallet);
    }

    function testFuzz_refuseAProofOfAnotherKey(uint256 key) external {
        key = bound(key, 1, CURVE_ORDER - 1);
        vm.assume(key != walletKey);
        refused(wallet, deadline, signed(key, digestOf(id, wallet, alice, deadline)));
    }

    function test_refuseAProofWithAnyFieldChanged() external {
        refused(wallet, deadline, signed(walletKey, digestOf(id + 1, wallet, alice, deadline)));
        refused(wallet, deadline, signed(walletKey, digestOf(id, bob, alice, deadline)));
        refused(wallet, deadline, signed(walletKey, digestOf(id, wallet, bob, deadline)));
        refused(wallet, deadline, signed(walletKey, digestOf(id, wallet, alice, deadline + 1)));
    }

    function test_refuseAProofForAnotherChainOrRegistry() external {
        bytes32 structHash = keccak256(abi.encode(PROOF_TYPEHASH, id, wallet, alice, deadline));
        bytes32[2] memory domains =
            [domainOf(address(new AgentRegistry()), block.chainid), domainOf(address(registry), 1)];
        for (uint256 i = 0; i < domains.length; ++i) {
            bytes32 digest = keccak256(abi.encodePacked("\x19\x01", domains[i], structHash));
            refused(wallet, deadline, signed(walletKey, digest));
        }
        assertEq(registry.domainSeparator(), domainOf(address(registry), block.chainid));
        // After a fork of the chain the old proofs stop.
        bytes memory given = proof();
        vm.chainId(99);
        assertEq(registry.domainSeparator(), domainOf(address(registry), 99));
        refused(wallet, deadline, given);
    }

    function test_takeTheShortForm() external {
        (bytes32 r, bytes32 vs) = vm.signCompact(walletKey, digestOf(id, wallet, alice, deadline));
        set(wallet, deadline, abi.encodePacked(r, vs));
        assertEq(registry.getAgentWallet(id), wallet);
    }

    function test_refuseTheHighSTwin() external {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(walletKey, digestOf(id, wallet, alice, deadline));
        bytes32 twin = bytes32(CURVE_ORDER - uint256(s));
        refused(wallet, deadline, abi.encodePacked(r, twin, v == 27 ? uint8(28) : uint8(27)));
    }

    function testFuzz_refuseAnyOtherLength(uint256 length) external {
        bytes memory given = proof();
        length = bound(length, 0, 130);
        vm.assume(length != 65 && length != 64);
        bytes memory wrong = new bytes(length);
        for (uint256 i = 0; i < length && i < given.length; ++i) {
            wrong[i] = given[i];
        }
        refused(wallet, deadline, wrong);
    }

    function test_takeWhatItsERC1271Accepts() external {
        address smart = address(new OwnerWallet(wallet));
        set(smart, deadline, signed(walletKey, digestOf(id, smart, alice, deadline)));
        assertEq(registry.getAgentWallet(id), smart);
    }

    function test_refuseWhatItsERC1271Refuses() external {
        address smart = address(new OwnerWallet(wallet));
        (, uint256 otherKey) = makeAddrAndKey("other");
        refused(smart, deadline, signed(otherKey, digestOf(id, smart, alice, deadline)));
        // A contract that knows nothing of ERC-1271, and an account without code.
        refused(address(registry), deadline, proof());
        refused(makeAddr("nobody"), deadline, "");
    }

    function test_surviveHostileAnswers() external {
        refused(address(new RevertingWallet()), deadline, "");
        refused(address(new ShortAnswerWallet()), deadline, "");
        refused(address(new DirtyAnswerWallet()), deadline, "");

        // Only one word of the answer is read, however long it is.
        address bomb = address(new ReturnBombWallet(200_000));
        vm.prank(alice);
        uint256 before = gasleft();
        registry.setAgentWallet(id, bomb, deadline, "");
        assertLt(before - gasleft(), 250_000, "the caller paid for the bomb's memory twice");
        assertEq(registry.getAgentWallet(id), bomb);

        address burner = address(new GasBurnerWallet());
        bytes32 digest = digestOf(id, burner, alice, deadline);
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.WalletProofInvalid.selector, burner, digest));
        set(burner, deadline, "");
    }

    function test_changeNothingWhenTheWalletReenters() external {
        ReenteringWallet smart = new ReenteringWallet();
        // Approved, so that only the static context stands between the wallet and the registry.
        vm.prank(alice);
        registry.setApprovalForAll(address(smart), true);
        smart.arm(address(registry), abi.encodeCall(registry.setMetadata, (id, "region", "stolen")), true);
        refused(address(smart), deadline, "");
        smart.arm(address(registry), abi.encodeCall(registry.setMetadata, (id, "region", "stolen")), false);
        set(address(smart), deadline, "");
        assertEq(registry.getAgentWallet(id), address(smart));
        assertEq(registry.getMetadata(id, "region"), bytes(""));
    }

    function test_stillTakeTheKeyOfTheAccount() external {
        Vm.SignedDelegation memory delegation = vm.signDelegation(address(new RevertingWallet()), walletKey);
        vm.attachDelegation(delegation);
        set(wallet, deadline, proof());
        assertGt(wallet.code.length, 0);
        assertEq(registry.getAgentWallet(id), wallet);
    }

    function test_refuseTheProofAfterASale() external {
        bytes memory given = proof();
        vm.prank(alice);
        registry.transferFrom(alice, bob, id);
        bytes32 digest = digestOf(id, wallet, bob, deadline);
        vm.expectRevert(abi.encodeWithSelector(IAgentRegistry.WalletProofInvalid.selector, wallet, digest));
        vm.prank(bob);
        registry.setAgentWallet(id, wallet, deadline, given);
    }

    function test_clearTheWallet() external {
        vm.expectEmit(address(registry));
        emit IAgentRegistry.MetadataSet(id, "agentWallet", "agentWallet", "");
        vm.prank(alice);
        registry.unsetAgentWallet(id);
        assertEq(registry.getAgentWallet(id), address(0));
        assertEq(registry.getMetadata(id, "agentWallet"), bytes(""));
    }

    function testFuzz_clearTheWalletOnEveryTransfer(address to, uint8 how) external {
        vm.assume(to != address(0) && to.code.length == 0);
        set(wallet, deadline, proof());
        vm.prank(alice);
        registry.setMetadata(id, "region", "eu-west");
        vm.expectEmit(address(registry));
        emit IAgentRegistry.MetadataSet(id, "agentWallet", "agentWallet", "");
        vm.prank(alice);
        if (how % 2 == 0) registry.transferFrom(alice, to, id);
        else registry.safeTransferFrom(alice, to, id);
        assertEq(registry.ownerOf(id), to);
        assertEq(registry.getAgentWallet(id), address(0));
        assertEq(registry.getMetadata(id, "region"), bytes("eu-west"), "other entries stay");
    }

    function test_staySilentWhenThereWasNoWallet() external {
        vm.prank(alice);
        registry.unsetAgentWallet(id);
        vm.recordLogs();
        vm.prank(alice);
        registry.transferFrom(alice, bob, id);
        assertEq(vm.getRecordedLogs().length, 1, "the transfer alone");
    }
}
