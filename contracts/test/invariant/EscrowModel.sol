// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PaymentToken} from "../../src/PaymentToken.sol";
import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Vm} from "../base/Vm.sol";
import {Signing} from "../escrow/Signing.sol";
import {BlocklistToken} from "../tokens/BlocklistToken.sol";
import {PlainToken} from "../tokens/PlainToken.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice The ghost ledger: who is in play, which deals there are, what each took in and paid out, what balances follow
/// from the events, and which moves of a deal are on the state table. Anything that differs is kept in `broken`.
abstract contract EscrowModel is Signing {
    IEscrow public immutable escrow;

    address[] internal tokens;
    address[] internal actors;
    address[] internal everybody;
    mapping(address party => uint256) internal keyOf;
    address internal arbiter;
    address internal relayer = makeAddr("relayer");
    mapping(address token => uint256) internal donated;

    IEscrow.Deal[] internal deals;
    bytes32[] internal ids;
    mapping(bytes32 id => bool) internal tracked;
    mapping(bytes32 id => uint256) internal takenIn;
    mapping(bytes32 id => uint256) internal paidOut;
    mapping(bytes32 id => bytes32) internal finalState;
    mapping(address token => mapping(address party => uint256)) internal fromEvents;
    mapping(string what => uint256) public succeeded;

    string public broken;

    constructor(IEscrow escrow_) {
        escrow = escrow_;
        tokens.push(address(new PlainToken()));
        tokens.push(address(new BlocklistToken()));
        tokens.push(address(new PlainToken()));
        string[4] memory names = ["anna", "boris", "clara", "dmitri"];
        for (uint256 i; i < names.length; ++i) {
            (address party, uint256 key) = makeAddrAndKey(names[i]);
            keyOf[party] = key;
            actors.push(party);
            everybody.push(party);
            for (uint256 t; t < tokens.length; ++t) {
                PlainToken(tokens[t]).mint(party, 1e30);
                vm.prank(party);
                IERC20(tokens[t]).approve(address(escrow), type(uint256).max);
            }
        }
        arbiter = makeAddr("arbiter");
        everybody.push(arbiter);
        everybody.push(relayer);
    }

    function verifier() internal view override returns (address) {
        return address(escrow);
    }

    // ---- what the invariants read ----

    function dealCount() external view returns (uint256) {
        return deals.length;
    }

    function tokenCount() external view returns (uint256) {
        return tokens.length;
    }

    /// @return held what the escrow has of the token
    /// @return owed locked in deals, internal balances, and what nobody owns
    function books(uint256 index) external view returns (uint256 held, uint256 owed) {
        address token = tokens[index];
        held = IERC20(token).balanceOf(address(escrow));
        owed = donated[token];
        for (uint256 i; i < everybody.length; ++i) {
            owed += credit(token, everybody[i]);
        }
        for (uint256 i; i < deals.length; ++i) {
            if (deals[i].token == token) owed += escrow.stateOf(ids[i]).locked;
        }
    }

    /// @notice What a deal took in less what it paid out is what is locked in it.
    function dealBooks(uint256 index) external view returns (uint256 left, uint256 locked) {
        bytes32 id = ids[index];
        return (takenIn[id] - paidOut[id], escrow.stateOf(id).locked);
    }

    /// @notice Whether a final state is still what it was when the deal became final.
    function finalUnchanged(uint256 index) external view returns (bool) {
        bytes32 id = ids[index];
        return finalState[id] == 0 || finalState[id] == keccak256(abi.encode(escrow.stateOf(id)));
    }

    /// @notice Whether every internal balance is what Credited and Debited add up to.
    function balancesFollowFromEvents() external view returns (bool) {
        for (uint256 t; t < tokens.length; ++t) {
            for (uint256 i; i < everybody.length; ++i) {
                if (fromEvents[tokens[t]][everybody[i]] != credit(tokens[t], everybody[i])) return false;
            }
        }
        return true;
    }

    // ---- ends ----

    /// @notice Closes every live deal by calls that anyone can make, waiting as long as the terms say and no longer; then
    /// pays out every internal balance. Nothing may be left.
    function exitAll() external {
        for (uint256 i; i < deals.length; ++i) {
            if (live(escrow.stateOf(ids[i]))) exit(deals[i]);
        }
        for (uint256 t; t < tokens.length; ++t) {
            for (uint256 i; i < everybody.length; ++i) {
                uint256 amount = credit(tokens[t], everybody[i]);
                if (amount == 0) continue;
                vm.prank(everybody[i]);
                escrow.withdraw(tokens[t], everybody[i], address(0xdead), uint128(amount), 0, 0, 0, "");
            }
            if (IERC20(tokens[t]).balanceOf(address(escrow)) != donated[tokens[t]]) fault("left over");
        }
    }

    function exit(IEscrow.Deal memory deal) private {
        // At most three timed steps a milestone.
        for (uint256 step; step < 3 * 16; ++step) {
            IEscrow.DealState memory s = escrow.stateOf(idOf(deal));
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
            act("exit", deal, makeAddr("passer-by"), data, true);
            if (bytes(broken).length != 0) return;
        }
        fault("no exit");
    }

    // ---- calls ----

    function act(string memory what, IEscrow.Deal memory deal, address caller, bytes memory data, bool should)
        internal
    {
        bytes32 id = idOf(deal);
        IEscrow.DealState memory before = escrow.stateOf(id);
        uint256 wealthBefore = wealth(deal.token);
        bool ok = actOn(what, deal.token, caller, data, should);
        IEscrow.DealState memory afterwards = escrow.stateOf(id);
        uint256 wealthAfter = wealth(deal.token);
        if (wealthAfter < wealthBefore) takenIn[id] += wealthBefore - wealthAfter;
        else paidOut[id] += wealthAfter - wealthBefore;
        if (!ok) return;
        if (!onTable(before, afterwards, deal.milestones.length)) fault(string.concat("off the table: ", what));
        if (afterwards.status >= IEscrow.Status.Closed && finalState[id] == 0) {
            finalState[id] = keccak256(abi.encode(afterwards));
            if (afterwards.locked != 0) fault("closed with money in it");
        }
    }

    function actOn(string memory what, address token, address caller, bytes memory data, bool should)
        internal
        returns (bool ok)
    {
        token; // which token is touched is only of interest to readers of a trace
        vm.recordLogs();
        vm.prank(caller);
        (ok,) = address(escrow).call(data);
        // The logs of a call that reverted are recorded too, though they never were.
        Vm.Log[] memory logs = vm.getRecordedLogs();
        if (ok) foldEvents(logs);
        if (ok) succeeded[what] += 1;
        if (ok && !should) fault(string.concat("succeeded: ", what));
        if (!ok && should) fault(string.concat("refused: ", what));
    }

    function foldEvents(Vm.Log[] memory logs) private {
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != address(escrow)) continue;
            bytes32 kind = logs[i].topics[0];
            bool plus = kind == IEscrow.Credited.selector;
            if (!plus && kind != IEscrow.Debited.selector) continue;
            address token = address(uint160(uint256(logs[i].topics[1])));
            address party = address(uint160(uint256(logs[i].topics[2])));
            uint256 amount = abi.decode(logs[i].data, (uint256));
            if (plus) fromEvents[token][party] += amount;
            else fromEvents[token][party] -= amount;
        }
    }

    function fault(string memory what) internal {
        if (bytes(broken).length == 0) broken = what;
    }

    /// @dev Which moves of the state word are on the table of the specification.
    function onTable(IEscrow.DealState memory a, IEscrow.DealState memory b, uint256 milestones)
        private
        pure
        returns (bool)
    {
        if (keccak256(abi.encode(a)) == keccak256(abi.encode(b))) return true; // revocation of a split
        uint256 from = uint256(a.status);
        uint256 to = uint256(b.status);
        if (from == 0) return (to == 1 && b.milestone == 0) || to == 6;
        if (from >= 5 || to == 0 || to == 6) return false;
        if (b.shift < a.shift || b.locked > a.locked || b.sellerLostBps < a.sellerLostBps) return false;
        if (to == 5) return true;
        if (to == 1) return b.milestone == a.milestone + 1 && b.milestone < milestones && b.locked < a.locked;
        if (b.milestone != a.milestone || b.locked != a.locked) return false;
        if (to == 2) return from <= 3 && b.deliveries == a.deliveries + 1 && b.shift == a.shift;
        if (b.deliveries != a.deliveries) return false;
        return to == from + 1; // delivered, rejected, disputed: one after the other
    }

    // ---- reading ----

    function pick(uint256 which) internal view returns (IEscrow.Deal memory deal, IEscrow.DealState memory s) {
        vm.assume(deals.length != 0);
        // Mostly a live deal; now and then one that has ended, which must stay as it is.
        uint256 start = which % deals.length;
        for (uint256 i; i < deals.length; ++i) {
            uint256 index = (start + i) % deals.length;
            s = escrow.stateOf(ids[index]);
            if (live(s) || (which >> 128) % 8 == 0 || i + 1 == deals.length) return (deals[index], s);
        }
    }

    function track(IEscrow.Deal memory deal) internal {
        bytes32 id = idOf(deal);
        vm.assume(!tracked[id]);
        tracked[id] = true;
        deals.push(deal);
        ids.push(id);
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

    function credit(address token, address party) internal view returns (uint256) {
        return escrow.accountOf(token, party).balance;
    }

    function blocked(address token, address party) internal view returns (bool) {
        return token == tokens[1] && BlocklistToken(token).blocked(party);
    }

    /// @dev All that everybody has, in hand and inside.
    function wealth(address token) private view returns (uint256 sum) {
        for (uint256 i; i < everybody.length; ++i) {
            sum += IERC20(token).balanceOf(everybody[i]) + credit(token, everybody[i]);
        }
    }

    function makeDeal(uint256 seed, uint256 amounts, uint8 count, uint8 options)
        internal
        view
        returns (IEscrow.Deal memory deal)
    {
        uint256 n = 1 + count % 4;
        deal.buyer = actors[seed % 4];
        deal.seller = actors[(seed % 4 + 1 + (seed >> 8) % 3) % 4];
        deal.token = tokens[(seed >> 16) % tokens.length];
        deal.milestones = new IEscrow.Milestone[](n);
        deal.reviewWindow = uint32(1 + (seed >> 24) % 2 days);
        deal.disputeWindow = uint32(1 + (seed >> 48) % 2 days);
        deal.rulingWindow = uint32(1 + (seed >> 72) % 2 days);
        uint256 next = time() + (seed >> 96) % 3 days;
        for (uint256 i; i < n; ++i) {
            uint128 amount = uint128(1 + (amounts >> (i * 40)) % 1e10);
            deal.price += amount;
            deal.milestones[i] = IEscrow.Milestone(amount, uint40(next));
            next += deal.reviewWindow + (seed >> 120) % 1 days;
        }
        if (options & 4 != 0) {
            deal.arbiter = arbiter;
            deal.arbiterFee = uint128((amounts >> 160) % 1e6);
        }
        deal.sellerBond = uint128(deal.arbiterFee * n + (options & 8 != 0 ? (amounts >> 184) % 1e8 : 0));
        deal.relayFee = options & 16 != 0 ? uint128((amounts >> 216) % 1000) : 0;
        deal.payout = options & 3;
        deal.openBy = uint40(time());
        deal.cancelBy = options & 32 != 0 ? uint40(time() + 1 days) : 0;
        deal.rejectedSellerBps = uint16((seed >> 144) % 10_001);
        deal.lapsedSellerBps = uint16((seed >> 160) % 10_001);
        deal.walkAwayBps = uint16((seed >> 176) % 10_001);
        deal.buyerEpoch = escrow.epochOf(deal.buyer);
        deal.sellerEpoch = escrow.epochOf(deal.seller);
        deal.nonce = seed;
    }
}
