"""Custom errors of tabs, evidence, panels and the lens, and what to do about each."""

from __future__ import annotations

from parley.chain.contract_error import ContractError

_SIGN_AGAIN = "Sign again for the present state shown and submit that."
_REPORT = "This cannot come from a call that Parley builds: report it with the values."


class TabWrongStatus(
    ContractError,
    signature="TabWrongStatus(bytes32 tab,uint8 actual)",
    advice="Read the tab's state: a closed tab never opens again; open another with a new nonce.",
):
    """The tab is not in a state that allows this."""


class TabExpired(
    ContractError,
    signature="TabExpired(uint256 expiresAt,uint256 nowAt)",
    advice="Open a tab that expires later; what is left in this one may be released.",
):
    """The tab has expired."""


class DepositMismatch(
    ContractError, signature="DepositMismatch(uint256 signed,uint256 current)", advice=_SIGN_AGAIN
):
    """The top-up was signed for another deposit."""


class DepositTooLarge(
    ContractError,
    signature="DepositTooLarge(uint256 deposit,uint256 maximum)",
    advice="Lock less, or open several tabs.",
):
    """The deposit is larger than a tab can hold."""


class VoucherSpent(
    ContractError,
    signature="VoucherSpent(uint256 cumulative,uint256 redeemed)",
    advice="Redeem the highest voucher: this one adds nothing to what was redeemed.",
):
    """The voucher was redeemed already, or a higher one was."""


class VoucherAboveDeposit(
    ContractError,
    signature="VoucherAboveDeposit(uint256 cumulative,uint256 deposit)",
    advice="Redeem a voucher inside the deposit, or have the buyer top the tab up first.",
):
    """The voucher is for more than the deposit."""


class OnlySelf(ContractError, signature="OnlySelf(address caller)", advice=_REPORT):
    """Only the contract itself may call this."""


class Undone(ContractError, signature="Undone()", advice=_REPORT):
    """An attempt that went through was undone."""


class DealNotOpened(
    ContractError,
    signature="DealNotOpened(bytes32 dealId,uint8 actual)",
    advice="Prove messages of deals that were opened: only those have a transcript both sides signed.",
):
    """The deal was never opened."""


class DealNotLive(
    ContractError,
    signature="DealNotLive(bytes32 dealId,uint8 actual)",
    advice="Evidence is for deals that are open and not closed yet.",
):
    """The deal is not live."""


class OutsideTranscript(
    ContractError,
    signature="OutsideTranscript(uint256 sequence,uint256 length)",
    advice="Prove a message with a sequence below the transcript's length.",
):
    """The message is later than the transcript."""


class ProofInvalid(
    ContractError,
    signature="ProofInvalid(bytes32 root,bytes32 messageHash)",
    advice="Take the proof from the transcript of this deal, for this message.",
):
    """The message does not stand in the deal's transcript."""


class MessageSignatureInvalid(
    ContractError,
    signature="MessageSignatureInvalid(address sender,bytes32 messageHash)",
    advice="Give the sender's own signature over this message on this chain.",
):
    """The message is not signed by its sender."""


class MessagesEqual(
    ContractError,
    signature="MessagesEqual(bytes32 messageHash)",
    advice="One message twice proves nothing: give two that differ.",
):
    """Both messages are the same."""


class MessagesNotComparable(
    ContractError,
    signature="MessagesNotComparable(bytes32 first,bytes32 second)",
    advice="Give two messages of one sender for one sequence of one negotiation.",
):
    """The messages are not for the same step."""


class EquivocationKnown(
    ContractError,
    signature="EquivocationKnown(address principal,bytes32 negotiation)",
    advice="It is on record: read the conviction instead.",
):
    """The principal is convicted already."""


class EvidenceEmpty(ContractError, signature="EvidenceEmpty()", advice="Give a link or a statement."):
    """The evidence is empty."""


class EvidenceKnown(
    ContractError,
    signature="EvidenceKnown(bytes32 digest)",
    advice="It is on record: a signed submission counts once.",
):
    """The submission was made already."""


class AnchorNotGrowing(
    ContractError,
    signature="AnchorNotGrowing(address anchorer,uint256 size,uint256 current)",
    advice="Anchor a larger log: its size only ever grows.",
):
    """The log is not larger than the one anchored before."""


class NotAPanel(
    ContractError,
    signature="NotAPanel()",
    advice="Call a panel, or create one from the contract that makes them.",
):
    """This contract is no panel, or a panel that makes none."""


class MembersCount(
    ContractError,
    signature="MembersCount(uint256 count,uint256 maximum)",
    advice="Name at least one member and at most as many as shown.",
):
    """Too few or too many members."""


class MembersNotAscending(
    ContractError,
    signature="MembersNotAscending(uint256 index,address member)",
    advice="Name different members in ascending order of their addresses, none of them zero.",
):
    """The members are not in ascending order."""


class ThresholdNotMajority(
    ContractError,
    signature="ThresholdNotMajority(uint256 threshold,uint256 members)",
    advice="Take a threshold above half of the members and at most all of them.",
):
    """The threshold is no majority."""


class NotArbiterOf(
    ContractError,
    signature="NotArbiterOf(bytes32 dealId,address arbiter)",
    advice="Hand the votes to the arbiter that the deal names.",
):
    """The panel is not the deal's arbiter."""


class VotesShort(
    ContractError,
    signature="VotesShort(uint256 votes,uint256 threshold)",
    advice="Gather votes of more members.",
    retryable=True,
):
    """There are fewer votes than a ruling takes."""


class VoteForeign(
    ContractError,
    signature="VoteForeign(address member)",
    advice="Leave the vote out: its signer is no member, or not the same one.",
):
    """The vote is not of a member."""


class VoteRepeated(
    ContractError,
    signature="VoteRepeated(address member)",
    advice="Hand in one vote of each member.",
):
    """A member's vote is there twice."""


class VotesNotAscending(
    ContractError,
    signature="VotesNotAscending(address member)",
    advice="Hand the votes in by ascending address of their members.",
):
    """The votes are not in the members' order."""


class VoteLate(
    ContractError,
    signature="VoteLate(address member,uint256 validUntil,uint256 nowAt)",
    advice="Have the member sign its vote again, or leave it out.",
):
    """The vote is no longer valid."""


class VotesAgree(
    ContractError,
    signature="VotesAgree(address member)",
    advice="Strike a member for two votes with different shares or rationales only.",
):
    """Both votes say the same."""


class VoterStruck(
    ContractError,
    signature="VoterStruck(bytes32 dealId,address member)",
    advice="Leave the vote out: its member contradicted itself in this dispute.",
):
    """The member was struck from this dispute."""


class FeeAboveShare(
    ContractError,
    signature="FeeAboveShare(address member,uint256 fee,uint256 share)",
    advice="Have the member sign a fee within its share, or leave the vote out.",
):
    """The member's fee is above its share."""


class NothingToShare(
    ContractError,
    signature="NothingToShare(address token)",
    advice="There is nothing to divide among the members in this token.",
):
    """Nothing was credited to the panel outside a ruling."""


class CloneArgumentsTooLong(ContractError, signature="CloneArgumentsTooLong()", advice=_REPORT):
    """The panel's members do not fit its code."""


class Create2EmptyBytecode(ContractError, signature="Create2EmptyBytecode()", advice=_REPORT):
    """There is no code to create."""


class FailedDeployment(ContractError, signature="FailedDeployment()", advice=_REPORT):
    """The panel could not be created."""


class InsufficientBalance(
    ContractError, signature="InsufficientBalance(uint256 balance,uint256 needed)", advice=_REPORT
):
    """The contract has too little ether for this."""
