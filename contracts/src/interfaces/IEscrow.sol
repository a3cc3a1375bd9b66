// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscrowActions, IEscrowCore} from "./IEscrowHalves.sol";

/// @title Parley escrow: the one contract that holds money
/// @notice A deal opens only with the signatures of both parties over the same typed data (EIP-712). Terms travel in
/// calldata; the chain keeps one packed word a deal and one a (token, party). There is no owner, no pause, no upgrade.
///
/// Roles. `buyer` pays `price` and locks `arbiterFee` for every milestone when an arbiter is named. `seller` delivers and
/// locks `sellerBond`, which is then at least the same fees. `arbiter` may only divide the milestone in dispute. Anyone
/// may relay a signature and anyone may call a timed exit.
///
/// Money invariants. Per honest token `balanceOf(this) >= sum of locked + sum of internal balances`. What a deal pays
/// out equals what it took in, to the unit.
///
/// Rounding. Every share is floored in the formula as written and the remainder goes to the other side: a seller's share of
/// a milestone leaves the remainder to the buyer, the buyer's share of a bond leaves it to the seller.
///
/// Clock. `deliverBy + shift` is a milestone's deadline. `shift` grows by the time a delivery waited for the buyer and by
/// the time of a dispute: the clock of delivery runs only while the seller can act.
///
/// Liveness. From every state that is not closed some call by a party alone, or by anyone, closes the deal after a
/// known time; nobody's refusal, revert, blocklisting or silence prevents it.
///
/// Tokens. Plain ERC-20 tokens whose balances change only by transfer are supported. Fee-on-transfer tokens are refused
/// at opening (balance delta). Total supply must stay below 2^128 base units; an internal balance stops at 2^128 - 1,
/// whatever a token conjures. Rebasing tokens are at the risk of those who chose them and never touch another token.
///
/// Signatures. `bytes signature = kind (1 byte) ‖ body`. Kind 0x00 is the account itself: a 65- or 64-byte (ERC-2098)
/// low-s ECDSA signature, or whatever the account's ERC-1271 accepts. Kind 0x01 is an agent of the account under
/// a mandate (see docs/spec.md); withdrawals, epochs, rulings and mandates themselves are never signed by one. An empty
/// signature stands for `msg.sender` being the signer; `fee` and `validUntil` are then not looked at.
interface IEscrow is IEscrowCore, IEscrowActions {
    // ------------------------------------------------------------------ types

    /// @dev `amount` base units, above 0; `deliverBy` unix seconds.
    struct Milestone {
        uint128 amount;
        uint40 deliverBy;
    }

    /// @dev The whole agreement as the chain sees it. Its EIP-712 digest is the deal id. Amounts are base units of
    /// `token`, times unix seconds, windows seconds, shares bps. See docs/spec.md for the rule on each field.
    struct Deal {
        address buyer;
        address seller;
        address arbiter; // zero: nobody, a rejection is then final
        address relayer; // zero: whoever submits earns relayFee
        address token;
        uint128 price; // above 0, the sum of the milestones
        uint128 sellerBond;
        uint128 arbiterFee; // for one ruling; each side locks it once a milestone
        uint128 relayFee; // paid by the buyer on top, once, at opening
        uint40 openBy; // inclusive
        uint40 cancelBy; // inclusive; 0: never
        uint32 reviewWindow; // 1 .. 365 days
        uint32 disputeWindow; // 1 .. 365 days
        uint32 rulingWindow; // 1 .. 365 days
        uint16 rejectedSellerBps; // undisputed rejection
        uint16 lapsedSellerBps; // arbiter silent
        uint16 walkAwayBps; // share of the bond lost by a seller that leaves
        uint8 payout; // bit 0: seller, bit 1: buyer, into the internal balance; bit 2: instant (not by `open`)
        Milestone[] milestones; // 1 .. 16
        bytes32 termsHash;
        bytes32 transcriptRoot;
        uint32 transcriptLength;
        bytes32 bundle; // zero, or links deals that open together
        bytes32 amends; // zero, or the deal this one replaces
        uint8 amendsMilestone;
        uint128 amendsLocked;
        uint64 buyerEpoch;
        uint64 sellerEpoch;
        uint256 nonce;
    }

