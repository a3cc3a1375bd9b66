// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {TabTerms} from "../periphery/TabTerms.sol";
import {IPurse} from "./IPurse.sol";

/// @title Parley tabs: many small payments, two transactions
/// @notice A buyer locks a deposit for one seller. Each payment is a signed voucher over the sum of all payments so far,
/// handed over off-chain; the seller redeems the highest whenever it likes. There is no owner, no pause, no upgrade.
///
/// Roles. `buyer` locks, tops up, signs the vouchers and closes. `seller` redeems and may end the tab at once. Anyone may
/// redeem for the seller, since the money goes to nobody else, and may release a tab whose time has come.
///
/// Money invariants. A deposit is spent by vouchers of its buyer, to its seller, and by nobody else; what no voucher spent
/// goes back to the buyer. Per honest token `balanceOf(this) >= sum of open deposits less redeemed + sum of internal
/// balances`. Nothing is divided, so nothing is rounded.
///
/// Liveness. A voucher is good until the tab is closed. The buyer's close takes effect `closeWindow` seconds later, so
/// that the seller can still bring its last voucher; `expiresAt` needs no close at all. From then on anyone may release,
/// and only then is the tab closed. The seller may end it at any time. Nobody's refusal, revert, blocklisting or silence
/// prevents any of these. A voucher of a smart account is good as long as the account says so.
///
/// Relaying. Every action has a signed form that anyone may submit. Its `fee` goes to the submitter's internal balance
/// (none to a submitter that is the signer): on top of the deposit when a tab is opened or topped up, out of what the
/// seller receives when it is redeemed or ended, and out of the buyer's internal balance when it is closed. A stranger
/// that releases a tab earns `exitFee` of it, out of what the buyer gets back.
///
/// Tokens. As with the escrow: plain ERC-20 tokens whose balances change only by transfer are supported, fee-on-transfer
/// tokens are refused (balance delta), rebasing ones are at the risk of those who chose them and never touch another.
///
/// Signatures are `kind (1 byte) ‖ body` as with the escrow; an empty one stands for the caller, and then `fee` and
/// `validUntil` are not looked at. A refusal that the escrow knows too is an error of IEscrow; there "the escrow" as a
/// recipient is this contract.
interface ITabs is IPurse {
    // ------------------------------------------------------------------ types

    /// @dev Its EIP-712 struct hash is the tab's id. `terms` is one word, low bits first:
    /// expiresAt u40: inclusive; from the second after it anyone may release;
    /// closeWindow u32: 1 .. 365 days, from the buyer's close to its effect;
    /// payout u8: bit 0: the seller is paid, bit 1: the buyer is refunded, into the internal balance;
    /// exitFee u104: base units to the stranger that releases, at most what the buyer gets back;
    /// nonce u72: any number; sets tabs of the same terms apart.
    struct Tab {
        address buyer;
        address seller;
        address token;
        TabTerms terms;
    }

    /// @dev Unopened is the absence of a word. Closed is final.
    enum Status {
        Unopened,
        Open,
        Closing, // the buyer closed; released after `closesAt`
        Closed
    }

    /// @dev One storage word a tab.
    struct TabState {
        Status status;
        uint40 closesAt; // while Closing: the last second of the challenge window
        uint104 redeemed; // base units, all payments so far
        uint104 deposit; // base units ever locked
    }

    /// @dev How the buyer's money comes in.
    enum Source {
        Allowance, // ERC-20 transferFrom
        Balance, // the internal balance here
        Authorization // EIP-3009 to this contract, nonce = digest of the TabFunding, validBefore = validUntil + 1
    }

    /// @dev One redemption of a batch. With a fee it needs the seller's signature.
    struct Redemption {
        Tab tab;
        uint128 cumulative;
        uint128 fee;
        uint40 validUntil;
        bytes voucher;
        bytes signature;
    }

    // ----------------------------------------------------------------- events

