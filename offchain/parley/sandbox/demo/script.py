"""The parts as documents: what each agent of the lease is configured with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parley.sandbox.demo.cast import Player
from parley.sandbox.demo.folder import Folder
from parley.sandbox.local import TOKEN_NAME, TOKEN_VERSION
from parley.scenarios.compute_lease import BUDGET, BUYER_STRATEGY, CEILING, NEED, ComputeLease, Seller
from parley.terms.values import Address

CAPABILITY = "gpu-lease"
WAVES = 3


class Script:
    """Writes `parley/agent` documents for the players of one lease; `reviewer` decides on approvals."""

    def __init__(
        self, lease: ComputeLease, url: str, folder: Folder, sellers: Mapping[str, Player], reviewer: Address
    ) -> None:
        self._lease = lease
        self._url = url
        self._folder = folder
        self._sellers = sellers
        self._reviewer = reviewer

    def buyer(self, name: str) -> Path:
        """Buys from all sellers at once, with one need and one budget."""
        talks, known = [], []
        for seller in self._lease.sellers:
            domain = self._lease.domain(seller)
            address = self._sellers[seller.name].address
            talks.append(
                {
                    "domain": domain.as_json(),
                    "profile": self._lease.buyer_profile(domain).as_json(),
                    "strategy": BUYER_STRATEGY,
                    "seed": self._lease.seed,
                    "counterparty": address,
                }
            )
            known.append({"address": address, "jurisdiction": seller.jurisdiction, "region": seller.region})
        return self._write(
            name,
            {
                "talks": talks,
                "counterparties": known,
                "policy": self._lease.policy.as_json(),
                "budget": {"limit": str(BUDGET.limit), "per_counterparty_ppm": BUDGET.per_counterparty_ppm},
                "quantity": {
                    **self._quantity(NEED.total),
                    "price_issue": "usd_per_gpu_hour",
                    "ceiling": str(CEILING),
                    "waves": WAVES,
                },
                "reviewers": [self._reviewer],
                "approvals": str(self._folder.approvals),
            },
        )

    def seller(self, seller: Seller) -> Path:
        """Sells its own GPU hours and never more than it has."""
        domain = self._lease.domain(seller)
        talk = {
            "domain": domain.as_json(),
            "profile": self._lease.seller_profile(seller, domain).as_json(),
            "strategy": seller.strategy,
            "seed": self._lease.seed,
        }
        return self._write(
            seller.name,
            {
                "capabilities": [CAPABILITY],
                "description": f"{', '.join(seller.gpus)} by the hour, {seller.region}",
                "talks": [talk],
                "quantity": self._quantity(seller.capacity),
            },
        )

    @staticmethod
    def _quantity(total: int) -> dict[str, Any]:
        return {"issue": NEED.issue, "total": total, "step": NEED.step, "least": NEED.least}

    def _write(self, name: str, parts: Mapping[str, Any]) -> Path:
        document = {
            "schema": "parley/agent",
            "version": 1,
            "name": name,
            "gateway": self._url,
            "database": str(self._folder.agents / f"{name}.sqlite"),
            "tokens": {self._lease.token: {"name": TOKEN_NAME, "version": TOKEN_VERSION}},
            "idle": 250,
            **parts,
        }
        path = self._folder.agents / f"{name}.json"
        path.write_text(json.dumps(document, indent=1))
        return path
