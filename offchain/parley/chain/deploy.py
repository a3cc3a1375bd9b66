"""Deploying Parley's contracts from the shipped artifacts: no compiler is needed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from eth_abi.abi import encode

from parley.chain.artifacts import artifact
from parley.chain.create2 import FACTORY, is_escrow, local_token, plan
from parley.chain.deployments import Deployment
from parley.chain.errors import ChainError, ContractMissing, FactoryMissing
from parley.chain.escrow import Call, EscrowContract
from parley.chain.models import Receipt
from parley.chain.node import NodeClient
from parley.chain.registry import RegistryContract
from parley.chain.token import TokenContract
from parley.chain.transactions import send_now
from parley.terms.eip712 import escrow_domain
from parley.terms.signing import Signer
from parley.terms.values import Address, Hash32

_MINT_CALL: Final = 1_000_000 * 10**6


class LocalDeployment(Deployment):
    """With the payment token that anyone may mint."""

    token: Address


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


def deploy(node: NodeClient, signer: Signer, *, token: bool = False) -> Deployment:
    """Puts every contract where it belongs on this chain, unless it stands there already; `token` adds the
    payment token of local chains. Whoever calls this, and however often, the result is the same.

    Raises the node's errors, `ArtifactMissing`, `FactoryMissing`, `ContractMissing`.
    """
    if not node.code(FACTORY):
        raise FactoryMissing("There is no deployment proxy on this chain.", factory=FACTORY)
    block = node.block_number()
    transactions: dict[str, Hash32] = {}
    wanted = (*plan(), *((local_token(),) if token else ()))
    for contract in wanted:
        if node.code(contract.address):
            continue
        receipt = send_now(node, signer, Call(FACTORY, contract.call, contract.name))
        if not receipt.ok or not node.code(contract.address):
            raise ChainError(
                "A contract could not be deployed.", contract=contract.name, transaction=receipt.transaction
            )
        transactions[contract.name] = Hash32(receipt.transaction)
    addresses = {contract.name: contract.address for contract in wanted}
    check_deployment(node, addresses["Escrow"])
    return Deployment(
        chain_id=node.chain_id(),
        escrow=addresses["Escrow"],
        registry=addresses["AgentRegistry"],
        tabs=addresses["Tabs"],
        evidence=addresses["Evidence"],
        panel=addresses["PanelArbiter"],
        lens=addresses["Lens"],
        token=addresses.get("PaymentToken"),
        block=block,
        transactions=transactions,
    )


def deploy_local(node: NodeClient, signer: Signer) -> LocalDeployment:
    """Every contract and a payment token that anyone may mint. For local chains.

    Raises what `deploy` raises.
    """
    found = deploy(node, signer, token=True)
    return LocalDeployment(**{name: getattr(found, name) for name in Deployment.model_fields})


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
    if not is_escrow(node, contract.address):
        raise ContractMissing(
            "The code at the escrow's address is not this escrow's.", escrow=contract.address
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
    node: NodeClient, deployment: LocalDeployment
) -> tuple[EscrowContract, RegistryContract, TokenContract]:
    """Clients of a deployment, checked to be on the node's chain."""
    escrow = check_deployment(node, deployment.escrow)
    return escrow, RegistryContract(node, deployment.registry), TokenContract(node, deployment.token)
