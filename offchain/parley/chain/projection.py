"""From logs to events that can be stored, and from a deal's state to its row in the read model."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa

from parley.chain.abi import Event
from parley.chain.escrow import EscrowContract, Status
from parley.chain.fold import ChainDeal, ChainEvent
from parley.chain.models import Block, Log
from parley.store import DealRow, Statement, Transaction, parameter, schema

_DEALS = schema.deals
_STATUS: Final = Statement(sa.select(_DEALS.c.status).where(_DEALS.c.deal_id == parameter("deal_id")))
_MOVED: Final = Statement(
    sa.update(_DEALS)
    .where(_DEALS.c.deal_id == parameter("was"))
    .values({name: sa.bindparam(name) for name in ("status", "locked", "milestone", "updated_at")})
)
MOVED: Final = "BalancesMoved"
"""What an instant deal says of internal balances, for the stream of what concerns no deal."""


def chain_events(escrow: EscrowContract, block: Block, logs: Iterable[Log]) -> list[ChainEvent]:
    """The escrow's events in a block. Raises `NodeAnswerInvalid` for a log that does not decode."""
    found: list[ChainEvent] = []
    for log in logs:
        decoded = escrow.decode(log)
        if decoded is None:
            continue
        arguments = _as_json(escrow.interface.events[log.topics[0]], decoded.arguments)
        deal_id = arguments.pop("dealId", None)
        event = ChainEvent(
            name=decoded.name,
            arguments=arguments,
            deal_id=deal_id,
            block_number=block.number,
            block_hash=block.hash,
            block_time=block.timestamp,
            transaction=log.transaction,
            log_index=log.index,
        )
        found.append(event)
        if event.name == "InstantSettled" and (arguments["toBalance"] or arguments["fromBalance"]):
            moved = {
                name: arguments[name] for name in ("token", "buyer", "seller", "toBalance", "fromBalance")
            }
            moved["amount"] = arguments["price"]
            found.append(replace(event, name=MOVED, arguments=moved, deal_id=None))
    return found


def moves(event: ChainEvent) -> list[tuple[str, int]]:
    """The parties whose internal balance an event changes by its `amount`: 1 for more, -1 for less."""
    if event.name in ("Credited", "Debited"):
        return [(event.arguments["party"], 1 if event.name == "Credited" else -1)]
    if event.name != MOVED:
        return []
    seller = [(event.arguments["seller"], 1)] if event.arguments["toBalance"] else []
    return seller + ([(event.arguments["buyer"], -1)] if event.arguments["fromBalance"] else [])


def _as_json(event: Event, arguments: Any) -> dict[str, Any]:
    """Arguments fit for storing: integers of 64 bits and more become decimal strings."""
    found: dict[str, Any] = {}
    for name, kind in zip(event.names, event.types, strict=True):
        value = arguments[name]
        wide = kind.startswith("uint") and int(kind[4:] or 256) >= 64
        found[name] = str(value) if wide else value
    return found


def put_deal(transaction: Transaction, deal: ChainDeal) -> None:
    """Keep the read model in step. A deal that nobody submitted here gets a row of its own."""
    if not transaction.ask(_STATUS, deal_id=deal.deal_id):
        if deal.buyer is None or deal.seller is None or deal.token is None:
            return
        parties = (("buyer", deal.buyer), ("seller", deal.seller))
        transaction.put_row(
            DealRow(
                deal_id=deal.deal_id,
                status=deal.status_word,
                token=deal.token,
                price=deal.price,
                locked=deal.locked,
                milestone=deal.milestone,
                updated_at=transaction.now,
                parties=parties,
            )
        )
        return
    # A deal that a reorganisation took off the chain waits to be opened again.
    status = "pending" if deal.status is Status.UNOPENED else deal.status_word
    transaction.run(
        _MOVED,
        was=deal.deal_id,
        status=status,
        locked=str(deal.locked),
        milestone=deal.milestone,
        updated_at=transaction.now,
    )
