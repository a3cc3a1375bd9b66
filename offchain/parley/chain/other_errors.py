"""Custom errors of the payment token, the agent registry and the OpenZeppelin contracts under them."""

from __future__ import annotations

from parley.chain.contract_error import ContractError

_SIGN = "Sign again with the key of the account named and submit that."
_REPORT = "This cannot come from a call that Parley builds: report it with the values."


class MintLimit(
    ContractError,
    signature="MintLimit(uint256 amount,uint256 maximum)",
    advice="Mint in several smaller calls.",
):
    """One call mints at most the amount shown."""


class SupplyLimit(
    ContractError,
    signature="SupplyLimit(uint256 supply,uint256 maximum)",
    advice="Deploy another token for local use: this one has reached its largest supply.",
):
    """The token's supply would exceed its limit."""


class AuthorizationNotYetValid(
    ContractError,
    signature="AuthorizationNotYetValid(uint256 validAfter,uint256 nowAt)",
    advice="Wait until the time shown, then submit again.",
    retryable=True,
):
    """The payment authorisation is not valid yet."""


class AuthorizationExpired(
    ContractError,
    signature="AuthorizationExpired(uint256 validBefore,uint256 nowAt)",
    advice="Sign a payment authorisation that is valid longer.",
):
    """The payment authorisation has expired."""


class AuthorizationSpent(
    ContractError,
    signature="AuthorizationSpent(address authorizer,bytes32 nonce)",
    advice="It was used or cancelled: check whether the deal is open already; otherwise sign anew.",
):
    """The payment authorisation was used or cancelled."""


class AuthorizationSignatureInvalid(
    ContractError,
    signature="AuthorizationSignatureInvalid(address authorizer,bytes32 digest)",
    advice=_SIGN,
):
    """The payment authorisation is not signed by its account."""


class CallerNotPayee(
    ContractError,
    signature="CallerNotPayee(address caller,address payee)",
    advice="Only the payee may submit this authorisation: let the escrow take it.",
):
    """Only the payee may submit this authorisation."""


class ECDSAInvalidSignature(ContractError, signature="ECDSAInvalidSignature()", advice=_SIGN):
    """The signature cannot be recovered."""


class ECDSAInvalidSignatureLength(
    ContractError, signature="ECDSAInvalidSignatureLength(uint256 length)", advice=_SIGN
):
    """The signature has a wrong length."""


class ECDSAInvalidSignatureS(ContractError, signature="ECDSAInvalidSignatureS(bytes32 s)", advice=_SIGN):
    """The signature is the high-s twin of a valid one."""


class ERC20InsufficientAllowance(
    ContractError,
    signature="ERC20InsufficientAllowance(address spender,uint256 allowance,uint256 needed)",
    advice="Approve the spender for the amount needed, then submit again.",
    retryable=True,
):
    """The allowance is too small."""


class ERC20InsufficientBalance(
    ContractError,
    signature="ERC20InsufficientBalance(address sender,uint256 balance,uint256 needed)",
    advice="Fund the account with the amount needed, then submit again.",
    retryable=True,
):
    """The token balance is too small."""


class ERC20InvalidApprover(ContractError, signature="ERC20InvalidApprover(address approver)", advice=_REPORT):
    """The zero address cannot approve."""


class ERC20InvalidReceiver(
    ContractError, signature="ERC20InvalidReceiver(address receiver)", advice="Name another recipient."
):
    """This account cannot receive the token."""


class ERC20InvalidSender(ContractError, signature="ERC20InvalidSender(address sender)", advice=_REPORT):
    """This account cannot send the token."""


class ERC20InvalidSpender(
    ContractError, signature="ERC20InvalidSpender(address spender)", advice="Name another spender."
):
    """This account cannot be a spender."""


class ERC2612ExpiredSignature(
    ContractError,
    signature="ERC2612ExpiredSignature(uint256 deadline)",
    advice="Sign a permit with a later deadline.",
):
    """The permit has expired."""


