"""The JSON shapes of answers, and the next actions that belong to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from parley.gateway.live import Live
from parley.gateway.web import NextAction, act
from parley.negotiation.status import Status
from parley.store.models import DealRow, NegotiationRow
from parley.terms.values import Address


def negotiation_path(negotiation: str) -> str:
    return f"/v1/negotiations/{negotiation}"


def parties_of(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"role": role, "address": address} for role, address in pairs]


def negotiation_view(live: Live, agent: Address, agreements: list[dict[str, Any]]) -> dict[str, Any]:
    """Where a negotiation stands, as `agent` sees it. `round` counts complete rounds, `deadline` is unix
    seconds.
    """
    state, opening = live.state, live.opening
    view: dict[str, Any] = {
        "id": state.negotiation,
        "status": state.status.value,
        "held": state.held,
        "turn": state.turn if state.live and state.sequence else None,
        "role": live.role_of.get(agent),
        "round": state.round,
        "messages": state.sequence,
        "last": state.last,
        "last_sent_at": state.last_sent_at,
        "deadline": opening.deadline,
        "reason": None if state.reason is None else state.reason.value,
        "parties": parties_of((party.role, party.address) for party in opening.parties),
        "latest_offer": None,
        "agreements": agreements,
        "erased": None if live.erased is None else live.erased.erasure.as_json(),
    }
    if state.offer is not None:
        view["latest_offer"] = {
            "hash": state.offer.message,
            "role": state.offer.role,
            "sequence": state.offer.sequence,
            "values": {} if state.offer.content is None else state.offer.content.as_json()["values"],
            "sealed": state.offer.content is None,
            "expires_at": state.offer.expires_at,
        }
    return view


def negotiation_actions(
    live: Live, agent: Address, now: int, agreements: list[dict[str, Any]]
) -> list[NextAction]:
    """What `agent` can do next: messages while it lives, signatures once it is agreed."""
    path = negotiation_path(live.state.negotiation)
    names = live.machine.next_actions(live.state, agent, now)
    found = [act(name, "POST", f"{path}/messages") for name in names]
    if live.state.status is Status.ACCEPTED:
        for agreement in agreements:
            found.extend(_signing(agreement, agent))
        found.append(act("download_bundle", "GET", f"{path}/bundle"))
    if not found:
        found.append(act("wait" if live.state.live else "read", "GET", path))
    return found


def _signing(agreement: Mapping[str, Any], agent: Address) -> list[NextAction]:
    if agreement["buyer_signed"]:
        return [act("follow_deal", "GET", f"/v1/deals/{agreement['deal_id']}")]
    if agent == agreement["seller"] and "seller_signature" not in agreement:
        return [act("sign_deal", "POST", "/v1/deals")]
    if agent == agreement["buyer"] and "seller_signature" in agreement:
        return [act("sign_deal", "POST", "/v1/deals")]
    return [act("wait_for_signature", "GET", "/v1/events")]


def negotiation_summary(row: NegotiationRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "status": row.status,
        "held": row.held,
        "messages": row.messages,
        "opened_at": row.opened_at,
        "deadline": row.deadline,
        "updated_at": row.updated_at,
        "parties": parties_of(row.parties),
    }


def deal_summary(row: DealRow) -> dict[str, Any]:
    """A line in a list of deals; amounts are decimal strings of base units."""
    return {
        "deal_id": row.deal_id,
        "status": row.status,
        "token": row.token,
        "price": str(row.price),
        "locked": str(row.locked),
        "milestone": row.milestone,
        "negotiation": row.negotiation,
        "updated_at": row.updated_at,
        "parties": parties_of(row.parties),
    }


DEAL_ROUTES = {
    "deliver": "delivery",
    "accept_delivery": "receipt",
    "reject": "rejection",
    "dispute": "dispute",
    "rule": "ruling",
    "refund": "refund",
    "cancel": "cancellation",
    "split": "split",
    "amend": "amendment",
}


def deal_actions(deal_id: str, names: Iterable[str]) -> list[NextAction]:
    """The settlement's next actions as requests to this gateway; timed exits share one route."""
    path = f"/v1/deals/{deal_id}"
    found = [
        act(name, "POST", "/v1/deals" if name == "submit" else f"{path}/{DEAL_ROUTES.get(name, 'exits')}")
        for name in names
    ]
    return found or [act("wait", "GET", path)]
