"""Who may do what when: the escrow's state table (docs/spec.md section 8) as data. Pure; times are block
times.
"""

from __future__ import annotations

from typing import Final

from parley.chain.escrow import Status
from parley.chain.fold import ChainDeal
from parley.settlement.models import FAILED, MilestoneView, NextAction
from parley.terms.deal import Deal
from parley.terms.values import ZERO_ADDRESS

MAX_DELIVERIES: Final = 4
EXITS: Final = ("silence", "close_rejected", "lapse", "default")
"""Timed exits, which anyone may call without a signature."""


def deadline(deal: Deal, chain: ChainDeal) -> int:
    """Last second in which the current milestone may be delivered."""
    return deal.milestones[chain.milestone].deliver_by + chain.shift


def milestones(deal: Deal, chain: ChainDeal) -> tuple[MilestoneView, ...]:
    """The milestones with what became of each."""
    found = []
    for index, part in enumerate(deal.milestones):
        if chain.status is Status.CLOSED:
            settled = chain.outcome == "settled"
            state = "paid" if settled or index < chain.milestone else "void"
        elif chain.status is Status.CANCELLED:
            state = "void"
        elif chain.status is Status.UNOPENED or index > chain.milestone:
            state = "ahead"
        else:
            state = "current" if index == chain.milestone else "paid"
        shift = chain.shift if state in ("current", "ahead") else 0
        found.append(MilestoneView(index, part.amount, part.deliver_by + shift, state))
    return tuple(found)


def actions(deal: Deal, chain: ChainDeal, status: str) -> tuple[NextAction, ...]:
    """Every action that some role has in the deal's present state, with its time bounds."""
    if chain.status is Status.UNOPENED:
        return _unopened(deal, status)
    if chain.status >= Status.CLOSED:
        return ()
    found = [NextAction("accept_delivery", "buyer")]
    found += _STATES[chain.status](deal, chain)
    if chain.status in (Status.OPEN, Status.REJECTED):
        found += [NextAction("amend", "buyer"), NextAction("amend", "seller")]
    found += [NextAction("split", "buyer"), NextAction("split", "seller")]
    return tuple(found)


def _unopened(deal: Deal, status: str) -> tuple[NextAction, ...]:
    cancel = (NextAction("cancel", "buyer"), NextAction("cancel", "seller"))
    if status == FAILED:
        again = tuple(NextAction("submit", role, closes=deal.open_by) for role in ("buyer", "seller"))
        return (*again, *cancel)
    return cancel


def _deliver(deal: Deal, chain: ChainDeal) -> list[NextAction]:
    if chain.deliveries >= MAX_DELIVERIES:
        return []
    return [NextAction("deliver", "seller", closes=deadline(deal, chain))]


def _open(deal: Deal, chain: ChainDeal) -> list[NextAction]:
    last = deadline(deal, chain)
    found = _deliver(deal, chain)
    if deal.cancel_by:
        found.append(NextAction("refund", "buyer", closes=deal.cancel_by))
    found.append(NextAction("refund", "seller", closes=last))
    found.append(NextAction("default", "anyone", opens=last + 1))
    return found


def _delivered(deal: Deal, chain: ChainDeal) -> list[NextAction]:
    last = chain.since + deal.review_window
    return [
        NextAction("reject", "buyer", closes=last),
        *_deliver(deal, chain),
        NextAction("silence", "anyone", opens=last + 1),
    ]


def _rejected(deal: Deal, chain: ChainDeal) -> list[NextAction]:
    found = _deliver(deal, chain)
    if deal.arbiter == ZERO_ADDRESS:
        return [*found, NextAction("close_rejected", "anyone")]
    last = chain.since + deal.dispute_window
    found += [NextAction("dispute", role, closes=last) for role in ("buyer", "seller")]
    return [*found, NextAction("close_rejected", "anyone", opens=last + 1)]


def _disputed(deal: Deal, chain: ChainDeal) -> list[NextAction]:
    last = chain.since + deal.ruling_window
    return [NextAction("rule", "arbiter", closes=last), NextAction("lapse", "anyone", opens=last + 1)]


_STATES: Final = {
    Status.OPEN: _open,
    Status.DELIVERED: _delivered,
    Status.REJECTED: _rejected,
    Status.DISPUTED: _disputed,
}