class ERC2612InvalidSigner(
    ContractError, signature="ERC2612InvalidSigner(address signer,address owner)", advice=_SIGN
):
    """The permit is not signed by the owner."""


class InvalidAccountNonce(
    ContractError,
    signature="InvalidAccountNonce(address account,uint256 currentNonce)",
    advice="Sign again with the nonce shown.",
):
    """The permit was signed for another nonce."""


class InvalidShortString(ContractError, signature="InvalidShortString()", advice=_REPORT):
    """A stored short text is malformed."""


class StringTooLong(ContractError, signature="StringTooLong(string str)", advice="Use a shorter text."):
    """A text is longer than 31 bytes."""


class NotAgentOperator(
    ContractError,
    signature="NotAgentOperator(uint256 agentId,address caller)",
    advice="Only the owner of the agent, or an account it approved, may do this.",
):
    """The account may not act for this agent."""


class MetadataKeyReserved(
    ContractError,
    signature="MetadataKeyReserved(string metadataKey)",
    advice="Set the agent's wallet by its own call with a proof, or choose another key.",
):
    """The metadata key is reserved."""


class AgentWalletZero(
    ContractError, signature="AgentWalletZero(uint256 agentId)", advice="Unset the wallet by its own call."
):
    """The agent's wallet cannot be the zero address."""


class WalletProofExpired(
    ContractError,
    signature="WalletProofExpired(uint256 deadline,uint256 nowAt)",
    advice="Have the wallet sign a new proof with a deadline within five minutes.",
):
    """The wallet's proof has expired."""


class WalletProofTooLong(
    ContractError,
    signature="WalletProofTooLong(uint256 deadline,uint256 latest)",
    advice="Have the wallet sign a proof with a deadline no later than the one shown.",
):
    """The wallet's proof is valid for too long."""


class WalletProofInvalid(
    ContractError,
    signature="WalletProofInvalid(address newWallet,bytes32 digest)",
    advice="Have the new wallet itself sign the proof for this agent, owner and registry.",
):
    """The proof is not signed by the new wallet."""


class TooManyCapabilities(
    ContractError,
    signature="TooManyCapabilities(uint256 count,uint256 maximum)",
    advice="Give at most as many capability tags as shown.",
):
    """Too many capability tags."""


class CapabilityLength(
    ContractError,
    signature="CapabilityLength(uint256 index,uint256 length,uint256 maximum)",
    advice="Shorten the tag at this index, or leave it out if it is empty.",
):
    """A capability tag is empty or too long."""


class ERC721IncorrectOwner(
    ContractError,
    signature="ERC721IncorrectOwner(address sender,uint256 tokenId,address owner)",
    advice="Transfer the agent from its present owner.",
):
    """The agent belongs to someone else."""


class ERC721InsufficientApproval(
    ContractError,
    signature="ERC721InsufficientApproval(address operator,uint256 tokenId)",
    advice="Have the owner approve this account first.",
):
    """The account is not approved for this agent."""


class ERC721InvalidApprover(
    ContractError, signature="ERC721InvalidApprover(address approver)", advice=_REPORT
):
    """This account cannot approve."""


class ERC721InvalidOperator(
    ContractError, signature="ERC721InvalidOperator(address operator)", advice="Name another operator."
):
    """This account cannot be an operator."""


class ERC721InvalidOwner(ContractError, signature="ERC721InvalidOwner(address owner)", advice=_REPORT):
    """This account cannot own an agent."""


class ERC721InvalidReceiver(
    ContractError,
    signature="ERC721InvalidReceiver(address receiver)",
    advice="Transfer to an account, or to a contract that accepts ERC-721 tokens.",
):
    """The recipient does not accept ERC-721 tokens."""


class ERC721InvalidSender(ContractError, signature="ERC721InvalidSender(address sender)", advice=_REPORT):
    """This account cannot send an agent."""


class ERC721NonexistentToken(
    ContractError,
    signature="ERC721NonexistentToken(uint256 tokenId)",
    advice="Check the agent's id: none is registered under it.",
):
    """No agent has this id."""
