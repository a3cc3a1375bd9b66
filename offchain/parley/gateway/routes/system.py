"""Is it alive, and can it do everything: `/health` and `/ready`."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Response

from parley.gateway.gateway import Gateway
from parley.gateway.web import act, answer


def routes(gateway: Gateway) -> APIRouter:
    router = APIRouter(tags=["system"])

    @router.get("/health")
    async def health() -> Response:
        """The process answers."""
        return answer({"healthy": True}, [act("check_readiness", "GET", "/ready")])

    @router.get("/ready")
    async def ready() -> Response:
        """Chain, escrow, gateway key and what works: 503 when negotiation or settlement cannot go on."""
        checks = await asyncio.to_thread(gateway.checks)
        fine = all(check["ok"] for check in checks.values())
        body = {
            "ready": fine,
            "chain_id": gateway.settings.chain_id,
            "escrow": gateway.settings.escrow,
            "gateway": gateway.receipts.gateway,
            "audience": gateway.settings.public_audience,
            "policy": gateway.policy_hash,
            "checks": checks,
        }
        return answer(body, [act("sign_in", "POST", "/v1/challenge")], 200 if fine else 503)

    return router
