// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {AccountWord, AccountWords, Counter, RecordWords} from "../../src/libraries/AccountWord.sol";
import {DealWord, DealWords} from "../../src/libraries/DealWord.sol";
import {EscrowTest} from "./EscrowTest.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

/// @notice Tree: trees/Escrow.views.tree
contract ViewsTest is EscrowTest {
    function testFuzz_hashADealLikeEip712(IEscrow.Deal memory deal) external view {
        assertEq(escrow.dealIdOf(deal), idOf(deal));
    }

    function test_nameItsDomain() external view {
        (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address place,
            bytes32 salt,
            uint256[] memory extensions
        ) = IERC5267(address(escrow)).eip712Domain();
        assertEq(salt, bytes32(0));
        assertEq(extensions.length, 0);
        assertEq(bytes32(fields), bytes32(hex"0f"));
        assertEq(name, "Parley Escrow");
        assertEq(version, "1");
        assertEq(chainId, block.chainid);
        assertEq(place, address(escrow));
        assertEq(escrow.domainSeparator(), escrowDomain());
    }

    function test_followTheChainId() external {
        bytes32 here = escrow.domainSeparator();
        vm.chainId(block.chainid + 7);
        assertNotEq(escrow.domainSeparator(), here);
        assertEq(escrow.domainSeparator(), escrowDomain());
    }

    function test_knowNothingOfWhatNeverWas() external view {
        IEscrow.DealState memory s = escrow.stateOf(keccak256("nothing"));
        assertEq(uint256(s.status), 0);
        assertEq(s.locked, 0);
        assertEq(s.since, 0);
        assertEq(escrow.accountOf(address(token), stranger).balance, 0);
        assertEq(escrow.epochOf(stranger), 0);
        assertFalse(escrow.nonceUsed(stranger, 0));
        assertFalse(escrow.splitSpent(bytes32(0)));
    }

    function testFuzz_packAndUnpackADeal(
        uint8 status,
        uint8 milestone,
        uint8 deliveries,
        uint24 lost,
        uint40 shift,
        uint128 locked
    ) external view {
        status = uint8(bound(status, 0, 6));
        DealWord word = DealWords.pack(IEscrow.Status(status), milestone, deliveries, lost, shift, locked);
        IEscrow.DealState memory s = word.decoded();
        assertEq(uint256(s.status), status);
        assertEq(s.milestone, milestone);
        assertEq(s.deliveries, deliveries);
        assertEq(s.sellerLostBps, lost);
        assertEq(s.since, block.timestamp);
        assertEq(s.shift, shift);
        assertEq(s.locked, locked);
    }

    function testFuzz_closeAWordAndKeepTheRest(uint256 raw, uint40 now_) external {
        raw = (raw >> 8 << 8) | (raw % 7);
        vm.warp(now_);
        IEscrow.DealState memory before = DealWord.wrap(raw).decoded();
        IEscrow.DealState memory s = DealWord.wrap(raw).closed().decoded();
        assertEq(uint256(s.status), uint256(IEscrow.Status.Closed));
        assertEq(s.since, now_);
        assertEq(s.locked, 0);
        assertEq(s.milestone, before.milestone);
        assertEq(s.deliveries, before.deliveries);
        assertEq(s.sellerLostBps, before.sellerLostBps);
        assertEq(s.shift, before.shift);
    }

    function testFuzz_raiseOneCounterAndNothingElse(uint256 raw, uint8 which) external pure {
        Counter counter = counterOf(which % 6);
        (uint256 offset, uint256 width) = (Counter.unwrap(counter) >> 8, Counter.unwrap(counter) & 0xff);
        uint256 mask = ((1 << width) - 1) << offset;
        uint256 word = AccountWord.unwrap(AccountWord.wrap(raw).bumped(counter));
        assertEq(word & ~mask, raw & ~mask, "nothing else");
        uint256 before = (raw & mask) >> offset;
        uint256 most = (1 << width) - 1;
        assertEq((word & mask) >> offset, before == most ? most : before + 1);
    }

    function test_raiseEachCounterOfTheAccount() external pure {
        AccountWord word;
        for (uint256 i; i < 6; ++i) {
            for (uint256 n; n <= i; ++n) {
                word = word.bumped(counterOf(i));
            }
        }
        IEscrow.Account memory account = word.plus(99).decoded();
        assertEq(account.settledAsBuyer, 1);
        assertEq(account.settledAsSeller, 2);
        assertEq(account.instant, 3);
        assertEq(account.defaulted, 4);
        assertEq(account.disputesLost, 5);
        assertEq(account.bySilence, 6);
        assertEq(account.balance, 99);
    }

    function test_stopCountersWhenTheyAreFull() external pure {
        AccountWord full = AccountWord.wrap(type(uint256).max);
        assertEq(AccountWord.unwrap(full.bumped(AccountWords.SETTLED_AS_BUYER)), type(uint256).max);
        assertEq(AccountWord.unwrap(full.bumped(AccountWords.BY_SILENCE)), type(uint256).max);
    }

    /// @dev In the escrow's own storage: the counter beside it is empty.
    function test_leaveTheCounterBesideAFullOneAlone() external {
        vm.record();
        escrow.accountOf(address(token), buyer);
        (bytes32[] memory reads,) = vm.accesses(address(escrow));
        vm.store(address(escrow), reads[0], bytes32(uint256(type(uint24).max) << 128));
        IEscrow.Deal memory deal = simpleDeal();
        broughtTo(deal, IEscrow.Status.Delivered);
        settled(deal);
        IEscrow.Account memory account = escrow.accountOf(address(token), buyer);
        assertEq(account.settledAsBuyer, type(uint24).max);
        assertEq(account.settledAsSeller, 0);
    }

    function test_raiseEachCounterOfTheRecord() external pure {
        uint256 word;
        for (uint256 i; i < 7; ++i) {
            for (uint256 n; n <= i; ++n) {
                word = AccountWords.bump(word, Counter.wrap((32 * i << 8) | 32));
            }
        }
        IEscrow.Record memory record = RecordWords.decoded(word);
        assertEq(record.walkedAway, 1);
        assertEq(record.disputesWon, 2);
        assertEq(record.rejectionsUndisputed, 3);
        assertEq(record.ruled, 4);
        assertEq(record.lapsed, 5);
        assertEq(record.splits, 6);
        assertEq(record.cancelled, 7);
        assertEq(Counter.unwrap(RecordWords.WALKED_AWAY), 32);
        assertEq(Counter.unwrap(RecordWords.CANCELLED), (192 << 8) | 32);
    }

    function counterOf(uint256 which) private pure returns (Counter) {
        if (which == 0) return AccountWords.SETTLED_AS_BUYER;
        if (which == 1) return AccountWords.SETTLED_AS_SELLER;
        if (which == 2) return AccountWords.INSTANT;
        if (which == 3) return AccountWords.DEFAULTED;
        if (which == 4) return AccountWords.DISPUTES_LOST;
        return AccountWords.BY_SILENCE;
    }
}
