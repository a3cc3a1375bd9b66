"""Reputation before and after: folded from the chain's events, and as the gateway tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from parley.agents.client import GatewayClient
from parley.chain.closed_deals import closed_deals
from parley.reputation.fold import score_ppm, weights
from parley.sandbox.demo.stage import Stage
from parley.terms.values import Address


@dataclass(frozen=True, slots=True)
class Standing:
    """One account's score in ppm, and the closed deals and counterparties behind it."""

    score_ppm: int
    deals: int
    counterparties: int


def standings(stage: Stage, accounts: Mapping[str, Address]) -> dict[str, Standing]:
    """By name, at the newest block's time, from the node and nothing else."""
    now = stage.node.latest().timestamp
    deals = closed_deals(stage.node, stage.deployment.escrow, stage.deployment.block)
    found = {}
    for name, address in accounts.items():
        behind = weights(address, deals, now)
        found[name] = Standing(score_ppm(address, deals, now), behind.deals, behind.counterparties)
    return found


def told(client: GatewayClient, accounts: Mapping[str, Address]) -> dict[str, Standing]:
    """The same, as the gateway tells it."""
    found = {}
    for name, address in accounts.items():
        view = client.reputation(address)
        found[name] = Standing(view.score_ppm, view.deals, view.counterparties)
    return found
