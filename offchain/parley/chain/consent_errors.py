"""Custom errors of the escrow about mandates and about payments that a party signs, and what to do."""

from __future__ import annotations

from parley.chain.contract_error import ContractError

_ASK = "Ask the principal for a mandate that covers this, or have it sign itself."


class MandateMalformed(
    ContractError,
    signature="MandateMalformed(uint256 length)",
    advice="Send the kind byte 0x01, the mandate in 13 words, two bytes of length and both signatures.",
):
    """The bytes of a mandate signature are too few."""


class MandateOfAnother(
    ContractError, signature="MandateOfAnother(address principal,address party)", advice=_ASK
):
    """The mandate was granted by somebody who is not that side of the deal."""


class MandateRole(ContractError, signature="MandateRole(uint8 granted,uint8 wanted)", advice=_ASK):
    """The mandate is for the other side of deals (1 buys, 2 sells)."""


class MandateAction(ContractError, signature="MandateAction(uint8 granted,uint8 wanted)", advice=_ASK):
    """The mandate lacks a bit that the act needs."""


class MandateTime(
    ContractError,
    signature="MandateTime(uint256 validFrom,uint256 validUntil,uint256 nowAt)",
    advice="Wait until the mandate begins, or ask the principal for a new one.",
):
    """The mandate does not hold yet, or no longer."""


class MandateToken(ContractError, signature="MandateToken(address granted,address token)", advice=_ASK):
    """The deal is in another token than the mandate names."""


class MandateCounterparty(
    ContractError, signature="MandateCounterparty(address granted,address counterparty)", advice=_ASK
):
    """The mandate is for deals with another party."""


class MandateArbiter(ContractError, signature="MandateArbiter(address granted,address arbiter)", advice=_ASK):
    """The mandate is for deals under another arbiter."""


class MandateAgent(
    ContractError,
    signature="MandateAgent(address agent)",
    advice="Have another key sign: an agent speaks for one side and is no party or arbiter of the deal.",
):
    """The agent is the other party, the arbiter, or signs for both sides."""


class MandateLimit(ContractError, signature="MandateLimit(uint256 limit,uint256 worth)", advice=_ASK):
    """The deal costs a buyer more, or brings a seller less, than the mandate allows."""


class MandateBudget(
    ContractError,
    signature="MandateBudget(bytes32 mandate,uint256 left,uint256 wanted)",
    advice="Ask the principal for a new mandate: a budget that was used is not restored.",
):
    """The budget of the mandate does not hold this."""


class MandateVoid(ContractError, signature="MandateVoid(bytes32 mandate)", advice=_ASK):
    """The mandate was revoked."""


class NotAsked(
    ContractError,
    signature="NotAsked(address caller)",
    advice="Leave this call to the escrow: it uses a mandate inside the call that needs it.",
):
    """Somebody else than the escrow's other half tried to use a mandate."""


class FundingMalformed(
    ContractError,
    signature="FundingMalformed(uint256 length)",
    advice="Send 129 bytes for a permit, and a nonce of 32 bytes before the signature for Permit2.",
):
    """The signature that funds one side has the wrong length."""


class AllowanceShort(
    ContractError,
    signature="AllowanceShort(address token,address from,uint256 allowance,uint256 wanted)",
    advice="Sign a permit for at least the amount that is due, or approve it; the token may know no permits.",
):
    """After the permit the allowance is still too low."""
