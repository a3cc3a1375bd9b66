// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Signing} from "../escrow/Signing.sol";
import {Permit2Factory} from "./Permit2Factory.sol";

interface IPermit2Domain {
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}

/// @notice What is signed for a payment by Permit2 with a deal as its witness, written apart from the contract.
abstract contract Permit2Witness is Signing, Permit2Factory {
    function witnessed(IEscrow.Deal memory deal, uint256 amount, uint256 nonce, uint256 deadline, address spender)
        internal
        view
        returns (bytes32)
    {
        bytes32 permissions =
            keccak256(abi.encode(keccak256("TokenPermissions(address token,uint256 amount)"), deal.token, amount));
        bytes32 typeHash = keccak256(
            bytes.concat(
                "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Deal witness)",
                bytes(DEAL_TYPE),
                "TokenPermissions(address token,uint256 amount)"
            )
        );
        bytes memory fields = abi.encode(typeHash, permissions, spender, nonce, deadline, keccak256(dealData(deal)));
        return typed(IPermit2Domain(PERMIT2).DOMAIN_SEPARATOR(), keccak256(fields));
    }
}
