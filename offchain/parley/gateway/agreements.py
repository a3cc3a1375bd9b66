"""From acceptance to a signed deal: derives it, takes the seller's signature, then the buyer's, and hands
both on.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parley.chain.escrow import Funding, FundingKind, Opening
from parley.errors import ParleyError
from parley.evidence.merkle import transcript_root
from parley.gateway.deals import DealDesk
from parley.gateway.errors import (
    AlreadySigned,
    BundleApart,
    DealMismatch,
    NotAgreed,
    NotYours,
    SellerSignsFirst,
    SettlementUnavailable,
    StandingUnknown,
)
from parley.gateway.live import Live
from parley.negotiation.status import Status
from parley.store.models import NewEvent, StoredEvent
from parley.store.service import EventStore
from parley.terms.deal import Deal
from parley.terms.derivation import Amended, deal_nonce, derive_deals
from parley.terms.errors import SignatureInvalid
from parley.terms.mandates import MANDATE_KIND
from parley.terms.signing import check_signature
from parley.terms.values import ZERO_HASH, Address, Hash32, Signature

SELLER_SIGNED = "seller_signed"
PRIVATE = ("authorization", "deal", "deal_id", "payment", "signature")
"""What of a signed deal can be erased: a price can be guessed from the id of its deal."""
BUYER_SIGNED = "buyer_signed"
ACCOUNT_KIND = "0x00"
_DERIVED = 1_024
"""Agreements whose deals are kept in memory."""


def agreement_stream(negotiation: str) -> str:
    """Deal signatures travel beside messages, not among them: a stream of their own."""
    return f"agreement:{negotiation}"


@dataclass(frozen=True, slots=True)
class Signed:
    """One side of a deal, as kept."""

    index: int
    deal: Deal
    deal_id: Hash32
    signature: str
    funding: Funding

    @property
    def authorization(self) -> str | None:
        """Its EIP-3009 authorisation, where it pays by one."""
        return self.funding.signature if self.funding.kind is FundingKind.AUTHORIZATION else None

    def as_data(self) -> dict[str, Any]:
        """What is stored of it."""
        data: dict[str, Any] = {
            "index": self.index,
            "deal": self.deal.as_json(),
            "deal_id": self.deal_id,
            "signature": self.signature,
            "open_by": self.deal.open_by,
        }
        if self.authorization is not None:
            data["authorization"] = self.authorization
        elif self.funding != Funding():
            data["funding"] = self.funding.kind.name.lower()
            data["payment"] = self.funding.signature
        return data


class Agreements:
    """Thread-safe where it reads; `sign` is called under the negotiation's lock. Blocks."""

    def __init__(
        self,
        store: EventStore,
        desk: DealDesk | None,
        *,
        chain_id: int,
        escrow: Address,
    ) -> None:
        self._store = store
        self._desk = desk
        self._chain_id = chain_id
        self._escrow = escrow
        self._derived: OrderedDict[tuple[str, Hash32, int | None], tuple[Deal, ...]] = OrderedDict()
        self._keeping = threading.Lock()

    def derive(self, live: Live, hashes: list[Hash32], open_by: int | None = None) -> tuple[Deal, ...]:
        """The deals of an agreed negotiation; `hashes` are those of its messages in order. Raises NotAgreed,
        and StandingUnknown for an amendment of what is not live.
        """
        state = live.state
        if state.status is not Status.ACCEPTED or state.offer is None:
            raise NotAgreed("the negotiation has no agreement to sign", status=state.status.value)
        # Nothing is said after an agreement, so what follows from it stays; an amendment depends on the
        # chain.
        key = (state.negotiation, state.last, open_by)
        held = self._derived.get(key) if live.opening.amends is None else None
        if held is not None:
            return held
        deals = derive_deals(
            live.domain,
            live.opening,
            state.offer.offer,
            transcript_root(hashes),
            len(hashes),
            state.last_sent_at,
            open_by,
            self._amended(live),
        )
        if live.opening.amends is None:
            with self._keeping:
                self._derived[key] = deals
                while len(self._derived) > _DERIVED:
                    self._derived.popitem(last=False)
        return deals

    def _amended(self, live: Live) -> Amended | None:
        amends = live.opening.amends
        if amends is None:
            return None
        found = None if self._desk is None else self._desk.standing(amends)
        if found is None:
            raise StandingUnknown("the deal to be amended is not live", deal_id=amends)
        return Amended(found.milestone, found.locked)

    def signed(self, negotiation: str) -> dict[int, Signed]:
        """What sellers have signed, by index of the settlement in the domain."""
        return self._kept(negotiation, SELLER_SIGNED)

    def countersigned(self, negotiation: str) -> dict[int, Signed]:
        """What buyers of linked deals have signed, while others are missing."""
        return self._kept(negotiation, BUYER_SIGNED)

    def _kept(self, negotiation: str, kind: str) -> dict[int, Signed]:
        found = self._store.read_all(agreement_stream(negotiation))
        mine = (event for event in found if event.kind == kind and not event.erased)
        return {signed.index: signed for signed in map(_signed, mine)}

    def views(self, live: Live, hashes: list[Hash32]) -> list[dict[str, Any]]:
        """What the parties can sign and what is signed, one entry a settlement."""
        if live.erased is not None or live.state.status is not Status.ACCEPTED:
            return []
        signed = self.signed(live.state.negotiation)
        bought = self.countersigned(live.state.negotiation)
        sealed = live.state.offer is not None and live.state.offer.content is None
        try:
            defaults: Sequence[Deal | Mapping[str, Any]] = (
                sides(live) if sealed else self.derive(live, hashes)
            )
        except StandingUnknown:
            # What it amends is replaced by now, or never stood: only what was signed can be shown.
            defaults = tuple(signed[index].deal for index in sorted(signed))
        return [
            self._view(index, default, signed.get(index), index in bought)
            for index, default in enumerate(defaults)
        ]

    def _view(
        self, index: int, default: Deal | Mapping[str, Any], held: Signed | None, bought: bool
    ) -> dict[str, Any]:
        deal = held.deal if held is not None else default
        if not isinstance(deal, Deal):
            return {"index": index, **deal, "buyer_signed": False}
        view: dict[str, Any] = {
            "index": index,
            "buyer": deal.buyer,
            "seller": deal.seller,
            "deal": deal.as_json(),
            "deal_id": deal.deal_id(self._chain_id, self._escrow),
            "open_by": deal.open_by,
            "buyer_signed": False,
        }
        if held is not None:
            view["seller_signature"] = held.signature
            if held.authorization is not None:
                view["seller_authorization"] = held.authorization
            view["buyer_signed"] = bought or self._store.deals.get(held.deal_id) is not None
        return view

    def sign(
        self,
        live: Live,
        hashes: list[Hash32],
        agent: Address,
        index: int,
        open_by: int,
        signature: str,
        funding: Funding,
        brought: Deal | None = None,
    ) -> tuple[Hash32, bool]:
        """Takes one side's signature; the deal id, and whether the deal is now submitted. Repeating is
        harmless. Linked deals are submitted together once every side of each has signed. Where the terms are
        sealed the deal is `brought` with its signature.
        """
        sealed = live.state.offer is not None and live.state.offer.content is None
        if sealed:
            deal, count = brought_deal(live, hashes, index, open_by, brought), len(live.domain.settlements)
        else:
            deals = self.derive(live, hashes, open_by)
            if index >= len(deals):
                raise DealMismatch("the domain has no such settlement", index=index, settlements=len(deals))
            deal, count = deals[index], len(deals)
        if agent not in (deal.buyer, deal.seller):
            raise NotYours("only the buyer and the seller sign a deal", buyer=deal.buyer, seller=deal.seller)
        own = Signed(index, deal, deal.deal_id(self._chain_id, self._escrow), signature, funding)
        self._check_signature(own, agent)
        sold = self.signed(live.state.negotiation)
        if agent == deal.seller:
            _require_one_bundle(deal, sold)
            self._seller(live, sold.get(index), own)
            return own.deal_id, False
        return own.deal_id, self._buyer(live.state.negotiation, count, sold, own)

    def _settling(self) -> DealDesk:
        if self._desk is None:
            raise SettlementUnavailable(
                "this gateway settles nothing",
                next_action="Open the deal at the escrow yourself: you hold both signatures.",
            )
        return self._desk

    def _check_signature(self, own: Signed, agent: Address) -> None:
        if own.signature.startswith("0x" + MANDATE_KIND):
            role = "buyer" if agent == own.deal.buyer else "seller"
            self._settling().check_signature(own.deal, role, own.signature)
        else:
            check_account_signature(own.deal_id, own.signature, agent)

    def _buyer(self, negotiation: str, count: int, sold: dict[int, Signed], own: Signed) -> bool:
        """Submits the deal; of linked ones keeps the buyer's signature until nobody's is missing."""
        held = sold.get(own.index)
        if held is None:
            raise SellerSignsFirst("the seller has not signed yet", deal_id=own.deal_id)
        if held.deal_id != own.deal_id:
            raise DealMismatch(
                "the seller signed another open-by time",
                seller_open_by=held.deal.open_by,
                open_by=own.deal.open_by,
            )
        desk = self._settling()
        if own.deal.bundle == ZERO_HASH:
            desk.submit(_opening(own, held), negotiation)
            return True
        bought = self.countersigned(negotiation)
        before = bought.get(own.index)
        if before is None:
            self._keep(negotiation, BUYER_SIGNED, own)
            bought[own.index] = own
        elif before != own:
            raise AlreadySigned("the buyer has signed this deal before, differently", deal_id=before.deal_id)
        if not all(index in sold and index in bought for index in range(count)):
            return False
        desk.submit_linked([_opening(bought[index], sold[index]) for index in range(count)], negotiation)
        return True

    def _seller(self, live: Live, held: Signed | None, own: Signed) -> None:
        if held is not None:
            if held != own:
                raise AlreadySigned(
                    "the seller has signed this deal before, differently", deal_id=held.deal_id
                )
            return
        if self._desk is not None:
            self._desk.check(own.deal)
        self._keep(live.state.negotiation, SELLER_SIGNED, own)

    def _keep(self, negotiation: str, kind: str, own: Signed) -> None:
        stream = agreement_stream(negotiation)
        self._store.append(stream, self._store.length(stream), (NewEvent(kind, own.as_data(), PRIVATE),))


