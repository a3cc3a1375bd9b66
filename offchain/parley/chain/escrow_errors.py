"""Every custom error of the escrow (IEscrow.sol), and what to do about it."""

from __future__ import annotations

from parley.chain.contract_error import ContractError

_NEW_DEAL = "The signed deal can never open: derive a correct one from the agreement and sign that."
_SIGN_AGAIN = "Sign the action again for the deal's present state and submit that."


class PriceZero(ContractError, signature="PriceZero()", advice=_NEW_DEAL):
    """The price is zero."""


class TokenWithoutCode(
    ContractError,
    signature="TokenWithoutCode(address token)",
    advice="Name a token that is deployed on this chain; check the chain id and the token's address.",
):
    """There is no contract at the token's address."""


class PartyZero(ContractError, signature="PartyZero(address buyer,address seller)", advice=_NEW_DEAL):
    """Buyer or seller is the zero address."""


class PartiesNotDistinct(
    ContractError,
    signature="PartiesNotDistinct(address buyer,address seller,address arbiter)",
    advice=_NEW_DEAL,
):
    """Buyer, seller and arbiter are not three different accounts."""


class MilestoneCount(
    ContractError, signature="MilestoneCount(uint256 count,uint256 maximum)", advice=_NEW_DEAL
):
    """A deal has 1 to 16 milestones."""


class MilestoneAmountZero(ContractError, signature="MilestoneAmountZero(uint256 index)", advice=_NEW_DEAL):
    """A milestone pays nothing."""


class MilestonesSum(ContractError, signature="MilestonesSum(uint256 sum,uint256 price)", advice=_NEW_DEAL):
    """The milestones do not sum to the price."""


class MilestoneOrder(
    ContractError,
    signature="MilestoneOrder(uint256 index,uint256 deliverBy,uint256 earliest)",
    advice=_NEW_DEAL,
):
    """A milestone is due before the one before it could be reviewed."""


class DeadlineBeforeOpening(
    ContractError,
    signature="DeadlineBeforeOpening(uint256 deliverBy,uint256 openBy)",
    advice="Agree on a first delivery later than the last second of opening and sign a new deal.",
):
    """The first delivery could be overdue before the deal is open."""


class WindowOutOfRange(
    ContractError, signature="WindowOutOfRange(uint256 window,uint256 maximum)", advice=_NEW_DEAL
):
    """A window is not between 1 second and 365 days."""


class BpsOutOfRange(ContractError, signature="BpsOutOfRange(uint256 bps)", advice=_SIGN_AGAIN):
    """A share is above 10 000 bps."""


class BondBelowFees(ContractError, signature="BondBelowFees(uint256 bond,uint256 fees)", advice=_NEW_DEAL):
    """The seller's bond does not cover the arbiter's fees."""


class FeeWithoutArbiter(ContractError, signature="FeeWithoutArbiter(uint256 arbiterFee)", advice=_NEW_DEAL):
    """An arbiter's fee without an arbiter."""


class PayoutUnknown(ContractError, signature="PayoutUnknown(uint8 payout)", advice=_NEW_DEAL):
    """The payout has unknown bits."""


class LockedTooLarge(ContractError, signature="LockedTooLarge(uint256 locked)", advice=_NEW_DEAL):
    """The deal would lock more than 2^128 - 1 base units."""


class OpenByPassed(
    ContractError,
    signature="OpenByPassed(uint256 openBy,uint256 nowAt)",
    advice="The time to open has passed: sign the deal again with a later open-by, the seller first.",
):
    """The time to open has passed."""


class EpochStale(
    ContractError,
    signature="EpochStale(address party,uint256 signed,uint256 current)",
    advice="The party has revoked what it signed before: agree again with the current epoch.",
):
    """The deal was signed for an older epoch of a party."""


class LinkedDealAlone(
    ContractError,
    signature="LinkedDealAlone(bytes32 bundle)",
    advice="A linked deal opens only together with its bundle: submit all its deals in one call.",
):
    """A linked deal was submitted alone."""


class AmendmentNotHere(
    ContractError,
    signature="AmendmentNotHere(bytes32 amends)",
    advice="Submit an amendment through the call that amends, not as a new deal.",
):
    """An amendment does not open as a new deal."""


class AmendmentMismatch(
    ContractError,
    signature="AmendmentMismatch(bytes32 dealId,uint8 milestone,uint128 locked)",
    advice="Agree on an amendment of the deal as it is now: its milestone and what it has locked are shown.",
):
    """The amendment names another deal, or another state of it."""


class AmendmentParties(
    ContractError,
    signature="AmendmentParties(address buyer,address seller,address token)",
    advice="Keep buyer, seller and token; for anything else close the deal by a split and open a new one.",
):
    """An amendment has other parties or another token than the deal it replaces."""


class SignatureInvalid(
    ContractError,
    signature="SignatureInvalid(address signer,bytes32 digest)",
    advice="Check that this signer signed exactly this, for this chain and escrow, then sign again.",
):
    """A signature is not the signer's over this digest."""


class SignatureKindUnknown(
    ContractError,
    signature="SignatureKindUnknown(uint8 kind)",
    advice="Put the kind byte 0x00 before an account's signature; some acts no agent may sign (kind 0x01).",
):
    """The kind byte of a signature is unknown, or not taken here."""


