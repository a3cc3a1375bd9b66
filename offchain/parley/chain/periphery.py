"""The contracts beside the escrow: tabs, evidence, panels and the lens, deployed and found together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parley.chain.deploy import create_contract
from parley.chain.evidence_contract import EvidenceContract
from parley.chain.lens import LensContract
from parley.chain.node import NodeClient
from parley.chain.panel import PanelContract
from parley.chain.tabs import TabsContract
from parley.terms.signing import Signer


@dataclass(frozen=True, slots=True)
class Periphery:
    """Where they are. `panels` is the contract that makes panels."""

    tabs: str
    evidence: str
    panels: str
    lens: str

    def as_json(self) -> dict[str, Any]:
        return {"tabs": self.tabs, "evidence": self.evidence, "panels": self.panels, "lens": self.lens}


def deploy_periphery(node: NodeClient, signer: Signer, escrow: str) -> Periphery:
    """Deploy all four for the deals of `escrow`. No argument gives anyone power.

    Raises the node's errors, `ArtifactMissing`, `ChainError`.
    """
    return Periphery(
        tabs=str(create_contract(node, signer, "Tabs").contract),
        evidence=str(create_contract(node, signer, "Evidence", escrow).contract),
        panels=str(create_contract(node, signer, "PanelArbiter", escrow).contract),
        lens=str(create_contract(node, signer, "Lens", escrow).contract),
    )


def connect_periphery(
    node: NodeClient, periphery: Periphery
) -> tuple[TabsContract, EvidenceContract, PanelContract, LensContract]:
    """Clients of a deployment."""
    return (
        TabsContract(node, periphery.tabs),
        EvidenceContract(node, periphery.evidence),
        PanelContract(node, periphery.panels),
        LensContract(node, periphery.lens),
    )