    event TabOpened(bytes32 indexed tab, address indexed buyer, address indexed seller, address token, uint128 deposit);
    /// @dev `deposit` is the sum with this top-up.
    event TabToppedUp(bytes32 indexed tab, uint128 amount, uint128 deposit);
    /// @dev `redeemed` is the sum of all payments so far, those to submitters included.
    event Redeemed(bytes32 indexed tab, uint128 redeemed);
    event TabClosing(bytes32 indexed tab, uint40 closesAt);
    /// @dev Final. `refunded` includes the `exitFee` that was taken out of it.
    event TabClosed(bytes32 indexed tab, uint128 refunded);
    /// @dev An item of a batch that changed nothing; `reason` is the error with its values.
    event RedemptionFailed(uint256 indexed index, bytes32 indexed tab, bytes reason);

    // ----------------------------------------------------------------- errors

    error TabWrongStatus(bytes32 tab, Status actual);
    error TabExpired(uint256 expiresAt, uint256 nowAt);
    error DepositMismatch(uint256 signed, uint256 current);
    error DepositTooLarge(uint256 deposit, uint256 maximum);
    error VoucherSpent(uint256 cumulative, uint256 redeemed);
    error VoucherAboveDeposit(uint256 cumulative, uint256 deposit);
    error OnlySelf(address caller);

    // ---------------------------------------------------------------- opening

    /// @notice Locks `amount` of the caller, the tab's buyer, from its allowance.
    /// @param amount base units, above 0
    /// @return id the tab's id
    function open(Tab calldata tab, uint128 amount) external returns (bytes32 id);

    /// @notice The same from any source. By the buyer, or its `TabFunding` signature (with the tab's id, deposited 0).
    /// @param signature for `Source.Authorization` the 65 bytes of the EIP-3009 authorisation over `amount + fee`, which is
    /// the buyer's consent too
    /// @return id the tab's id
    function openFor(
        Tab calldata tab,
        uint128 amount,
        uint128 fee,
        uint40 validUntil,
        Source source,
        bytes calldata signature
    ) external returns (bytes32 id);

    /// @notice Adds to the deposit of an open tab. By the buyer, or its `TabFunding` signature.
    /// @param deposited the deposit before this call: a signed top-up counts once
    function topUp(
        Tab calldata tab,
        uint128 deposited,
        uint128 amount,
        uint128 fee,
        uint40 validUntil,
        Source source,
        bytes calldata signature
    ) external;

    // ---------------------------------------------------------------- payment

    /// @notice Pays the seller what the voucher adds to what was redeemed. Anyone, for no fee.
    /// @param cumulative base units, the sum of all payments of this tab
    /// @param r first half of the buyer's `Voucher` signature by its key, in the short form of ERC-2098
    /// @param vs second half
    function redeem(Tab calldata tab, uint128 cumulative, bytes32 r, bytes32 vs) external;

    /// @notice The same with any signature. Anyone for no fee, the seller, or its `Redemption` signature, which leaves
    /// `fee` of the payment to the submitter.
    /// @param voucher the buyer's `Voucher` signature, `kind ‖ body`
    function redeemFor(
        Tab calldata tab,
        uint128 cumulative,
        bytes calldata voucher,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external;

    /// @notice Redeems several tabs. An item that fails changes nothing for the others and is reported; a batch that was
    /// given too little gas for an item reverts with GasShort rather than skip it.
    /// @return failures for each item the error it met, or nothing
    function redeemMany(Redemption[] calldata items) external returns (bytes[] memory failures);

    // -------------------------------------------------------------------- end

    /// @notice The buyer wants the rest back: after `closeWindow` seconds anyone may release it. By the buyer, or its
    /// `TabClosing` signature.
    function close(Tab calldata tab, uint128 fee, uint40 validUntil, bytes calldata signature) external;

    /// @notice Pays the seller up to `cumulative` and the buyer the rest, at once. By the seller, or its `TabEnd` signature.
    /// @param voucher not looked at when `cumulative` was redeemed already
    function end(
        Tab calldata tab,
        uint128 cumulative,
        bytes calldata voucher,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external;

    /// @notice Returns what is left to the buyer, after its close took effect or after `expiresAt`. Anyone.
    function release(Tab calldata tab) external;

    // ------------------------------------------------------ internal balances

    /// @notice Takes exactly `amount` from the caller and credits `to`.
    function deposit(address token, address to, uint128 amount) external;

    // ------------------------------------------------------------------ views

    function tabIdOf(Tab calldata tab) external pure returns (bytes32);
    function stateOf(bytes32 tab) external view returns (TabState memory);
}
