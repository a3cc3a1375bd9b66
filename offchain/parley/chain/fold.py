"""From a deal's events to its state: pure, in the order of the chain, mirroring the escrow's state word
exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from parley.chain.escrow import DealState, Status

OUTCOMES: Final = (
    "settled",
    "defaulted",
    "walked_away",
    "cancelled_by_buyer",
    "rejection_closed",
    "split",
    "amended",
)
"""Names of IEscrow.Outcome, by number."""

ACCEPTANCES: Final = ("receipt", "silence")


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """One event of the escrow. `arguments` is JSON: uint128 and larger are decimal strings. `block_time` unix
    seconds.
    """

    name: str
    arguments: Mapping[str, Any]
    deal_id: str | None
    block_number: int
    block_hash: str
    block_time: int
    transaction: str
    log_index: int

    def as_data(self) -> dict[str, Any]:
        """What is stored of it."""
        return {
            "arguments": dict(self.arguments),
            "deal_id": self.deal_id,
            "block_number": self.block_number,
            "block_hash": self.block_hash,
            "block_time": self.block_time,
            "transaction": self.transaction,
            "log_index": self.log_index,
        }

    @classmethod
    def of(cls, name: str, data: Mapping[str, Any]) -> ChainEvent:
        """From what was stored."""
        return cls(name=name, **data)


@dataclass(frozen=True, slots=True)
class ChainDeal:
    """What the chain says of a deal. Money in base units, times unix seconds.

    `to_seller`, `to_buyer`, `to_arbiter`, `to_caller` (a stranger that called a timed exit) are what was paid
    out or credited so far. Where the last milestone was paid in full, `returned` is what came back beside it:
    the seller's bond and the buyer's fees. An `instant` deal opens and closes at once and has no word.
    """

    deal_id: str
    status: Status = Status.UNOPENED
    milestone: int = 0
    deliveries: int = 0
    seller_lost_bps: int = 0
    since: int = 0
    shift: int = 0
    locked: int = 0
    buyer: str | None = None
    seller: str | None = None
    token: str | None = None
    price: int = 0
    taken: int = 0
    to_seller: int = 0
    to_buyer: int = 0
    to_arbiter: int = 0
    to_caller: int = 0
    returned: int = 0
    opened_at: int | None = None
    closed_at: int | None = None
    outcome: str | None = None
    deliverable: str | None = None
    transcript_root: str | None = None
    instant: bool = False
    events: tuple[ChainEvent, ...] = ()
    _before: ChainDeal | None = field(default=None, repr=False, compare=False)

    @property
    def word(self) -> DealState:
        """The same as the escrow's `stateOf`. An instant deal never has a word there."""
        if self.instant:
            return DealState(Status.UNOPENED, 0, 0, 0, 0, 0, 0)
        return DealState(
            self.status,
            self.milestone,
            self.deliveries,
            self.seller_lost_bps,
            self.since,
            self.shift,
            self.locked,
        )

    @property
    def status_word(self) -> str:
        """`unopened`, `open`, `delivered`, `rejected`, `disputed`, `cancelled`, or how it closed
        (`OUTCOMES`).
        """
        return self.outcome if self.outcome is not None else self.status.name.lower()


def fold(deal_id: str, events: Iterable[ChainEvent]) -> ChainDeal:
    """The state after all events of one deal, in order. Unknown events change nothing."""
    deal = ChainDeal(deal_id)
    for event in events:
        step = _STEPS.get(event.name)
        if step is not None:
            deal = replace(step(deal, event.arguments, event), events=(*deal.events, event))
    return deal


def _opened(deal: ChainDeal, arguments: Mapping[str, Any], event: ChainEvent) -> ChainDeal:
    return replace(
        deal,
        status=Status.OPEN,
        buyer=arguments["buyer"],
        seller=arguments["seller"],
        token=arguments["token"],
        price=int(arguments["price"]),
        locked=int(arguments["locked"]),
        taken=int(arguments["locked"]),
        transcript_root=arguments["transcriptRoot"],
        since=event.block_time,
        opened_at=event.block_time,
    )


def _delivered(deal: ChainDeal, arguments: Mapping[str, Any], event: ChainEvent) -> ChainDeal:
    return replace(
        deal,
        status=Status.DELIVERED,
        deliveries=int(arguments["delivery"]),
        deliverable=arguments["deliverable"],
        since=event.block_time,
    )


def _turned(deal: ChainDeal, status: Status, event: ChainEvent) -> ChainDeal:
    return replace(
        deal, status=status, since=event.block_time, shift=deal.shift + event.block_time - deal.since
    )


def _next(deal: ChainDeal, event: ChainEvent, locked: int, lost: int) -> ChainDeal:
    waited = 0 if deal.status is Status.OPEN else event.block_time - deal.since
    return replace(
        deal,
        status=Status.OPEN,
        milestone=deal.milestone + 1,
        deliveries=0,
        deliverable=None,
        seller_lost_bps=lost,
        since=event.block_time,
        shift=deal.shift + waited,
        locked=locked,
    )


