// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IPurse} from "../../src/interfaces/IPurse.sol";
import {ITabs} from "../../src/interfaces/ITabs.sol";
import {TabTermsReader} from "../../src/periphery/TabTerms.sol";
import {Test} from "../base/Test.sol";
import {Vm} from "../base/Vm.sol";
import {BlocklistToken} from "../tokens/BlocklistToken.sol";
import {PlainToken} from "../tokens/PlainToken.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Plays buyers, sellers and a relayer over an honest token and one that blocks accounts. For every call it says
/// first whether it must succeed.
contract TabsHandler is Test {
    ITabs public immutable TABS = ITabs(vm.deployCode("src/Tabs.sol:Tabs", ""));

    address[] private _tokens;
    address[] private _actors;
    mapping(address account => uint256) private _keys;
    ITabs.Tab[] private _tabs;
    mapping(bytes32 id => uint256) private _seenRedeemed;
    mapping(address token => mapping(address party => uint256)) private _fromEvents;

    string public broken;
    mapping(string what => uint256) public succeeded;

    constructor() {
        _tokens.push(address(new PlainToken()));
        _tokens.push(address(new BlocklistToken()));
        string[5] memory names = ["ada", "ben", "cleo", "dan", "relay"];
        for (uint256 i; i < names.length; ++i) {
            (address actor, uint256 key) = makeAddrAndKey(names[i]);
            _actors.push(actor);
            _keys[actor] = key;
            for (uint256 t; t < _tokens.length; ++t) {
                PlainToken(_tokens[t]).mint(actor, 1e30);
                vm.prank(actor);
                IERC20(_tokens[t]).approve(address(TABS), type(uint256).max);
            }
        }
    }

    // ---- actions ----

    function open(uint256 seed, uint128 amount) public {
        address buyer = _actors[seed % 4];
        address seller = _actors[(seed % 4 + 1 + (seed >> 8) % 3) % 4];
        ITabs.Tab memory tab = ITabs.Tab(
            buyer,
            seller,
            _tokens[(seed >> 16) % 2],
            TabTermsReader.pack(
                uint40(time() + 1 + (seed >> 24) % 3 days),
                uint32(1 + (seed >> 56) % 1 days),
                uint8((seed >> 88) % 4),
                uint104((seed >> 96) % 1e6),
                uint72(seed >> 184)
            )
        );
        bool should = !blocked(tab.token, buyer) && TABS.stateOf(TABS.tabIdOf(tab)).deposit == 0;
        bytes memory data = abi.encodeCall(TABS.open, (tab, uint128(bound(amount, 1, 1e12))));
        if (act("open", buyer, data, should)) _tabs.push(tab);
    }

    function topUp(uint256 which, uint128 amount) public {
        (ITabs.Tab memory tab, ITabs.TabState memory s) = pick(which);
        bool should = s.status == ITabs.Status.Open && time() <= tab.terms.expiresAt() && !blocked(tab.token, tab.buyer);
        bytes memory data = abi.encodeCall(
            TABS.topUp, (tab, s.deposit, uint128(bound(amount, 1, 1e12)), 0, 0, ITabs.Source.Allowance, "")
        );
        act("top up", tab.buyer, data, should);
    }

    function redeem(uint256 which, uint128 cumulative) public {
        (ITabs.Tab memory tab, ITabs.TabState memory s) = pick(which);
        cumulative = uint128(bound(cumulative, 0, uint256(s.deposit) + 10));
        bool should = live(s) && cumulative > s.redeemed && cumulative <= s.deposit;
        (bytes32 r, bytes32 vs) = vm.signCompact(_keys[tab.buyer], digest(tab, cumulative));
        act("redeem", _actors[4], abi.encodeCall(TABS.redeem, (tab, cumulative, r, vs)), should);
    }

    /// @dev A good item and one that may be bad; the batch itself never fails.
    function redeemPair(uint256 first, uint256 second, uint128 cumulative) public {
        ITabs.Redemption[] memory items = new ITabs.Redemption[](2);
        uint256[2] memory which = [first, second];
        for (uint256 i; i < 2; ++i) {
            (ITabs.Tab memory tab,) = pick(which[i]);
            items[i].tab = tab;
            items[i].cumulative = uint128(bound(cumulative >> (64 * i), 0, 1e12));
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(_keys[tab.buyer], digest(tab, items[i].cumulative));
            items[i].voucher = abi.encodePacked(uint8(0), r, s, v);
        }
        act("redeem many", _actors[4], abi.encodeCall(TABS.redeemMany, (items)), true);
    }

    function close(uint256 which) public {
        (ITabs.Tab memory tab, ITabs.TabState memory s) = pick(which);
        bytes memory data = abi.encodeCall(TABS.close, (tab, 0, 0, ""));
        act("close", tab.buyer, data, s.status == ITabs.Status.Open);
    }

    function end(uint256 which, uint128 cumulative) public {
        (ITabs.Tab memory tab, ITabs.TabState memory s) = pick(which);
        cumulative = uint128(bound(cumulative, 0, uint256(s.deposit) + 10));
        bool should = live(s) && cumulative >= s.redeemed && cumulative <= s.deposit;
        (uint8 v, bytes32 r, bytes32 ss) = vm.sign(_keys[tab.buyer], digest(tab, cumulative));
        bytes memory given = abi.encodePacked(uint8(0), r, ss, v);
        act("end", tab.seller, abi.encodeCall(TABS.end, (tab, cumulative, given, 0, 0, "")), should);
    }

    function release(uint256 which, uint256 wait) public {
        vm.warp(time() + bound(wait, 0, 1 days));
        (ITabs.Tab memory tab, ITabs.TabState memory s) = pick(which);
        bool due = time() > tab.terms.expiresAt() || (s.status == ITabs.Status.Closing && time() > s.closesAt);
        act("release", _actors[which % 5], abi.encodeCall(TABS.release, (tab)), live(s) && due);
    }

    function withdraw(uint256 who, uint128 amount) public {
        address party = _actors[who % 5];
        address token = _tokens[(who >> 8) % 2];
        amount = uint128(bound(amount, 1, 1e9));
        bool should = TABS.balanceOf(token, party) >= amount && !blocked(token, party);
        bytes memory data = abi.encodeCall(TABS.withdraw, (token, party, party, amount, 0, 0, 0, ""));
        act("withdraw", party, data, should);
    }

    function toggleBlock(uint256 who) public {
        address party = _actors[who % 5];
        BlocklistToken(_tokens[1]).setBlocked(party, !BlocklistToken(_tokens[1]).blocked(party));
    }

    function step(uint256 seed) external {
        uint128 part = uint128(seed >> 128);
        uint256 kind = seed % 12;
        if (kind < 2 || _tabs.length == 0) open(seed >> 4, part);
        else if (kind == 2) topUp(seed, part);
        else if (kind < 6) redeem(seed, uint128(part % 1e12));
        else if (kind == 6) redeemPair(seed, seed >> 64, part);
        else if (kind == 7) close(seed);
        else if (kind == 8) end(seed, uint128(part % 1e12));
        else if (kind == 9) release(seed, seed);
        else if (kind == 10) withdraw(seed >> 8, uint128(part % 1e4));
        else toggleBlock(seed);
    }

    /// @dev Time alone ends every tab, and every balance can be withdrawn to somewhere.
    function exitAll() external {
        vm.warp(time() + 366 days);
        for (uint256 i; i < _tabs.length; ++i) {
            if (!live(TABS.stateOf(TABS.tabIdOf(_tabs[i])))) continue;
            act("exit", makeAddr("passer-by"), abi.encodeCall(TABS.release, (_tabs[i])), true);
        }
        _actors.push(makeAddr("passer-by"));
        for (uint256 t; t < _tokens.length; ++t) {
            for (uint256 i; i < _actors.length; ++i) {
                uint256 amount = TABS.balanceOf(_tokens[t], _actors[i]);
                if (amount == 0) continue;
                bytes memory data = abi.encodeCall(
                    TABS.withdraw, (_tokens[t], _actors[i], address(0xdead), uint128(amount), 0, 0, 0, "")
                );
                act("empty", _actors[i], data, true);
            }
        }
    }

    // ---- books ----

    function tokenCount() external view returns (uint256) {
        return _tokens.length;
    }

    function books(uint256 t) external view returns (uint256 held, uint256 left, uint256 inside) {
        held = IERC20(_tokens[t]).balanceOf(address(TABS));
        for (uint256 i; i < _tabs.length; ++i) {
            if (_tabs[i].token != _tokens[t]) continue;
            ITabs.TabState memory s = TABS.stateOf(TABS.tabIdOf(_tabs[i]));
            if (live(s)) left += s.deposit - s.redeemed;
        }
        for (uint256 i; i < _actors.length; ++i) {
            inside += TABS.balanceOf(_tokens[t], _actors[i]);
        }
    }

    function balancesFollowFromEvents() external view returns (bool) {
        for (uint256 t; t < _tokens.length; ++t) {
            for (uint256 i; i < _actors.length; ++i) {
                if (_fromEvents[_tokens[t]][_actors[i]] != TABS.balanceOf(_tokens[t], _actors[i])) return false;
            }
        }
        return true;
    }

    function tabsAreMonotonic() external view returns (bool) {
        for (uint256 i; i < _tabs.length; ++i) {
            bytes32 id = TABS.tabIdOf(_tabs[i]);
            ITabs.TabState memory s = TABS.stateOf(id);
            if (s.redeemed < _seenRedeemed[id] || s.redeemed > s.deposit) return false;
        }
        return true;
    }

    // ---- internal ----

    function act(string memory what, address caller, bytes memory data, bool should) private returns (bool ok) {
        vm.recordLogs();
        vm.prank(caller);
        (ok,) = address(TABS).call(data);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        // The logs of a call that reverted are recorded too, though they never were.
        if (ok) fold(logs);
        if (ok) succeeded[what] += 1;
        if (ok != should && bytes(broken).length == 0) broken = string.concat(ok ? "succeeded: " : "refused: ", what);
    }

    function fold(Vm.Log[] memory logs) private {
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != address(TABS)) continue;
            bytes32 kind = logs[i].topics[0];
            if (kind == ITabs.Redeemed.selector) {
                _seenRedeemed[logs[i].topics[1]] = abi.decode(logs[i].data, (uint256));
            }
            bool plus = kind == IPurse.Credited.selector;
            if (!plus && kind != IPurse.Debited.selector) continue;
            address token = address(uint160(uint256(logs[i].topics[1])));
            address party = address(uint160(uint256(logs[i].topics[2])));
            uint256 amount = abi.decode(logs[i].data, (uint256));
            if (plus) _fromEvents[token][party] += amount;
            else _fromEvents[token][party] -= amount;
        }
    }

    function pick(uint256 which) private view returns (ITabs.Tab memory tab, ITabs.TabState memory s) {
        vm.assume(_tabs.length != 0);
        // Mostly a live tab; now and then one that has ended, which must stay as it is.
        for (uint256 i; i < _tabs.length; ++i) {
            tab = _tabs[(which % _tabs.length + i) % _tabs.length];
            s = TABS.stateOf(TABS.tabIdOf(tab));
            if (live(s) || (which >> 64) % 8 == 0) break;
        }
    }

    function live(ITabs.TabState memory s) private pure returns (bool) {
        return s.status == ITabs.Status.Open || s.status == ITabs.Status.Closing;
    }

    function blocked(address token, address party) private view returns (bool) {
        return token == _tokens[1] && BlocklistToken(token).blocked(party);
    }

    function digest(ITabs.Tab memory tab, uint128 cumulative) private view returns (bytes32) {
        bytes32 typeHash = keccak256("Voucher(bytes32 tab,uint128 cumulative)");
        bytes32 structHash = keccak256(abi.encode(typeHash, TABS.tabIdOf(tab), cumulative));
        return keccak256(abi.encodePacked(hex"1901", TABS.domainSeparator(), structHash));
    }

    function time() private view returns (uint256) {
        return vm.getBlockTimestamp();
    }
}
