// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {DealHash} from "../../src/libraries/DealHash.sol";
import {MandateRules} from "../../src/libraries/MandateRules.sol";
import {Permit2Calls} from "../../src/libraries/Permit2Calls.sol";
import {DealReader} from "./DealReader.sol";

/// @notice Permit2 payments and mandate signatures against tests/vectors/consent.json. Tree: trees/Escrow.vectors.tree
contract ConsentVectorsTest is DealReader {
    string private constant STUB =
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,";

    function test_nameEveryTermInAPaymentThroughPermit2() external {
        string[] memory cases = load("consent");
        uint256 compared;
        for (uint256 i; i < cases.length; ++i) {
            json = cases[i];
            if (!vm.keyExistsJson(json, "$.input.deal")) continue;
            node = "$.input.deal.";
            bytes32 found = digestOf(readDeal());
            node = "$.expected.";
            assertEq(keccak256(bytes(text("type_string"))), typeHash(), "type string");
            assertEq(found, word("digest"), vm.parseJsonString(json, "$.name"));
            ++compared;
        }
        assertGe(compared, 13, "read the vectors");
    }

    function test_takeEveryMandateSignatureApart() external {
        string[] memory cases = load("consent");
        uint256 compared;
        for (uint256 i; i < cases.length; ++i) {
            json = cases[i];
            if (!vm.keyExistsJson(json, "$.input.mandate")) continue;
            (bytes32 found, bytes memory ofPrincipal, bytes memory ofAgent) =
                this.partsOf(vm.parseJsonBytes(json, "$.expected.signature"));
            assertEq(ofPrincipal, vm.parseJsonBytes(json, "$.input.of_principal"));
            assertEq(ofAgent, vm.parseJsonBytes(json, "$.input.of_agent"));
            node = "$.input.mandate.";
            assertEq(found, this.hashMandate(readMandate()), vm.parseJsonString(json, "$.name"));
            ++compared;
        }
        assertGe(compared, 6, "read the vectors");
    }

    function typeHash() private pure returns (bytes32) {
        return keccak256(bytes.concat(bytes(STUB), bytes(Permit2Calls.WITNESS)));
    }

    function digestOf(IEscrow.Deal memory deal) private returns (bytes32) {
        node = "$.input.";
        bytes32 permissions = keccak256(
            abi.encode(keccak256("TokenPermissions(address token,uint256 amount)"), deal.token, number("permitted"))
        );
        bytes memory fields =
            abi.encode(typeHash(), permissions, account("escrow"), number("nonce"), deal.openBy, this.hashDeal(deal));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)"),
                keccak256("Permit2"),
                number("chain_id"),
                Permit2Calls.PERMIT2
            )
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(fields)));
    }

    function hashDeal(IEscrow.Deal calldata deal) external pure returns (bytes32) {
        return DealHash.structHash(deal);
    }

    function hashMandate(IEscrow.Mandate calldata mandate) external pure returns (bytes32) {
        return MandateRules.structHash(mandate);
    }

    function partsOf(bytes calldata signature)
        external
        pure
        returns (bytes32 hash, bytes memory ofPrincipal, bytes memory ofAgent)
    {
        require(signature[0] == 0x01, "kind");
        IEscrow.Mandate calldata mandate;
        (mandate, ofPrincipal, ofAgent) = MandateRules.parts(signature[1:]);
        hash = MandateRules.structHash(mandate);
    }
}
