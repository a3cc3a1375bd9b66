"""Signed receipts: the gateway's word for when a message became durable and where it stands in its log."""

from __future__ import annotations

from typing import Any

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
        about: dict[str, Any] = {
            "negotiation": negotiation,
            "message": message,
            "received_at": event.recorded_at,
            "log_index": event.position,
        }
        digest = MessageReceipt.unchecked(**about).digest(self._chain_id)
        signature = self._signer.sign_digest(digest)
        return SignedReceipt.unchecked(**about, gateway=self._signer.address, signature=signature)
