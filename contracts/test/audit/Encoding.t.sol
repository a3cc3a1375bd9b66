// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {EscrowTest} from "../escrow/EscrowTest.sol";

/// @notice The escrow hashes a deal's words as they lie in calldata, and reads `milestones` wherever their offset says.
/// So the same calldata in any other shape must mean the same deal, or be refused.
contract EncodingTest is EscrowTest {
    uint256 private constant WORDS = 29;
    uint256 private constant MILESTONES = 18;
    uint256 private constant MILESTONES_AT = WORDS * 32;

    // ---- calldata by hand ----

    /// @dev `selector(Deal)` with the deal's head and tail given as bytes.
    function call1(bytes4 selector, bytes memory encoded) private pure returns (bytes memory) {
        return bytes.concat(selector, bytes32(uint256(32)), encoded);
    }

    /// @dev The ABI encoding of a deal alone: 29 words of head, then the milestones.
    function encode(IEscrow.Deal memory deal) private pure returns (bytes memory encoded) {
        encoded = abi.encode(deal);
        uint256 size = encoded.length - 32;
        assembly ("memory-safe") {
            encoded := add(encoded, 32)
            mstore(encoded, size)
        }
    }

    function wordAt(bytes memory data, uint256 index) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 32), shl(5, index)))
        }
    }

    function setWord(bytes memory data, uint256 index, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(add(add(data, 32), shl(5, index)), word)
        }
    }

    function part(bytes memory data, uint256 from, uint256 to) private pure returns (bytes memory cut) {
        cut = new bytes(to - from);
        for (uint256 i = from; i < to; ++i) {
            cut[i - from] = data[i];
        }
    }

    function send(bytes memory data) private returns (bool ok, bytes memory answer) {
        (ok, answer) = address(escrow).call(data);
    }

    /// @dev Bits of each word of the head, one byte a word: parties and token, amounts, times and windows, shares and payout,
    /// milestones, terms and transcript, links, epochs, nonce. 0 stands for a word that has no bit to spare, or the offset.
    bytes private constant WIDTHS = hex"a0a0a0a0a0" hex"80808080" hex"2828202020" hex"10101008" hex"00" hex"000020"
        hex"00000880" hex"4040" hex"00";

    // ---- another deal is never taken for the opened one ----

    function testFuzz_actOnNoOtherDealThanTheOpenedOne(uint8 index, uint256 change) external {
        index = uint8(bound(index, 0, WORDS + 4));
        vm.assume(change != 0 && index != MILESTONES);
        IEscrow.Deal memory deal = milestoneDeal(2);
        broughtTo(deal, IEscrow.Status.Delivered);
        skip(deal.reviewWindow + 1);
        bytes memory encoded = encode(deal);
        uint256 word = wordAt(encoded, index);
        setWord(encoded, index, word ^ change);
        (bool ok,) = send(call1(escrow.settleBySilence.selector, encoded));
        assertFalse(ok, "changed");
        setWord(encoded, index, word);
        (ok,) = send(call1(escrow.settleBySilence.selector, encoded));
        assertTrue(ok, "as it was");
    }

    /// @dev Milestones in some other place, with anything in between and behind: the same deal in every respect.
    function testFuzz_readTheMilestonesWhereTheyAre(bytes memory between, bytes memory behind) external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        broughtTo(deal, IEscrow.Status.Delivered);
        skip(deal.reviewWindow + 1);
        bytes memory encoded = encode(deal);
        setWord(encoded, MILESTONES, MILESTONES_AT + between.length);
        bytes memory head = part(encoded, 0, MILESTONES_AT);
        bytes memory tail = part(encoded, MILESTONES_AT, encoded.length);
        encoded = bytes.concat(head, between, tail, behind);
        (bool ok, bytes memory answer) = send(call1(escrow.dealIdOf.selector, encoded));
        assertTrue(ok);
        assertEq(abi.decode(answer, (bytes32)), idOf(deal));
        (ok,) = send(call1(escrow.settleBySilence.selector, encoded));
        assertTrue(ok);
        assertEq(token.balanceOf(seller), FUNDS - BOND + deal.milestones[0].amount);
        assertEq(state(deal).milestone, 1);
    }

    /// @dev An offset is relative and may be negative: the milestones before the deal.
    function test_readMilestonesThatComeFirst() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        broughtTo(deal, IEscrow.Status.Delivered);
        skip(deal.reviewWindow + 1);
        bytes memory encoded = encode(deal);
        bytes memory tail = part(encoded, MILESTONES_AT, encoded.length);
        setWord(encoded, MILESTONES, uint256(-int256(tail.length)));
        bytes memory head = part(encoded, 0, MILESTONES_AT);
        bytes memory data = bytes.concat(escrow.settleBySilence.selector, bytes32(32 + tail.length), tail, head);
        (bool ok,) = send(data);
        assertTrue(ok);
        assertEq(token.balanceOf(seller), FUNDS - BOND + deal.milestones[0].amount);
    }

    /// @dev Any offset at all, over the same bytes: nothing but the true place gives the deal.
    function testFuzz_findNoOtherMilestonesInTheSameBytes(uint256 offset) external {
        if (offset & 1 == 0) offset = bound(offset, 0, 2000);
        vm.assume(offset != MILESTONES_AT);
        IEscrow.Deal memory deal = milestoneDeal(2);
        broughtTo(deal, IEscrow.Status.Delivered);
        skip(deal.reviewWindow + 1);
        bytes memory encoded = encode(deal);
        setWord(encoded, MILESTONES, offset);
        (bool ok,) = send(call1(escrow.settleBySilence.selector, encoded));
        assertFalse(ok);
    }

    /// @dev Cut short anywhere, a deal is refused: missing bytes are not zeros.
    function testFuzz_refuseACutDeal(uint256 length) external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        broughtTo(deal, IEscrow.Status.Delivered);
        skip(deal.reviewWindow + 1);
        bytes memory encoded = encode(deal);
        encoded = part(encoded, 0, bound(length, 0, encoded.length - 1));
        (bool ok,) = send(call1(escrow.settleBySilence.selector, encoded));
        assertFalse(ok);
    }

    function test_nameNoCutDeal() external {
        bytes memory encoded = encode(milestoneDeal(2));
        (bool named,) = send(call1(escrow.dealIdOf.selector, encoded));
        assertTrue(named);
        bytes memory why;
        (named, why) = send(call1(escrow.dealIdOf.selector, part(encoded, 0, encoded.length - 1)));
        assertFalse(named);
        assertEq(why, "", "as where typed access refuses");
    }

    // ---- bits beyond a type ----

    /// @dev Both sides sign the digest of a deal with one bit too many: it would be a second id for the same terms.
    function test_openNoDealWithBitsBeyondAType() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        deal.relayer = relayer;
        deal.cancelBy = deal.openBy;
        assertEq(WIDTHS.length, WORDS);
        for (uint256 i; i < WORDS; ++i) {
            if (WIDTHS[i] == 0) continue;
            refusesBit(deal, i, uint8(WIDTHS[i]));
            refusesBit(deal, i, 255);
        }
        // Behind the head: the length, then amount and deliverBy of each milestone.
        refusesBit(deal, WORDS + 1, 128);
        refusesBit(deal, WORDS + 2, 40);
        refusesBit(deal, WORDS + 3, 255);
        refusesBit(deal, WORDS + 4, 255);
        opened(deal);
    }

    /// @dev Without an arbiter no rule but cleanliness looks at its fee.
    function test_openNoDealWithBitsBeyondATypeWhereNobodyArbitrates() external {
        IEscrow.Deal memory deal = simpleDeal();
        for (uint256 i; i < WORDS; ++i) {
            if (WIDTHS[i] != 0) refusesBit(deal, i, uint8(WIDTHS[i]));
        }
        opened(deal);
    }

    /// @dev An instant deal is read word by word too, as far as it is read at all.
    function test_exchangeNoDealWithBitsBeyondAType() external {
        IEscrow.Deal memory deal = simpleDeal();
        deal.payout = 4;
        // buyer, seller, relayer, token, price, relayFee, openBy
        uint8[7] memory places = [0, 1, 3, 4, 5, 8, 9];
        for (uint256 i; i < 7; ++i) {
            (bool ok,) = exchange(deal, places[i], uint8(WIDTHS[places[i]]));
            assertFalse(ok, "the first bit beyond");
            (ok,) = exchange(deal, places[i], 255);
            assertFalse(ok, "the last");
        }
        (bool clean,) = send(exchangeCall(encode(deal), idOf(deal)));
        assertTrue(clean);
    }

    function exchange(IEscrow.Deal memory deal, uint256 index, uint256 bit) private returns (bool, bytes memory) {
        bytes memory encoded = encode(deal);
        setWord(encoded, index, wordAt(encoded, index) | (1 << bit));
        (, bytes memory answer) = send(call1(escrow.dealIdOf.selector, encoded));
        return send(exchangeCall(encoded, abi.decode(answer, (bytes32))));
    }

    /// @dev `openAndSettle(deal, ofBuyer, ofSeller, allowance)` around a deal that is already encoded.
    function exchangeCall(bytes memory encoded, bytes32 id) private view returns (bytes memory) {
        bytes memory others = abi.encode(signed(buyerKey, id), signed(sellerKey, id), allowance());
        bytes memory heads;
        for (uint256 i; i < 3; ++i) {
            heads = bytes.concat(heads, bytes32(wordAt(others, i) + 32 + encoded.length));
        }
        bytes memory tails = part(others, 3 * 32, others.length);
        return bytes.concat(escrow.openAndSettle.selector, bytes32(uint256(4 * 32)), heads, encoded, tails);
    }

    function refusesBit(IEscrow.Deal memory deal, uint256 index, uint256 bit) private {
        bytes memory encoded = encode(deal);
        setWord(encoded, index, wordAt(encoded, index) | (1 << bit));
        (bool named, bytes memory answer) = send(call1(escrow.dealIdOf.selector, encoded));
        assertTrue(named, "hashed as it lies there");
        bytes32 id = abi.decode(answer, (bytes32));
        assertNotEq(id, idOf(deal));
        bytes memory ofBuyer = signed(buyerKey, id);
        bytes memory ofSeller = signed(sellerKey, id);
        (bool ok,) = send(openCall(encoded, ofBuyer, ofSeller));
        assertFalse(ok, "opened with a dirty word");
        assertStatus(id, IEscrow.Status.Unopened);
    }

    /// @dev `open(deal, ofBuyer, ofSeller, allowance, allowance)` around a deal that is already encoded.
    function openCall(bytes memory encoded, bytes memory ofBuyer, bytes memory ofSeller)
        private
        view
        returns (bytes memory)
    {
        // The four other arguments as their own encoding: four offsets, then the tails they point to.
        bytes memory others = abi.encode(ofBuyer, ofSeller, allowance(), allowance());
        bytes memory heads;
        for (uint256 i; i < 4; ++i) {
            heads = bytes.concat(heads, bytes32(wordAt(others, i) + 32 + encoded.length));
        }
        bytes memory tails = part(others, 4 * 32, others.length);
        return bytes.concat(escrow.open.selector, bytes32(uint256(5 * 32)), heads, encoded, tails);
    }

    /// @dev The same by-hand encoding opens a clean deal: what is refused above is refused for its bits.
    function test_openByHand() external {
        IEscrow.Deal memory deal = milestoneDeal(2);
        bytes32 id = idOf(deal);
        bytes memory data = openCall(encode(deal), signed(buyerKey, id), signed(sellerKey, id));
        (bool ok, bytes memory answer) = send(data);
        assertTrue(ok);
        assertEq(abi.decode(answer, (bytes32)), id);
        assertStatus(id, IEscrow.Status.Open);
    }
}
