"""Amendments: a deal that replaces a live one, as both sides must see it before they sign.

The new deal lists the milestones that remain, between the same two parties in the same token, and binds the
deal it replaces with the milestone that was current and the amount that was locked. Anything that moves on
the chain in between makes the amendment void there, not wrong here.
"""

from __future__ import annotations

from parley.terms.deal import Deal
from parley.terms.derivation import Amended
from parley.terms.errors import DerivationFailed
from parley.terms.opening import Opening
from parley.terms.values import ZERO_HASH, Address, Hash32


def check_amendment(
    current: Deal, new: Deal, amended: Amended, chain_id: int, escrow: Address, now: int | None = None
) -> None:
    """Raises `DerivationFailed` unless `new` replaces `current`, which stands at `amended`, between the same
    sides in the same token; with `now` (unix seconds) also `DealInvalid` unless it obeys the opening rules.
    """
    replaced = current.deal_id(chain_id, escrow)
    for field, wanted, found in (
        ("amends", replaced, new.amends),
        ("amends_milestone", amended.milestone, new.amends_milestone),
        ("amends_locked", amended.locked, new.amends_locked),
        ("buyer", current.buyer, new.buyer),
        ("seller", current.seller, new.seller),
        ("token", current.token, new.token),
    ):
        if wanted != found:
            raise DerivationFailed(
                f"the amendment's {field} is not that of the deal it replaces",
                field=field,
                problem="amendment",
                wanted=str(wanted),
                found=str(found),
            )
    if amended.milestone >= len(current.milestones):
        raise DerivationFailed(
            "the deal has no such milestone left", field="amends_milestone", problem="amendment"
        )
    if now is not None:
        new.model_copy(update={"amends": ZERO_HASH}).validate_for_opening(now)


def amendment_opening(
    opening: Opening,
    deal_id: Hash32,
    *,
    domain: Hash32,
    first: str,
    initiator: Address,
    opened_at: int,
    deadline: int,
    nonce: Hash32,
    epochs: dict[str, int] | None = None,
) -> Opening:
    """The opening of a negotiation that amends the deal of an earlier one: same parties, roles, gateways,
    reviewers and place. `epochs` are the roles' current ones at the escrow; times in unix seconds.
    """
    now = epochs or {}
    parties = tuple(
        party.model_copy(update={"epoch": now.get(party.role, party.epoch)}) for party in opening.parties
    )
    return opening.model_copy(
        update={
            "domain": domain,
            "parties": parties,
            "first": first,
            "initiator": initiator,
            "opened_at": opened_at,
            "deadline": deadline,
            "amends": deal_id,
            "mediator": None,
            "draw": None,
            "nonce": nonce,
        }
    )
