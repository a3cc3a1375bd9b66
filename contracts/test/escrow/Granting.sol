// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice Two agents, mandates for them, and the signatures that they make under one. Written apart from the contract.
abstract contract Granting is EscrowTest {
    uint8 internal constant OPEN = 1;
    uint8 internal constant RECEIPT = 2;
    uint8 internal constant SPLIT = 4;
    uint8 internal constant AMEND = 8;
    uint8 internal constant DISPUTE = 16;
    uint8 internal constant DELIVERY = 32;
    uint8 internal constant REJECTION = 64;
    uint8 internal constant LEAVE = 128;
    uint128 internal constant BUDGET = 1e13;

    address internal agent; // of the buyer
    uint256 internal agentKey;
    address internal sellersAgent;
    uint256 internal sellersAgentKey;

    function setUp() public virtual override {
        super.setUp();
        (agent, agentKey) = makeAddrAndKey("agent");
        (sellersAgent, sellersAgentKey) = makeAddrAndKey("seller's agent");
    }

    /// @notice Everything the buyer's agent may be given, for a day.
    function buyersMandate() internal view returns (IEscrow.Mandate memory m) {
        m.principal = buyer;
        m.agent = agent;
        m.role = 1;
        m.token = address(token);
        m.dealLimit = BUDGET;
        m.budget = BUDGET;
        m.validFrom = uint40(block.timestamp);
        m.validUntil = uint40(block.timestamp + 1 days);
        m.actions = 255;
        m.nonce = 1;
    }

    function sellersMandate() internal view returns (IEscrow.Mandate memory m) {
        m = buyersMandate();
        m.principal = seller;
        m.agent = sellersAgent;
        m.role = 2;
        m.dealLimit = 0;
    }

    /// @notice The mandate signed by its principal's key, and `digest` by the agent's.
    function under(IEscrow.Mandate memory m, bytes32 digest) internal view returns (bytes memory) {
        uint256 principalKey = m.principal == seller ? sellerKey : buyerKey;
        uint256 key = m.agent == sellersAgent ? sellersAgentKey : agentKey;
        return carried(m, signed(principalKey, mandateDigest(m)), signed(key, digest));
    }

    /// @notice Opens on the agent's signature for the buyer and the seller's own.
    function openedUnder(IEscrow.Mandate memory m, IEscrow.Deal memory deal) internal returns (bytes32 id) {
        id = idOf(deal);
        bytes memory ofBuyer = under(m, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.prank(relayer);
        escrow.open(deal, ofBuyer, ofSeller, allowance(), allowance());
    }

    function refusesUnder(IEscrow.Mandate memory m, IEscrow.Deal memory deal, bytes memory why) internal {
        bytes32 id = idOf(deal);
        bytes memory ofBuyer = under(m, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.expectRevert(why);
        vm.prank(relayer);
        escrow.open(deal, ofBuyer, ofSeller, allowance(), allowance());
        assertStatus(id, IEscrow.Status.Unopened);
    }

    function usedOf(IEscrow.Mandate memory m) internal view returns (uint256 used) {
        (used,) = escrow.mandateOf(mandateDigest(m));
    }
}
