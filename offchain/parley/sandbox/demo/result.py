"""What a demonstration showed: negotiations, deals, approvals, money, reputation, checks, gas, times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parley.sandbox.demo.board import Board, Side, Talk
from parley.sandbox.demo.money import Count
from parley.sandbox.demo.standing import Standing


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that had to hold, and whether it did."""

    name: str
    ok: bool
    detail: str

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Decision:
    """What the reviewer said to one request. `price` is base units."""

    seller: str
    price: int
    terms_hash: str
    granted: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "seller": self.seller,
            "price": str(self.price),
            "terms_hash": self.terms_hash,
            "granted": self.granted,
        }


@dataclass(frozen=True, slots=True)
class Line:
    """One deal: `price`, `bond` and `paid` (to the seller) base units, `gas` by the transaction's purpose."""

    number: int
    deal_id: str
    buyer: str
    seller: str
    terms: Mapping[str, int | str]
    price: int
    bond: int
    offers: int
    messages: int
    strategy: str
    outcome: str
    paid: int
    gas: Mapping[str, int]
    bundle: Path

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "deal_id": self.deal_id,
            "buyer": self.buyer,
            "seller": self.seller,
            "terms": dict(self.terms),
            "price": str(self.price),
            "seller_bond": str(self.bond),
            "offers": self.offers,
            "messages": self.messages,
            "seller_strategy": self.strategy,
            "outcome": self.outcome,
            "paid_to_seller": str(self.paid),
            "gas": dict(self.gas),
            "bundle": f"bundles/{self.bundle.name}",
        }


@dataclass(slots=True)
class Result:
    """Filled as the play goes on. `strategies` are the sellers' by name; `tampered` must not verify."""

    seed: int
    board: Board = field(default_factory=Board)
    strategies: dict[str, str] = field(default_factory=dict)
    contracts: dict[str, Any] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    before: Count | None = None
    after: Count | None = None
    standing_before: dict[str, Standing] = field(default_factory=dict)
    standing_after: dict[str, Standing] = field(default_factory=dict)
    tampered: Path | None = None
    kept: Path | None = None

    def check(self, name: str, ok: bool, detail: str) -> Check:
        """Records one check and returns it."""
        found = Check(name, ok, detail)
        self.checks.append(found)
        return found

    @property
    def ok(self) -> bool:
        return bool(self.checks) and all(check.ok for check in self.checks)

    @property
    def granted(self) -> list[Decision]:
        return [decision for decision in self.decisions if decision.granted]

    @property
    def refused(self) -> list[Decision]:
        return [decision for decision in self.decisions if not decision.granted]

    def as_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "seed": self.seed,
            "contracts": self.contracts,
            "accounts": self.accounts,
            "negotiations": [
                _talk(key, talk, self.strategies.get(talk.seller, ""))
                for key, talk in self.board.talks.items()
            ],
            "deals": [line.as_json() for line in self.lines],
            "approvals": [decision.as_json() for decision in self.decisions],
            "checks": [check.as_json() for check in self.checks],
            "money": {"before": _money(self.before), "after": _money(self.after)},
            "reputation": {
                "before": _standings(self.standing_before),
                "after": _standings(self.standing_after),
            },
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
            "kept": None if self.kept is None else str(self.kept),
        }


def _talk(negotiation: str, talk: Talk, strategy: str) -> dict[str, Any]:
    return {
        "negotiation": negotiation,
        "seller": talk.seller,
        "seller_strategy": strategy,
        "buyer_offers": _side(talk.buying),
        "seller_offers": _side(talk.selling),
        "stage": talk.stage,
        "deal_id": talk.deal_id,
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "number": side.offers,
        "first": None if side.first is None else dict(side.first),
        "last": None if side.last is None else dict(side.last),
    }


def _money(count: Count | None) -> dict[str, Any] | None:
    if count is None:
        return None
    return {
        "accounts": {
            name: {"wallet": str(holding.wallet), "internal": str(holding.internal)}
            for name, holding in count.holdings.items()
        },
        "held_by_escrow": str(count.held),
        "locked": str(count.locked),
        "supply": str(count.supply),
        "conserved": count.conserved,
    }


def _standings(standings: Mapping[str, Standing]) -> dict[str, Any]:
    return {
        name: {"score_ppm": one.score_ppm, "deals": one.deals, "counterparties": one.counterparties}
        for name, one in standings.items()
    }
