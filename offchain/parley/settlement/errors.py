"""Errors of settlement. Rules of the contract are `DealInvalid` (seen offline) or `ContractError` (seen by
simulation).
"""

from __future__ import annotations

from parley.errors import ParleyError


class SettlementError(ParleyError):
    """Base of settlement's errors."""

    code = "settlement"
    next_action = "Read the deal and its next actions."


class DealUnknown(SettlementError):
    """No deal was submitted here under this id."""

    code = "settlement.deal-unknown"
    next_action = "Submit the deal with both signatures, or check the deal id."
    status = 404


class SignatureMissing(SettlementError):
    """A party's consent is missing."""

    code = "settlement.signature-missing"
    next_action = (
        "Send the party's signature with the kind byte 0x00, or for a deal its payment authorisation."
    )
    status = 422


class SignatureRefused(SettlementError):
    """A signature is malformed, or not by the account that must sign."""

    code = "settlement.signature-refused"
    next_action = "Have the account named sign exactly this, for this chain and escrow."
    status = 422


class ActionMisdirected(SettlementError):
    """The action is about another deal, or by someone who has no part in it."""

    code = "settlement.action-misdirected"
    next_action = "Sign the action for this deal's id, by the party whose action it is."
    status = 422


class ActionUnsupported(SettlementError):
    """The document is no action that this version submits for a deal."""

    code = "settlement.action-unsupported"
    next_action = "Use one of the deal's next actions."
    status = 422


class MandateUncovered(SettlementError):
    """An agent's mandate does not cover what it signed. `values.problems` are the names of the contract's
    errors that speak against it.
    """

    code = "settlement.mandate-uncovered"
    next_action = "Ask the principal for a mandate that covers this, or have it sign itself."
    status = 422


class ReplacedUnknown(SettlementError):
    """The deal that an amendment replaces is not known here, or is another one than the amendment names."""

    code = "settlement.replaced-unknown"
    next_action = "Send the deal that is replaced beside the amendment that names its id."
    status = 422


class DealNotAlone(SettlementError):
    """Linked deals, and amendments, do not open as single deals."""

    code = "settlement.deal-not-alone"
    next_action = "Submit linked deals together, in the order of their bundle; an amendment at its deal."
    status = 422


class FundingMissing(SettlementError):
    """An account cannot pay its side of the deal, counting what is already promised to deals on their way."""

    code = "settlement.funding-missing"
    next_action = (
        "Fund the account, or raise its allowance to the escrow, by what is missing; then submit again."
    )
    retryable = True
    status = 409


class AuthorizationUnsupported(SettlementError):
    """The token has no payment authorisations (EIP-3009)."""

    code = "settlement.authorization-unsupported"
    next_action = "Approve the escrow for the amount and submit without an authorisation."
    status = 422


class EpochStale(SettlementError):
    """A party has moved to another epoch since it signed, or the deal names one to come."""

    code = "settlement.epoch-stale"
    next_action = "Agree again with the party's current epoch, shown in the values."
    status = 409


class TokenMissing(SettlementError):
    """There is no contract at the token's address."""

    code = "settlement.token-missing"
    next_action = "Name a token that is deployed on this chain."
    status = 422


class EvidenceUnavailable(SettlementError):
    """No evidence contract is configured here."""

    code = "settlement.evidence-unavailable"
    next_action = "Submit it to the evidence contract yourself, or through a gateway that names one."
    status = 422


class DealNotOpen(SettlementError):
    """The deal is not on the chain yet."""

    code = "settlement.deal-not-open"
    next_action = "Wait until the deal is open, then submit the action again."
    retryable = True
    status = 409
