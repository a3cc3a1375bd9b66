// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEvidence} from "../../src/interfaces/IEvidence.sol";
import {ITabs} from "../../src/interfaces/ITabs.sol";
import {ActionHash} from "../../src/libraries/ActionHash.sol";
import {StatementHash} from "../../src/periphery/StatementHash.sol";
import {TabHash} from "../../src/periphery/TabHash.sol";
import {TabTermsReader} from "../../src/periphery/TabTerms.sol";
import {VectorReader} from "./VectorReader.sol";

/// @notice What is signed for tabs, panels and evidence against tests/vectors/periphery.json, and message hashes against
/// tests/vectors/messages.json. Tree: trees/Periphery.vectors.tree
contract PeripheryVectorsTest is VectorReader {
    function test_hashEveryStatementAlike() external {
        string[] memory cases = load("periphery");
        assertEq(cases.length, 66, "read the vectors");
        for (uint256 i; i < cases.length; ++i) {
            json = cases[i];
            node = "$.input.";
            string memory kind = text("type");
            node = "$.input.action.";
            bytes32 hash = hashOf(keccak256(bytes(kind)));
            node = "$.expected.";
            assertEq(hash, word("struct_hash"), vm.parseJsonString(json, "$.name"));
        }
    }

    /// @dev The digest too: the contract's own domain, at the vector's address and on its chain.
    function test_nameEveryDomainAlike() external {
        string[3] memory contracts = ["Tabs", "Evidence", "PanelArbiter"];
        string[3] memory names = ["Parley Tabs", "Parley Evidence", "Parley Panel"];
        bytes[3] memory codes;
        for (uint256 i; i < 3; ++i) {
            string memory path = string.concat("src/", contracts[i], ".sol:", contracts[i]);
            codes[i] = vm.deployCode(path, i == 0 ? bytes("") : abi.encode(address(this))).code;
        }
        string[] memory cases = load("periphery");
        for (uint256 i; i < cases.length; ++i) {
            json = cases[i];
            node = "$.input.";
            address place = account("contract");
            bytes32 name = keccak256(bytes(text("domain_name")));
            uint256 which = name == keccak256(bytes(names[0])) ? 0 : name == keccak256(bytes(names[1])) ? 1 : 2;
            assertEq(name, keccak256(bytes(names[which])));
            vm.etch(place, codes[which]);
            vm.chainId(number("chain_id"));
            node = "$.expected.";
            bytes32 separator = ITabs(place).domainSeparator();
            bytes32 digest = keccak256(abi.encodePacked(hex"1901", separator, word("struct_hash")));
            assertEq(digest, word("digest"), vm.parseJsonString(json, "$.name"));
        }
    }

    function test_hashEveryMessageAsItWasSigned() external {
        IEvidence evidence = IEvidence(vm.deployCode("src/Evidence.sol:Evidence", abi.encode(address(this))));
        string[] memory cases = load("messages");
        uint256 compared;
        for (uint256 i; i < cases.length; ++i) {
            json = cases[i];
            node = "$.input.";
            if (keccak256(bytes(text("type"))) != keccak256("Message")) continue;
            vm.chainId(number("chain_id"));
            node = "$.input.core.";
            IEvidence.Message memory core = readMessage();
            node = "$.expected.";
            assertEq(evidence.messageHashOf(core), word("digest"), vm.parseJsonString(json, "$.name"));
            ++compared;
        }
        assertGe(compared, 45, "read the vectors");
    }

    function hashOf(bytes32 kind) private view returns (bytes32) {
        if (kind == keccak256("Tab")) return this.hashTab(readTab());
        if (kind == keccak256("Voucher")) return TabHash.voucher(word("tab"), uint128(number("cumulative")));
        uint40 until = uint40(number("valid_until"));
        if (kind == keccak256("Anchor")) {
            return StatementHash.anchor(account("anchorer"), uint64(number("size")), word("root"), until);
        }
        if (kind == keccak256("EvidenceSubmission")) {
            bytes32 said = keccak256(bytes(text("evidence")));
            return StatementHash.submission(word("deal_id"), account("party"), said, word("content_hash"), until);
        }
        uint128 fee = uint128(number("fee"));
        if (kind == keccak256("TabsWithdrawal") || kind == keccak256("PanelWithdrawal")) return withdrawal(fee, until);
        if (kind == keccak256("Vote")) return vote(fee, until);
        if (kind == keccak256("TabClosing")) return TabHash.closing(word("tab"), fee, until);
        if (kind == keccak256("TabFunding")) {
            uint128 deposited = uint128(number("deposited"));
            return TabHash.funding(word("tab"), deposited, uint128(number("amount")), fee, until);
        }
        uint128 cumulative = uint128(number("cumulative"));
        if (kind == keccak256("Redemption")) {
            return TabHash.paying(TabHash.REDEMPTION, word("tab"), cumulative, fee, until);
        }
        require(kind == keccak256("TabEnd"), "a statement that is not known here");
        return TabHash.paying(TabHash.END, word("tab"), cumulative, fee, until);
    }

    function withdrawal(uint128 fee, uint40 until) private view returns (bytes32) {
        uint128 amount = uint128(number("amount"));
        uint256 nonce = number("nonce");
        return ActionHash.withdrawal(account("party"), account("token"), account("to"), amount, fee, nonce, until);
    }

    function vote(uint128 fee, uint40 until) private view returns (bytes32) {
        uint8 milestone = uint8(number("milestone"));
        uint16 bps = uint16(number("seller_bps"));
        bytes32 rationale = word("rationale");
        return StatementHash.vote(account("member"), word("deal_id"), milestone, bps, rationale, fee, until);
    }

    function readTab() private view returns (ITabs.Tab memory tab) {
        tab.buyer = account("buyer");
        tab.seller = account("seller");
        tab.token = account("token");
        tab.terms = TabTermsReader.pack(
            uint40(number("expires_at")),
            uint32(number("close_window")),
            uint8(number("payout")),
            uint104(number("exit_fee")),
            uint72(number("nonce"))
        );
    }

    function hashTab(ITabs.Tab calldata tab) external pure returns (bytes32) {
        return TabHash.tab(tab);
    }

    function readMessage() private view returns (IEvidence.Message memory core) {
        core.negotiation = word("negotiation");
        core.sequence = uint32(number("sequence"));
        core.previous = word("previous");
        core.sender = account("sender");
        core.performative = performative(keccak256(bytes(text("performative"))));
        core.payload = word("payload");
        core.sentAt = uint64(number("sent_at"));
        core.expiresAt = uint64(number("expires_at"));
    }

    /// @dev Names in the order of their numbers (docs/spec.md section 5).
    function performative(bytes32 name) private pure returns (uint8) {
        string[19] memory names = [
            "open",
            "propose",
            "counter",
            "accept",
            "reject",
            "query",
            "inform",
            "withdraw",
            "escalate",
            "resume",
            "approve",
            "refuse",
            "timeout",
            "control",
            "fault",
            "commit",
            "reveal",
            "award",
            "call"
        ];
        for (uint8 i; i < names.length; ++i) {
            if (keccak256(bytes(names[i])) == name) return i;
        }
        revert("a performative that is not known here");
    }
}
