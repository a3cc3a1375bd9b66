"""Tables for the sealed protocols: auctions, mediated coalitions, and the draw of the first proposer."""

from __future__ import annotations

from typing import Any

from table import START, Table, domain, salt, signer

from parley.negotiation.protocols.auction import SealedBids
from parley.negotiation.protocols.mediation import Mediated
from parley.negotiation.state import NegotiationState
from parley.terms.domain import Domain
from parley.terms.message import Message
from parley.terms.payloads import Reveal, SignedCore
from parley.terms.terms import terms_of
from parley.terms.values import Hash32

TOKEN = "0x" + "70" * 20
BENEFICIARY = "0x" + "bb" * 20
JUDGE = "0x" + "aa" * 20
BIDDERS = ("s1", "s2", "s3")
COMMIT_BY, REVEAL_BY, AWARD_BY = START + 100, START + 200, START + 300
MEDIATOR = signer(104)
BOND = {
    "token": TOKEN,
    "amount": "500",
    "beneficiary": BENEFICIARY,
    "arbiter": JUDGE,
    "arbiter_fee": "7",
    "relayer": "0x" + "00" * 20,
    "relay_fee": "0",
    "claim_seconds": 86_400,
    "review_window": 3_600,
    "dispute_window": 3_600,
    "ruling_window": 7_200,
}
SETTLEMENT = {
    "buyer": "buyer",
    "seller": "winner",
    "token": TOKEN,
    "arbiter": JUDGE,
    "relayer": "0x" + "00" * 20,
    "price": {"issue": "price"},
    "seller_bond": 20,
    "arbiter_fee": 20,
    "relay_fee": 0,
    "cancel_by": 0,
    "review_window": 3_600,
    "dispute_window": 3_600,
    "ruling_window": 7_200,
    "rejected_seller_bps": 0,
    "lapsed_seller_bps": 5_000,
    "walk_away_bps": 5_000,
    "payout": 0,
    "milestones": [{"amount": {"rest": True}, "deliver_by": {"add": [{"var": "open_by"}, 86_400]}}],
}
"""Requester buys from the winner; the price is the award's."""


def auction_domain(
    bidders: tuple[str, ...] = BIDDERS, more: dict[str, Any] | None = None, **auction: Any
) -> Domain:
    """A requester that buys, and its bidders; windows of 100 seconds each."""
    limits = auction.pop("limits", {})
    section = {
        "requester": "buyer",
        "side": "buy",
        "price": "price",
        "min_bids": 1,
        "commit_seconds": 100,
        "reveal_seconds": 100,
        "award_seconds": 100,
        **auction,
    }
    fields = {"protocol": "sealed-bid", "auction": section, **(more or {})}
    return domain(("buyer", *bidders), fields, **limits)


def mediated_domain(
    roles: tuple[str, ...] = ("a", "b", "c"), more: dict[str, Any] | None = None, **limits: Any
) -> Domain:
    """Parties that a mediator brings together; at most 8 candidates, windows of 100 seconds each."""
    section = {"max_candidates": 8, "commit_seconds": 100, "reveal_seconds": 100, "award_seconds": 100}
    return domain(roles, {"protocol": "mediated", "mediation": section, **(more or {})}, **limits)


class SealedTable(Table):
    """Keeps what was sealed, so that `unseal` can reveal it."""

    def __post_init__(self) -> None:
        if self.of.mediation is not None:
            self.more = {"mediator": MEDIATOR.address, **(self.more or {})}
        super().__post_init__()
        self.kept: dict[tuple[int, int], Reveal] = {}
        self.drawn_salts = 0

    def reveal_of(self, who: int, **fields: Any) -> Reveal:
        """A reveal of this round: with `price` a bid, with `ranking` a ranking, with neither a lot."""
        values = None
        if "price" in fields:
            values = {
                "price": str(fields.pop("price")),
                "days": fields.pop("days", 0),
                "colour": fields.pop("colour", "red"),
            }
        self.drawn_salts += 1
        return Reveal(
            salt=salt(2**64 + 1_000 * who + self.drawn_salts),
            negotiation=self.state.negotiation,
            party=signer(who).address,
            round=self.state.round,
            values=values,
            ranking=fields.pop("ranking", None),
        )

    def seal(
        self, who: int, *, sent_at: int | None = None, bond: Hash32 | None = None, **fields: Any
    ) -> NegotiationState:
        """Commits."""
        reveal = self.reveal_of(who, **fields)
        at = self.state.last_sent_at if sent_at is None else sent_at
        before = self.state
        state = self.play(who, "commit", commitment=reveal.hash(), bond=bond, sent_at=at)
        if state is not before:
            self.kept[who, state.round] = reveal
        return state

    def unsealing(self, who: int, sent_at: int | None = None) -> Message:
        """The signed reveal of what `who` sealed in this round."""
        kept = self.kept[who, self.state.round]
        at = self.state.last_sent_at if sent_at is None else sent_at
        fields = {name: getattr(kept, name) for name in ("salt", "negotiation", "party", "round")}
        return self.sign(who, "reveal", values=kept.values, ranking=kept.ranking, sent_at=at, **fields)

    def unseal(self, who: int, sent_at: int | None = None) -> NegotiationState:
        """Reveals."""
        return self.admit(self.unsealing(who, sent_at))

    def awarding(self, **fields: Any) -> Message:
        """The award that the rule gives, signed by requester or mediator; `fields` replace parts of it."""
        protocol = self.machine.protocol
        if isinstance(protocol, SealedBids):
            winner, values = protocol.award_values(self.state) or ("s1", {})
            return self.sign(1, "award", **{"winner": winner, "values": values, **fields})
        assert isinstance(protocol, Mediated)
        return self.sign(MEDIATOR, "award", **{"values": protocol.award_values(self.state) or {}, **fields})

    def award(self, **fields: Any) -> NegotiationState:
        """Awards what the rule gives."""
        return self.admit(self.awarding(**fields))

    def terms_hash(self, award: Message) -> Hash32:
        """The terms that accepting this award would make."""
        return terms_of(self.of, self.state.negotiation, award.payload).hash()  # type: ignore[arg-type]

    def convicting(self, culprit: int, by: int) -> Message:
        """A fault that proves two different messages of `culprit` for the next step."""
        first, second = (self.sign(culprit, "query", question=question) for question in ("one?", "another?"))
        proofs = (SignedCore(core=each.core, signature=each.signature) for each in (first, second))
        return self.sign(
            by, "fault", kind="equivocation", **dict(zip(("first", "second"), proofs, strict=True))
        )

    def answer(self, who: int, name: str = "accept", **fields: Any) -> NegotiationState:
        """Accepts or rejects the award."""
        assert self.state.offer is not None
        return self.play(who, name, offer=self.state.offer.message, **fields)


def bid(table: SealedTable, *prices: int, **common: Any) -> SealedTable:
    """Bidders 2, 3, ... seal these prices, then reveal them."""
    for who, price in enumerate(prices, 2):
        table.seal(who, price=price, **common)
    for who in range(2, 2 + len(prices)):
        table.unseal(who, max(table.state.last_sent_at, table.opening.opened_at))
    return table
