# ruff: noqa: E501 - a type string is one literal, to be compared by eye
"""The literal EIP-712 type strings of version 1, the one place where Python holds them.

A test compares them with docs/spec.md, with the structs of IEscrow.sol and with the type hashes of the
contract.
"""

from __future__ import annotations

from typing import Final

MILESTONE: Final = "Milestone(uint128 amount,uint40 deliverBy)"
DEAL: Final = "Deal(address buyer,address seller,address arbiter,address relayer,address token,uint128 price,uint128 sellerBond,uint128 arbiterFee,uint128 relayFee,uint40 openBy,uint40 cancelBy,uint32 reviewWindow,uint32 disputeWindow,uint32 rulingWindow,uint16 rejectedSellerBps,uint16 lapsedSellerBps,uint16 walkAwayBps,uint8 payout,Milestone[] milestones,bytes32 termsHash,bytes32 transcriptRoot,uint32 transcriptLength,bytes32 bundle,bytes32 amends,uint8 amendsMilestone,uint128 amendsLocked,uint64 buyerEpoch,uint64 sellerEpoch,uint256 nonce)Milestone(uint128 amount,uint40 deliverBy)"
CANCELLATION: Final = "Cancellation(bytes32 dealId,address party,uint128 fee,uint40 validUntil)"
EPOCH: Final = "Epoch(address party,uint64 epoch,uint40 validUntil)"
DELIVERY: Final = "Delivery(bytes32 dealId,uint8 milestone,uint8 delivery,bytes32 deliverable,uint128 fee,uint40 validUntil)"
RECEIPT: Final = "Receipt(bytes32 dealId,uint8 milestone,bytes32 deliverable,uint128 fee,uint40 validUntil)"
REJECTION: Final = (
    "Rejection(bytes32 dealId,uint8 milestone,uint8 delivery,bytes32 reason,uint128 fee,uint40 validUntil)"
)
DISPUTE: Final = (
    "Dispute(bytes32 dealId,address party,uint8 milestone,bytes32 evidence,uint128 fee,uint40 validUntil)"
)
RULING: Final = (
    "Ruling(bytes32 dealId,uint8 milestone,uint16 sellerBps,bytes32 rationale,uint128 fee,uint40 validUntil)"
)
REFUND: Final = "Refund(bytes32 dealId,address party,uint8 milestone,uint128 fee,uint40 validUntil)"
SPLIT: Final = "Split(bytes32 dealId,uint8 milestone,uint8 status,uint128 locked,uint128 toSeller,uint128 toBuyer,uint128 toArbiter,uint256 nonce,uint128 fee,uint40 validUntil)"
SPLIT_REVOCATION: Final = "SplitRevocation(bytes32 split,address party,uint40 validUntil)"
WITHDRAWAL: Final = "Withdrawal(address party,address token,address to,uint128 amount,uint128 fee,uint256 nonce,uint40 validUntil)"
MANDATE: Final = "Mandate(address principal,address agent,uint8 role,address token,uint128 dealLimit,uint128 budget,uint40 validFrom,uint40 validUntil,uint8 actions,address counterparty,address arbiter,uint64 epoch,uint256 nonce)"
MANDATE_REVOCATION: Final = (
    "MandateRevocation(bytes32 mandate,address principal,uint128 fee,uint40 validUntil)"
)

TAB: Final = "Tab(address buyer,address seller,address token,uint256 terms)"
VOUCHER: Final = "Voucher(bytes32 tab,uint128 cumulative)"
TAB_FUNDING: Final = "TabFunding(bytes32 tab,uint128 deposited,uint128 amount,uint128 fee,uint40 validUntil)"
REDEMPTION: Final = "Redemption(bytes32 tab,uint128 cumulative,uint128 fee,uint40 validUntil)"
TAB_CLOSING: Final = "TabClosing(bytes32 tab,uint128 fee,uint40 validUntil)"
TAB_END: Final = "TabEnd(bytes32 tab,uint128 cumulative,uint128 fee,uint40 validUntil)"
VOTE: Final = "Vote(address member,bytes32 dealId,uint8 milestone,uint16 sellerBps,bytes32 rationale,uint128 fee,uint40 validUntil)"
EVIDENCE_SUBMISSION: Final = (
    "EvidenceSubmission(bytes32 dealId,address party,string evidence,bytes32 contentHash,uint40 validUntil)"
)
ANCHOR: Final = "Anchor(address anchorer,uint64 size,bytes32 root,uint40 validUntil)"

MESSAGE: Final = "Message(bytes32 negotiation,uint32 sequence,bytes32 previous,address sender,uint8 performative,bytes32 payload,uint64 sentAt,uint64 expiresAt)"
MESSAGE_RECEIPT: Final = (
    "MessageReceipt(bytes32 negotiation,bytes32 message,uint64 receivedAt,uint64 logIndex)"
)
APPROVAL: Final = "Approval(bytes32 negotiation,bytes32 termsHash,address agent,address reviewer,bool granted,bytes32 reason,uint64 decidedAt,uint64 expiresAt)"
STATEMENT: Final = "Statement(address author,bytes32 document,uint64 signedAt)"
CHALLENGE: Final = "Challenge(address agent,string audience,bytes32 nonce,uint64 issuedAt,uint64 expiresAt)"

# Third-party types, used as they are.
RECEIVE_WITH_AUTHORIZATION: Final = "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
PERMIT: Final = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
PERMIT_WITNESS_TRANSFER_FROM: Final = "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Deal witness)Deal(address buyer,address seller,address arbiter,address relayer,address token,uint128 price,uint128 sellerBond,uint128 arbiterFee,uint128 relayFee,uint40 openBy,uint40 cancelBy,uint32 reviewWindow,uint32 disputeWindow,uint32 rulingWindow,uint16 rejectedSellerBps,uint16 lapsedSellerBps,uint16 walkAwayBps,uint8 payout,Milestone[] milestones,bytes32 termsHash,bytes32 transcriptRoot,uint32 transcriptLength,bytes32 bundle,bytes32 amends,uint8 amendsMilestone,uint128 amendsLocked,uint64 buyerEpoch,uint64 sellerEpoch,uint256 nonce)Milestone(uint128 amount,uint40 deliverBy)TokenPermissions(address token,uint256 amount)"
AGENT_WALLET_SET: Final = "AgentWalletSet(uint256 agentId,address newWallet,address owner,uint256 deadline)"

DOMAIN_WITH_CONTRACT: Final = (
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
DOMAIN_WITHOUT_CONTRACT: Final = "EIP712Domain(string name,string version,uint256 chainId)"
DOMAIN_WITHOUT_VERSION: Final = "EIP712Domain(string name,uint256 chainId,address verifyingContract)"

ESCROW_NAME: Final = "Parley Escrow"
MESSAGE_NAME: Final = "Parley Message"
GATEWAY_NAME: Final = "Parley Gateway"
REGISTRY_NAME: Final = "ERC8004IdentityRegistry"
TABS_NAME: Final = "Parley Tabs"
PANEL_NAME: Final = "Parley Panel"
EVIDENCE_NAME: Final = "Parley Evidence"
PERMIT2_NAME: Final = "Permit2"
DOMAIN_VERSION: Final = "1"