def _require_one_bundle(deal: Deal, sold: dict[int, Signed]) -> None:
    apart = [other for other in sold.values() if other.deal.bundle != deal.bundle]
    if deal.bundle != ZERO_HASH and apart:
        raise BundleApart(
            "the linked deals are signed for another open-by time", open_by=apart[0].deal.open_by
        )


def _opening(bought: Signed, sold: Signed) -> Opening:
    return Opening(bought.deal, bought.signature, sold.signature, bought.funding, sold.funding)


def sides(live: Live) -> list[dict[str, Any]]:
    """Who buys and who sells in each settlement: all that can be said while the terms are sealed."""
    address = {party.role: party.address for party in live.opening.parties}
    return [
        {"buyer": address[settlement.buyer], "seller": address[settlement.seller]}
        for settlement in live.domain.settlements
    ]


def brought_deal(live: Live, hashes: list[Hash32], index: int, open_by: int, deal: Deal | None) -> Deal:
    """The deal that a side brings where the terms are sealed, as far as it can be told here: parties, token,
    transcript and place are those of this agreement. That it follows from the offer the sides check
    themselves, each before it signs. Raises NotAgreed, DealMismatch.
    """
    state = live.state
    if state.status is not Status.ACCEPTED:
        raise NotAgreed("the negotiation has no agreement to sign", status=state.status.value)
    if deal is None:
        raise NotAgreed(
            "the terms are sealed to the parties",
            next_action="Send the deal itself beside its signature, as `deal`.",
        )
    if index >= len(live.domain.settlements):
        raise DealMismatch("the domain has no such settlement", index=index)
    expected = {
        **sides(live)[index],
        "token": live.domain.settlements[index].token,
        "transcript_root": transcript_root(hashes),
        "transcript_length": len(hashes),
        "nonce": deal_nonce(state.negotiation, index),
        "open_by": open_by,
    }
    for name, value in expected.items():
        if getattr(deal, name) != value:
            raise DealMismatch(f"{name} is not that of this agreement", field=name, expected=str(value))
    return deal


def check_account_signature(deal_id: Hash32, signature: str, signer: Address) -> None:
    """Raises SignatureInvalid unless `signature` is the signer's own (kind byte 0x00, 65 bytes) over the
    deal id.
    """
    if not signature.startswith(ACCOUNT_KIND):
        raise SignatureInvalid("not an account's signature: the kind byte must be 0x00", expected=signer)
    try:
        body = Signature("0x" + signature[len(ACCOUNT_KIND) :])
    except ParleyError:
        raise SignatureInvalid(
            "an account's signature is the kind byte and 65 bytes", expected=signer
        ) from None
    check_signature(bytes.fromhex(deal_id[2:]), body, signer)


def _signed(event: StoredEvent) -> Signed:
    data = event.data
    authorization = data.get("authorization")
    if authorization is not None:
        funding = Funding(FundingKind.AUTHORIZATION, str(authorization))
    else:
        kind = FundingKind[str(data.get("funding", "allowance")).upper()]
        funding = Funding(kind, str(data.get("payment", "0x")))
    return Signed(
        int(data["index"]),
        Deal.parse(data["deal"]),
        Hash32(data["deal_id"]),
        str(data["signature"]),
        funding,
    )
