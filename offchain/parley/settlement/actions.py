"""From a signed action to the call that carries it: who must sign, what is called, under which key it is
sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parley.chain.escrow import Call, EscrowContract
from parley.chain.evidence_contract import EvidenceContract
from parley.settlement.errors import ActionMisdirected, ActionUnsupported
from parley.terms.actions import (
    Action,
    Cancellation,
    Delivery,
    Dispute,
    Epoch,
    Mandate,
    MandateRevocation,
    Receipt,
    Refund,
    Rejection,
    Ruling,
    Split,
    SplitRevocation,
    Withdrawal,
)
from parley.terms.deal import Deal
from parley.terms.evidence_actions import EvidenceSubmission
from parley.terms.mandates import Act
from parley.terms.values import Address


@dataclass(frozen=True, slots=True)
class Planned:
    """A call for a deal: `purpose` is the action's name, `signers` must have signed it, themselves or by
    agents whose mandates allow `act` (None: no agent may).
    """

    purpose: str
    call: Call
    signers: tuple[str, ...]
    act: Act | None = None


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
            return Planned("deliver", escrow.deliver(deal, action, signature), (deal.seller,), Act.DELIVERY)
        case Receipt():
            return Planned(
                "accept_delivery", escrow.settle(deal, action, signature), (deal.buyer,), Act.RECEIPT
            )
        case Rejection():
            return Planned("reject", escrow.reject(deal, action, signature), (deal.buyer,), Act.REJECTION)
        case Dispute():
            party = _party(deal, action.party)
            return Planned("dispute", escrow.dispute(deal, action, signature), (party,), Act.DISPUTE)
        case Ruling():
            return Planned("rule", escrow.rule(deal, action, signature), (deal.arbiter,))
        case Refund():
            party = _party(deal, action.party)
            return Planned("refund", escrow.refund(deal, action, signature), (party,), Act.LEAVE)
        case Cancellation():
            party = _party(deal, action.party)
            return Planned("cancel", escrow.cancel(deal, action, signature), (party,), Act.LEAVE)
        case _:
            raise ActionUnsupported("This document is no action on a deal.", kind=type(action).__name__)


def plan_split(
    escrow: EscrowContract, deal: Deal, deal_id: str, action: Split, buyer: str, seller: str
) -> Planned:
    """The call for a split that both parties signed."""
    if action.deal_id != deal_id:
        raise ActionMisdirected("The split is for another deal.", signed=action.deal_id)
    return Planned("split", escrow.split(deal, action, buyer, seller), (deal.buyer, deal.seller), Act.SPLIT)


def plan_split_revocation(
    escrow: EscrowContract, deal: Deal, deal_id: str, split: Split, action: SplitRevocation, signature: str
) -> Planned:
    """The call by which a party takes back a split that it signed."""
    if split.deal_id != deal_id:
        raise ActionMisdirected("The split is for another deal.", signed=split.deal_id)
    digest = split.digest(escrow.node.chain_id(), Address(escrow.address))
    if action.split != "0x" + digest.hex():
        raise ActionMisdirected(
            "The revocation is of another split.", signed=action.split, given="0x" + digest.hex()
        )
    party = _party(deal, action.party)
    return Planned("revoke_split", escrow.revoke_split(deal, split, action, signature), (party,), Act.SPLIT)


def plan_for_account(
    escrow: EscrowContract, action: Action, signature: str, mandate: Mandate | None = None
) -> tuple[str, Planned]:
    """The account, and the call for what it signed about itself: a withdrawal, an epoch, a mandate's end."""
    match action:
        case Withdrawal():
            return action.party, Planned("withdraw", escrow.withdraw(action, signature), (action.party,))
        case Epoch():
            call = escrow.advance_epoch(action, signature)
            return action.party, Planned("advance_epoch", call, (action.party,))
        case MandateRevocation():
            if mandate is None:
                raise ActionMisdirected("The mandate that ends is missing.", mandate=action.mandate)
            digest = mandate.digest(escrow.node.chain_id(), Address(escrow.address))
            if action.mandate != "0x" + digest.hex() or action.principal != mandate.principal:
                raise ActionMisdirected(
                    "The revocation is of another mandate.", signed=action.mandate, given="0x" + digest.hex()
                )
            call = escrow.revoke_mandate(mandate, action, signature)
            return mandate.principal, Planned("revoke_mandate", call, (mandate.principal,))
        case _:
            raise ActionUnsupported(
                "This document is no action of an account by itself.", kind=type(action).__name__
            )


def plan_evidence(
    contract: EvidenceContract, deal: Deal, deal_id: str, action: EvidenceSubmission, signature: str
) -> Planned:
    """The call by which a party hands evidence to the arbiter of its deal."""
    if action.deal_id != deal_id:
        raise ActionMisdirected("The evidence is on another deal.", signed=action.deal_id)
    party = _party(deal, action.party)
    return Planned("evidence", contract.submit_evidence(deal, action, signature), (party,))


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
