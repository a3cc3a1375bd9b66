// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "./EscrowTest.sol";

/// @notice What whole transactions cost (21 000 and calldata included), kept in contracts/snapshots and compared by
/// scripts/test. "Warm" means the steady state: both parties hold the token, the escrow holds some of it, and both have
/// settled a deal in it before.
/// @dev Isolation makes every call a transaction of its own, with cold storage.
/// forge-config: default.isolate = true
contract GasTest is EscrowTest {
    function setUp() public override {
        super.setUp();
        deposited(stranger, 1e6);
        IEscrow.Deal memory before = simpleDeal();
        before.nonce = 1;
        opened(before);
        settled(before);
    }

    /// @dev Reads what the last call cost, with and without a name in the snapshot.
    function measured(string memory name) internal returns (uint256) {
        return vm.snapshotGasLastCall("Escrow", name);
    }

    function relayedReceipt(IEscrow.Deal memory deal, bytes32 id) internal view returns (bytes memory) {
        return signed(buyerKey, receipt(id, 0, GOODS, Action(0, deal.openBy)));
    }

    /// @notice T1: no gas paid by either agent.
    function test_gaslessDeal() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = idOf(deal);
        IEscrow.Funding memory funding = authorized(buyerKey, deal, PRICE);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.prank(relayer);
        escrow.open(deal, "", ofSeller, funding, allowance());
        uint256 opening = measured("open by authorization");
        bytes memory ofBuyer = relayedReceipt(deal, id);
        vm.prank(relayer);
        escrow.settle(deal, 0, GOODS, 0, deal.openBy, ofBuyer);
        uint256 settling = measured("settle by receipt");
        vm.snapshotValue("Escrow", "T1 gasless deal", opening + settling);
    }

    /// @notice T2: from an allowance.
    function test_dealFromAllowance() external {
        IEscrow.Deal memory deal = simpleDeal();
        bytes32 id = idOf(deal);
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        vm.prank(relayer);
        escrow.open(deal, ofBuyer, ofSeller, allowance(), allowance());
        uint256 opening = measured("open from allowance");
        bytes memory relayed = relayedReceipt(deal, id);
        vm.prank(relayer);
        escrow.settle(deal, 0, GOODS, 0, deal.openBy, relayed);
        uint256 settling = measured("settle by receipt after allowance");
        vm.snapshotValue("Escrow", "T2 deal from allowance", opening + settling);
    }
}
