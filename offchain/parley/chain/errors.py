"""Errors of talking to a chain. What contracts refuse is in `contract_error`."""

from __future__ import annotations

from parley.chain.contract_error import ContractError
from parley.chain.reverts import decode_revert
from parley.errors import ParleyError

__all__ = [
    "AnvilFailed",
    "AnvilMissing",
    "ArtifactMissing",
    "ChainError",
    "ChainHistoryMissing",
    "ContractError",
    "ContractMissing",
    "FeeCapReached",
    "IntentMismatch",
    "NodeAnswerInvalid",
    "NodeRefused",
    "NodeUnreachable",
    "NodeWrongChain",
    "NonceTooLow",
    "SenderUnfunded",
    "TransactionKnown",
    "TransactionUnderpriced",
    "decode_revert",
]


class ChainError(ParleyError):
    """Base of what goes wrong between Parley and a chain."""

    code = "chain"
    next_action = "Check the node's address and that it follows the chain you mean."
    status = 502


class NodeUnreachable(ChainError):
    """The node does not answer, or answers that it cannot now."""

    code = "chain.node-unreachable"
    next_action = "Check that the node runs and its address is right; the request may be repeated."
    retryable = True
    status = 503


class NodeAnswerInvalid(ChainError):
    """The node's answer is malformed or contradicts itself. Nothing of it was used."""

    code = "chain.node-answer-invalid"
    next_action = "Do not trust this node: compare it with another one and change the RPC address."
    retryable = True


class NodeWrongChain(ChainError):
    """The node follows another chain than the one configured."""

    code = "chain.wrong-chain"
    next_action = "Give the address of a node of the expected chain, or correct the configured chain id."
    status = 503


class NodeRefused(ChainError):
    """The node refused a request with an error of its own; the values carry it."""

    code = "chain.node-refused"
    next_action = "Read the node's message; its method or limits may not fit."


class NonceTooLow(NodeRefused):
    """The account has already used this nonce."""

    code = "chain.nonce-too-low"
    next_action = "Look for the transaction that used the nonce; the sender does this by itself."


class TransactionKnown(NodeRefused):
    """The node already has this transaction."""

    code = "chain.transaction-known"
    next_action = "Wait for its receipt."


class TransactionUnderpriced(NodeRefused):
    """The fee is too low, or not enough above the transaction it would replace."""

    code = "chain.underpriced"
    next_action = "Send it again with a higher fee; the sender does this by itself."
    retryable = True


class SenderUnfunded(NodeRefused):
    """The sending account cannot pay for gas."""

    code = "chain.sender-unfunded"
    next_action = "Fund the sending account with the chain's currency; what waits is sent then."
    retryable = True
    status = 503


class FeeCapReached(ChainError):
    """Gas costs more than the configured limit."""

    code = "chain.fee-cap"
    next_action = "Wait for lower fees, or raise the sender's fee limit."
    retryable = True
    status = 503


class GasBudgetReached(ChainError):
    """What may be spent on gas does not hold this transaction. `scope` is deal or day; amounts are wei."""

    code = "chain.gas-budget"
    next_action = "Wait: it is sent when the budget holds it again. An operator can raise the budget."
    retryable = True


class Withdrawn(ChainError):
    """A transaction that could only revert any more was replaced by an empty one."""

    code = "chain.withdrawn"
    next_action = "Read the deal: what the transaction was for happened otherwise, or cannot happen now."


class NodesDisagree(ChainError):
    """The nodes that are asked tell different chains, and no side can be believed. `values.said` is what each
    said of the block.
    """

    code = "chain.nodes-disagree"
    next_action = "Wait until they agree, or take out of the configuration the node that is wrong."
    retryable = True


class CertaintyInvalid(ChainError):
    """The thresholds of confirmations do not read."""

    code = "chain.certainty-invalid"
    next_action = "Write VALUE:BLOCKS or TOKEN/VALUE:BLOCKS in base units, with commas between."


class ContractMissing(ChainError):
    """There is no contract, or another one, at the address."""

    code = "chain.contract-missing"
    next_action = "Check the contract's address and the chain id."


class FactoryMissing(ChainError):
    """The chain has no deterministic deployment proxy."""

    code = "chain.factory-missing"
    next_action = (
        "Put the deterministic deployment proxy on this chain first: its one-time transaction is public, "
        "and needs 0.01 of the chain's coin at the address that signed it."
    )


class DeploymentUnknown(ChainError):
    code = "chain.deployment-unknown"
    next_action = "Name a deployments file that has this chain, or the contracts' addresses themselves."


class DeploymentsInvalid(ChainError):
    code = "chain.deployments-invalid"
    next_action = "Correct the file, or make it anew with parley deploy --out."


class ChainHistoryMissing(ChainError):
    """The node no longer has, or never had, the blocks that are needed."""

    code = "chain.history-missing"
    next_action = "Use a node with the history from the deployment block on."
    status = 503


class IntentMismatch(ChainError):
    """The key of a transaction intent was used before for another call."""

    code = "chain.intent-mismatch"
    next_action = "Use a new key for a different call."
    status = 409


class ArtifactMissing(ChainError):
    """A compiled contract does not ship with this installation."""

    code = "chain.artifact-missing"
    next_action = "Install a complete wheel, or run scripts/export_artifacts in a checkout."
    status = 500


class AnvilMissing(ChainError):
    """Anvil is not installed."""

    code = "chain.anvil-missing"
    next_action = "Run scripts/setup in a checkout, or put anvil on PATH."
    status = 500


class AnvilFailed(ChainError):
    """Anvil did not start, or ended."""

    code = "chain.anvil-failed"
    next_action = "Read Anvil's own output in the values."
    status = 500
