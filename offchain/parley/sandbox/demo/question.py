"""What a reviewer is asked: exact terms, price, counterparty, the rules that ask, the risk in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parley.agents.approvals import ApprovalRequest
from parley.reputation.fold import NEWCOMER_PPM
from parley.sandbox.demo.errors import RequestForged
from parley.sandbox.demo.words import conditions, hourly, price_of, score, usd
from parley.scenarios.compute_lease import BUDGET, Seller
from parley.terms.terms import Terms

_PAYMENT_RISKS = {
    "on_delivery": "Nothing is paid before delivery; if none comes, silence returns the money and the bond.",
    "half_half": "Half is paid when the capacity is there, before the lease has run.",
    "upfront": "All is paid when the capacity is there, before the lease has run.",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One request for approval, ready to be read. `price` is base units; `rules` are (id, reason) of those
    that ask.
    """

    seller: Seller
    address: str
    terms_hash: str
    price: int
    values: Mapping[str, Any]
    rules: tuple[tuple[str, str], ...]
    reputation_ppm: int

    @property
    def risks(self) -> tuple[str, ...]:
        """What the reviewer puts at stake, in sentences."""
        listing = self.seller.listings[str(self.values["gpu"])]
        hourly_price = int(self.values["usd_per_gpu_hour"])
        share = self.price * 100 // BUDGET.limit
        under = (listing.price - hourly_price) * 100 // listing.price
        newcomer = ", a newcomer's" if self.reputation_ppm == NEWCOMER_PPM else ""
        return (
            f"{share} % of the budget of {usd(BUDGET.limit)} USD go to one seller.",
            _PAYMENT_RISKS[str(self.values["payment"])],
            f"The seller's reputation is {score(self.reputation_ppm)} of 1{newcomer}.",
            f"The price is {under} % under the list price of {usd(listing.price)} USD.",
        )

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Label and text of each line."""
        return (
            ("seller", f"{self.seller.name} ({self.seller.jurisdiction}), {self.address}"),
            ("price", f"{usd(self.price)} USD, to be locked in escrow"),
            ("terms", f"{hourly(self.values)}, {conditions(self.values)}"),
            *(("rule", f"{rule}: {reason}") for rule, reason in self.rules),
            *(("risk", risk) for risk in self.risks),
            ("binds", f"terms {self.terms_hash[:18]}… and no others, for 30 minutes"),
        )


def question_of(request: ApprovalRequest, seller: Seller, reputation_ppm: int) -> Question:
    """The question a request asks. Price and hash are computed here from the terms, not taken from the agent
    that asks. Raises RequestForged when they differ, and DocumentInvalid for terms that are none.
    """
    terms = Terms.parse(request.terms)
    price = price_of(terms.values)
    if terms.hash() != request.terms_hash or price != request.price:
        raise RequestForged(
            "The request shows other terms than it asks to approve.",
            asked=request.terms_hash,
            shown=terms.hash(),
            price=str(request.price),
        )
    return Question(
        seller=seller,
        address=request.counterparty,
        terms_hash=request.terms_hash,
        price=price,
        values=terms.values,
        rules=tuple((str(found.get("rule")), str(found.get("reason"))) for found in request.findings),
        reputation_ppm=reputation_ppm,
    )