    /// @dev Unopened is the absence of a state word. Everything from Closed on is final.
    enum Status {
        Unopened,
        Open, // waiting for the current milestone
        Delivered, // under review since `since`
        Rejected, // since `since`
        Disputed, // since `since`
        Closed,
        Cancelled // before it was ever opened
    }

    /// @dev Why a deal closed.
    enum Outcome {
        Settled, // the last milestone was paid or ruled
        Defaulted, // the deadline passed undelivered: bond to the buyer
        WalkedAway, // the seller left before the deadline
        CancelledByBuyer, // inside the cancellation window
        RejectionClosed, // rejected and not disputed
        Split,
        Amended
    }

    /// @dev Why a milestone was paid in full.
    enum Acceptance {
        Receipt, // the buyer accepted it
        Silence // the review window passed
    }

    /// @dev One storage word a deal. `locked` counts everything still held for the deal: unpaid milestones, fees, bond.
    struct DealState {
        Status status;
        uint8 milestone; // index of the current milestone
        uint8 deliveries; // of the current milestone
        uint24 sellerLostBps; // sum over rulings of 10 000 − sellerBps
        uint40 since; // when the current status began, unix seconds
        uint40 shift; // seconds by which remaining deadlines moved
        uint128 locked;
    }

    /// @dev One storage word a (token, party). Counters saturate. They are facts, not scores. `settledAs…` count deals
    /// whose last milestone was paid by receipt or silence. A ruling of 5 000 bps is lost by nobody.
    struct Account {
        uint128 balance; // base units
        uint24 settledAsBuyer;
        uint24 settledAsSeller;
        uint32 instant;
        uint16 defaulted;
        uint16 disputesLost;
        uint16 bySilence; // milestones paid as a buyer that never answered
    }

    /// @dev The second word: rarer counters, saturating.
    struct Record {
        uint32 walkedAway; // as seller
        uint32 disputesWon;
        uint32 rejectionsUndisputed; // as seller: rejections it let stand
        uint32 ruled; // as arbiter
        uint32 lapsed; // as arbiter: silent past its window
        uint32 splits;
        uint32 cancelled; // as buyer, inside the window
    }

    /// @dev What a principal lets an agent key sign for it. Amounts are base units of `token`, times unix seconds, inclusive.
    struct Mandate {
        address principal;
        address agent;
        uint8 role; // 1: buys, 2: sells
        address token;
        uint128 dealLimit; // buyer: most that a deal may cost with all fees; seller: least that its price may be
        uint128 budget; // all that the agent may commit, fees counted, never restored
        uint40 validFrom;
        uint40 validUntil;
        uint8 actions; // bits, see MandateRules
        address counterparty; // zero: any
        address arbiter; // zero: any, or none
        uint64 epoch; // the principal's
        uint256 nonce;
    }

    /// @dev An act of an agent as a mandate looks at it; one half of the escrow hands it to the other.
    struct MandateUse {
        address principal;
        uint8 role;
        uint8 actions; // bits that it takes
        bytes32 digest; // what the agent signed
        address token;
        address counterparty;
        address arbiter;
        uint256 worth; // what the limit is compared with, base units
        uint256 spend; // what it takes from the budget, base units
    }

    /// @dev Where one side's money comes from, and what its owner signed for that.
    struct Funding {
        FundingKind kind;
        bytes signature;
    }

    enum FundingKind {
        Allowance, // ERC-20 transferFrom; no signature
        Balance, // the internal balance; no signature
        // Consent to the deal, too: EIP-3009 receiveWithAuthorization, nonce = deal id, validAfter 0, validBefore
        // openBy + 1; r ‖ s ‖ v.
        Authorization,
        // Consent to the deal, too: Permit2 with the deal as its witness, deadline openBy; nonce (32 bytes) ‖ its signature.
        Permit2,
        Permit // EIP-2612, then as Allowance; value ‖ deadline ‖ r ‖ s ‖ v
    }

    /// @dev One item of `openBatch` and `openLinked`: the arguments of `open`.
    struct Opening {
        Deal deal;
        bytes buyerSignature;
        bytes sellerSignature;
        Funding buyerFunding;
        Funding sellerFunding;
    }

    /// @dev One item of `settleBatch`: the arguments of `settle`.
    struct Receipt {
        Deal deal;
        uint8 milestone;
        bytes32 deliverable;
        uint128 fee;
        uint40 validUntil;
        bytes signature;
    }

