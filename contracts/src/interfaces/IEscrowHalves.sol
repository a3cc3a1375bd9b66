// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrow} from "./IEscrow.sol";

/// @notice What `Escrow` does itself: what happens with every deal.
interface IEscrowCore {
    // ---------------------------------------------------------------- opening

    /// @notice Opens a deal with both signatures. Anyone may call. A buyer that funds by a payment which
    /// names the whole deal (Authorization, Permit2) agrees by that too: `buyerSignature` may then be empty; likewise for the
    /// seller and its bond.
    function open(
        IEscrow.Deal calldata deal,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature,
        IEscrow.Funding calldata buyerFunding,
        IEscrow.Funding calldata sellerFunding
    ) external returns (bytes32 dealId);

    /// @notice Opens linked deals all together or not at all: each has the same `bundle`, the hash over all of them in the
    /// order of `items`. They cannot be opened in any other way.
    /// @param items 2 to 64 of them
    function openLinked(IEscrow.Opening[] calldata items) external returns (bytes32[] memory dealIds);

    /// @notice Does an instant deal: the seller is paid at once and the deal leaves no state behind. Its `payout` has bit 2,
    /// which no other call takes; it has one milestone, no arbiter and no bond. An agent of the buyer needs the rights to
    /// open and to accept. The nonce is one of 256 in a word that all instant deals of this buyer with this seller share: near
    /// numbers are cheap. `cancel` uses it up; a new epoch voids it.
    function openAndSettle(
        IEscrow.Deal calldata deal,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature,
        IEscrow.Funding calldata buyerFunding
    ) external returns (bytes32 dealId);

    /// @notice Kills a deal that was not opened yet. By either party of it, or its `Cancellation` signature.
    function cancel(IEscrow.Deal calldata deal, address party, uint128 fee, uint40 validUntil, bytes calldata signature)
        external;

    // ----------------------------------------------------------------- batches

    // Each item is the arguments of one call and fails or succeeds by itself. An item that fails changes nothing, is logged
    // (`ItemFailed`) and returned, and the next one follows. An item that was done before (the deal is open or closed, the
    // milestone is behind) is no failure; of an instant deal only its nonce is known, and a used one fails. Each item may use
    // two million gas: a caller that brings too little for that makes the batch revert with BatchGasShort, never an item fail.
    // 1 to 200 items.

    /// @notice `open` for each item.
    function openBatch(IEscrow.Opening[] calldata items) external returns (IEscrow.Failure[] memory failures);

    /// @notice `settle` for each item.
    function settleBatch(IEscrow.Receipt[] calldata items) external returns (IEscrow.Failure[] memory failures);

    /// @notice `openAndSettle` for each item.
    function openAndSettleBatch(IEscrow.Exchange[] calldata items) external returns (IEscrow.Failure[] memory failures);

    /// @notice The same batches with items that are written as what differs from the one before: of the deals of a pair most words
    /// are equal, and calldata is much of what a batch costs. What an item is, hashes to and does is the same.
    /// @param selector of `open`, `settle` or `openAndSettle`
    /// @param count items
    /// @param size bytes of an item, at most 65 535: the ABI encoding of the function's arguments, with zeros behind a shorter
    /// one. Each item begins as the one before it, the first as zeros.
    /// @param patches for each item: number of patches (1 byte), then each as its place in the item (2 bytes), its length (1 byte)
    /// and the bytes written there. Patches that end early, late or outside of the item revert with PatchMalformed.
    function patchBatch(bytes4 selector, uint256 count, uint256 size, bytes calldata patches)
        external
        returns (IEscrow.Failure[] memory failures);

    // ------------------------------------------------------- life of one deal

    // Whoever calls a timed exit (settleBySilence, closeRejected, lapse, refund after a missed deadline) without being a party
    // or the arbiter earns min(relayFee, 1 % of what the exit gives), from those who get it.

    // The arguments of a signed action are the fields of its EIP-712 struct in order, with `deal` in the place of its id.
    // They bind a direct call too, so that a late or repeated transaction never acts on another milestone or delivery.

