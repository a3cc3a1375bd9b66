"""Checks against a node: the escrow's code, state and history of each deal, and the transactions."""

from __future__ import annotations

from collections.abc import Sequence

from parley.evidence.bundle import SignedDeal
from parley.evidence.chain_reader import ChainEvent, ChainReader
from parley.evidence.findings import Broken, Finding, nothing, passed, skipped
from parley.evidence.talk import Talk

_STATUS_AFTER = {
    "Opened": "Open",
    "Delivered": "Delivered",
    "Rejected": "Rejected",
    "Disputed": "Disputed",
    "Ruled": "Open",
    "Lapsed": "Open",
    "Closed": "Closed",
    "Cancelled": "Cancelled",
}


_NO_NODE = "no node was given"


def _node(talk: Talk) -> ChainReader | None:
    if talk.unreachable is not None:
        raise Broken(talk.unreachable)
    return talk.node


def check_code(talk: Talk) -> Finding:
    """The node serves the bundle's chain, and the escrow's code stands at its address."""
    place = talk.bundle.chain
    chain = _node(talk)
    if chain is None:
        return skipped(_NO_NODE)
    if chain.chain_id() != place.chain_id:
        raise Broken(f"the node serves chain {chain.chain_id()}, the bundle is for {place.chain_id}")
    if not chain.has_code(place.escrow):
        raise Broken(f"no contract at {place.escrow}")
    if not chain.is_escrow(place.escrow):
        raise Broken(f"the code at {place.escrow} is not this escrow's: what it answers proves nothing")
    return passed(f"the escrow's code at {place.escrow} on chain {place.chain_id}")


def check_states(talk: Talk) -> Finding:
    """What the escrow holds for each deal."""
    chain = _node(talk)
    if chain is None:
        return skipped(_NO_NODE)
    if not talk.bundle.deals:
        return nothing("the bundle holds no deal")
    found: list[str] = []
    for index, item in enumerate(talk.bundle.deals):
        state = chain.deal_state(item.deal_id)
        if state.status == "Unopened" and talk.bundle.chain.transactions:
            raise Broken(f"deal {index} was never opened, though the bundle names transactions")
        found.append(f"deal {index} {state.status}, {state.locked} locked")
    return passed("; ".join(found))


def check_history(talk: Talk) -> Finding:
    """The events of each deal fit its terms, and end in the state that the escrow holds."""
    chain = _node(talk)
    if chain is None:
        return skipped(_NO_NODE)
    if not talk.bundle.deals:
        return nothing("the bundle holds no deal")
    total = 0
    for index, item in enumerate(talk.bundle.deals):
        events = chain.deal_history(item.deal_id)
        status = _follow(index, item, events)
        actual = chain.deal_state(item.deal_id).status
        if status != actual:
            raise Broken(f"deal {index}: its events end in {status}, the escrow says {actual}")
        total += len(events)
    return passed(f"{total} events agree with the deals and their states")


def _follow(index: int, item: SignedDeal, events: Sequence[ChainEvent]) -> str:
    status = "Unopened"
    for event in events:
        if event.name == "Opened":
            _check_opened(index, item, event)
        elif status == "Unopened" and event.name != "Cancelled":
            raise Broken(f"deal {index}: {event.name} before it was opened")
        if event.name == "Settled":
            status = "Closed" if event.arguments.get("remaining") == 0 else "Open"
        else:
            status = _STATUS_AFTER.get(event.name, status)
    return status


def _check_opened(index: int, item: SignedDeal, event: ChainEvent) -> None:
    deal = item.deal
    fees = deal.arbiter_fee * len(deal.milestones)
    expected: dict[str, int | str] = {
        "buyer": deal.buyer,
        "seller": deal.seller,
        "token": deal.token,
        "price": deal.price,
        "locked": deal.price + fees + deal.seller_bond,
        "transcriptRoot": deal.transcript_root,
    }
    for name, wanted in expected.items():
        actual = event.arguments.get(name)
        if (actual.lower() if isinstance(actual, str) else actual) != wanted:
            raise Broken(f"deal {index} opened with {name} {actual}, the bundle says {wanted}")


def check_transactions(talk: Talk) -> Finding:
    """Every transaction that the bundle names was executed."""
    chain = _node(talk)
    if chain is None:
        return skipped(_NO_NODE)
    named = talk.bundle.chain.transactions
    if not named:
        return nothing("the bundle names none")
    for transaction in named:
        succeeded = chain.transaction_succeeded(transaction)
        if succeeded is None:
            raise Broken(f"the node does not know transaction {transaction}")
        if not succeeded:
            raise Broken(f"transaction {transaction} reverted")
    return passed(f"{len(named)} executed")
