// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

interface IPermitToken is IERC20 {
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external;
    function nonces(address owner) external view returns (uint256);
    function mint(address to, uint256 amount) external;
}

/// @notice Parties that approved nothing, and the permits that they sign.
abstract contract PermitTestBase is EscrowTest {
    function setUp() public override {
        super.setUp();
        vm.prank(buyer);
        token.approve(address(escrow), 0);
        vm.prank(seller);
        token.approve(address(escrow), 0);
    }

    function permit(uint256 key, uint256 value, uint256 deadline) internal view returns (bytes memory) {
        address owner = vm.addr(key);
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        uint256 nonce = IPermitToken(address(token)).nonces(owner);
        bytes memory fields = abi.encode(typeHash, owner, address(escrow), value, nonce, deadline);
        return bare(key, typed(token.DOMAIN_SEPARATOR(), keccak256(fields)));
    }

    function permitting(uint256 key, uint256 value) internal view returns (IEscrow.Funding memory) {
        return funding(value, START + 60, permit(key, value, START + 60));
    }

    function funding(uint256 value, uint256 deadline, bytes memory signature)
        internal
        pure
        returns (IEscrow.Funding memory)
    {
        return IEscrow.Funding(IEscrow.FundingKind.Permit, abi.encodePacked(value, deadline, signature));
    }
}
