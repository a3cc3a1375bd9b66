"""What a seller came down by: from its first price to the agreed one, read from the messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from parley.errors import ParleyError
from parley.gateway.observe.figures import PPM
from parley.store.models import StoredEvent
from parley.terms.domain import Domain
from parley.terms.expressions import evaluate
from parley.terms.opening import Opening

OFFERS = ("propose", "counter")


def discounts(domain: Domain, opening: Opening, events: Iterable[StoredEvent]) -> tuple[int, ...]:
    """For each seller of an agreed negotiation that named a price: how much of it came off, in ppm;
    negative where it went up. Sellers without a price, and messages whose payload is erased or closed to
    this gateway, count for nothing.
    """
    role_of = {str(party.address): party.role for party in opening.parties}
    first: dict[str, int] = {}
    last: Mapping[str, Any] | None = None
    for event in events:
        message = event.data.get("message", {})
        core, payload = message.get("core", {}), message.get("payload") or {}
        if core.get("performative") not in OFFERS or "values" not in payload:
            continue
        last = payload["values"]
        role = role_of.get(str(core.get("sender")))
        if role is not None and role not in first:
            price = _price(domain, opening, last, role)
            if price:
                first[role] = price
    if last is None:
        return ()
    agreed = {role: _price(domain, opening, last, role) for role in first}
    return tuple((asked - agreed[role]) * PPM // asked for role, asked in first.items())


def _price(domain: Domain, opening: Opening, values: Mapping[str, Any], seller: str) -> int:
    """What `seller` earns under these values, base units; 0 where it sells nothing."""
    try:
        decoded = domain.decode_values(values)
        variables = {"open_by": opening.deadline}
        mine = [settlement for settlement in domain.settlements if settlement.seller == seller]
        return sum(evaluate(settlement.price, decoded, variables) for settlement in mine)
    except ParleyError:
        return 0
