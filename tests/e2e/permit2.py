"""Puts the real Permit2 on a local chain, at its own address."""

from __future__ import annotations

import json
from pathlib import Path

from parley.chain.escrow import Call
from parley.chain.node import NodeClient
from parley.chain.transactions import send_now
from parley.terms.funding import PERMIT2
from parley.terms.signing import Signer

ARTIFACT = Path(__file__).parents[2] / "contracts" / "test" / "permit2" / "permit2.json"


def deploy_permit2(node: NodeClient, signer: Signer) -> str:
    """Its address follows from its code and the factory's: that it stands there says that it is the one."""
    if not node.code(PERMIT2):
        made = json.loads(ARTIFACT.read_text())
        data = bytes.fromhex(made["salt"][2:] + made["initCode"][2:])
        send_now(node, signer, Call(made["factory"], data, "create2"))
    assert node.code(PERMIT2)
    return PERMIT2
