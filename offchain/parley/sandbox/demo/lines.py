"""One line of the table a deal, from the gateway's view, the bundle and the chain's receipts."""

from __future__ import annotations

import json

from parley.agents.client import GatewayClient
from parley.agents.signin import KeyIdentity
from parley.agents.views import DealView
from parley.sandbox.demo.cast import Player
from parley.sandbox.demo.result import Line, Result
from parley.sandbox.demo.stage import Stage

OFFERS = ("propose", "counter")
"""Performatives that carry an offer."""


def client_of(stage: Stage, who: Player) -> GatewayClient:
    """Speaks to the gateway with this player's key."""
    return GatewayClient(stage.url, KeyIdentity(who.signer, stage.deployment.chain_id))


def collect(
    stage: Stage,
    client: GatewayClient,
    deal_id: str,
    sides: tuple[Player, Player],
    strategy: str,
    result: Result,
) -> Line:
    """Fetches a closed deal of (buyer, seller), writes its evidence bundle to a file and adds its line."""
    buyer, seller = sides
    view = client.deal(deal_id)
    bundle = client.deal_bundle(deal_id)["bundle"]
    number = len(result.lines) + 1
    path = stage.folder.bundles / f"{number}-{seller.slug}.json"
    path.write_text(json.dumps(bundle))
    messages = bundle["messages"]
    offers = [message for message in messages if message["core"]["performative"] in OFFERS]
    line = Line(
        number=number,
        deal_id=view.deal_id,
        buyer=buyer.name,
        seller=seller.name,
        terms=offers[-1]["payload"]["values"],
        price=int(view.deal["price"]),
        bond=int(view.deal["seller_bond"]),
        offers=len(offers),
        messages=len(messages),
        strategy=strategy,
        outcome=str(view.status),
        paid=int(view.money["to_seller"]),
        gas=_gas(stage, view),
        bundle=path,
    )
    result.lines.append(line)
    return line


def _gas(stage: Stage, view: DealView) -> dict[str, int]:
    """Gas by purpose of the transaction, a repeated purpose summed."""
    found: dict[str, int] = {}
    for sent in view.transactions:
        receipt = stage.node.receipt(str(sent["hash"])) if sent.get("hash") else None
        if receipt is not None:
            purpose = str(sent["purpose"])
            found[purpose] = found.get(purpose, 0) + receipt.gas_used
    return found
