// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAgentRegistry} from "../../src/interfaces/IAgentRegistry.sol";
import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "../escrow/EscrowTest.sol";

/// @notice What another contract does with identity and record: it lets the wallet of a registered agent in that settled
/// deals as a seller and never defaulted, in one token that it trusts.
contract SellersClub {
    error NotTheAgentsWallet(uint256 agentId, address caller);
    error TooLittleRecord(uint256 settled, uint256 defaulted);

    IEscrow private immutable ESCROW;
    IAgentRegistry private immutable REGISTRY;
    address private immutable TOKEN;
    uint256 private immutable SETTLED;

    mapping(uint256 agentId => bool) public admitted;

    constructor(IEscrow escrow, IAgentRegistry registry, address token, uint256 settled) {
        (ESCROW, REGISTRY, TOKEN, SETTLED) = (escrow, registry, token, settled);
    }

    function enter(uint256 agentId) external {
        if (REGISTRY.getAgentWallet(agentId) != msg.sender) revert NotTheAgentsWallet(agentId, msg.sender);
        IEscrow.Account memory account = ESCROW.accountOf(TOKEN, msg.sender);
        IEscrow.Record memory record = ESCROW.recordOf(TOKEN, msg.sender);
        uint256 bad = uint256(account.defaulted) + record.walkedAway + account.disputesLost;
        if (account.settledAsSeller < SETTLED || bad != 0) revert TooLittleRecord(account.settledAsSeller, bad);
        admitted[agentId] = true;
    }
}

/// @notice Tree: trees/AgentRegistry.reputation.tree
contract ReputationGateTest is EscrowTest {
    IAgentRegistry internal registry;
    SellersClub internal club;
    uint256 internal id;

    function setUp() public override {
        super.setUp();
        registry = IAgentRegistry(vm.deployCode("src/AgentRegistry.sol:AgentRegistry", ""));
        club = new SellersClub(escrow, registry, address(token), 2);
        vm.prank(seller);
        id = registry.register();
    }

    function sold(uint256 nonce) internal {
        IEscrow.Deal memory deal = simpleDeal();
        deal.nonce = nonce;
        opened(deal);
        settled(deal);
    }

    function enters(bytes memory why) internal {
        if (why.length != 0) vm.expectRevert(why);
        vm.prank(seller);
        club.enter(id);
    }

    function test_letAnAgentInOnItsRecord() external {
        enters(abi.encodeWithSelector(SellersClub.TooLittleRecord.selector, 0, 0));
        sold(1);
        enters(abi.encodeWithSelector(SellersClub.TooLittleRecord.selector, 1, 0));
        sold(2);
        enters("");
        assertTrue(club.admitted(id));
    }

    function test_keepAnAgentOutThatDefaulted() external {
        sold(1);
        sold(2);
        IEscrow.Deal memory deal = simpleDeal();
        opened(deal);
        skip(8 days);
        escrow.refund(deal, address(0), 0, 0, 0, "");
        enters(abi.encodeWithSelector(SellersClub.TooLittleRecord.selector, 2, 1));
    }

    function test_countNothingEarnedInAnotherToken() external {
        token = deployToken(address(this), 1e30);
        endow(buyer);
        endow(seller);
        sold(1);
        sold(2);
        enters(abi.encodeWithSelector(SellersClub.TooLittleRecord.selector, 0, 0));
    }

    function test_askTheRegistryForTheWallet() external {
        vm.expectRevert(abi.encodeWithSelector(SellersClub.NotTheAgentsWallet.selector, id, stranger));
        vm.prank(stranger);
        club.enter(id);
    }

    function test_sayWhoMayActForAnAgent() external {
        assertTrue(registry.isAuthorizedOrOwner(seller, id));
        assertFalse(registry.isAuthorizedOrOwner(stranger, id));
        vm.prank(seller);
        (bool ok,) = address(registry).call(abi.encodeWithSignature("approve(address,uint256)", stranger, id));
        assertTrue(ok);
        assertTrue(registry.isAuthorizedOrOwner(stranger, id));
        vm.expectRevert(abi.encodeWithSignature("ERC721NonexistentToken(uint256)", id + 1));
        registry.isAuthorizedOrOwner(stranger, id + 1);
    }
}
