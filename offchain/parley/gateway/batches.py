"""Many messages in one request: in order within a negotiation, side by side across negotiations."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from parley.errors import ParleyError
from parley.gateway.admission import Posted
from parley.gateway.auth import Session
from parley.gateway.errors import NotTried
from parley.gateway.negotiations import Negotiations
from parley.terms.message import Message

Place = tuple[int, Message]


async def take_batch(
    service: Negotiations, session: Session, given: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """One result for each message, in order: `receipt` with where its negotiation stands, or `problem`."""
    results: list[dict[str, Any]] = [{} for _ in given]
    places: dict[str, list[Place]] = {}
    broken: set[str] = set()
    for index, wire in enumerate(given):
        try:
            message = Message.from_json(wire)
        except ParleyError as error:
            results[index] = refused(error)
            # Whatever it was meant to be, what follows it in its negotiation was signed on top of it.
            broken.add(_named(wire))
            continue
        negotiation = message.core.negotiation
        if negotiation in broken:
            results[index] = refused(not_tried())
        else:
            places.setdefault(negotiation, []).append((index, message))
    await asyncio.gather(*(_one(service, session, key, found, results) for key, found in places.items()))
    return results


async def _one(
    service: Negotiations,
    session: Session,
    negotiation: str,
    places: Sequence[Place],
    results: list[dict[str, Any]],
) -> None:
    try:
        posted, error = await service.post_all(session, negotiation, [message for _, message in places])
    except ParleyError as whole:
        posted, error = [], whole
    for number, (index, _) in enumerate(places):
        if number < len(posted):
            results[index] = taken(posted[number])
        elif number == len(posted) and error is not None:
            results[index] = refused(error)
        else:
            results[index] = refused(not_tried())


def taken(posted: Posted) -> dict[str, Any]:
    return {"receipt": posted.receipt.as_json(), "duplicate": posted.duplicate}


def refused(error: ParleyError) -> dict[str, Any]:
    """As in a problem answer, without what is HTTP's own."""
    return {"problem": error.as_problem()}


def not_tried() -> NotTried:
    return NotTried("an earlier message of this negotiation was refused")


def _named(wire: Mapping[str, Any]) -> str:
    core = wire.get("core")
    named = core.get("negotiation") if isinstance(core, Mapping) else None
    return named if isinstance(named, str) else ""
