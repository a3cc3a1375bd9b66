"""The compute lease played out in memory: one buyer in all its negotiations at once, with one book and
one policy.

The order of events is that of the reference buyer: take turns, plan, keep inside the room that the book
leaves, put every offer to the policy, have a person approve what is over the threshold, reserve, and only
then speak.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from parley.negotiation.coordination import Book, Share, Talk, plan
from parley.negotiation.simulation import Match, Result, Seat
from parley.negotiation.space import Space
from parley.negotiation.strategies import AcceptOffer, Move, Propose, Strategy, Walk, make_strategy
from parley.negotiation.strategies.moves import Explanation
from parley.policy.facts import Counterparty, Facts, facts_of
from parley.policy.models import Decision
from parley.policy.service import PolicyEngine
from parley.reputation.fold import NEWCOMER_PPM
from parley.scenarios.compute_lease import BUYER_STRATEGY, CEILING, NEED, ComputeLease, Seller
from parley.terms.domain import Domain, IssueValue
from parley.terms.values import Address

Values = Mapping[str, IssueValue]
Approver = Callable[[Seller, Values, Decision], bool]
"""Asked before an offer over the threshold is sent or accepted; the answer of the person."""
WAVES = 3


def approve_all(seller: Seller, values: Values, decision: Decision) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Deal:
    """What was agreed with one seller; `price` in base units."""

    seller: str
    values: Values
    price: int
    hours: int


@dataclass(slots=True)
class _Table:
    seller: Seller
    domain: Domain
    match: Match
    key: str
    address: Address
    over: bool = False


@dataclass(frozen=True, slots=True)
class MarketResult:
    """Deals, the buyer's final book, every negotiation, and how often a person was asked."""

    deals: tuple[Deal, ...]
    book: Book
    results: Mapping[str, Result]
    approvals: int

    @property
    def hours(self) -> int:
        return sum(deal.hours for deal in self.deals)

    @property
    def spent(self) -> int:
        return sum(deal.price for deal in self.deals)


