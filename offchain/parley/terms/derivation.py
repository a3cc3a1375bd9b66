"""From an accepted offer to the deals that both sides sign: a pure function (docs/spec.md section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from parley.terms.deal import Deal, Milestone, bundle_hash
from parley.terms.domain import FIELD_BITS, Domain, Rest, Settlement, SettlementMilestone
from parley.terms.errors import DerivationFailed, EvaluationFailed
from parley.terms.expressions import Expression, evaluate
from parley.terms.issues import IssueValue
from parley.terms.opening import Opening, check_opening
from parley.terms.payloads import Award, Offer
from parley.terms.protocols import WINNER
from parley.terms.terms import terms_of
from parley.terms.values import ZERO_HASH, Hash32, keccak


@dataclass(frozen=True, slots=True)
class Amended:
    """State of the deal that an amendment replaces: its current milestone and what it has locked (base
    units).
    """

    milestone: int
    locked: int


def deal_nonce(negotiation: Hash32, index: int) -> int:
    """Nonce of the deal of settlement `index`: keccak256(negotiation id ‖ uint256 index)."""
    return int.from_bytes(keccak(bytes.fromhex(negotiation[2:]) + index.to_bytes(32, "big")), "big")


def open_by_range(domain: Domain, accepted_at: int) -> tuple[int, int]:
    """First and last admissible `open_by` after a last acceptance sent at `accepted_at` (unix seconds)."""
    return accepted_at + 1, accepted_at + domain.limits.open_window_seconds


def derive_deals(
    domain: Domain,
    opening: Opening,
    offer: Offer,
    transcript_root: Hash32,
    transcript_length: int,
    accepted_at: int,
    open_by: int | None = None,
    amended: Amended | None = None,
) -> tuple[Deal, ...]:
    """One deal for each settlement of the domain, in order; several are linked by `bundle`. Of an award the
    deals are with its winner.

    `accepted_at` is the `sent_at` of the last acceptance, `open_by` the seller's choice (default: the
    latest allowed); unix seconds. `amended` is needed when, and only when, the opening amends a deal.
    Raises `DerivationFailed`, `EvaluationFailed`, `IssueValuesInvalid`, `OpeningInvalid`.
    """
    check_opening(domain, opening)
    first, last = open_by_range(domain, accepted_at)
    chosen = last if open_by is None else open_by
    if not first <= chosen <= last:
        raise DerivationFailed(
            f"open_by must lie between {first} and {last}", field="open_by", problem="range", open_by=chosen
        )
    winner = offer.winner if isinstance(offer, Award) else None
    if (domain.auction is None) != (winner is None):
        raise DerivationFailed(
            "a sealed-bid domain, and no other, settles with the winner of an award",
            field="winner",
            problem="award",
        )
    if (opening.amends is None) != (amended is None):
        raise DerivationFailed(
            "an amendment, and nothing else, needs the state of the deal it replaces",
            field="amends",
            problem="state",
        )
    if amended is not None and len(domain.settlements) != 1:
        raise DerivationFailed(
            "an amendment replaces one deal by one deal", field="settlements", problem="amendment"
        )
    negotiation = opening.negotiation_id()
    values = domain.decode_values(offer.values)
    terms_hash = terms_of(domain, negotiation, offer).hash()
    deals = tuple(
        _deal(
            opening,
            settlement,
            _evaluated(settlement, values, chosen, 0 if amended is None else amended.milestone),
            winner=winner,
            open_by=chosen,
            terms_hash=terms_hash,
            transcript_root=transcript_root,
            transcript_length=transcript_length,
            amended=amended,
            nonce=deal_nonce(negotiation, index),
        )
        for index, settlement in enumerate(domain.settlements)
    )
    if len(deals) < 2:
        return deals
    link = bundle_hash(deals)
    return tuple(deal.model_copy(update={"bundle": link}) for deal in deals)


@dataclass(frozen=True, slots=True)
class _Figures:
    fields: Mapping[str, int]
    milestones: tuple[Milestone, ...]


def _evaluated(settlement: Settlement, values: Mapping[str, IssueValue], open_by: int, done: int) -> _Figures:
    price = _field("price", settlement.price, values, {"open_by": open_by}, FIELD_BITS["price"])
    variables = {"open_by": open_by, "price": price}
    fields = {
        name: _field(name, getattr(settlement, name), values, variables, bits)
        for name, bits in FIELD_BITS.items()
    }
    milestones = _milestones(settlement.milestones_for(values), price, values, variables)
    if settlement.remaining and done:
        milestones = milestones[done:]
        if not milestones:
            raise DerivationFailed(
                "the agreed schedule leaves no milestone to amend", field="milestones", problem="remaining"
            )
        fields["price"] = sum(part.amount for part in milestones)
    return _Figures(fields, milestones)


def _milestones(
    entries: tuple[SettlementMilestone, ...],
    price: int,
    values: Mapping[str, IssueValue],
    variables: Mapping[str, int],
) -> tuple[Milestone, ...]:
    found: list[Milestone] = []
    used = 0
    for entry in entries:
        if entry.when is not None and _field("when", entry.when, values, variables, None) == 0:
            continue
        if isinstance(entry.amount, Rest):
            amount = price - used
            if amount < 0:
                raise DerivationFailed(
                    "the milestones before the rest exceed the price", field="milestones", problem="sum"
                )
        else:
            amount = _field("amount", entry.amount, values, variables, 128)
        if amount == 0:
            continue
        used += amount
        found.append(
            Milestone(amount=amount, deliver_by=_field("deliver_by", entry.deliver_by, values, variables, 40))
        )
    if used != price:
        raise DerivationFailed(
            "the milestones do not sum to the price",
            field="milestones",
            problem="sum",
            sum=str(used),
            price=str(price),
        )
    return tuple(found)


def _field(
    name: str,
    expression: Expression,
    values: Mapping[str, IssueValue],
    variables: Mapping[str, int],
    bits: int | None,
) -> int:
    try:
        result = evaluate(expression, values, variables)
    except EvaluationFailed as error:
        raise EvaluationFailed(
            f"{name}: {error.message}", problem=error.values["problem"], field=name
        ) from None
    if result < 0 or (bits is not None and result >> bits):
        raise EvaluationFailed(
            f"{name} is out of its range", problem="range", field=name, result=str(result)[:90]
        )
    return result


def _deal(
    opening: Opening,
    settlement: Settlement,
    figures: _Figures,
    *,
    winner: str | None,
    open_by: int,
    terms_hash: Hash32,
    transcript_root: Hash32,
    transcript_length: int,
    amended: Amended | None,
    nonce: int,
) -> Deal:
    buyer, seller = (
        opening.party_of_role(winner if winner is not None and role == WINNER else role)
        for role in (settlement.buyer, settlement.seller)
    )
    return Deal(
        buyer=buyer.address,
        seller=seller.address,
        arbiter=settlement.arbiter,
        relayer=settlement.relayer,
        token=settlement.token,
        **cast(dict[str, Any], figures.fields),
        open_by=open_by,
        payout=settlement.payout,
        milestones=figures.milestones,
        terms_hash=terms_hash,
        transcript_root=transcript_root,
        transcript_length=transcript_length,
        bundle=ZERO_HASH,
        amends=opening.amends or ZERO_HASH,
        amends_milestone=0 if amended is None else amended.milestone,
        amends_locked=0 if amended is None else amended.locked,
        buyer_epoch=buyer.epoch,
        seller_epoch=seller.epoch,
        nonce=nonce,
    )
