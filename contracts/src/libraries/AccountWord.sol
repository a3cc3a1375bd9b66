// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../interfaces/IEscrow.sol";

/// @dev Balance and frequent counters of a (token, party) in one word, low bits first, in the order of IEscrow.Account.
type AccountWord is uint256;

/// @dev A counter inside a word: its lowest bit and its width.
type Counter is uint256;

using AccountWords for AccountWord global;

/// @notice Reads and changes the account word. Counters saturate: one more than the most stays the most.
library AccountWords {
    Counter internal constant SETTLED_AS_BUYER = Counter.wrap((128 << 8) | 24);
    Counter internal constant SETTLED_AS_SELLER = Counter.wrap((152 << 8) | 24);
    Counter internal constant INSTANT = Counter.wrap((176 << 8) | 32);
    Counter internal constant DEFAULTED = Counter.wrap((208 << 8) | 16);
    Counter internal constant DISPUTES_LOST = Counter.wrap((224 << 8) | 16);
    Counter internal constant BY_SILENCE = Counter.wrap((240 << 8) | 16);

    function balance(AccountWord word) internal pure returns (uint256) {
        return uint128(AccountWord.unwrap(word));
    }

    /// @dev The caller has checked that the balance stays inside uint128.
    function plus(AccountWord word, uint256 amount) internal pure returns (AccountWord) {
        unchecked {
            return AccountWord.wrap(AccountWord.unwrap(word) + amount);
        }
    }

    /// @dev The caller has checked that the balance suffices.
    function minus(AccountWord word, uint256 amount) internal pure returns (AccountWord) {
        unchecked {
            return AccountWord.wrap(AccountWord.unwrap(word) - amount);
        }
    }

    function bumped(AccountWord word, Counter counter) internal pure returns (AccountWord) {
        return AccountWord.wrap(bump(AccountWord.unwrap(word), counter));
    }

    /// @notice Adds one to a counter unless it is full.
    function bump(uint256 word, Counter counter) internal pure returns (uint256 result) {
        uint256 offset = Counter.unwrap(counter) >> 8;
        uint256 full = ((1 << (Counter.unwrap(counter) & 0xff)) - 1) << offset;
        assembly ("memory-safe") {
            result := add(word, shl(offset, iszero(eq(and(word, full), full))))
        }
    }

    function decoded(AccountWord word) internal pure returns (IEscrow.Account memory account) {
        uint256 raw = AccountWord.unwrap(word);
        account.balance = uint128(raw);
        account.settledAsBuyer = uint24(raw >> 128);
        account.settledAsSeller = uint24(raw >> 152);
        account.instant = uint32(raw >> 176);
        account.defaulted = uint16(raw >> 208);
        account.disputesLost = uint16(raw >> 224);
        account.bySilence = uint16(raw >> 240);
    }
}

/// @notice The second word of a (token, party): seven counters of 32 bits in the order of IEscrow.Record.
library RecordWords {
    Counter internal constant WALKED_AWAY = Counter.wrap((0 << 8) | 32);
    Counter internal constant DISPUTES_WON = Counter.wrap((32 << 8) | 32);
    Counter internal constant REJECTIONS_UNDISPUTED = Counter.wrap((64 << 8) | 32);
    Counter internal constant RULED = Counter.wrap((96 << 8) | 32);
    Counter internal constant LAPSED = Counter.wrap((128 << 8) | 32);
    Counter internal constant SPLITS = Counter.wrap((160 << 8) | 32);
    Counter internal constant CANCELLED = Counter.wrap((192 << 8) | 32);

    function decoded(uint256 word) internal pure returns (IEscrow.Record memory record) {
        record.walkedAway = uint32(word);
        record.disputesWon = uint32(word >> 32);
        record.rejectionsUndisputed = uint32(word >> 64);
        record.ruled = uint32(word >> 96);
        record.lapsed = uint32(word >> 128);
        record.splits = uint32(word >> 160);
        record.cancelled = uint32(word >> 192);
    }
}
