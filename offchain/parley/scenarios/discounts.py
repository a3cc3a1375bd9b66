"""The fixed-rule buyer against four sellers, in memory: the offers it makes, to the unit, and how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from parley.negotiation.simulation import Match, Seat
from parley.negotiation.space import Space
from parley.negotiation.strategies import AcceptOffer, Explanation, Move, Propose, View, Walk
from parley.policy.facts import Counterparty, facts_of
from parley.policy.service import PolicyEngine
from parley.scenarios.discount_buyer import DiscountBuyer, discount_buyer
from parley.terms.documents import Part
from parley.terms.domain import IssueValue
from parley.terms.message import Performative
from parley.terms.payloads import Offer, Reject

USD = 1_000_000


class SellerParams(Part):
    """`least` is the lowest price it accepts, None for none; `counter` what it asks for otherwise, None for a
    plain rejection; `reputation_ppm` its score. Prices in base units.
    """

    least: int | None = None
    counter: int | None = None
    reputation_ppm: int = 700_000


SELLERS: Mapping[str, SellerParams] = {
    "rejects everything": SellerParams(),
    "accepts 900.00 or more, makes no counter": SellerParams(least=900 * USD),
    "counters 940.00 at every turn": SellerParams(counter=940 * USD),
    "reputation score 0.55": SellerParams(least=0, reputation_ppm=550_000),
}
"""The sellers of the worked example."""


class _Seller:
    """Answers by its rule; a rejection is told by `Walk` and sent as one."""

    name: ClassVar[str] = "scripted"

    def __init__(self, params: SellerParams) -> None:
        self.params = params

    def decide(self, view: View) -> Move:
        why = Explanation(self.name, "as the example says")
        asked = None if view.table is None else int(view.table[0])
        if asked is not None and self.params.least is not None and asked >= self.params.least:
            return AcceptOffer(why)
        if self.params.counter is not None:
            return Propose({"price": self.params.counter}, why)
        return Walk("no_agreement", why)


@dataclass(frozen=True, slots=True)
class Discount:
    """How the buyer fared with one seller: its offers and the agreed price in base units, and the ending:
    `agreed`, `escalated` to a person, or `not opened`.
    """

    seller: str
    offers: tuple[int, ...]
    price: int | None
    ending: str


def play_discounts(scenario: DiscountBuyer | None = None) -> tuple[Discount, ...]:
    """All four sellers; deterministic."""
    given = scenario or discount_buyer()
    return tuple(_played(given, name, params) for name, params in SELLERS.items())


def _played(scenario: DiscountBuyer, name: str, params: SellerParams) -> Discount:
    engine = PolicyEngine(scenario.policy)
    domain = scenario.domain
    mirrored = scenario.profile.model_copy(update={"role": "seller", "limits": ()})
    seats = {
        "buyer": Seat(
            scenario.strategy, Space(domain, scenario.profile), reputation_ppm=params.reputation_ppm
        ),
        "seller": Seat(_Seller(params), Space(domain, mirrored)),
    }
    match = Match(domain, seats, 0)
    account = Counterparty(address=match.address("seller"), reputation_ppm=params.reputation_ppm)

    def admits(values: Mapping[str, IssueValue]) -> bool:
        facts = facts_of(domain, values, role="buyer", counterparty=account, now=0)
        return engine.admits(facts, moment="outgoing")

    while match.live:
        role = match.state.turn
        move = match.move(admits if role == "buyer" else None)
        if role == "seller" and isinstance(move, Walk) and match.state.offer is not None:
            rejection = Reject(salt=match.salt(), offer=match.state.offer.message, final=False, reason="no")
            match.send(role, Performative.REJECT, rejection)
        else:
            match.play(move)
    own = match.address("buyer")
    offers = tuple(
        int(domain.decode_values(message.payload.values)["price"])
        for message in match.messages
        if isinstance(message.payload, Offer) and message.core.sender == own
    )
    result = match.result()
    if result.agreed:
        return Discount(name, offers, int(result.values["price"]), "agreed")
    return Discount(name, offers, None, "escalated" if match.state.held else "not opened")
