// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Permit2Witness} from "../permit2/Permit2Witness.sol";
import {BlocklistToken} from "../tokens/BlocklistToken.sol";
import {FalseReturningToken} from "../tokens/FalseReturningToken.sol";
import {FeeOnTransferToken} from "../tokens/FeeOnTransferToken.sol";
import {HookedToken, ITransferHook, ReenteringHook, RefusingHook} from "../tokens/HookedToken.sol";
import {IPaymentToken} from "../tokens/IPaymentToken.sol";
import {PlainToken} from "../tokens/PlainToken.sol";
import {RebasingToken} from "../tokens/RebasingToken.sol";
import {OwnerWallet} from "../tokens/wallets/OwnerWallet.sol";
import {EventFold} from "./EventFold.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Who plays and with what: eight parties, two of them contracts that sign by ERC-1271; two arbiters and a relayer;
/// seven tokens, five of them hostile in their own way and at times of the campaign's choosing.
abstract contract Cast is EventFold, Permit2Witness {
    uint256 internal constant PARTIES = 8;

    IEscrow public immutable escrow;

    PlainToken internal immutable plain = new PlainToken();
    BlocklistToken internal immutable blocklist = new BlocklistToken();
    HookedToken internal immutable hooked = new HookedToken();
    FeeOnTransferToken internal immutable taxed = new FeeOnTransferToken(0);
    RebasingToken internal immutable rebasing = new RebasingToken();
    FalseReturningToken internal immutable untrue = new FalseReturningToken();
    IPaymentToken internal immutable payment;

    ReenteringHook internal immutable reentering = new ReenteringHook();
    RefusingHook internal immutable refusing = new RefusingHook();

    address[] internal tokens;
    /// @dev The parties, then arbiters and the relayer.
    address[] internal everybody;
    address[2] internal arbiters;
    address internal relayer;
    /// @dev Of buyers, and of sellers.
    address[2] internal agents;
    mapping(address party => uint256) internal keyOf;

    constructor(IEscrow escrow_) {
        escrow = escrow_;
        deployPermit2();
        payment = IPaymentToken(vm.deployCode("src/PaymentToken.sol:PaymentToken", abi.encode(address(this), 1e30)));
        tokens = [
            address(plain),
            address(blocklist),
            address(hooked),
            address(payment),
            address(taxed),
            address(rebasing),
            address(untrue)
        ];
        string[8] memory names = ["anna", "boris", "clara", "dmitri", "elena", "fyodor", "galina", "hugo"];
        for (uint256 i; i < PARTIES; ++i) {
            (address one, uint256 key) = makeAddrAndKey(names[i]);
            if (i >= PARTIES - 2) one = address(new OwnerWallet(one));
            keyOf[one] = key;
            everybody.push(one);
            endow(one);
        }
        for (uint256 i; i < 2; ++i) {
            (address one, uint256 key) = makeAddrAndKey(i == 0 ? "arbiter" : "second arbiter");
            (arbiters[i], keyOf[one]) = (one, key);
            everybody.push(one);
        }
        for (uint256 i; i < 3; ++i) {
            (address one, uint256 key) =
                makeAddrAndKey(i == 0 ? "relayer" : i == 1 ? "buyers' agent" : "sellers' agent");
            keyOf[one] = key;
            if (i == 0) relayer = one;
            else agents[i - 1] = one;
        }
        everybody.push(relayer);
    }

    function endow(address account) private {
        for (uint256 t; t < tokens.length; ++t) {
            if (tokens[t] == address(payment)) payment.transfer(account, 1e25);
            else PlainToken(tokens[t]).mint(account, 1e25);
            vm.startPrank(account);
            IERC20(tokens[t]).approve(address(escrow), type(uint256).max);
            IERC20(tokens[t]).approve(PERMIT2, type(uint256).max);
            vm.stopPrank();
        }
    }

    function verifier() internal view override returns (address) {
        return address(escrow);
    }

    function party(uint256 seed) internal view returns (address) {
        return everybody[seed % PARTIES];
    }

    // ---- what the tokens are up to ----

    /// @notice Whether the books of a token must be exact: what an index changes is nobody's doing.
    function isExact(address token) internal view returns (bool) {
        return token != address(rebasing);
    }

    /// @notice Whether a transfer from or to `account` may fail, or take less than it says, by the token's own whim.
    function isMoody(address token, address account) internal view returns (bool) {
        if (token == address(blocklist)) return blocklist.blocked(account);
        if (token == address(hooked)) return address(hooked.hookOf(account)) == address(refusing);
        if (token == address(taxed)) return taxed.feeBps() != 0;
        if (token == address(untrue)) return untrue.mode() != FalseReturningToken.Mode.Honest;
        return token == address(rebasing);
    }

    /// @notice Whether it fails for certain.
    function isRefused(address token, address account) internal view returns (bool) {
        return isMoody(token, account) && token != address(rebasing) && token != address(taxed);
    }

    function toggleBlock(uint256 who) external {
        address account = party(who);
        blocklist.setBlocked(account, !blocklist.blocked(account));
    }

    function tax(uint16 bps) external {
        taxed.setFee(bps % 3 == 0 ? 0 : uint16(bound(bps, 1, 9999)));
    }

    function rebase(uint8 percent) external {
        rebasing.rebase(bound(percent, 70, 140));
    }

    function lie(bool refuse) external {
        untrue.setMode(refuse ? FalseReturningToken.Mode.RefusingFalse : FalseReturningToken.Mode.Honest);
    }

    /// @notice Hangs a hook on an account: none, one that refuses, or one that calls the escrow back with `data`.
    function setHook(address account, uint8 kind, bytes memory data) internal {
        if (kind % 4 == 0) return hooked.setHook(account, ITransferHook(address(0)));
        if (kind % 4 == 1) return hooked.setHook(account, refusing);
        reentering.arm(address(escrow), data);
        hooked.setHook(account, reentering);
    }

    /// @notice Makes every token pay again.
    function calm() internal {
        for (uint256 i; i < everybody.length; ++i) {
            blocklist.setBlocked(everybody[i], false);
            hooked.setHook(everybody[i], ITransferHook(address(0)));
        }
        untrue.setMode(FalseReturningToken.Mode.Honest);
    }
}
