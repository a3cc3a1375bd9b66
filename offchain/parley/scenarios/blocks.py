"""The hotel blocks played out in memory: one buyer at several tables, and never two promises at once.

All rooms of the need are reserved in one book before an offer leaves or one is accepted, so that only one
table can hold a binding word of the buyer. Tables take turns; before it accepts, the buyer looks at what lies
on the others and takes the best. When one table has agreed it leaves the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from parley.negotiation.coordination import Book, Need
from parley.negotiation.simulation import Match, Result, Seat
from parley.negotiation.space import Space
from parley.negotiation.strategies import AcceptOffer, Move, Propose, Strategy, Walk, make_strategy
from parley.negotiation.strategies.moves import Explanation
from parley.policy.budget import Budget
from parley.policy.facts import Counterparty
from parley.scenarios.gate import Gate
from parley.scenarios.hotel_block import HotelBlock, TablePlan
from parley.scenarios.hotel_documents import BUYER, LOT
from parley.scenarios.settling import deals_of
from parley.terms.deal import Deal
from parley.terms.domain import IssueValue

BUYER_STRATEGY = "trade-off"
HOTEL_STRATEGIES: Mapping[str, str] = {"hotel-a": "linear", "hotel-b": "linear", "hotel-c": "linear"}
MAX_TURNS = 10_000


@dataclass(frozen=True, slots=True)
class BlocksResult:
    """`table` is where it was agreed, None for no agreement; `deals` one for each hotel of it. `results` by
    table; `promised` how often the buyer bound itself, and `most_promised` the rooms bound at most at once.
    """

    table: TablePlan | None
    values: Mapping[str, IssueValue]
    deals: tuple[Deal, ...]
    results: Mapping[str, Result]
    promised: int
    most_promised: int


@dataclass(slots=True)
class _Seated:
    plan: TablePlan
    match: Match
    gates: Mapping[str, Gate]

    @property
    def waiting(self) -> bool:
        """Whether it is the buyer's turn."""
        return self.match.live and self.match.state.turn == BUYER


class _Buyer:
    """The buyer's side of all tables."""

    def __init__(self, scenario: HotelBlock, tables: list[_Seated]) -> None:
        self._scenario = scenario
        self._tables = tables
        terms = scenario.terms
        budget = Budget(limit=terms.rooms * terms.nights * terms.max_price, per_counterparty_ppm=1_000_000)
        self._book = Book(Need("rooms", terms.rooms, LOT, LOT), budget)
        self.promised = 0
        self.most_promised = 0

    def released(self, table: _Seated) -> None:
        self._book = self._book.release(table.plan.name)

    def turn(self) -> None:
        """One move, at the table where the fewest rounds are used up."""
        table = min(
            (table for table in self._tables if table.waiting),
            key=lambda each: (each.match.state.round, self._tables.index(each)),
        )
        move = table.gates[BUYER].move()
        if isinstance(move, AcceptOffer):
            table, move = self._best(table, move)
        if isinstance(move, Propose | AcceptOffer):
            values = move.values if isinstance(move, Propose) else _standing(table)
            self._bind(table, values)
        table.match.play(move)

    def _best(self, table: _Seated, move: Move) -> tuple[_Seated, Move]:
        """The table with the best offer that it would accept as well, with that acceptance."""
        best, chosen = table, move
        for other in self._tables:
            if other is table or not other.waiting or other.match.state.offer is None:
                continue
            if self._worth(other) > self._worth(best) and other.gates[BUYER].admits(_standing(other)):
                best = other
                chosen = AcceptOffer(Explanation("coordination", "the best of all tables"))
        return best, chosen

    def _worth(self, table: _Seated) -> Fraction:
        return self._scenario.worth(table.plan, _standing(table))

    def _bind(self, table: _Seated, values: Mapping[str, IssueValue]) -> None:
        rooms = table.plan.rooms(values)
        nights = self._scenario.terms.nights
        money = sum(
            int(values[hotel.issue("price")]) * rooms[hotel.name] * nights for hotel in table.plan.hotels
        )
        account = table.match.address(table.plan.hotels[0].name)
        self._book = self._book.reserve(table.plan.name, account, sum(rooms.values()), money)
        self.promised += 1
        self.most_promised = max(self.most_promised, sum(self._book.quantities.values()))


def play_blocks(
    scenario: HotelBlock,
    seed: int = 0,
    buyer: Strategy | None = None,
    hotels: Mapping[str, Strategy] | None = None,
) -> BlocksResult:
    """Plays all tables until one has agreed or none is left; deterministic."""
    chosen = {name: make_strategy(strategy) for name, strategy in HOTEL_STRATEGIES.items()} | dict(
        hotels or {}
    )
    chosen[BUYER] = buyer or make_strategy(BUYER_STRATEGY)
    tables = [_seated(plan, chosen, seed) for plan in scenario.tables]
    side = _Buyer(scenario, tables)
    agreed: _Seated | None = None
    for _ in range(MAX_TURNS):
        for table in tables:
            _hotels_turn(table, side)
        agreed = next((table for table in tables if table.match.result().agreed), None)
        if agreed is not None or not any(table.waiting for table in tables):
            break
        side.turn()
    for table in tables:
        if table is not agreed and table.waiting:
            table.match.play(Walk("no_agreement", Explanation("coordination", "the rooms are found")))
    results = {table.plan.name: table.match.result() for table in tables}
    if agreed is None:
        return BlocksResult(None, {}, (), results, side.promised, side.most_promised)
    values = results[agreed.plan.name].values
    deals = deals_of(agreed.match)
    return BlocksResult(agreed.plan, values, deals, results, side.promised, side.most_promised)


def _hotels_turn(table: _Seated, side: _Buyer) -> None:
    """The hotels of a table move until the buyer is on turn again; a counter frees the buyer's word, and so
    does an end without agreement.
    """
    while table.match.live and table.match.state.turn != BUYER:
        move = table.gates[table.match.state.turn].move()
        table.match.play(move)
        if isinstance(move, Propose):
            side.released(table)
    if not table.match.live and not table.match.result().agreed:
        side.released(table)


def _seated(plan: TablePlan, strategies: Mapping[str, Strategy], seed: int) -> _Seated:
    seats = {
        role: Seat(strategies[role], Space(plan.domain, plan.profiles[role])) for role in plan.domain.roles
    }
    match = Match(plan.domain, seats, seed, plan.name)
    gates = {
        role: Gate(
            plan.policies[role],
            match,
            role,
            Counterparty(address=match.address(plan.domain.roles[1] if role == BUYER else BUYER)),
        )
        for role in plan.domain.roles
    }
    return _Seated(plan, match, gates)


def _standing(table: _Seated) -> Mapping[str, IssueValue]:
    standing = table.match.state.offer
    return {} if standing is None else table.plan.domain.decode_values(standing.offer.values)
