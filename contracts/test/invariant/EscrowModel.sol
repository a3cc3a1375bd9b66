// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Vm} from "../base/Vm.sol";
import {Cast} from "./Cast.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Makes every call, and holds what came of it against what must be: whether it was to succeed, the state that
/// events give against the state that is stored, each token's books, and the purses of those who signed nothing.
abstract contract EscrowModel is Cast {
    enum Must {
        Fail,
        Succeed,
        Either // it is up to the token
    }

    struct Instant {
        address buyer;
        address seller;
        uint256 nonce;
    }

    /// @dev Encoded: storage takes no array of structs from memory in every code generator.
    bytes[] private deals;
    bytes32[] internal ids;
    mapping(bytes32 id => bool) private tracked;
    mapping(address token => uint256) private donated;
    mapping(string what => uint256) public succeeded;
    /// @notice How often a call of each function went through.
    mapping(bytes4 selector => uint256) public reached;
    bytes32[] private splits;
    bytes32[] private mandates;
    mapping(bytes32 mandate => uint256) private budgetOf;
    /// @dev Buyer, seller and nonce of instant deals.
    Instant[] private instants;
    address[] private noted;
    uint256[] private nonces;

    constructor(IEscrow escrow_) Cast(escrow_) {}

    // ---- calls ----

    /// @param signers nobody else may be poorer afterwards
    function act(
        string memory what,
        bytes32 id,
        address token,
        address caller,
        address[2] memory signers,
        bytes memory data,
        Must must
    ) internal returns (bool ok) {
        uint256[] memory before = purses(token);
        (ok,) = perform(what, caller, data, new bytes32[](0));
        if (ok && must == Must.Fail) fault(string.concat("succeeded: ", what));
        if (!ok && must == Must.Succeed) fault(string.concat("refused: ", what));
        check(what, id, token);
        checkPurses(what, token, signers, before);
    }

    /// @param items ids of the deals of a batch, in order
    function perform(string memory what, address caller, bytes memory data, bytes32[] memory items)
        internal
        returns (bool ok, bytes memory answer)
    {
        vm.recordLogs();
        vm.prank(caller);
        (ok, answer) = address(escrow).call(data);
        // The logs of a call that reverted are recorded too, though they never were.
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (!ok) return (ok, answer);
        if (items.length != 0) dropUndone(logs, items);
        foldEvents(logs, address(escrow));
        succeeded[what] += 1;
        reached[bytes4(data)] += 1;
    }

    function check(string memory what, bytes32 id, address token) internal {
        if (id != 0 && !sameDeal(id)) fault(string.concat("events and the deal's word differ: ", what));
        if (!booksOf(token)) fault(string.concat("the books are wrong: ", what));
        if (reentering.successes() != 0) fault(string.concat("reentered: ", what));
    }

    function checkPurses(string memory what, address token, address[2] memory signers, uint256[] memory before)
        private
    {
        uint256[] memory afterwards = purses(token);
        for (uint256 i; i < everybody.length; ++i) {
            if (everybody[i] == signers[0] || everybody[i] == signers[1]) continue;
            if (afterwards[i] < before[i]) fault(string.concat("taken from one who did not sign: ", what));
        }
    }

    /// @notice A call on a deal, signed by one.
    function actOn(
        string memory what,
        IEscrow.Deal memory deal,
        address caller,
        address signer,
        bytes memory data,
        Must must
    ) internal returns (bool) {
        return act(what, idOf(deal), deal.token, caller, [signer, address(0)], data, must);
    }

    /// @dev In hand and inside, by party.
    function purses(address token) internal view returns (uint256[] memory sums) {
        sums = new uint256[](everybody.length);
        for (uint256 i; i < sums.length; ++i) {
            sums[i] = IERC20(token).balanceOf(everybody[i]) + accounts[token][everybody[i]].balance;
        }
    }

    // ---- what must hold ----

    /// @notice Promises 1 and 5, by token: the escrow holds what is locked, what is credited, and what nobody owns.
    function booksOf(address token) internal view returns (bool) {
        uint256 held = IERC20(token).balanceOf(address(escrow));
        return !isExact(token) || held == lockedIn[token] + creditedIn[token] + donated[token];
    }

    function sameDeal(bytes32 id) internal view returns (bool) {
        return keccak256(abi.encode(dealOf[id])) == keccak256(abi.encode(escrow.stateOf(id)));
    }

    /// @notice Promise 6: every word that the escrow stores is what its events say.
    function compareEverything() public {
        for (uint256 i; i < ids.length; ++i) {
            if (!sameDeal(ids[i])) fault("a deal's word is not what its events say");
        }
        for (uint256 i; i < splits.length; ++i) {
            if (escrow.splitSpent(splits[i]) != revoked[splits[i]]) fault("a split is not what its events say");
        }
        for (uint256 i; i < mandates.length; ++i) {
            (uint128 used, bool taken) = escrow.mandateOf(mandates[i]);
            if (used != mandateUsed[mandates[i]]) fault("a budget is not what its events say");
            if (taken != mandateRevoked[mandates[i]]) fault("a mandate is not what its events say");
            if (used > budgetOf[mandates[i]]) fault("an agent spent more than its budget");
        }
        for (uint256 i; i < instants.length; ++i) {
            Instant memory one = instants[i];
            bool spent = instantSpent[one.buyer][one.seller][one.nonce];
            if (escrow.instantUsed(one.buyer, one.seller, one.nonce) != spent) fault("an instant nonce differs");
        }
        for (uint256 i; i < everybody.length; ++i) {
            address who = everybody[i];
            if (escrow.epochOf(who) != epochs[who]) fault("an epoch is not what its events say");
            if (escrow.era() < epochs[who]) fault("an epoch is newer than the newest");
            for (uint256 t; t < tokens.length; ++t) {
                bytes32 account = keccak256(abi.encode(escrow.accountOf(tokens[t], who)));
                bytes32 record = keccak256(abi.encode(escrow.recordOf(tokens[t], who)));
                if (account != keccak256(abi.encode(accounts[tokens[t]][who]))) fault("an account differs");
                if (record != keccak256(abi.encode(records[tokens[t]][who]))) fault("a record differs");
            }
        }
        for (uint256 i; i < noted.length; ++i) {
            if (!escrow.nonceUsed(noted[i], nonces[i])) fault("a nonce came back");
            if (!nonceSpent[noted[i]][nonces[i]]) fault("a nonce is not what its events say");
        }
        for (uint256 t; t < tokens.length; ++t) {
            if (!booksOf(tokens[t])) fault("the books of a token are wrong");
        }
    }

    // ---- ends ----

    /// @notice Promise 4. Closes every live deal by calls that anyone can make, waiting as long as the terms say and no
    /// longer, whatever the tokens are up to; then has every token pay again and takes out every balance. Nothing may be left.
    function exitAll() external {
        for (uint256 i; i < ids.length; ++i) {
            if (live(dealOf[ids[i]])) exit(dealAt(i));
        }
        calm();
        for (uint256 t; t < tokens.length; ++t) {
            if (!isExact(tokens[t])) continue;
            for (uint256 i; i < everybody.length; ++i) {
                uint128 amount = accounts[tokens[t]][everybody[i]].balance;
                if (amount == 0) continue;
                bytes memory data =
                    abi.encodeCall(escrow.withdraw, (tokens[t], everybody[i], address(0xdead), amount, 0, 0, 0, ""));
                act("take out", 0, tokens[t], everybody[i], [everybody[i], address(0)], data, Must.Succeed);
            }
            if (lockedIn[tokens[t]] + creditedIn[tokens[t]] != 0) fault("left over");
        }
        compareEverything();
    }

    function exit(IEscrow.Deal memory deal) private {
        bytes32 id = idOf(deal);
        // At most three timed steps a milestone.
        for (uint256 step; step < 3 * 16; ++step) {
            IEscrow.DealState memory s = dealOf[id];
            if (!live(s)) return;
            bytes memory data;
            uint256 until = s.since;
            if (s.status == IEscrow.Status.Open) {
                until = deadline(deal, s);
                data = abi.encodeCall(escrow.refund, (deal, address(0), s.milestone, 0, 0, ""));
            } else if (s.status == IEscrow.Status.Delivered) {
                until += deal.reviewWindow;
                data = abi.encodeCall(escrow.settleBySilence, (deal));
            } else if (s.status == IEscrow.Status.Rejected) {
                until += deal.arbiter == address(0) ? 0 : deal.disputeWindow;
                data = abi.encodeCall(escrow.closeRejected, (deal));
            } else {
                until += deal.rulingWindow;
                data = abi.encodeCall(escrow.lapse, (deal));
            }
            past(until);
            actOn("exit", deal, relayer, address(0), data, Must.Succeed);
            if (bytes(broken).length != 0) return;
        }
        fault("no exit");
    }

    // ---- deals and time ----

    function dealCount() public view returns (uint256) {
        return ids.length;
    }

    function dealAt(uint256 index) internal view returns (IEscrow.Deal memory) {
        return abi.decode(deals[index], (IEscrow.Deal));
    }

    function track(IEscrow.Deal memory deal) internal returns (bytes32 id) {
        id = idOf(deal);
        vm.assume(!tracked[id]);
        tracked[id] = true;
        deals.push(abi.encode(deal));
        ids.push(id);
    }

    function trackSplit(bytes32 digest) internal {
        splits.push(digest);
    }

    function trackMandate(bytes32 digest, uint256 budget) internal {
        if (budgetOf[digest] != 0) return;
        budgetOf[digest] = budget;
        mandates.push(digest);
    }

    function trackInstant(IEscrow.Deal memory deal) internal {
        instants.push(Instant(deal.buyer, deal.seller, deal.nonce));
    }

    function trackNonce(address who, uint256 nonce) internal {
        noted.push(who);
        nonces.push(nonce);
    }

    function trackGift(address token, uint256 amount) internal {
        donated[token] += amount;
    }

    /// @dev Mostly a live deal; now and then one that has ended, which must stay as it is.
    function pick(uint256 which) internal view returns (IEscrow.Deal memory deal, IEscrow.DealState memory s) {
        vm.assume(ids.length != 0);
        uint256 start = which % ids.length;
        for (uint256 i; i < ids.length; ++i) {
            uint256 index = (start + i) % ids.length;
            s = dealOf[ids[index]];
            if (live(s) || (which >> 128) % 8 == 0 || i + 1 == ids.length) return (dealAt(index), s);
        }
    }

    /// @dev The same choice otherwise, but of one of the last three deals.
    function newest(uint256 which) internal view returns (uint256) {
        vm.assume(ids.length != 0);
        uint256 back = which % 3;
        uint256 index = ids.length > back ? ids.length - 1 - back : 0;
        which = which >> 8;
        return which - which % ids.length + index;
    }

    /// @dev Time never goes back.
    function past(uint256 until) internal {
        if (time() <= until) vm.warp(until + 1);
    }

    function time() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    function live(IEscrow.DealState memory s) internal pure returns (bool) {
        return s.status != IEscrow.Status.Unopened && s.status < IEscrow.Status.Closed;
    }

    function deadline(IEscrow.Deal memory deal, IEscrow.DealState memory s) internal pure returns (uint256) {
        return uint256(deal.milestones[s.milestone].deliverBy) + s.shift;
    }

    function balanceOf(address token, address who) internal view returns (uint128) {
        return accounts[token][who].balance;
    }

    function when(bool condition) internal pure returns (Must) {
        return condition ? Must.Succeed : Must.Fail;
    }
}
