"""Signed receipts: the gateway's word for when a message became durable and where it stands in its log."""

from __future__ import annotations

from parley.store.models import StoredEvent
from parley.terms.message import MessageReceipt, SignedReceipt
from parley.terms.signing import Signer
from parley.terms.values import Address, Hash32


class Receipts:
    """Receipts follow from the stored event alone and signing is deterministic, so a repeat gives the same
    receipt.
    """

    def __init__(self, signer: Signer, chain_id: int) -> None:
        self._signer = signer
        self._chain_id = chain_id

    @property
    def gateway(self) -> Address:
        return self._signer.address

    def of(self, negotiation: Hash32, message: Hash32, event: StoredEvent) -> SignedReceipt:
        """The receipt of the message kept in `event`: `received_at` unix seconds, `log_index` the log
        position.
        """
        receipt = MessageReceipt(
            negotiation=negotiation, message=message, received_at=event.recorded_at, log_index=event.position
        )
        return SignedReceipt(
            negotiation=negotiation,
            message=message,
            received_at=event.recorded_at,
            log_index=event.position,
            gateway=self._signer.address,
            signature=self._signer.sign_digest(receipt.digest(self._chain_id)),
        )
