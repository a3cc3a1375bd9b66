// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Patches} from "../base/Patches.sol";
import {Agreements} from "./Agreements.sol";

/// @notice Many deals in one call: batches, with bad items among the good ones, and linked deals. Of each item it says first
/// what must come of it, and that a bad one changes nothing for the others.
abstract contract Batches is Agreements {
    /// @dev One item: whose money may move in which token, and whether it fails, goes through, or was done before.
    struct Item {
        bytes32 id;
        address token;
        address[2] signers;
        Must must;
        bool done;
    }

    uint256 private constant GOOD = 0;
    uint256 private constant FORGED = 1;
    uint256 private constant EXPIRED = 2;
    uint256 private constant AGAIN = 3;
    uint256 private constant MALFORMED = 4;

    /// @dev Every other item is a good one.
    function flaw(uint256 seed) private pure returns (uint256) {
        return (seed >> 3) % 2 == 0 ? GOOD : (seed >> 4) % 5;
    }

    function seedOf(uint256 seed, uint256 i) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, i)));
    }

    // ---- batches ----

    function openBatch(uint256 seed, uint8 size) external {
        Item[] memory items = new Item[](2 + size % 4);
        IEscrow.Opening[] memory openings = new IEscrow.Opening[](items.length);
        for (uint256 i; i < items.length; ++i) {
            (openings[i], items[i]) = opening(seedOf(seed, i));
        }
        bytes memory data = abi.encodeCall(escrow.openBatch, (openings));
        actBatch("open batch", written(seed, escrow.open.selector, data), items);
    }

    function opening(uint256 seed) private returns (IEscrow.Opening memory o, Item memory item) {
        uint256 how = flaw(seed);
        if (how == AGAIN && ids.length != 0) {
            IEscrow.DealState memory s;
            (o.deal, s) = pick(seed >> 8);
            item = itemOf(o.deal, idOf(o.deal), Must.Fail);
            item.done = s.status != IEscrow.Status.Cancelled;
            if (s.status != IEscrow.Status.Unopened) return (o, item);
            how = MALFORMED;
        }
        o.deal = makeDeal(seed, seedOf(seed, 1), uint16(seed >> 8));
        if (how == EXPIRED) o.deal.openBy = uint40(time() - 1);
        if (how == MALFORMED) o.deal.price = 0;
        bytes32 id = track(o.deal);
        (Side memory ofBuyer, Side memory ofSeller) = sides(o.deal, id, batchChoices(seed));
        (o.buyerFunding, o.sellerFunding) = (ofBuyer.funding, ofSeller.funding);
        (o.buyerSignature, o.sellerSignature) = (ofBuyer.signature, ofSeller.signature);
        if (how == FORGED) o.sellerSignature = signed(keyOf[o.deal.buyer], id);
        item = itemOf(o.deal, id, both(both(ofBuyer.pays, ofSeller.pays), current(o.deal)));
        if (how == FORGED || how == EXPIRED || how == MALFORMED) item.must = Must.Fail;
    }

    function settleBatch(uint256 seed, uint8 size) external {
        Item[] memory items = new Item[](2 + size % 4);
        IEscrow.Receipt[] memory receipts = new IEscrow.Receipt[](items.length);
        for (uint256 i; i < items.length; ++i) {
            (receipts[i], items[i]) = settling(seedOf(seed, i), items.length);
            for (uint256 j; j < i; ++j) {
                // Settled by an item before: behind by now, and no failure whoever signed.
                if (items[j].id == items[i].id && items[j].must == Must.Succeed) items[i].done = true;
            }
        }
        bytes memory data = abi.encodeCall(escrow.settleBatch, (receipts));
        actBatch("settle batch", written(seed, escrow.settle.selector, data), items);
    }

    function settling(uint256 seed, uint256 count) private view returns (IEscrow.Receipt memory r, Item memory item) {
        IEscrow.DealState memory s;
        (r.deal, s) = pick(seed);
        item = itemOf(r.deal, idOf(r.deal), when(live(s) && flaw(seed) != FORGED));
        item.done = s.status == IEscrow.Status.Closed;
        (r.milestone, r.deliverable, r.validUntil) = (s.milestone, bytes32(seed), uint40(time()));
        r.fee = uint128(balanceOf(r.deal.token, r.deal.buyer) / (10 * count));
        bytes32 digest = receipt(item.id, r.milestone, r.deliverable, Action(r.fee, r.validUntil));
        r.signature = signed(keyOf[flaw(seed) == FORGED ? r.deal.seller : r.deal.buyer], digest);
    }

    function openAndSettleBatch(uint256 seed, uint8 size) external {
        Item[] memory items = new Item[](2 + size % 4);
        IEscrow.Exchange[] memory exchanges = new IEscrow.Exchange[](items.length);
        for (uint256 i; i < items.length; ++i) {
            (exchanges[i], items[i]) = exchanging(seedOf(seed, i));
            for (uint256 j; j < i; ++j) {
                spentBefore(exchanges[j].deal, items[j], exchanges[i].deal, items[i]);
            }
        }
        bytes memory data = abi.encodeCall(escrow.openAndSettleBatch, (exchanges));
        actBatch("exchange batch", written(seed, escrow.openAndSettle.selector, data), items);
    }

    /// @dev A used nonce is a failure.
    function spentBefore(IEscrow.Deal memory a, Item memory first, IEscrow.Deal memory b, Item memory second)
        private
        pure
    {
        if (a.buyer != b.buyer || a.seller != b.seller || a.nonce != b.nonce || first.must == Must.Fail) return;
        second.must = first.must == Must.Succeed || second.must == Must.Fail ? Must.Fail : Must.Either;
    }

    function exchanging(uint256 seed) private returns (IEscrow.Exchange memory e, Item memory item) {
        uint256 how = flaw(seed);
        e.deal = makeInstant(seed, uint16(seed >> 8));
        if (how == EXPIRED) e.deal.openBy = uint40(time() - 1);
        if (how == MALFORMED) e.deal.price += 1;
        bytes32 id = idOf(e.deal);
        trackInstant(e.deal);
        (Side memory ofBuyer, Side memory ofSeller) = sides(e.deal, id, batchChoices(seed) & 0x31f);
        (e.buyerFunding, e.buyerSignature, e.sellerSignature) = (ofBuyer.funding, ofBuyer.signature, ofSeller.signature);
        if (how == FORGED) e.sellerSignature = signed(keyOf[e.deal.buyer], id);
        item = itemOf(e.deal, id, both(both(ofBuyer.pays, unspent(e.deal)), current(e.deal)));
        if (how == FORGED || how == EXPIRED || how == MALFORMED) item.must = Must.Fail;
    }

    // ---- linked deals ----

    /// @notice Promise 10: all are open afterwards or all are not; by itself none of them ever opens.
    function openLinked(uint256 seed, uint8 size) external {
        Item[] memory items = new Item[](2 + size % 3);
        IEscrow.Opening[] memory openings = new IEscrow.Opening[](items.length);
        bytes memory hashes;
        for (uint256 i; i < items.length; ++i) {
            openings[i].deal = makeDeal(seedOf(seed, i), seedOf(seed, i + 16), uint16(seedOf(seed, i) >> 8));
            hashes = bytes.concat(hashes, keccak256(dealData(openings[i].deal)));
        }
        Must must = Must.Succeed;
        // Now and then one of them names another bundle.
        bool torn = seed % 8 == 0;
        for (uint256 i; i < items.length; ++i) {
            openings[i].deal.bundle = torn && i == 1 ? bytes32(seed) : keccak256(hashes);
            items[i] = link(openings[i], seedOf(seed, i));
            must = both(must, items[i].must);
        }
        if (torn) must = Must.Fail;
        actLinked(abi.encodeCall(escrow.openLinked, (openings)), items, must);
        actAlone(openings[0]);
    }

    function link(IEscrow.Opening memory o, uint256 seed) private returns (Item memory item) {
        bytes32 id = track(o.deal);
        (Side memory ofBuyer, Side memory ofSeller) = sides(o.deal, id, batchChoices(seed));
        (o.buyerFunding, o.sellerFunding) = (ofBuyer.funding, ofSeller.funding);
        (o.buyerSignature, o.sellerSignature) = (ofBuyer.signature, ofSeller.signature);
        if ((seed >> 16) % 16 == 0) (o.buyerSignature, ofBuyer.pays) = (signed(keyOf[o.deal.seller], id), Must.Fail);
        return itemOf(o.deal, id, both(both(ofBuyer.pays, ofSeller.pays), current(o.deal)));
    }

    function actAlone(IEscrow.Opening memory o) private {
        bytes memory data =
            abi.encodeCall(escrow.open, (o.deal, o.buyerSignature, o.sellerSignature, o.buyerFunding, o.sellerFunding));
        actOn("open alone", o.deal, relayer, address(0), data, Must.Fail);
    }

    // ---- calls ----

    /// @dev The batch as it is, or as patches of its items.
    function written(uint256 seed, bytes4 selector, bytes memory data) private view returns (bytes memory) {
        if ((seed >> 16) % 3 != 0) return data;
        bytes[] memory items = Patches.itemsOf(data);
        uint256 size = Patches.sizeOf(items);
        return abi.encodeCall(escrow.patchBatch, (selector, items.length, size, Patches.patchesOf(items)));
    }

    function itemOf(IEscrow.Deal memory deal, bytes32 id, Must must) private pure returns (Item memory) {
        return Item(id, deal.token, [deal.buyer, deal.seller], must, false);
    }

    /// @dev Allowances, authorisations and Permit2; own signatures, or the payment alone. What one item takes from a balance,
    /// a budget or an allowance would be missing for the next.
    function batchChoices(uint256 seed) private pure returns (uint256) {
        uint256 ofBuyer = (seed >> 40) % 3;
        uint256 ofSeller = (seed >> 48) % 3;
        ofBuyer = (ofBuyer == 0 ? 0 : ofBuyer + 1) | ((seed >> 56) % 2 == 0 ? SHORT : BY_PAYMENT) << 3;
        return ofBuyer | (ofSeller == 0 ? 0 : ofSeller + 1) << 5 | ((seed >> 57) % 2 == 0 ? 0 : BY_PAYMENT) << 8;
    }

    /// @dev Promise 7.
    function actBatch(string memory what, bytes memory data, Item[] memory items) private {
        uint256[][] memory before = pursesOf(items);
        (bytes32[] memory deals, bytes32[] memory marks) = marksOf(items);
        (bool ok, bytes memory answer) = perform(what, relayer, data, deals);
        if (!ok) return fault(string.concat("refused: ", what));
        bool[] memory failed = new bool[](items.length);
        IEscrow.Failure[] memory failures = abi.decode(answer, (IEscrow.Failure[]));
        if (failures.length != skipped) fault("a batch returned other failures than it logged");
        for (uint256 i; i < failures.length; ++i) {
            failed[failures[i].index] = true;
        }
        for (uint256 i; i < items.length; ++i) {
            bool must = items[i].must == Must.Fail && !items[i].done;
            if (must && !failed[i]) fault(string.concat("an item should have failed: ", what));
            if (failed[i] && (items[i].done || items[i].must == Must.Succeed)) {
                fault(string.concat("an item failed: ", what));
            }
            bool changed = marks[i] != markOf(items[i].id);
            if (!shared(items, i) && changed == (failed[i] || items[i].done)) {
                fault(string.concat("an item is not what it was said: ", what));
            }
            check(what, items[i].id, items[i].token);
            if (failed[i] || items[i].done) delete items[i].signers;
        }
        checkPayers(what, items, before);
    }

    function actLinked(bytes memory data, Item[] memory items, Must must) private {
        uint256[][] memory before = pursesOf(items);
        (bool ok,) = perform("open linked", relayer, data, new bytes32[](0));
        if (ok && must == Must.Fail) fault("succeeded: open linked");
        if (!ok && must == Must.Succeed) fault("refused: open linked");
        for (uint256 i; i < items.length; ++i) {
            check("open linked", items[i].id, items[i].token);
            if (live(dealOf[items[i].id]) != ok) fault("some of the linked deals are open");
            if (!ok) delete items[i].signers;
        }
        checkPayers("open linked", items, before);
    }

    /// @dev Whether another item is on the same deal.
    function shared(Item[] memory items, uint256 i) private pure returns (bool) {
        for (uint256 j; j < items.length; ++j) {
            if (j != i && items[j].id == items[i].id) return true;
        }
        return false;
    }

    function pursesOf(Item[] memory items) private view returns (uint256[][] memory sums) {
        sums = new uint256[][](items.length);
        for (uint256 i; i < items.length; ++i) {
            sums[i] = purses(items[i].token);
        }
    }

    function markOf(bytes32 id) private view returns (bytes32) {
        return keccak256(abi.encode(dealOf[id], exchanged[id]));
    }

    function marksOf(Item[] memory items) private view returns (bytes32[] memory deals, bytes32[] memory marks) {
        marks = new bytes32[](items.length);
        deals = new bytes32[](items.length);
        for (uint256 i; i < items.length; ++i) {
            deals[i] = items[i].id;
            marks[i] = markOf(items[i].id);
        }
    }

    /// @dev Whoever has less of a token than before signed an item in it that went through.
    function checkPayers(string memory what, Item[] memory items, uint256[][] memory before) private {
        for (uint256 i; i < items.length; ++i) {
            uint256[] memory afterwards = purses(items[i].token);
            for (uint256 p; p < everybody.length; ++p) {
                if (afterwards[p] >= before[i][p]) continue;
                if (!signedOne(items, items[i].token, everybody[p])) {
                    fault(string.concat("taken from one who did not sign: ", what));
                }
            }
        }
    }

    function signedOne(Item[] memory items, address token, address who) private pure returns (bool) {
        for (uint256 i; i < items.length; ++i) {
            if (items[i].token != token) continue;
            if (items[i].signers[0] == who || items[i].signers[1] == who) return true;
        }
        return false;
    }
}
