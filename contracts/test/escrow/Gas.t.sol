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

    /// @notice T1b: the same as an instant deal, in one transaction.
    function test_instantDeal() external {
        IEscrow.Deal memory deal = instant(1);
        exchangedOne(instant(0), buyerKey, sellerKey, allowance());
        IEscrow.Funding memory funding = authorized(buyerKey, deal, PRICE);
        bytes memory ofSeller = signed(sellerKey, idOf(deal));
        vm.prank(relayer);
        escrow.openAndSettle(deal, "", ofSeller, funding);
        measured("T1b instant deal");
    }

    /// @notice T3: 30 opens in a batch, from allowances.
    function test_openBatch() external {
        vm.snapshotValue("Escrow", "T3 as an array, one pair", opensOf(1, "open batch of one pair") / 30);
        vm.snapshotValue("Escrow", "T3 as an array, distinct pairs", opensOf(30, "open batch of distinct pairs") / 30);
    }

    /// @notice T4: 100 instant deals in a batch, between internal balances.
    function test_instantBatch() external {
        vm.snapshotValue("Escrow", "T4 as an array, one pair", instantsOf(1, "instant batch of one pair") / 100);
        vm.snapshotValue(
            "Escrow", "T4 as an array, distinct pairs", instantsOf(100, "instant batch of distinct pairs") / 100
        );
    }

    function instant(uint256 nonce) private view returns (IEscrow.Deal memory deal) {
        deal = simpleDeal();
        deal.payout = 4;
        deal.nonce = nonce;
    }

    function exchangedOne(IEscrow.Deal memory deal, uint256 ofBuyer, uint256 ofSeller, IEscrow.Funding memory funding)
        private
    {
        bytes32 id = idOf(deal);
        escrow.openAndSettle(deal, signed(ofBuyer, id), signed(ofSeller, id), funding);
    }

    function pair(string memory kind, uint256 index) private returns (uint256 ofBuyer, uint256 ofSeller) {
        address account;
        (account, ofBuyer) = makeAddrAndKey(string.concat(kind, "buyer", vm.toString(index)));
        endow(account);
        deposited(account, 1e13);
        (account, ofSeller) = makeAddrAndKey(string.concat(kind, "seller", vm.toString(index)));
        deposited(account, 1);
    }

    function opensOf(uint256 pairs, string memory name) private returns (uint256) {
        uint256[2][] memory keys = new uint256[2][](pairs);
        for (uint256 i; i < pairs; ++i) {
            (keys[i][0], keys[i][1]) = pair(name, i);
        }
        IEscrow.Opening[] memory items = new IEscrow.Opening[](30);
        for (uint256 i; i < 30; ++i) {
            IEscrow.Deal memory deal = simpleDeal();
            deal.nonce = uint256(keccak256(abi.encode(name, i)));
            deal.buyer = vm.addr(keys[i % pairs][0]);
            deal.seller = vm.addr(keys[i % pairs][1]);
            bytes32 id = idOf(deal);
            items[i] = IEscrow.Opening(
                deal, signed(keys[i % pairs][0], id), signed(keys[i % pairs][1], id), allowance(), allowance()
            );
        }
        vm.prank(relayer);
        IEscrow.Failure[] memory failures = escrow.openBatch(items);
        uint256 used = measured(name);
        assertEq(failures.length, 0);
        return used;
    }

    function instantsOf(uint256 pairs, string memory name) private returns (uint256 used) {
        uint256[2][] memory keys = new uint256[2][](pairs);
        for (uint256 i; i < pairs; ++i) {
            (keys[i][0], keys[i][1]) = pair(name, i);
        }
        // The first round writes the words of counters and nonces that the second finds in their steady state.
        for (uint256 round; round < 2; ++round) {
            IEscrow.Exchange[] memory items = new IEscrow.Exchange[](100);
            for (uint256 i; i < 100; ++i) {
                IEscrow.Deal memory deal = instant(round * 100 + i);
                deal.payout = 7;
                deal.buyer = vm.addr(keys[i % pairs][0]);
                deal.seller = vm.addr(keys[i % pairs][1]);
                bytes32 id = idOf(deal);
                items[i] =
                    IEscrow.Exchange(deal, signed(keys[i % pairs][0], id), signed(keys[i % pairs][1], id), balance());
            }
            vm.prank(relayer);
            IEscrow.Failure[] memory failures = escrow.openAndSettleBatch(items);
            if (round == 1) used = measured(name);
            assertEq(failures.length, 0);
        }
    }
}