    /// @notice The seller names what it delivers for the current milestone; a fresh review window begins.
    /// @param delivery number of this delivery of the milestone, from 1 to 4
    function deliver(
        IEscrow.Deal calldata deal,
        uint8 milestone,
        uint8 delivery,
        bytes32 deliverable,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external;

    /// @notice Pays the current milestone on the buyer's receipt (its call or signature) for exactly `deliverable`.
    function settle(
        IEscrow.Deal calldata deal,
        uint8 milestone,
        bytes32 deliverable,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external;

    /// @notice Pays the current milestone after the review window passed in silence. Anyone.
    function settleBySilence(IEscrow.Deal calldata deal) external;

    /// @notice Ends a rejected deal that nobody disputed in time (at once where no arbiter is named). Anyone.
    function closeRejected(IEscrow.Deal calldata deal) external;

    // ------------------------------------------------------ internal balances

    /// @notice Takes exactly `amount` from the caller and credits `to`.
    function deposit(address token, address to, uint128 amount) external;

    /// @notice Deposits by an EIP-3009 authorisation of `from` to this contract with
    /// nonce = keccak256("Parley Deposit" ‖ to ‖ salt), so that the beneficiary is signed too. Anyone may submit.
    function depositWithAuthorization(
        address token,
        address from,
        address to,
        uint128 amount,
        uint256 validBefore,
        bytes32 salt,
        bytes calldata signature
    ) external;

    /// @notice `deposit` with no approval before it: the caller's EIP-2612 permit for this contract is tried first. A permit says
    /// nothing of a beneficiary, so that only its signer can use it here.
    /// @param permit value ‖ deadline ‖ r ‖ s ‖ v
    function depositWithPermit(address token, address to, uint128 amount, bytes calldata permit) external;

    /// @notice Pays `amount` of the internal balance of `party` out to `to`, with no gas cap. By the party, or its
    /// `Withdrawal` signature with an unordered nonce (then `fee` goes to the submitter's internal balance).
    function withdraw(
        address token,
        address party,
        address to,
        uint128 amount,
        uint128 fee,
        uint256 nonce,
        uint40 validUntil,
        bytes calldata signature
    ) external;

    // ------------------------------------------------------------------- code

    /// @notice The other half of this contract's code (see EscrowActions), made by its constructor.
    function actions() external view returns (address);
}

/// @notice What `Escrow` leaves to the other half of its code, at its own address.
interface IEscrowActions {
    // ----------------------------------------------------------- before opening

    /// @notice Makes every unopened deal that `party` signed with an older epoch unopenable.
    /// @param epoch the new epoch, above `epochOf(party)` and at most `era() + 1`: with that, everything signed so far is void
    function advanceEpoch(address party, uint64 epoch, uint40 validUntil, bytes calldata signature) external;

    // ------------------------------------------------------------------ mandates

    /// @notice Ends a mandate at once. By its principal, or its `MandateRevocation` signature; `fee` in the mandate's token.
    function revokeMandate(IEscrow.Mandate calldata mandate, uint128 fee, uint40 validUntil, bytes calldata signature)
        external;

    /// @notice What the agent committed so far (base units), and whether the mandate was revoked.
    function mandateOf(bytes32 mandate) external view returns (uint128 used, bool revoked);

    /// @notice For the other half of the escrow alone: anyone else's call reverts.
    /// @param body mandate and signatures, see MandateRules.parts
    /// @return agent who acted
    function useMandate(IEscrow.MandateUse calldata act, bytes calldata body) external returns (address agent);

    // ------------------------------------------------------- life of one deal

    /// @notice Puts `amendment` in the place of `deal`, which waits for a milestone or was rejected: both signed it, it names the
    /// deal and its state, and only the difference is taken from each side or paid back.
    function amend(
        IEscrow.Deal calldata deal,
        IEscrow.Deal calldata amendment,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature,
        IEscrow.Funding calldata buyerFunding,
        IEscrow.Funding calldata sellerFunding
    ) external returns (bytes32 amendmentId);

    /// @notice The buyer refuses delivery number `delivery` inside the review window: no timer pays from here.
    function reject(
        IEscrow.Deal calldata deal,
        uint8 milestone,
        uint8 delivery,
        bytes32 reason,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external;

    function dispute(
        IEscrow.Deal calldata deal,
        address party,
        uint8 milestone,
        bytes32 evidence,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external;

    /// @notice The arbiter divides the disputed milestone; `sellerBps` of it to the seller, the rest to the buyer.
    function rule(
        IEscrow.Deal calldata deal,
        uint8 milestone,
        uint16 sellerBps,
        bytes32 rationale,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external;

    /// @notice Applies the default split both signed when the arbiter stayed silent. Anyone.
    function lapse(IEscrow.Deal calldata deal) external;

    /// @notice Buyer gets the rest: anyone after a missed deadline (a default costs the whole bond); the seller before
    /// it (`walkAwayBps` of the bond); the buyer until `cancelBy` (costs nothing). `party` zero claims the default.
    function refund(
        IEscrow.Deal calldata deal,
        address party,
        uint8 milestone,
        uint128 fee,
        uint40 validUntil,
        bytes calldata signature
    ) external;

    /// @notice Closes in any live state on exact amounts both signed.
    function split(
        IEscrow.Deal calldata deal,
        IEscrow.Split calldata terms,
        bytes calldata buyerSignature,
        bytes calldata sellerSignature
    ) external;

    /// @notice Revokes a split one signed, until it is used. By a party of the deal or its `SplitRevocation` signature.
    function revokeSplit(
        IEscrow.Deal calldata deal,
        IEscrow.Split calldata terms,
        address party,
        uint40 validUntil,
        bytes calldata signature
    ) external;

    // ------------------------------------------------------------------ views

    function dealIdOf(IEscrow.Deal calldata deal) external view returns (bytes32);
    function stateOf(bytes32 dealId) external view returns (IEscrow.DealState memory);
    function accountOf(address token, address party) external view returns (IEscrow.Account memory);
    function recordOf(address token, address party) external view returns (IEscrow.Record memory);
    /// @notice The oldest epoch for which the signatures of `party` still count.
    function epochOf(address party) external view returns (uint64);
    /// @notice The newest epoch that anyone began. Deals signed for it open at the least gas.
    function era() external view returns (uint64);
    /// @notice Whether an instant deal of this buyer with this seller was done or cancelled under this nonce.
    function instantUsed(address buyer, address seller, uint256 nonce) external view returns (bool);
    /// @notice Whether the split with this digest was revoked. A split that was used has a closed deal.
    function splitSpent(bytes32 digest) external view returns (bool);
    function nonceUsed(address party, uint256 nonce) external view returns (bool);
    function domainSeparator() external view returns (bytes32);

    /// @notice ERC-5267.
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        );
}