    /// @dev One item of `openAndSettleBatch`: the arguments of `openAndSettle`.
    struct Exchange {
        Deal deal;
        bytes buyerSignature;
        bytes sellerSignature;
        Funding buyerFunding;
    }

    /// @dev An item of a batch that was skipped: `reason` is the custom error it reverted with, ABI-encoded.
    struct Failure {
        uint256 index;
        bytes reason;
    }

    /// @dev Exact amounts that close a deal; `milestone`, `status` and `locked` must be the deal's at that moment.
    struct Split {
        bytes32 dealId;
        uint8 milestone;
        uint8 status;
        uint128 locked;
        uint128 toSeller;
        uint128 toBuyer;
        uint128 toArbiter;
        uint256 nonce;
        uint128 fee; // to the submitter, half (floor) from the seller's internal balance, the rest from the buyer's
        uint40 validUntil;
    }

    // ----------------------------------------------------------------- events

    event Opened(
        bytes32 indexed dealId,
        address indexed buyer,
        address indexed seller,
        address token,
        uint128 price,
        uint128 locked,
        bytes32 transcriptRoot
    );
    event Delivered(bytes32 indexed dealId, uint8 milestone, uint8 delivery, bytes32 deliverable);
    /// @dev `paid` base units to the seller. The deal closed with it when `remaining` (locked after it) is 0.
    /// A settlement that closes emits this event alone, without `Closed`.
    event Settled(
        bytes32 indexed dealId, uint8 milestone, Acceptance how, uint128 paid, uint128 remaining, bytes32 deliverable
    );
    event Rejected(bytes32 indexed dealId, uint8 milestone, uint8 delivery, bytes32 reason);
    event Disputed(bytes32 indexed dealId, address indexed party, uint8 milestone, bytes32 evidence);
    event Ruled(
        bytes32 indexed dealId,
        address indexed arbiter,
        uint8 milestone,
        uint16 sellerBps,
        uint128 toSeller,
        uint128 toBuyer,
        uint128 fee,
        bytes32 rationale
    );
    event Lapsed(bytes32 indexed dealId, address indexed arbiter, uint8 milestone, uint128 toSeller, uint128 toBuyer);
    /// @dev Final. Totals of this closing call, bond and fees returned included. Not emitted where `Settled` closes.
    event Closed(bytes32 indexed dealId, Outcome outcome, uint128 toSeller, uint128 toBuyer, uint128 toArbiter);
    event Cancelled(bytes32 indexed dealId, address indexed party);
    /// @dev An instant deal, whole in one call. It has no `Opened`, no `Settled` and no state. `price` went to the seller's
    /// internal balance if `toBalance`, and came from the buyer's if `fromBalance`.
    event InstantSettled(
        bytes32 indexed dealId,
        address indexed buyer,
        address indexed seller,
        address token,
        uint128 price,
        uint256 nonce,
        bytes32 transcriptRoot,
        bool toBalance,
        bool fromBalance
    );
    event InstantCancelled(
        bytes32 indexed dealId, address indexed buyer, address indexed seller, address party, uint256 nonce
    );
    /// @dev Paid to the internal balance of a stranger that called a timed exit, out of what the sides get by it.
    event CallerPaid(bytes32 indexed dealId, address indexed caller, uint128 fromSeller, uint128 fromBuyer);
    /// @dev Item `index` of a batch was skipped and changed nothing.
    event ItemFailed(uint256 indexed index, bytes reason);
    /// @dev A signed withdrawal used this nonce.
    event NonceSpent(address indexed party, uint256 nonce);
    /// @dev `deal` closed with outcome Amended in the same call, and `amendment` opened.
    event Amended(bytes32 indexed dealId, bytes32 indexed amendment);
    /// @dev An agent acted; `digest` is what it signed and `used` what is gone of the budget by now, base units.
    event MandateUsed(bytes32 indexed mandate, address indexed agent, bytes32 indexed digest, uint128 used);
    event MandateRevoked(bytes32 indexed mandate, address indexed principal);
    event SplitRevoked(bytes32 indexed split, address indexed party);
    event EpochAdvanced(address indexed party, uint64 epoch);
    /// @dev Every other change of an internal balance is one of these two: balances can be rebuilt from them and
    /// InstantSettled alone.
    event Credited(address indexed token, address indexed party, uint128 amount);
    event Debited(address indexed token, address indexed party, uint128 amount);