class ActionExpired(
    ContractError,
    signature="ActionExpired(uint256 validUntil,uint256 nowAt)",
    advice="Sign the action again with a later valid_until.",
):
    """The signed action has expired."""


class AuthorizationInvalid(
    ContractError,
    signature="AuthorizationInvalid(address from,bytes32 digest)",
    advice="Sign the payment authorisation again: nonce is the deal id, valid_before is open_by + 1.",
):
    """The payment authorisation is not signed by the account it pays from."""


class FundingShort(
    ContractError,
    signature="FundingShort(address token,address from,uint256 expected,uint256 received)",
    advice="The token kept a fee of the transfer: such tokens are not supported, agree on another one.",
):
    """Less arrived in the escrow than was transferred."""


class FundingRefused(
    ContractError,
    signature="FundingRefused(address token,address from,uint256 amount)",
    advice="Have this account hold the amount and allow the escrow to take it, then submit again.",
    retryable=True,
):
    """The token refused to pay the escrow."""


class BalanceShort(
    ContractError,
    signature="BalanceShort(address token,address party,uint256 available,uint256 wanted)",
    advice="Deposit the missing amount into the party's internal balance, then submit again.",
    retryable=True,
):
    """The internal balance is too small."""


class BalanceTooLarge(
    ContractError,
    signature="BalanceTooLarge(address token,address party,uint256 balance)",
    advice="Withdraw from the party's internal balance first, then submit again.",
    retryable=True,
):
    """The internal balance would exceed 2^128 - 1 base units."""


class WrongStatus(
    ContractError,
    signature="WrongStatus(bytes32 dealId,uint8 actual)",
    advice="Read the deal again: in its present status this call is not possible.",
):
    """The deal's status does not allow this call."""


class NotParty(
    ContractError,
    signature="NotParty(address caller)",
    advice="Only a party of the deal may do this; check the account that signs.",
):
    """The account is not a party of the deal."""


class DeliveryLimit(
    ContractError,
    signature="DeliveryLimit(uint256 limit)",
    advice="The milestone was delivered as often as allowed: dispute the rejection, or agree on a split.",
):
    """The milestone was delivered as often as it may be."""


class DeliveryMismatch(
    ContractError, signature="DeliveryMismatch(uint256 signed,uint256 current)", advice=_SIGN_AGAIN
):
    """The action names another delivery than the current one."""


class MilestoneMismatch(
    ContractError, signature="MilestoneMismatch(uint256 signed,uint256 current)", advice=_SIGN_AGAIN
):
    """The action names another milestone than the current one."""


class TooEarly(
    ContractError,
    signature="TooEarly(uint256 from,uint256 nowAt)",
    advice="Wait until the time shown, then submit again.",
    retryable=True,
):
    """The window is still open; the call is possible later."""


class TooLate(
    ContractError,
    signature="TooLate(uint256 until,uint256 nowAt)",
    advice="The time for this call has passed; read the deal's next actions.",
):
    """The time for this call has passed."""


class NoArbiter(
    ContractError,
    signature="NoArbiter()",
    advice="The deal names no arbiter: close the rejection, or agree on a split.",
):
    """The deal names no arbiter."""


class SplitMismatch(
    ContractError,
    signature="SplitMismatch(uint8 milestone,uint8 status,uint128 locked)",
    advice="The deal has moved since the split was signed: agree on a split for the state shown.",
):
    """The split was signed for another state of the deal."""


class SplitSum(
    ContractError,
    signature="SplitSum(uint256 sum,uint256 locked)",
    advice="Sign a split whose amounts sum to what is locked.",
):
    """The amounts of the split do not sum to what is locked."""


class SplitSpent(
    ContractError,
    signature="SplitSpent(bytes32 split)",
    advice="The split was revoked or used: agree on a new one with another nonce.",
):
    """The split was revoked or used."""


class NonceUsed(
    ContractError,
    signature="NonceUsed(address party,uint256 nonce)",
    advice="The withdrawal was made already; sign another one with a new nonce if one more is meant.",
):
    """The nonce of a signed withdrawal was used."""


class GasShort(
    ContractError,
    signature="GasShort(uint256 available,uint256 wanted)",
    advice="Send the transaction again with a higher gas limit.",
    retryable=True,
):
    """The call brought less gas than a payout may need."""


class NotTheEscrow(
    ContractError,
    signature="NotTheEscrow(address here)",
    advice="Call the escrow itself: the address shown holds a half of its code and nothing else.",
):
    """The other half of the escrow's code was called by itself."""


class AmountZero(ContractError, signature="AmountZero()", advice="Give an amount above zero."):
    """The amount is zero."""


class RecipientZero(ContractError, signature="RecipientZero()", advice="Name an account to receive it."):
    """The recipient is the zero address."""


class RecipientEscrow(
    ContractError,
    signature="RecipientEscrow()",
    advice="Name another account than the escrow: what it is sent belongs to nobody.",
):
    """The recipient is the escrow itself."""


class TransferFailed(
    ContractError,
    signature="TransferFailed(address token,address to,uint256 amount)",
    advice="The token refuses this recipient: withdraw to another address.",
):
    """The token refused the transfer out."""


class Reentrant(
    ContractError,
    signature="Reentrant()",
    advice="The token or wallet calls back into the escrow: agree on another token.",
):
    """A call came back into the escrow before it was done."""
