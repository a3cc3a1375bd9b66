"""Where every negotiation of the lease stands, told by the reports of the agents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from parley.sandbox.demo.cast import BUYER
from parley.sandbox.demo.words import hourly, usd

Values = Mapping[str, Any]

_DEAL_STAGES = {
    "pending": "opening escrow",
    "open": "escrow open",
    "delivered": "delivered",
    "settled": "paid",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that deserves a line: `who` is the seller at the other side, or the agent it happened to."""

    who: str
    text: str
    trouble: bool = False


@dataclass(slots=True)
class Side:
    """What one side offered."""

    offers: int = 0
    first: Values | None = None
    last: Values | None = None

    def offer(self, values: Values) -> None:
        self.offers += 1
        self.first = values if self.first is None else self.first
        self.last = values


@dataclass(slots=True)
class Talk:
    """One negotiation of the buyer; `seller` is empty until the seller has joined."""

    seller: str = ""
    buying: Side = field(default_factory=Side)
    selling: Side = field(default_factory=Side)
    stage: str = "opened"
    agreed: Values | None = None
    deal_id: str | None = None
    price: int = 0

    @property
    def offers(self) -> int:
        return self.buying.offers + self.selling.offers

    @property
    def name(self) -> str:
        return self.seller or "…"


class Board:
    """Takes reports in and gives the moments that matter; `talks` are in the order they were heard of."""

    def __init__(self) -> None:
        self.talks: dict[str, Talk] = {}
        self.ready: set[str] = set()

    def take(self, who: str, report: Mapping[str, Any]) -> list[Moment]:
        """One report of the agent `who`."""
        kind, negotiation = str(report["kind"]), report.get("negotiation")
        if kind == "ready":
            self.ready.add(who)
        if kind == "wave":
            return [Moment(who, f"asks everyone again: {report['remaining']} h are still needed")]
        if kind == "trouble":
            return [Moment(who, f"in trouble: {report.get('message')}", trouble=True)]
        if not isinstance(negotiation, str):
            return []
        return list(self._heard(who, kind, self.talks.setdefault(negotiation, Talk()), report))

    def _heard(self, who: str, kind: str, talk: Talk, report: Mapping[str, Any]) -> Iterator[Moment]:
        side = talk.buying if who == BUYER else talk.selling
        match kind:
            case "joined" if report.get("role") == "seller":
                talk.seller = who
                yield Moment(who, "negotiation opened")
            case "offered":
                side.offer(report["values"])
                talk.stage = "bargaining"
            case "approval_wanted":
                talk.stage = "needs approval"
            case "accepted":
                talk.stage, talk.agreed = "agreed", report["values"]
                yield Moment(talk.name, f"agreed: {hourly(talk.agreed)}")
            case "deal_signed" if who == BUYER:
                talk.stage, talk.deal_id = "signed", str(report["deal"])
                talk.price = int(report["price"])
                yield Moment(talk.name, f"both have signed after {talk.offers} offers: {usd(talk.price)} USD")
            case "deal" if who == BUYER:
                yield from _settling(talk, report)
            case "withdrew":
                talk.stage = "left"
                yield Moment(talk.name, f"{who} leaves: {report.get('reason')}")
            case "ended" if who == BUYER and talk.stage != "left":
                talk.stage = "ended"
                yield Moment(talk.name, f"ended without agreement: {report.get('reason')}")
            case "guard_refused" | "signature_withheld":
                said = report.get("reason") or report.get("message")
                yield Moment(talk.name, f"{who} may not sign: {said}", trouble=True)

    def talk_of_deal(self, deal_id: str) -> Talk | None:
        """The negotiation that a deal came from."""
        return next((talk for talk in self.talks.values() if talk.deal_id == deal_id), None)


def _settling(talk: Talk, report: Mapping[str, Any]) -> Iterator[Moment]:
    status, money = str(report["status"]), report["money"]
    talk.stage = _DEAL_STAGES.get(status, status)
    match status:
        case "open":
            yield Moment(talk.name, f"escrow open, {usd(int(money['locked']))} USD locked")
        case "delivered":
            yield Moment(talk.name, "delivered")
        case "settled":
            yield Moment(talk.name, f"paid {usd(int(money['to_seller']))} USD")