    // ----------------------------------------------------------------- errors

    error PriceZero();
    error TokenWithoutCode(address token);
    error PartyZero(address buyer, address seller);
    error PartiesNotDistinct(address buyer, address seller, address arbiter);
    error MilestoneCount(uint256 count, uint256 maximum);
    error MilestoneAmountZero(uint256 index);
    error MilestonesSum(uint256 sum, uint256 price);
    error MilestoneOrder(uint256 index, uint256 deliverBy, uint256 earliest);
    error DeadlineBeforeOpening(uint256 deliverBy, uint256 openBy);
    error WindowOutOfRange(uint256 window, uint256 maximum);
    error BpsOutOfRange(uint256 bps);
    error BondBelowFees(uint256 bond, uint256 fees);
    error FeeWithoutArbiter(uint256 arbiterFee);
    error PayoutUnknown(uint8 payout);
    error OpenByPassed(uint256 openBy, uint256 nowAt);
    error EpochStale(address party, uint256 signed, uint256 current);
    error LinkedDealAlone(bytes32 bundle);
    error BundleMismatch(uint256 index, bytes32 signed, bytes32 actual);
    error BundleSize(uint256 count, uint256 maximum);
    error BatchSize(uint256 count, uint256 maximum);
    error BatchSelector(bytes4 selector);
    error PatchMalformed(uint256 index);
    error BatchGasShort(uint256 index, uint256 available, uint256 wanted);
    error NotInstant(uint8 payout);
    error InstantDealBound(address arbiter, uint256 arbiterFee, uint256 sellerBond, uint256 milestones);
    error InstantNonceUsed(address buyer, address seller, uint256 nonce);
    error AmendmentNotHere(bytes32 amends);
    error SignatureInvalid(address signer, bytes32 digest);
    error SignatureKindUnknown(uint8 kind);
    error ActionExpired(uint256 validUntil, uint256 nowAt);
    error AuthorizationInvalid(address from, bytes32 digest);
    error FundingShort(address token, address from, uint256 expected, uint256 received);
    error FundingRefused(address token, address from, uint256 amount);
    error BalanceShort(address token, address party, uint256 available, uint256 wanted);
    error WrongStatus(bytes32 dealId, Status actual);
    error NotParty(address caller);
    error DeliveryLimit(uint256 limit);
    error DeliveryMismatch(uint256 signed, uint256 current);
    error MilestoneMismatch(uint256 signed, uint256 current);
    error TooEarly(uint256 from, uint256 nowAt);
    error TooLate(uint256 until, uint256 nowAt);
    error NoArbiter();
    error SplitMismatch(uint8 milestone, uint8 status, uint128 locked);
    error SplitSum(uint256 sum, uint256 locked);
    error SplitSpent(bytes32 split);
    error AmendmentMismatch(bytes32 dealId, uint8 milestone, uint128 locked);
    error AmendmentParties(address buyer, address seller, address token);
    error MandateMalformed(uint256 length);
    error MandateOfAnother(address principal, address party);
    error MandateRole(uint8 granted, uint8 wanted);
    error MandateAction(uint8 granted, uint8 wanted);
    error MandateTime(uint256 validFrom, uint256 validUntil, uint256 nowAt);
    error MandateToken(address granted, address token);
    error MandateCounterparty(address granted, address counterparty);
    error MandateArbiter(address granted, address arbiter);
    error MandateAgent(address agent);
    error MandateLimit(uint256 limit, uint256 worth);
    error MandateBudget(bytes32 mandate, uint256 left, uint256 wanted);
    error MandateVoid(bytes32 mandate);
    error NotAsked(address caller);
    error FundingMalformed(uint256 length);
    error AllowanceShort(address token, address from, uint256 allowance, uint256 wanted);
    error NonceUsed(address party, uint256 nonce);
    error LockedTooLarge(uint256 locked);
    error BalanceTooLarge(address token, address party, uint256 balance);
    error GasShort(uint256 available, uint256 wanted);
    error AmountZero();
    error RecipientZero();
    error RecipientEscrow();
    error TransferFailed(address token, address to, uint256 amount);
    error Reentrant();
    error NotTheEscrow(address here);
}
