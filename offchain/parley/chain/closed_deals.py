"""The closed deals of an escrow, as reputation counts them: from a deal's events, or from a node alone."""

from __future__ import annotations

from collections.abc import Iterable

from parley.chain.errors import NodeAnswerInvalid
from parley.chain.escrow import EscrowContract
from parley.chain.fold import OUTCOMES, ChainDeal, ChainEvent, fold
from parley.chain.node import NodeClient
from parley.chain.projection import chain_events
from parley.reputation.models import ClosedDeal, Outcome
from parley.terms.values import Address, Hash32


def closed_deal(deal: ChainDeal) -> ClosedDeal | None:
    """The facts of a deal that is over; None while it is not, or when it never opened."""
    if (
        deal.outcome is None
        or deal.buyer is None
        or deal.seller is None
        or deal.token is None
        or deal.opened_at is None
        or deal.closed_at is None
    ):
        return None
    return ClosedDeal(
        deal_id=Hash32(deal.deal_id),
        buyer=Address(deal.buyer),
        seller=Address(deal.seller),
        token=Address(deal.token),
        price=deal.price,
        opened_at=deal.opened_at,
        closed_at=deal.closed_at,
        outcome=Outcome(OUTCOMES.index(deal.outcome)),
        rulings=tuple(int(event.arguments["sellerBps"]) for event in deal.events if event.name == "Ruled"),
        lapses=sum(event.name == "Lapsed" for event in deal.events),
    )


def closed_deals(node: NodeClient, escrow: str, start_block: int = 0) -> list[ClosedDeal]:
    """Every closed deal in the escrow's history up to the newest block, read from the node and nothing else.

    `start_block` is where the escrow's history begins. Raises the node's errors.
    """
    contract = EscrowContract(node, escrow)
    logs = node.logs(contract.address, start_block, node.block_number())
    by_deal: dict[str, list[ChainEvent]] = {}
    for number in sorted({log.block_number for log in logs}):
        block = node.block(number)
        own = [log for log in logs if log.block_number == number]
        if block is None or any(log.block_hash != block.hash for log in own):
            raise NodeAnswerInvalid("The chain changed while it was read.", block=number)
        for event in chain_events(contract, block, own):
            if event.deal_id is not None:
                by_deal.setdefault(event.deal_id, []).append(event)
    deals = (closed_deal(fold(deal_id, events)) for deal_id, events in by_deal.items())
    return _in_order(deal for deal in deals if deal is not None)


def _in_order(deals: Iterable[ClosedDeal]) -> list[ClosedDeal]:
    return sorted(deals, key=lambda deal: (deal.closed_at, deal.deal_id))
