"""From a signed action to the call that carries it: who must sign, what is called, under which key it is
sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parley.chain.escrow import Call, EscrowContract
from parley.settlement.errors import ActionMisdirected, ActionUnsupported
from parley.terms.actions import (
    Action,
    Cancellation,
    Delivery,
    Dispute,
    Receipt,
    Refund,
    Rejection,
    Ruling,
    Split,
)
from parley.terms.deal import Deal


@dataclass(frozen=True, slots=True)
class Planned:
    """A call for a deal: `purpose` is the action's name, `signers` must have signed it."""

    purpose: str
    call: Call
    signers: tuple[str, ...]


def _party(deal: Deal, party: str) -> str:
    if party not in (deal.buyer, deal.seller):
        raise ActionMisdirected("The action is by someone who is no party of the deal.", party=party)
    return party


def plan(escrow: EscrowContract, deal: Deal, deal_id: str, action: Action, signature: str) -> Planned:
    """The call for an action of one signer. Raises `ActionMisdirected`, `ActionUnsupported`."""
    if getattr(action, "deal_id", deal_id) != deal_id:
        raise ActionMisdirected("The action is for another deal.", signed=getattr(action, "deal_id", None))
    match action:
        case Delivery():
            return Planned("deliver", escrow.deliver(deal, action, signature), (deal.seller,))
        case Receipt():
            return Planned("accept_delivery", escrow.settle(deal, action, signature), (deal.buyer,))
        case Rejection():
            return Planned("reject", escrow.reject(deal, action, signature), (deal.buyer,))
        case Dispute():
            return Planned("dispute", escrow.dispute(deal, action, signature), (_party(deal, action.party),))
        case Ruling():
            return Planned("rule", escrow.rule(deal, action, signature), (deal.arbiter,))
        case Refund():
            return Planned("refund", escrow.refund(deal, action, signature), (_party(deal, action.party),))
        case Cancellation():
            return Planned("cancel", escrow.cancel(deal, action, signature), (_party(deal, action.party),))
        case _:
            raise ActionUnsupported("This document is no action on a deal.", kind=type(action).__name__)


def plan_split(
    escrow: EscrowContract, deal: Deal, deal_id: str, action: Split, buyer: str, seller: str
) -> Planned:
    """The call for a split that both parties signed."""
    if action.deal_id != deal_id:
        raise ActionMisdirected("The split is for another deal.", signed=action.deal_id)
    return Planned("split", escrow.split(deal, action, buyer, seller), (deal.buyer, deal.seller))


def plan_exit(escrow: EscrowContract, deal: Deal, name: str, milestone: int) -> Planned:
    """The call for a timed exit (`next_actions.EXITS`), which nobody has to sign."""
    calls: dict[str, Callable[[], Call]] = {
        "silence": lambda: escrow.settle_by_silence(deal),
        "close_rejected": lambda: escrow.close_rejected(deal),
        "lapse": lambda: escrow.lapse(deal),
        "default": lambda: escrow.claim_default(deal, milestone),
    }
    if name not in calls:
        raise ActionUnsupported("There is no such timed exit.", name=name[:40], known=sorted(calls))
    return Planned(name, calls[name](), ())
