"""Deals that both sides signed elsewhere, as a gateway takes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from parley.terms.deal import Deal
from parley.terms.funding import FundingKind


@dataclass(frozen=True, slots=True)
class Payment:
    """Where one side's money comes from; `signature` is what its owner signed for that, in the form of its
    kind (docs/spec.md section 8), and nothing for an allowance or an internal balance.
    """

    kind: FundingKind
    signature: str = "0x"

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind.name.lower(), "signature": self.signature}


@dataclass(frozen=True, slots=True)
class WholeDeal:
    """A deal with the signatures of both sides (kind byte first, `0x` where a payment speaks for the side)
    and how they pay; None: by an allowance. An amendment may name the deal that it `replaces`.
    """

    deal: Deal
    buyer_signature: str = "0x"
    seller_signature: str = "0x"
    buyer_payment: Payment | None = None
    seller_payment: Payment | None = None
    replaces: Deal | None = None

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "deal": self.deal.as_json(),
            "buyer_signature": self.buyer_signature,
            "seller_signature": self.seller_signature,
        }
        if self.buyer_payment is not None:
            body["buyer_funding"] = self.buyer_payment.as_json()
        if self.seller_payment is not None:
            body["seller_funding"] = self.seller_payment.as_json()
        if self.replaces is not None:
            body["replaces"] = self.replaces.as_json()
        return body
