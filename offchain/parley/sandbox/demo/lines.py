"""One line of the table a deal, from the gateway's view, the bundle and the chain's receipts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parley.agents.client import GatewayClient
from parley.agents.views import DealView
from parley.sandbox.demo.result import Line
from parley.sandbox.demo.stage import Stage

OFFERS = ("propose", "counter")


def save_bundle(client: GatewayClient, deal_id: str, folder: Path) -> tuple[Path, Mapping[str, Any]]:
    """Fetches the evidence bundle of a deal and writes it to a file."""
    bundle = client.deal_bundle(deal_id)["bundle"]
    path = folder / f"bundle-{deal_id[2:12]}.json"
    path.write_text(json.dumps(bundle))
    return path, bundle


def line_of(
    stage: Stage,
    view: DealView,
    bundle: Mapping[str, Any],
    path: Path,
    buyer: str,
    seller: str,
    strategy: str,
) -> Line:
    """The line of a closed deal."""
    messages = bundle["messages"]
    offers = [message for message in messages if message["core"]["performative"] in OFFERS]
    return Line(
        deal_id=view.deal_id,
        buyer=buyer,
        seller=seller,
        terms=offers[-1]["payload"]["values"],
        price=int(view.deal["price"]),
        offers=len(offers),
        messages=len(messages),
        strategy=strategy,
        outcome=str(view.status),
        paid=int(view.money["to_seller"]),
        gas=_gas(stage, view),
        bundle=path.name,
    )


def _gas(stage: Stage, view: DealView) -> dict[str, int]:
    """Gas by purpose of the transaction, a repeated purpose summed."""
    found: dict[str, int] = {}
    for sent in view.transactions:
        receipt = stage.node.receipt(str(sent["hash"])) if sent.get("hash") else None
        if receipt is not None:
            purpose = str(sent["purpose"])
            found[purpose] = found.get(purpose, 0) + receipt.gas_used
    return found
