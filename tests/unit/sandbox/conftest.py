"""A small finished demonstration, made up, to look at how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parley.sandbox.demo.money import Count, Holding
from parley.sandbox.demo.result import Decision, Line, Result
from parley.sandbox.demo.standing import Standing

SELLERS = ("crusoe", "lambdalabs", "paperspace", "scaleway")


def terms(price: int = 2_540_000, hours: int = 1_600, gpu: str = "A100-80GB") -> dict[str, Any]:
    return {
        "usd_per_gpu_hour": str(price),
        "gpu": gpu,
        "gpu_hours": hours,
        "start_day": 14,
        "support": "community",
        "payment": "on_delivery",
    }


def line(number: int, buyer: str, seller: str, **changes: Any) -> Line:
    values = changes.pop("terms", terms())
    price = int(values["usd_per_gpu_hour"]) * int(values["gpu_hours"])
    fields: dict[str, Any] = {
        "number": number,
        "deal_id": f"0x{number:064x}",
        "buyer": buyer,
        "seller": seller,
        "terms": values,
        "price": price,
        "bond": 25_000_000,
        "offers": 36,
        "messages": 39,
        "strategy": "tit-for-tat",
        "outcome": "settled",
        "paid": price,
        "gas": {"open": 172_592, "deliver": 45_340, "accept_delivery": 91_164},
        "bundle": Path(f"bundles/{number}-{seller}.json"),
    }
    return Line(**{**fields, **changes})


@pytest.fixture
def make_line() -> Callable[..., Line]:
    return line


@pytest.fixture
def make_terms() -> Callable[..., dict[str, Any]]:
    return terms


@pytest.fixture
def finished() -> Result:
    """As long as names and numbers get."""
    result = Result(12, strategies=dict.fromkeys(SELLERS, "tit-for-tat"))
    for at, seller in enumerate(SELLERS):
        negotiation = f"0x{at:064x}"
        result.board.take(seller, {"kind": "joined", "role": "seller", "negotiation": negotiation})
        for who in ("buyer", seller):
            offer = {"kind": "offered", "values": terms(hours=4_000), "negotiation": negotiation}
            for _ in range(20):
                result.board.take(who, offer)
    result.lines = [
        line(1, "buyer", "lambdalabs"),
        line(2, "buyer", "crusoe", terms=terms(1_690_000, 2_400)),
        line(3, "buyer", "scaleway", terms=terms(2_530_000, 1_000, "H100")),
        line(4, "unhappy buyer", "hasty seller", paid=67_500_000, gas={"open": 172_544, "rule": 167_539}),
        line(5, "waiting buyer", "absent seller", paid=0, outcome="defaulted", gas={"default": 78_357}),
    ]
    result.accounts = {one.seller: f"0x{one.number:040x}" for one in result.lines}
    result.contracts = {"escrow": "0x" + "e" * 40}
    holdings = {"buyer": Holding(14_000_000_000, 0), "hasty seller": Holding(500_000_000, 1)}
    result.before = result.after = Count(holdings, 1, 14_500_000_001)
    result.standing_before = dict.fromkeys((*SELLERS, "buyer"), Standing(600_000, 0, 0))
    result.standing_after = dict.fromkeys((*SELLERS, "buyer"), Standing(683_333, 3, 3))
    result.decisions = [Decision("crusoe", 4_056_000_000, "0x" + "1" * 64, True)]
    result.check("money is conserved to the unit", True, "all of it")
    result.seconds = {"stage": 3.4, "all": 21.9}
    return result
