"""Evidence for the parties: bundles that verify without this gateway, and proofs of single messages."""

from __future__ import annotations

from typing import Any

from parley.evidence.bundle import DealSignatures, export_bundle
from parley.evidence.merkle import TranscriptTree
from parley.gateway.deals import DealDesk, Submitted
from parley.gateway.errors import NotFound, ParameterInvalid
from parley.gateway.live import Live, LiveNegotiations
from parley.gateway.negotiations import Negotiations
from parley.gateway.settings import GatewaySettings
from parley.terms.message import Message
from parley.terms.values import Address, Hash32, Signature


class EvidenceRoom:
    """Reads only. Blocks: call it from a thread."""

    def __init__(
        self,
        live: LiveNegotiations,
        negotiations: Negotiations,
        deals: DealDesk | None,
        settings: GatewaySettings,
    ) -> None:
        self._live = live
        self._negotiations = negotiations
        self._deals = deals
        self._registry = None if settings.registry is None else Address(settings.registry)

    def of_negotiation(self, live: Live) -> dict[str, Any]:
        """The bundle of a negotiation as it stands, with every deal that was submitted for it."""
        submitted = () if self._deals is None else self._deals.of_negotiation(live.state.negotiation)
        events = self._negotiations.transcript(live.state.negotiation)
        bundle = export_bundle(
            live.domain,
            live.opening,
            [Message.parse(event.data["message"]) for event in events],
            deals=[_signatures(item) for item in submitted],
            receipts=[self._negotiations.receipt(live, event) for event in events],
            transactions=[Hash32(hash_) for item in submitted for hash_ in item.transactions],
            registry=self._registry,
            erasures=() if live.erased is None else (live.erased,),
        )
        return bundle.as_json()

    def of_deal(self, submitted: Submitted) -> dict[str, Any]:
        """The bundle of the negotiation behind a deal. Raises NotFound for a deal that was negotiated
        elsewhere.
        """
        return self.of_negotiation(self._negotiated(submitted))

    def proof(self, submitted: Submitted, sequence: int) -> dict[str, Any]:
        """That one message stands in the transcript the deal commits to. Raises NotFound or
        ParameterInvalid.
        """
        live = self._negotiated(submitted)
        length = submitted.deal.transcript_length
        if sequence >= length:
            raise ParameterInvalid("the deal's transcript is shorter", parameter="sequence", length=length)
        hashes = self._negotiations.hashes(live.state.negotiation)[:length]
        return {
            "deal_id": submitted.deal_id,
            "transcript_root": submitted.deal.transcript_root,
            "sequence": sequence,
            "message": hashes[sequence],
            "proof": list(TranscriptTree(hashes).proof(sequence)),
        }

    def _negotiated(self, submitted: Submitted) -> Live:
        if submitted.negotiation is None:
            raise NotFound("the deal was negotiated elsewhere", deal_id=submitted.deal_id)
        return self._live.load(submitted.negotiation)


def _signatures(item: Submitted) -> DealSignatures:
    return DealSignatures(
        deal=item.deal,
        buyer_signature=item.buyer_signature,
        seller_signature=item.seller_signature,
        buyer_authorization=None if item.buyer_authorization is None else Signature(item.buyer_authorization),
        seller_authorization=None
        if item.seller_authorization is None
        else Signature(item.seller_authorization),
    )
