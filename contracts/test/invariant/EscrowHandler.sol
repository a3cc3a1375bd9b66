// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {PlainToken} from "../tokens/PlainToken.sol";
import {EscrowModel} from "./EscrowModel.sol";
import {Lives} from "./Lives.sol";

/// @notice Plays every action of the escrow, by the party itself or signed and relayed for a fee, over any passage of time.
/// For every call it says first, from the state table of the specification, whether it must succeed.
contract EscrowHandler is Lives {
    constructor(IEscrow escrow_) EscrowModel(escrow_) {}

    /// @notice Promise 3 and 8: whoever has no part in an action, and signs it all the same, gets nowhere.
    function meddle(uint256 which, uint256 villain, uint8 what) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        address who = everybody[villain % everybody.length];
        vm.assume(who != deal.buyer && who != deal.seller && who != deal.arbiter);
        bytes memory data = what % 2 == 0 ? meddling(deal, s, which, what >> 1) : taking(deal, who, what >> 1);
        actOn("meddle", deal, who, address(0), data, Must.Fail);
    }

    function meddling(IEscrow.Deal memory deal, IEscrow.DealState memory s, uint256 which, uint8 what)
        private
        view
        returns (bytes memory)
    {
        bytes32 content = bytes32(which);
        what %= 7;
        if (what == 0) return abi.encodeCall(escrow.deliver, (deal, s.milestone, s.deliveries + 1, content, 0, 0, ""));
        if (what == 1) return abi.encodeCall(escrow.settle, (deal, s.milestone, content, 0, 0, ""));
        if (what == 2) return abi.encodeCall(escrow.reject, (deal, s.milestone, s.deliveries, content, 0, 0, ""));
        if (what == 3) return abi.encodeCall(escrow.dispute, (deal, deal.buyer, s.milestone, content, 0, 0, ""));
        if (what == 4) return abi.encodeCall(escrow.rule, (deal, s.milestone, 10_000, content, 0, 0, ""));
        if (what == 5) return abi.encodeCall(escrow.refund, (deal, deal.buyer, s.milestone, 0, 0, ""));
        return abi.encodeCall(escrow.cancel, (deal, deal.seller, 0, 0, ""));
    }

    function taking(IEscrow.Deal memory deal, address who, uint8 what) private view returns (bytes memory) {
        IEscrow.Mandate memory m = standing(deal.buyer, deal.token, true, bytes32(uint256(what)));
        what %= 7;
        if (what == 0) return abi.encodeCall(escrow.withdraw, (deal.token, deal.buyer, who, 1, 0, 0, 0, ""));
        if (what == 1) return abi.encodeCall(escrow.advanceEpoch, (deal.buyer, epochs[deal.buyer] + 1, 0, ""));
        if (what == 2) return abi.encodeCall(escrow.revokeMandate, (m, 0, 0, ""));
        if (what == 3) {
            IEscrow.MandateUse memory use;
            (use.principal, use.role, use.token) = (deal.buyer, 1, deal.token);
            return abi.encodeCall(escrow.useMandate, (use, abi.encodePacked(abi.encode(m), uint16(0))));
        }
        if (what == 4) {
            IEscrow.Split memory terms;
            terms.dealId = idOf(deal);
            return abi.encodeCall(escrow.revokeSplit, (deal, terms, deal.seller, 0, ""));
        }
        if (what == 5) {
            bytes memory forged = new bytes(65);
            return
                abi.encodeCall(escrow.depositWithAuthorization, (deal.token, deal.buyer, who, 1, time() + 1, 0, forged));
        }
        // A permit of the buyer's, used by another.
        bytes memory permit = new bytes(128);
        return abi.encodeCall(escrow.depositWithPermit, (deal.token, who, 1, permit));
    }

    // ---- balances, time, and the world ----

    /// @param how by allowance, by an authorisation that the relayer submits, by a permit
    function deposit(uint256 who, uint256 token, uint128 amount, uint8 how) external {
        address from = party(who);
        address money = how % 3 == 0 || from.code.length != 0 ? tokens[token % tokens.length] : address(payment);
        amount = uint128(bound(amount, 1, 1e12));
        address to = party(who >> 8);
        if (money != address(payment) || how % 3 == 0) {
            bytes memory data = abi.encodeCall(escrow.deposit, (money, to, amount));
            act("deposit", 0, money, from, [from, address(0)], data, willPay(money, from));
        } else if (from.code.length == 0 && how % 3 == 1) {
            depositAuthorized(from, to, amount, bytes32(who));
        } else if (from.code.length == 0) {
            bytes memory data = abi.encodeCall(escrow.depositWithPermit, (money, to, amount, permitOf(from)));
            act("deposit with permit", 0, money, from, [from, address(0)], data, Must.Succeed);
            restoreAllowances();
        }
    }

    /// @dev Who gets it is signed too; a nonce serves once.
    function depositAuthorized(address from, address to, uint128 amount, bytes32 salt) private {
        bytes32 nonce = keccak256(abi.encodePacked("Parley Deposit", to, salt));
        vm.assume(!payment.authorizationState(from, nonce));
        bytes32 digest = authorization(payment.DOMAIN_SEPARATOR(), from, amount, time() + 1, nonce);
        bytes memory signature = bare(keyOf[from], digest);
        address money = address(payment);
        bytes memory data = abi.encodeCall(
            escrow.depositWithAuthorization, (money, from, relayer, amount, time() + 1, salt, signature)
        );
        if (to != relayer) act("deposit diverted", 0, money, relayer, [address(0), address(0)], data, Must.Fail);
        data = abi.encodeCall(escrow.depositWithAuthorization, (money, from, to, amount, time() + 1, salt, signature));
        act("deposit authorized", 0, money, relayer, [from, address(0)], data, Must.Succeed);
        act("deposit again", 0, money, relayer, [address(0), address(0)], data, Must.Fail);
    }

    /// @param nonce of the signed form; the same one never serves twice
    function withdraw(uint256 who, uint256 token, uint128 amount, uint16 nonce) external {
        address from = everybody[who % everybody.length];
        address to = everybody[(who >> 8) % everybody.length];
        address money = tokens[token % tokens.length];
        amount = uint128(bound(amount, 1, 1e12));
        Form memory f = form(who, from, money);
        uint256 fee = from == f.caller ? 0 : f.fee; // nobody pays itself for bringing its own signature
        bool should = balanceOf(money, from) >= amount + fee && !isRefused(money, to);
        if (f.relayed && escrow.nonceUsed(from, nonce)) should = false;
        bytes memory data = sign(f, from, withdrawal(from, money, to, amount, nonce, Action(f.fee, f.until)));
        data = abi.encodeCall(escrow.withdraw, (money, from, to, amount, f.fee, nonce, f.until, data));
        Must must = should && money == address(rebasing) ? Must.Either : when(should);
        if (!act("withdraw", 0, money, f.caller, [from, address(0)], data, must) || !f.relayed) return;
        trackNonce(from, nonce);
        act("withdraw again", 0, money, f.caller, [from, address(0)], data, Must.Fail);
    }

    function advanceEpoch(uint256 who) external {
        address signer = party(who);
        Form memory f = form(who, signer, tokens[0]);
        uint64 epoch = (who >> 128) & 1 == 0 ? epochs[signer] + 1 : escrow.era() + 1;
        bytes memory data = sign(f, signer, epochDigest(signer, epoch, f.until));
        data = abi.encodeCall(escrow.advanceEpoch, (signer, epoch, f.until, data));
        act("epoch", 0, tokens[0], f.caller, [signer, address(0)], data, Must.Succeed);
    }

    function wait(uint256 seconds_) external {
        vm.warp(time() + bound(seconds_, 1, 1 days));
    }

    /// @notice An account of the hooked token that refuses, or strikes back at the escrow whenever it is paid or pays.
    function hook(uint256 which, uint256 who, uint8 kind) external {
        (IEscrow.Deal memory deal, IEscrow.DealState memory s) = pick(which);
        bytes[5] memory calls = [
            abi.encodeCall(escrow.settleBySilence, (deal)),
            abi.encodeCall(escrow.closeRejected, (deal)),
            abi.encodeCall(escrow.lapse, (deal)),
            abi.encodeCall(escrow.refund, (deal, address(0), s.milestone, 0, 0, "")),
            abi.encodeCall(escrow.deposit, (address(hooked), address(reentering), 1))
        ];
        setHook(party(who), kind, calls[(which >> 32) % 5]);
    }

    /// @notice Tokens that just appear are nobody's and change nothing.
    function donate(uint256 token, uint128 amount) external {
        address money = tokens[token % tokens.length];
        amount = uint128(bound(amount, 1, 1e9));
        if (money == address(payment)) payment.transfer(address(escrow), amount);
        else PlainToken(money).mint(address(escrow), amount);
        trackGift(money, amount);
    }
}
