"""Deploying Parley's contracts from the shipped artifacts: no compiler is needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from eth_abi.abi import encode

from parley.chain.artifacts import artifact
from parley.chain.errors import ChainError, ContractMissing
from parley.chain.escrow import EscrowContract
from parley.chain.models import Receipt
from parley.chain.node import NodeClient
from parley.chain.registry import RegistryContract
from parley.chain.token import TokenContract
from parley.chain.transactions import send_now
from parley.terms.eip712 import escrow_domain
from parley.terms.signing import Signer
from parley.terms.values import ZERO_ADDRESS, Address

_MINT_CALL: Final = 1_000_000 * 10**6


@dataclass(frozen=True, slots=True)
class Deployment:
    """Where the contracts are. `block` is the first one that an indexer has to look at."""

    chain_id: int
    escrow: str
    registry: str
    token: str
    block: int

    def as_json(self) -> dict[str, Any]:
        return {
            "chain_id": self.chain_id,
            "escrow": self.escrow,
            "registry": self.registry,
            "token": self.token,
            "block": self.block,
        }


def create_contract(node: NodeClient, signer: Signer, name: str, *arguments: Any) -> Receipt:
    """Deploy one shipped contract with these constructor arguments.

    Raises the node's errors, `ArtifactMissing`, `ChainError`.
    """
    found = artifact(name)
    kinds = next(
        ([item["type"] for item in e["inputs"]] for e in found.abi if e["type"] == "constructor"), []
    )
    receipt = send_now(node, signer, found.bytecode + encode(kinds, list(arguments)))
    if not receipt.ok or receipt.contract is None:
        raise ChainError("A contract could not be deployed.", contract=name, transaction=receipt.transaction)
    return receipt


def deploy_local(node: NodeClient, signer: Signer) -> Deployment:
    """Deploy escrow, registry and a payment token that anyone may mint. For local chains.

    Raises the node's errors, `ArtifactMissing`, `ContractMissing`.
    """
    token = create_contract(node, signer, "PaymentToken", ZERO_ADDRESS, 0)
    registry = create_contract(node, signer, "AgentRegistry")
    escrow = create_contract(node, signer, "Escrow")
    deployment = Deployment(
        chain_id=node.chain_id(),
        escrow=str(escrow.contract),
        registry=str(registry.contract),
        token=str(token.contract),
        block=token.block_number,
    )
    check_deployment(node, deployment.escrow)
    return deployment


def check_deployment(node: NodeClient, escrow: str) -> EscrowContract:
    """The escrow at an address, once it was seen to be one for this chain.

    Raises `NodeWrongChain`, `ContractMissing`, and the node's other errors.
    """
    chain_id = node.chain_id()
    contract = EscrowContract(node, escrow)
    if not node.code(contract.address):
        raise ContractMissing("There is no contract at the escrow's address.", escrow=contract.address)
    expected = "0x" + escrow_domain(chain_id, Address(contract.address)).hex()
    found = contract.domain_separator()
    if found != expected:
        raise ContractMissing(
            "The contract is no escrow of this version.",
            escrow=contract.address,
            expected=expected,
            found=found,
        )
    return contract


def mint(node: NodeClient, signer: Signer, token: str, to: Iterable[str], amount: int) -> None:
    """Mint `amount` base units of the local payment token to each account."""
    contract = TokenContract(node, token)
    for account in to:
        left = amount
        while left > 0:
            send_now(node, signer, contract.mint(account, min(left, _MINT_CALL)))
            left -= _MINT_CALL


def connect(
    node: NodeClient, deployment: Deployment
) -> tuple[EscrowContract, RegistryContract, TokenContract]:
    """Clients of a deployment, checked to be on the node's chain."""
    escrow = check_deployment(node, deployment.escrow)
    return escrow, RegistryContract(node, deployment.registry), TokenContract(node, deployment.token)