def _closed(deal: ChainDeal, event: ChainEvent, outcome: str) -> ChainDeal:
    return replace(
        deal,
        status=Status.CLOSED,
        since=event.block_time,
        closed_at=event.block_time,
        locked=0,
        outcome=outcome,
        _before=None,
    )


def _settled(deal: ChainDeal, arguments: Mapping[str, Any], event: ChainEvent) -> ChainDeal:
    paid, remaining = int(arguments["paid"]), int(arguments["remaining"])
    after = replace(deal, to_seller=deal.to_seller + paid)
    if remaining:
        return _next(after, event, remaining, deal.seller_lost_bps)
    return replace(_closed(after, event, "settled"), returned=deal.locked - paid)


def _divided(deal: ChainDeal, arguments: Mapping[str, Any], event: ChainEvent) -> ChainDeal:
    """A ruling or a lapse. When it closes the deal, `Closed` follows in the same call with the totals of the
    call.
    """
    to_seller, to_buyer = int(arguments["toSeller"]), int(arguments["toBuyer"])
    fee = int(arguments.get("fee", 0))
    lost = deal.seller_lost_bps + (10_000 - int(arguments["sellerBps"]) if "sellerBps" in arguments else 0)
    after = replace(
        deal,
        to_seller=deal.to_seller + to_seller,
        to_buyer=deal.to_buyer + to_buyer,
        to_arbiter=deal.to_arbiter + fee,
    )
    moved = _next(after, event, deal.locked - to_seller - to_buyer - fee, lost)
    return replace(moved, _before=replace(deal, _before=None))


def _close(deal: ChainDeal, arguments: Mapping[str, Any], event: ChainEvent) -> ChainDeal:
    last = deal.events[-1] if deal.events else None
    same_call = (
        last is not None and last.name in ("Ruled", "Lapsed") and last.transaction == event.transaction
    )
    start = deal._before if same_call and deal._before is not None else deal
    return replace(
        _closed(start, event, OUTCOMES[int(arguments["outcome"])]),
        to_seller=start.to_seller + int(arguments["toSeller"]),
        to_buyer=start.to_buyer + int(arguments["toBuyer"]),
        to_arbiter=start.to_arbiter + int(arguments["toArbiter"]),
    )


def _cancelled(deal: ChainDeal, arguments: Mapping[str, Any], event: ChainEvent) -> ChainDeal:
    return replace(deal, status=Status.CANCELLED, since=event.block_time, closed_at=event.block_time)


def _caller_paid(deal: ChainDeal, arguments: Mapping[str, Any], _event: ChainEvent) -> ChainDeal:
    """The other events of an exit give what both sides got before this was taken from it."""
    from_seller, from_buyer = int(arguments["fromSeller"]), int(arguments["fromBuyer"])
    return replace(
        deal,
        to_seller=deal.to_seller - from_seller,
        to_buyer=deal.to_buyer - from_buyer,
        to_caller=deal.to_caller + from_seller + from_buyer,
    )


def _instant(deal: ChainDeal, arguments: Mapping[str, Any], event: ChainEvent) -> ChainDeal:
    price = int(arguments["price"])
    done = replace(
        deal,
        instant=True,
        buyer=arguments["buyer"],
        seller=arguments["seller"],
        token=arguments["token"],
        price=price,
        taken=price,
        to_seller=price,
        transcript_root=arguments["transcriptRoot"],
        opened_at=event.block_time,
    )
    return _closed(done, event, "settled")


_STEPS: Final = {
    "InstantSettled": _instant,
    "InstantCancelled": lambda deal, arguments, event: replace(
        _cancelled(deal, arguments, event), instant=True
    ),
    "CallerPaid": _caller_paid,
    "Opened": _opened,
    "Delivered": _delivered,
    "Rejected": lambda deal, _arguments, event: _turned(deal, Status.REJECTED, event),
    "Disputed": lambda deal, _arguments, event: _turned(deal, Status.DISPUTED, event),
    "Settled": _settled,
    "Ruled": _divided,
    "Lapsed": _divided,
    "Closed": _close,
    "Cancelled": _cancelled,
}


def effective(history: Iterable[tuple[str, Mapping[str, Any]]]) -> list[ChainEvent]:
    """The events that still hold, from stored (kind, data): an undone one is left out, with its
    compensation.
    """
    held: dict[tuple[str, int], ChainEvent] = {}
    for kind, data in history:
        if kind == UNDONE:
            held.pop((data["block_hash"], data["log_index"]), None)
        elif kind.startswith(PREFIX):
            event = ChainEvent.of(kind.removeprefix(PREFIX), data)
            held[(event.block_hash, event.log_index)] = event
    return sorted(held.values(), key=lambda event: (event.block_number, event.log_index))


PREFIX: Final = "chain."
UNDONE: Final = "chain.undone"