@dataclass
class Market:
    """One run. `reputations` ppm by seller's name; newcomers otherwise."""

    lease: ComputeLease
    approver: Approver = approve_all
    strategy: Strategy | None = None
    reputations: Mapping[str, int] = field(default_factory=dict)
    max_turns: int = 10_000

    def __post_init__(self) -> None:
        self._engine = PolicyEngine(self.lease.policy)
        self._book = self.lease.book()
        self._buyer = self.strategy or make_strategy(BUYER_STRATEGY)
        self._approved: set[tuple[str, tuple[tuple[str, IssueValue], ...]]] = set()
        self._approvals = 0
        self._deals: list[Deal] = []
        self._results: dict[str, Result] = {}

    def run(self) -> MarketResult:
        """Negotiates until the need is met or nobody is left to ask; deterministic for a lease."""
        sold: dict[str, int] = {}
        for wave in range(WAVES):
            tables = [
                self._sit_down(seller, seller.capacity - sold.get(seller.name, 0), wave)
                for seller in self.lease.sellers
                if seller.capacity - sold.get(seller.name, 0) >= NEED.least
            ]
            self._wave(tables)
            sold = {
                name: sum(deal.hours for deal in self._deals if deal.seller == name) for name in self._names
            }
            if self._book.remaining < NEED.least:
                break
        return MarketResult(tuple(self._deals), self._book, dict(self._results), self._approvals)

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(seller.name for seller in self.lease.sellers)

    def _sit_down(self, seller: Seller, capacity: int, wave: int) -> _Table:
        domain = self.lease.domain(seller)
        buyer = Seat(
            self._buyer,
            Space(domain, self.lease.buyer_profile(domain)),
            reputation_ppm=self.reputations.get(seller.name, NEWCOMER_PPM),
        )
        theirs = Seat(
            make_strategy(seller.strategy), Space(domain, self.lease.seller_profile(seller, domain, capacity))
        )
        key = f"{seller.name}/{wave}"
        match = Match(domain, {"buyer": buyer, "seller": theirs}, self.lease.seed, key)
        # One account a seller, whichever negotiation: the share of one seller is counted over all of them.
        address = Address("0x" + seller.name.encode().hex().ljust(40, "0")[:40])
        return _Table(seller, domain, match, key, address)

    def _wave(self, tables: list[_Table]) -> None:
        for _ in range(self.max_turns):
            live = [table for table in tables if not table.over]
            if not live:
                return
            spoke = False
            for table in live:
                if table.match.state.turn == "seller":
                    self._sellers_turn(table)
                    spoke = True
                else:
                    spoke = self._buyers_turn(table, tables) or spoke
                self._settle(table)
            if not spoke:
                # All that are left wait for each other's share: nothing is needed from them.
                for table in live:
                    if not table.over:
                        table.match.play(
                            Walk("no_agreement", Explanation("coordination", "the need is covered"))
                        )
                        self._settle(table)

    def _sellers_turn(self, table: _Table) -> None:
        move = table.match.turn()
        if isinstance(move, Propose):
            # The buyer's offer cannot be accepted any more: what it held is free for the other talks.
            self._book = self._book.release(table.key)

    def _buyers_turn(self, table: _Table, tables: list[_Table]) -> bool:
        """One move of the buyer; False when this talk waits for the others."""
        shares = plan(self._book, [_talk(other) for other in tables if not other.over], CEILING)
        share = shares[table.key]
        if share.quantity == 0:
            return False
        move = table.match.move(lambda values: self._admits(table, share, values))
        if isinstance(move, Propose | AcceptOffer):
            move = self._bound(table, move)
        table.match.play(move)
        return True

    def _admits(self, table: _Table, share: Share, values: Values) -> bool:
        room = self._book.room(table.key, table.address)
        hours, price = _hours(values), _price(values)
        if hours > min(share.quantity, room.quantity) or price > min(share.money, room.money):
            return False
        return self._engine.admits(self._facts(table, values), moment="outgoing")

    def _bound(self, table: _Table, move: Propose | AcceptOffer) -> Move:
        """The move, once policy and person agree and the book holds it; else the buyer leaves."""
        values = move.values if isinstance(move, Propose) else _standing(table)
        decision = self._engine.evaluate(
            self._facts(table, values), moment="outgoing" if isinstance(move, Propose) else "acceptance"
        )
        if decision.outcome == "escalate" and not self._approve(table, values, decision):
            return Walk("nothing_admissible", Explanation("coordination", "a person refused"))
        if decision.outcome == "refuse":
            return Walk("nothing_admissible", Explanation("coordination", "policy refused"))
        self._book = self._book.reserve(table.key, table.address, _hours(values), _price(values))
        return move

    def _approve(self, table: _Table, values: Values, decision: Decision) -> bool:
        exact = (table.key, tuple(sorted(values.items())))
        if exact not in self._approved:
            self._approvals += 1
            if not self.approver(table.seller, values, decision):
                return False
            self._approved.add(exact)
        return self._engine.evaluate(self._facts(table, values, approved=True), moment="outgoing").allowed

    def _facts(self, table: _Table, values: Values, approved: bool = False) -> Facts:
        seller = table.seller
        return facts_of(
            table.domain,
            values,
            role="buyer",
            counterparty=Counterparty(
                address=table.address,
                jurisdiction=seller.jurisdiction,
                region=seller.region,
                reputation_ppm=self.reputations.get(seller.name, NEWCOMER_PPM),
            ),
            now=table.match.state.last_sent_at,
            exposure=self._book.room(table.key, table.address).exposure,
            approved=approved,
        )

    def _settle(self, table: _Table) -> None:
        if table.over or table.match.live:
            return
        table.over = True
        result = table.match.result()
        self._results[table.key] = result
        if result.agreed:
            self._book = self._book.commit(table.key)
            self._deals.append(
                Deal(table.seller.name, result.values, _price(result.values), _hours(result.values))
            )
        else:
            self._book = self._book.release(table.key)


def run_market(
    lease: ComputeLease, approver: Approver = approve_all, reputations: Mapping[str, int] | None = None
) -> MarketResult:
    """The whole lease: see `Market`."""
    return Market(lease, approver, reputations=reputations or {}).run()


def _talk(table: _Table) -> Talk:
    """What the seller's offers tell: its last price, and the most hours it named."""
    theirs = [made for made in table.match.offers if made.role == "seller"]
    if not theirs:
        return Talk(table.key, table.address)
    decoded = [table.domain.decode_values(made.offer.values) for made in theirs]
    return Talk(
        table.key,
        table.address,
        ask=int(decoded[-1]["usd_per_gpu_hour"]),
        capacity=max(_hours(values) for values in decoded),
    )


def _standing(table: _Table) -> Values:
    standing = table.match.state.offer
    return {} if standing is None else table.domain.decode_values(standing.offer.values)


def _hours(values: Values) -> int:
    return int(values["gpu_hours"])


def _price(values: Values) -> int:
    return int(values["usd_per_gpu_hour"]) * _hours(values)
