"""What a demonstration showed: deals, money, checks, gas, times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parley.sandbox.demo.money import Count


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that had to hold, and whether it did."""

    name: str
    ok: bool
    detail: str

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Line:
    """One deal: `price` base units of the token, `gas` by purpose of the transaction."""

    deal_id: str
    buyer: str
    seller: str
    terms: Mapping[str, int | str]
    price: int
    offers: int
    messages: int
    strategy: str
    outcome: str
    paid: int
    gas: Mapping[str, int]
    bundle: str

    def as_json(self) -> dict[str, Any]:
        return {
            "deal_id": self.deal_id,
            "buyer": self.buyer,
            "seller": self.seller,
            "terms": dict(self.terms),
            "price": str(self.price),
            "offers": self.offers,
            "messages": self.messages,
            "seller_strategy": self.strategy,
            "outcome": self.outcome,
            "paid_to_seller": str(self.paid),
            "gas": dict(self.gas),
            "bundle": self.bundle,
        }


@dataclass(slots=True)
class Result:
    """Filled as the play goes on."""

    seed: int
    lines: list[Line] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    before: Count | None = None
    after: Count | None = None
    approvals: int = 0
    kept: str | None = None

    def check(self, name: str, ok: bool, detail: str) -> Check:
        """Records one check and returns it."""
        found = Check(name, ok, detail)
        self.checks.append(found)
        return found

    @property
    def ok(self) -> bool:
        return bool(self.checks) and all(check.ok for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "seed": self.seed,
            "deals": [line.as_json() for line in self.lines],
            "checks": [check.as_json() for check in self.checks],
            "approvals": self.approvals,
            "money": {"before": _money(self.before), "after": _money(self.after)},
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
            "kept": self.kept,
        }


def _money(count: Count | None) -> dict[str, Any] | None:
    if count is None:
        return None
    return {
        "accounts": {
            name: {"wallet": str(holding.wallet), "internal": str(holding.internal)}
            for name, holding in count.holdings.items()
        },
        "locked": str(count.locked),
        "supply": str(count.supply),
        "conserved": count.conserved,
    }
