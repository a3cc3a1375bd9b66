"""From acceptance to a signed deal: derives it, takes the seller's signature, then the buyer's, and hands
both on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parley.errors import ParleyError
from parley.evidence.merkle import transcript_root
from parley.gateway.deals import DealDesk
from parley.gateway.errors import (
    AlreadySigned,
    DealMismatch,
    LinkedDealsUnsupported,
    NotAgreed,
    NotYours,
    SellerSignsFirst,
    SettlementUnavailable,
)
from parley.gateway.live import Live
from parley.negotiation.status import Status
from parley.store.models import NewEvent, StoredEvent
from parley.store.service import EventStore
from parley.terms.deal import Deal
from parley.terms.derivation import derive_deals
from parley.terms.errors import SignatureInvalid
from parley.terms.signing import check_signature
from parley.terms.values import ZERO_HASH, Address, Hash32, Signature

SELLER_SIGNED = "seller_signed"
PRIVATE = ("authorization", "deal", "deal_id", "signature")
"""What of a signed deal can be erased: a price can be guessed from the id of its deal."""
ACCOUNT_KIND = "0x00"


def agreement_stream(negotiation: str) -> str:
    """Deal signatures travel beside messages, not among them: a stream of their own."""
    return f"agreement:{negotiation}"


@dataclass(frozen=True, slots=True)
class Signed:
    """The seller's side of a deal, as kept."""

    index: int
    deal: Deal
    deal_id: Hash32
    signature: str
    authorization: str | None


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

    def derive(self, live: Live, hashes: list[Hash32], open_by: int | None = None) -> tuple[Deal, ...]:
        """The deals of an agreed negotiation; `hashes` are those of its messages in order. Raises
        NotAgreed.
        """
        state = live.state
        if state.status is not Status.ACCEPTED or state.offer is None:
            raise NotAgreed("the negotiation has no agreement to sign", status=state.status.value)
        return derive_deals(
            live.domain,
            live.opening,
            state.offer.offer,
            transcript_root(hashes),
            len(hashes),
            state.last_sent_at,
            open_by,
        )

    def signed(self, negotiation: str) -> dict[int, Signed]:
        """What sellers have signed, by index of the settlement in the domain."""
        found = self._store.read(agreement_stream(negotiation))
        return {signed.index: signed for signed in map(_signed, (e for e in found if not e.erased))}

    def views(self, live: Live, hashes: list[Hash32]) -> list[dict[str, Any]]:
        """What the parties can sign and what is signed, one entry a settlement."""
        if live.erased is not None or live.state.status is not Status.ACCEPTED:
            return []
        if live.opening.amends is not None:
            return []  # what an amendment replaces stands on the chain: its sides derive it
        signed = self.signed(live.state.negotiation)
        found = []
        for index, default in enumerate(self.derive(live, hashes)):
            held = signed.get(index)
            deal = held.deal if held is not None else default
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
                view["buyer_signed"] = self._store.deals.get(held.deal_id) is not None
            found.append(view)
        return found

    def sign(
        self,
        live: Live,
        hashes: list[Hash32],
        agent: Address,
        index: int,
        open_by: int,
        signature: str,
        authorization: str | None,
    ) -> tuple[Hash32, bool]:
        """Takes one side's signature; the deal id, and whether the deal is now submitted. Repeating is
        harmless.
        """
        deals = self.derive(live, hashes, open_by)
        if index >= len(deals):
            raise DealMismatch("the domain has no such settlement", index=index, settlements=len(deals))
        deal = deals[index]
        if deal.bundle != ZERO_HASH:
            raise LinkedDealsUnsupported("the deals of this negotiation open together", bundle=deal.bundle)
        if agent not in (deal.buyer, deal.seller):
            raise NotYours("only the buyer and the seller sign a deal", buyer=deal.buyer, seller=deal.seller)
        deal_id = deal.deal_id(self._chain_id, self._escrow)
        check_account_signature(deal_id, signature, agent)
        held = self.signed(live.state.negotiation).get(index)
        if agent == deal.seller:
            self._seller(live, held, Signed(index, deal, deal_id, signature, authorization))
            return deal_id, False
        if held is None:
            raise SellerSignsFirst("the seller has not signed yet", deal_id=deal_id)
        if held.deal_id != deal_id:
            raise DealMismatch(
                "the seller signed another open-by time", seller_open_by=held.deal.open_by, open_by=open_by
            )
        if self._desk is None:
            raise SettlementUnavailable(
                "this gateway settles nothing",
                next_action="Open the deal at the escrow yourself: you hold both signatures.",
            )
        negotiation = live.state.negotiation
        self._desk.submit(deal, signature, held.signature, authorization, held.authorization, negotiation)
        return deal_id, True

    def _seller(self, live: Live, held: Signed | None, signed: Signed) -> None:
        if held is not None:
            if (held.deal_id, held.signature, held.authorization) != (
                signed.deal_id,
                signed.signature,
                signed.authorization,
            ):
                raise AlreadySigned(
                    "the seller has signed this deal before, differently", deal_id=held.deal_id
                )
            return
        if self._desk is not None:
            self._desk.check(signed.deal)
        data = {
            "index": signed.index,
            "deal": signed.deal.as_json(),
            "deal_id": signed.deal_id,
            "signature": signed.signature,
            "open_by": signed.deal.open_by,
        }
        if signed.authorization is not None:
            data["authorization"] = signed.authorization
        stream = agreement_stream(live.state.negotiation)
        self._store.append(stream, self._store.length(stream), (NewEvent(SELLER_SIGNED, data, PRIVATE),))


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
    return Signed(
        int(data["index"]),
        Deal.parse(data["deal"]),
        Hash32(data["deal_id"]),
        str(data["signature"]),
        data.get("authorization"),
    )
