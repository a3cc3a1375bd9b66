// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {ActionHash} from "../../src/libraries/ActionHash.sol";
import {MandateRules} from "../../src/libraries/MandateRules.sol";
import {DealReader} from "./DealReader.sol";

/// @notice The contract's hashes of signed actions against tests/vectors/actions.json. Tree: trees/Escrow.vectors.tree
contract ActionVectorsTest is DealReader {
    function test_hashEveryActionAlike() external {
        string[] memory cases = load("actions");
        uint256 compared;
        for (uint256 i; i < cases.length; ++i) {
            json = cases[i];
            // Authorisations are the token's.
            if (!vm.keyExistsJson(json, "$.input.action")) continue;
            node = "$.input.action.";
            bytes32 kind = keccak256(bytes(text("schema")));
            bytes32 hash = hashOf(kind);
            node = "$.expected.";
            assertEq(hash, word("struct_hash"), vm.parseJsonString(json, "$.name"));
            ++compared;
        }
        assertGe(compared, 52, "read the vectors");
    }

    function hashOf(bytes32 kind) private view returns (bytes32) {
        if (kind == keccak256("parley/split")) return this.hashSplit(readSplit());
        uint40 until = uint40(number("valid_until"));
        if (kind == keccak256("parley/epoch")) {
            return ActionHash.epochOf(account("party"), uint64(number("epoch")), until);
        }
        if (kind == keccak256("parley/split-revocation")) {
            return ActionHash.splitRevocation(word("split"), account("party"), until);
        }
        if (kind == keccak256("parley/mandate")) return this.hashMandate(readMandate());
        uint128 fee = uint128(number("fee"));
        if (kind == keccak256("parley/mandate-revocation")) {
            return ActionHash.mandateRevocation(word("mandate"), account("principal"), fee, until);
        }
        if (kind == keccak256("parley/withdrawal")) {
            return ActionHash.withdrawal(
                account("party"),
                account("token"),
                account("to"),
                uint128(number("amount")),
                fee,
                number("nonce"),
                until
            );
        }
        bytes32 id = word("deal_id");
        if (kind == keccak256("parley/cancellation")) {
            return ActionHash.cancellation(id, account("party"), fee, until);
        }
        return hashOfStep(kind, id, uint8(number("milestone")), fee, until);
    }

    function hashOfStep(bytes32 kind, bytes32 id, uint8 milestone, uint128 fee, uint40 until)
        private
        view
        returns (bytes32)
    {
        if (kind == keccak256("parley/delivery")) {
            uint8 delivery = uint8(number("delivery"));
            return ActionHash.numbered(ActionHash.DELIVERY, id, milestone, delivery, word("deliverable"), fee, until);
        }
        if (kind == keccak256("parley/rejection")) {
            uint8 delivery = uint8(number("delivery"));
            return ActionHash.numbered(ActionHash.REJECTION, id, milestone, delivery, word("reason"), fee, until);
        }
        if (kind == keccak256("parley/receipt")) {
            return ActionHash.receipt(id, milestone, word("deliverable"), fee, until);
        }
        if (kind == keccak256("parley/dispute")) {
            return ActionHash.dispute(id, account("party"), milestone, word("evidence"), fee, until);
        }
        if (kind == keccak256("parley/refund")) {
            return ActionHash.refund(id, account("party"), milestone, fee, until);
        }
        require(kind == keccak256("parley/ruling"), "an action that is not known here");
        return ActionHash.ruling(id, milestone, uint16(number("seller_bps")), word("rationale"), fee, until);
    }

    function readSplit() private view returns (IEscrow.Split memory terms) {
        terms.dealId = word("deal_id");
        terms.milestone = uint8(number("milestone"));
        terms.status = uint8(number("status"));
        terms.locked = uint128(number("locked"));
        terms.toSeller = uint128(number("to_seller"));
        terms.toBuyer = uint128(number("to_buyer"));
        terms.toArbiter = uint128(number("to_arbiter"));
        terms.nonce = number("nonce");
        terms.fee = uint128(number("fee"));
        terms.validUntil = uint40(number("valid_until"));
    }

    function hashMandate(IEscrow.Mandate calldata mandate) external pure returns (bytes32) {
        return MandateRules.structHash(mandate);
    }

    function hashSplit(IEscrow.Split calldata terms) external pure returns (bytes32) {
        return ActionHash.split(terms);
    }
}
