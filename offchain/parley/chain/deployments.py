"""Where the contracts are, by chain: the file that clients and gateways read (`parley/deployments`)."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from parley.chain.errors import DeploymentsInvalid, DeploymentUnknown
from parley.terms.documents import Document, Part
from parley.terms.errors import TermsError
from parley.terms.values import Address, Count, Hash32

SHIPPED = "deployments.json"


class Deployment(Part):
    """The contracts on one chain. `block` is the first one that an indexer has to look at. `token` is the
    local payment token, where there is one.
    """

    chain_id: Count
    escrow: Address
    registry: Address
    tabs: Address
    evidence: Address
    panel: Address
    lens: Address
    token: Address | None = None
    block: Count = 0
    transactions: Mapping[str, Hash32] = {}


def _keyed(chains: Mapping[str, Deployment]) -> Mapping[str, Deployment]:
    for key, deployment in chains.items():
        if key != str(deployment.chain_id):
            raise ValueError(f"chain {key} holds the deployment of chain {deployment.chain_id}")
    return chains


class Deployments(Document):
    """Deployments by chain id, written as a decimal string."""

    schema_: Literal["parley/deployments"] = Field(default="parley/deployments", alias="schema")
    chains: Annotated[Mapping[str, Deployment], AfterValidator(_keyed)]

    def on(self, chain_id: int) -> Deployment:
        """Raises `DeploymentUnknown`."""
        found = self.chains.get(str(chain_id))
        if found is None:
            raise DeploymentUnknown(
                "No deployment on this chain is known.", chain_id=chain_id, known=sorted(self.chains)
            )
        return found

    def including(self, deployment: Deployment) -> Deployments:
        """With one more, in place of another on the same chain."""
        return Deployments(chains={**self.chains, str(deployment.chain_id): deployment})


def load(path: Path | None = None) -> Deployments:
    """The file at `path`, or the one that ships with the package. Raises `DeploymentsInvalid`."""
    try:
        shipped = resources.files("parley.chain") / SHIPPED
        return Deployments.parse(shipped.read_bytes() if path is None else path.read_bytes())
    except OSError as error:
        raise DeploymentsInvalid(
            "The deployments file cannot be read.", path=str(path), reason=error.strerror
        ) from None
    except TermsError as error:
        raise DeploymentsInvalid(
            f"The deployments file is not valid: {error.message}", path=str(path)
        ) from error


def record(path: Path, deployment: Deployment) -> None:
    """Adds a deployment to the file at `path`, wholly or not at all. Raises `DeploymentsInvalid`."""
    known = load(path) if path.exists() else Deployments(chains={})
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_bytes(known.including(deployment).canonical() + b"\n")
        temporary.replace(path)
    except OSError as error:
        raise DeploymentsInvalid(
            "The deployments file cannot be written.", path=str(path), reason=error.strerror
        ) from None
