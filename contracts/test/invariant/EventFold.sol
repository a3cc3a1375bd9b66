// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Vm} from "../base/Vm.sol";
import {Signing} from "../escrow/Signing.sol";

/// @notice The whole state of an escrow from its events alone, as any indexer could rebuild it: the words of deals, accounts
/// and records, epochs and revoked splits. An event that it does not know is a fault: nothing may change unseen.
abstract contract EventFold is Signing {
    struct Sides {
        address buyer;
        address seller;
        address token;
        bool live;
    }

    mapping(bytes32 id => IEscrow.DealState) internal dealOf;
    mapping(bytes32 id => Sides) internal sidesOf;
    mapping(address token => mapping(address party => IEscrow.Account)) internal accounts;
    mapping(address token => mapping(address party => IEscrow.Record)) internal records;
    mapping(address party => uint64) internal epochs;
    mapping(bytes32 split => bool) internal revoked;
    mapping(bytes32 mandate => uint256) internal mandateUsed;
    mapping(bytes32 mandate => bool) internal mandateRevoked;
    mapping(address party => mapping(uint256 nonce => bool)) internal nonceSpent;
    mapping(bytes32 id => bool) internal exchanged;
    mapping(address buyer => mapping(address seller => mapping(uint256 nonce => bool))) internal instantSpent;
    /// @dev Items that the last call reported as skipped.
    uint256 internal skipped;
    /// @notice How often each event was seen.
    mapping(bytes32 kind => uint256) public seen;

    /// @dev Sums over all deals and all accounts, kept as they change.
    mapping(address token => uint256) internal lockedIn;
    mapping(address token => uint256) internal creditedIn;

    /// @dev A ruling or lapse on the last milestone is followed by Closed, which keeps the word from before it.
    bytes32 private divided;
    IEscrow.DealState private undivided;

    string public broken;

    function fault(string memory what) internal {
        if (bytes(broken).length == 0) broken = what;
    }

    /// @notice Takes up the events of one call, at the time of that call.
    function foldEvents(Vm.Log[] memory logs, address escrow) internal {
        divided = 0;
        skipped = 0;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter == escrow) foldEvent(logs[i].topics, logs[i].data);
        }
    }

    /// @notice Strikes out what items of a batch logged before they were undone: those logs were recorded, but never were.
    /// @dev The first thing that an item logs names its deal. What it logged ends at ItemFailed.
    function dropUndone(Vm.Log[] memory logs, bytes32[] memory items) internal pure {
        uint256 from;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] != IEscrow.ItemFailed.selector) continue;
            bool found;
            for (uint256 j = from; j < i; ++j) {
                found = found || (logs[j].topics.length > 1 && logs[j].topics[1] == items[uint256(logs[i].topics[1])]);
                if (found) logs[j].emitter = address(0);
            }
            from = i + 1;
        }
    }

    function foldEvent(bytes32[] memory topics, bytes memory data) private {
        bytes32 kind = topics[0];
        seen[kind] += 1;
        if (foldApart(kind, topics, data)) return;
        bytes32 id = topics[1];
        IEscrow.DealState storage deal = dealOf[id];
        if (kind == IEscrow.Opened.selector) {
            foldOpening(id, deal, addressIn(topics[2]), addressIn(topics[3]), data);
        } else if (kind == IEscrow.Cancelled.selector) {
            if (deal.status != IEscrow.Status.Unopened) fault("cancelled a deal that was there");
            enter(deal, IEscrow.Status.Cancelled);
        } else if (kind == IEscrow.Delivered.selector) {
            (, uint8 delivery,) = abi.decode(data, (uint8, uint8, bytes32));
            if (deal.status == IEscrow.Status.Disputed) fault("delivered in a dispute");
            deal.deliveries = delivery;
            enter(deal, IEscrow.Status.Delivered);
        } else if (kind == IEscrow.Rejected.selector) {
            freeze(deal);
            enter(deal, IEscrow.Status.Rejected);
        } else if (kind == IEscrow.Disputed.selector) {
            freeze(deal);
            enter(deal, IEscrow.Status.Disputed);
        } else if (kind == IEscrow.Settled.selector) {
            foldSettlement(id, deal, data);
        } else if (kind == IEscrow.Ruled.selector) {
            foldRuling(id, deal, addressIn(topics[2]), data);
        } else if (kind == IEscrow.Lapsed.selector) {
            (, uint128 toSeller, uint128 toBuyer) = abi.decode(data, (uint8, uint128, uint128));
            records[sidesOf[id].token][addressIn(topics[2])].lapsed += 1;
            divide(id, deal, toSeller + toBuyer, 0);
        } else if (kind == IEscrow.Closed.selector) {
            foldClosing(id, deal, data);
        } else if (kind == IEscrow.CallerPaid.selector) {
            // Its credit is an event of its own; what the sides got less was never theirs.
            (uint128 fromSeller, uint128 fromBuyer) = abi.decode(data, (uint128, uint128));
            if (fromSeller + fromBuyer == 0) fault("paid a caller nothing");
        } else {
            fault("an unknown event");
        }
    }

    /// @dev What says nothing about the word of a deal.
    function foldApart(bytes32 kind, bytes32[] memory topics, bytes memory data) private returns (bool) {
        if (kind == IEscrow.Credited.selector || kind == IEscrow.Debited.selector) {
            foldBalance(kind, addressIn(topics[1]), addressIn(topics[2]), abi.decode(data, (uint128)));
        } else if (kind == IEscrow.EpochAdvanced.selector) {
            epochs[addressIn(topics[1])] = abi.decode(data, (uint64));
        } else if (kind == IEscrow.NonceSpent.selector) {
            nonceSpent[addressIn(topics[1])][abi.decode(data, (uint256))] = true;
        } else if (kind == IEscrow.SplitRevoked.selector) {
            revoked[topics[1]] = true;
        } else if (kind == IEscrow.MandateUsed.selector) {
            uint128 used = abi.decode(data, (uint128));
            if (used < mandateUsed[topics[1]]) fault("a budget was given back");
            mandateUsed[topics[1]] = used;
        } else if (kind == IEscrow.MandateRevoked.selector) {
            mandateRevoked[topics[1]] = true;
        } else if (kind == IEscrow.ItemFailed.selector) {
            if (abi.decode(data, (bytes)).length < 4) fault("an item failed for no reason");
            skipped += 1;
        } else if (kind == IEscrow.InstantSettled.selector) {
            foldInstant(topics[1], addressIn(topics[2]), addressIn(topics[3]), data);
        } else if (kind == IEscrow.InstantCancelled.selector) {
            (, uint256 nonce) = abi.decode(data, (address, uint256));
            spendInstant(addressIn(topics[2]), addressIn(topics[3]), nonce);
        } else {
            return kind == IEscrow.Amended.selector; // Closed and Opened have said it all
        }
        return true;
    }

    function foldInstant(bytes32 id, address buyer, address seller, bytes memory data) private {
        (address token, uint128 price, uint256 nonce,, bool toBalance, bool fromBalance) =
            abi.decode(data, (address, uint128, uint256, bytes32, bool, bool));
        spendInstant(buyer, seller, nonce);
        exchanged[id] = true;
        accounts[token][buyer].instant += 1;
        accounts[token][seller].instant += 1;
        if (fromBalance) {
            accounts[token][buyer].balance -= price;
            creditedIn[token] -= price;
        }
        if (toBalance) {
            accounts[token][seller].balance += price;
            creditedIn[token] += price;
        }
    }

    function spendInstant(address buyer, address seller, uint256 nonce) private {
        if (instantSpent[buyer][seller][nonce]) fault("the nonce of an instant deal served twice");
        instantSpent[buyer][seller][nonce] = true;
    }

    function foldBalance(bytes32 kind, address token, address party, uint128 amount) private {
        if (kind == IEscrow.Credited.selector) {
            accounts[token][party].balance += amount;
            creditedIn[token] += amount;
        } else {
            accounts[token][party].balance -= amount;
            creditedIn[token] -= amount;
        }
    }

    function foldOpening(bytes32 id, IEscrow.DealState storage deal, address buyer, address seller, bytes memory data)
        private
    {
        (address token,, uint128 locked,) = abi.decode(data, (address, uint128, uint128, bytes32));
        if (deal.status != IEscrow.Status.Unopened) fault("opened a deal that was there");
        sidesOf[id] = Sides(buyer, seller, token, true);
        lock(id, deal, locked);
        enter(deal, IEscrow.Status.Open);
    }

    function foldSettlement(bytes32 id, IEscrow.DealState storage deal, bytes memory data) private {
        (, IEscrow.Acceptance how,, uint128 remaining,) =
            abi.decode(data, (uint8, IEscrow.Acceptance, uint128, uint128, bytes32));
        Sides memory sides = sidesOf[id];
        if (how == IEscrow.Acceptance.Silence) {
            if (deal.status != IEscrow.Status.Delivered) fault("silence paid what was not delivered");
            accounts[sides.token][sides.buyer].bySilence += 1;
        }
        if (remaining != 0) {
            next(id, deal, remaining, 0);
        } else {
            accounts[sides.token][sides.buyer].settledAsBuyer += 1;
            accounts[sides.token][sides.seller].settledAsSeller += 1;
            close(id, deal);
        }
    }

    function foldRuling(bytes32 id, IEscrow.DealState storage deal, address arbiter, bytes memory data) private {
        (, uint16 bps, uint128 toSeller, uint128 toBuyer, uint128 fee,) =
            abi.decode(data, (uint8, uint16, uint128, uint128, uint128, bytes32));
        Sides memory sides = sidesOf[id];
        records[sides.token][arbiter].ruled += 1;
        if (bps < 5000) accounts[sides.token][sides.seller].disputesLost += 1;
        else records[sides.token][sides.seller].disputesWon += 1;
        if (bps > 5000) accounts[sides.token][sides.buyer].disputesLost += 1;
        else records[sides.token][sides.buyer].disputesWon += 1;
        divide(id, deal, toSeller + toBuyer + fee, 10_000 - bps);
    }

    function foldClosing(bytes32 id, IEscrow.DealState storage deal, bytes memory data) private {
        (IEscrow.Outcome outcome, uint128 toSeller, uint128 toBuyer, uint128 toArbiter) =
            abi.decode(data, (IEscrow.Outcome, uint128, uint128, uint128));
        Sides memory sides = sidesOf[id];
        if (divided == id) {
            uint256 before = undivided.locked;
            lock(id, deal, undivided.locked);
            (deal.milestone, deal.deliveries) = (undivided.milestone, undivided.deliveries);
            (deal.sellerLostBps, deal.shift) = (undivided.sellerLostBps, undivided.shift);
            if (uint256(toSeller) + toBuyer + toArbiter != before) fault("a last division does not add up");
        } else if (outcome != IEscrow.Outcome.Amended && uint256(toSeller) + toBuyer + toArbiter != deal.locked) {
            fault("a closing does not add up");
        }
        if (outcome == IEscrow.Outcome.Defaulted || outcome == IEscrow.Outcome.WalkedAway) {
            // Promise 9: what was delivered never costs the bond.
            if (deal.status != IEscrow.Status.Open || deal.deliveries != 0) fault("the bond of a delivered milestone");
        }
        if (outcome == IEscrow.Outcome.Defaulted) accounts[sides.token][sides.seller].defaulted += 1;
        if (outcome == IEscrow.Outcome.WalkedAway) records[sides.token][sides.seller].walkedAway += 1;
        if (outcome == IEscrow.Outcome.CancelledByBuyer) records[sides.token][sides.buyer].cancelled += 1;
        if (outcome == IEscrow.Outcome.RejectionClosed) records[sides.token][sides.seller].rejectionsUndisputed += 1;
        if (outcome == IEscrow.Outcome.Split) {
            records[sides.token][sides.seller].splits += 1;
            records[sides.token][sides.buyer].splits += 1;
        }
        close(id, deal);
    }

    // ---- the word of a deal ----

    function enter(IEscrow.DealState storage deal, IEscrow.Status status) private {
        if (deal.status >= IEscrow.Status.Closed) fault("a deal that had ended moved");
        deal.status = status;
        deal.since = uint40(vm.getBlockTimestamp());
    }

    function freeze(IEscrow.DealState storage deal) private {
        deal.shift += uint40(vm.getBlockTimestamp()) - deal.since;
    }

    function next(bytes32 id, IEscrow.DealState storage deal, uint128 remaining, uint24 lost) private {
        if (deal.status != IEscrow.Status.Open) freeze(deal);
        deal.milestone += 1;
        deal.deliveries = 0;
        deal.sellerLostBps += lost;
        lock(id, deal, remaining);
        enter(deal, IEscrow.Status.Open);
    }

    function divide(bytes32 id, IEscrow.DealState storage deal, uint128 paid, uint24 lost) private {
        divided = id;
        undivided = deal;
        next(id, deal, deal.locked - paid, lost);
    }

    function close(bytes32 id, IEscrow.DealState storage deal) private {
        lock(id, deal, 0);
        enter(deal, IEscrow.Status.Closed);
        sidesOf[id].live = false;
    }

    function lock(bytes32 id, IEscrow.DealState storage deal, uint128 locked) private {
        address token = sidesOf[id].token;
        lockedIn[token] = lockedIn[token] - deal.locked + locked;
        deal.locked = locked;
    }

    function addressIn(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
