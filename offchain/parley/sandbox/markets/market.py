"""A market in epochs: buyers and sellers meet at random, bargain in memory, and whoever agreed is replaced.

Everything is drawn from the seed: what agents are worth to each other, who meets whom, and who is an
adversary. Whoever finds no agreement leaves after some epochs. A change of rules or of costs can come into
force at an epoch; up to then two runs with and without it are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from parley.negotiation.strategies import DEFAULT, Strategy
from parley.negotiation.strategies.view import Filter
from parley.policy.facts import Counterparty, facts_of
from parley.policy.models import Bundle
from parley.policy.service import PolicyEngine
from parley.sandbox.attacks.bargaining import Prober, Staller
from parley.sandbox.attacks.bazaar import BUYER, CENT, SELLER, priced
from parley.sandbox.errors import CaseInvalid
from parley.sandbox.matches.case import Case
from parley.sandbox.matches.match import play
from parley.sandbox.matches.naming import strategy_of
from parley.scenarios.draws import Draws
from parley.terms.values import Address, keccak

ADVERSARIES: Mapping[str, Callable[[], Strategy]] = {"staller": Staller, "prober": Prober}
"""Sellers that can be mixed into a market, by name."""
PPM = 1_000_000
MOST_AGENTS, MOST_EPOCHS = 2_000, 200


@dataclass(frozen=True, slots=True)
class Rules:
    """A market. `agents` of each epoch, half of them buyers, who leave after `patience` epochs without
    agreement; `strategies` are dealt out evenly.

    `adversary_ppm` of the sellers play `adversary`. From `change_at` on `policy` binds every buyer and every
    seller's cost is `cost_ppm` of what was drawn.
    """

    agents: int = 100
    epochs: int = 10
    rounds: int = 20
    seed: int = 0
    strategies: tuple[str, ...] = ("boulware", "linear", "conceder", DEFAULT)
    adversary: str | None = None
    adversary_ppm: int = 0
    patience: int = 3
    change_at: int | None = None
    policy: Bundle | None = None
    cost_ppm: int = PPM

    def check(self) -> None:
        """Raises `CaseInvalid` for a market that cannot be, and the errors of unknown strategies."""
        bounds = {
            "agents": (self.agents, 2, MOST_AGENTS),
            "epochs": (self.epochs, 1, MOST_EPOCHS),
            "rounds": (self.rounds, 1, 10_000),
            "patience": (self.patience, 1, MOST_EPOCHS),
            "adversary_ppm": (self.adversary_ppm, 0, PPM),
            "cost_ppm": (self.cost_ppm, PPM // 2, 2 * PPM),
        }
        for name, (value, low, high) in bounds.items():
            if not low <= value <= high:
                raise CaseInvalid(f"{name} is from {low} to {high}", field=name, actual=value)
        if self.adversary is not None and self.adversary not in ADVERSARIES:
            raise CaseInvalid(
                "No adversary has this name",
                field="adversary",
                actual=self.adversary[:80],
                known=sorted(ADVERSARIES),
            )
        if not self.strategies:
            raise CaseInvalid("A market needs a strategy", field="strategies")
        for text in self.strategies:
            strategy_of(text)


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent: what a unit is worth to it (buyer) or costs it (seller), base units, how it bargains, and
    the epoch it came in.
    """

    name: str
    limit: int
    strategy: str
    since: int = 0


@dataclass(frozen=True, slots=True)
class Trade:
    """One negotiation of an epoch. `price` base units, None without agreement; utilities in ppm."""

    epoch: int
    buyer: Agent
    seller: Agent
    price: int | None
    buyer_utility: int
    seller_utility: int
    rounds: int
    ended: str

    @property
    def surplus(self) -> int:
        """Worth less cost of an agreed unit, base units."""
        return self.buyer.limit - self.seller.limit if self.price is not None else 0


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch: its trades, and the most surplus that any matching of its agents would have given."""

    number: int
    trades: tuple[Trade, ...]
    possible: int

    @property
    def agreed(self) -> tuple[Trade, ...]:
        return tuple(trade for trade in self.trades if trade.price is not None)


@dataclass(frozen=True)
class Market:
    """A market that has run."""

    rules: Rules
    epochs: tuple[Epoch, ...] = field(default_factory=tuple)

    @property
    def trades(self) -> tuple[Trade, ...]:
        return tuple(trade for epoch in self.epochs for trade in epoch.trades)


def run_market(rules: Rules, progress: Callable[[int, int], None] | None = None) -> Market:
    """Runs all epochs; deterministic for its rules. Raises as `Rules.check`."""
    rules.check()
    draws = Draws(rules.seed, "market")
    dealt = _Dealer(rules, draws)
    buyers = [dealt.buyer() for _ in range(rules.agents // 2)]
    sellers = [dealt.seller() for _ in range(rules.agents // 2)]
    engine = None if rules.policy is None else PolicyEngine(rules.policy)
    epochs: list[Epoch] = []
    for number in range(rules.epochs):
        changed = rules.change_at is not None and number >= rules.change_at
        facing = [_dearer(seller, rules.cost_ppm) for seller in sellers] if changed else sellers
        order = [int(at) for at in draws.shuffled([str(at) for at in range(len(facing))])]
        trades = []
        for at, (buyer, place) in enumerate(zip(buyers, order, strict=True)):
            trade = _bargained(rules, number, at, buyer, facing[place], engine if changed else None)
            trades.append(trade)
            done = trade.price is not None
            if done or number - buyer.since + 1 >= rules.patience:
                buyers[at] = dealt.buyer(number + 1)
            if done or number - sellers[place].since + 1 >= rules.patience:
                sellers[place] = dealt.seller(number + 1)
        everyone = [trade.buyer for trade in trades], [trade.seller for trade in trades]
        epochs.append(Epoch(number, tuple(trades), _possible(*everyone)))
        if progress is not None:
            progress(number + 1, rules.epochs)
    return Market(rules, tuple(epochs))


class _Dealer:
    """New agents, the strategies dealt out in turn."""

    def __init__(self, rules: Rules, draws: Draws) -> None:
        self._rules = rules
        self._draws = draws
        self._made = 0

    def buyer(self, since: int = 0) -> Agent:
        return self._agent("buyer", self._draws.between(250, 700) * CENT, since, adversary=False)

    def seller(self, since: int = 0) -> Agent:
        hostile = self._draws.between(1, PPM) <= self._rules.adversary_ppm
        return self._agent("seller", self._draws.between(120, 520) * CENT, since, adversary=hostile)

    def _agent(self, kind: str, limit: int, since: int, *, adversary: bool) -> Agent:
        self._made += 1
        strategies = self._rules.strategies
        strategy = strategies[self._draws.between(0, len(strategies) - 1)]
        named = self._rules.adversary if adversary and self._rules.adversary is not None else strategy
        return Agent(f"{kind}-{self._made}", limit, named, since)


def _dearer(seller: Agent, cost_ppm: int) -> Agent:
    cost = seller.limit * cost_ppm // PPM // CENT * CENT
    return replace(seller, limit=min(cost, 990 * CENT))


def _bargained(
    rules: Rules, epoch: int, at: int, buyer: Agent, seller: Agent, engine: PolicyEngine | None
) -> Trade:
    draws = Draws(rules.seed, f"market/{epoch}/{at}")
    case = priced(f"epoch {epoch}", seller.limit, buyer.limit, draws, rules.rounds)
    strategies = [_strategy(buyer.strategy), _strategy(seller.strategy)]
    policy = {} if engine is None else {BUYER: _filter(case, engine, seller)}
    played = play(case, strategies, rules.seed + epoch * MOST_AGENTS + at, policy)
    agreed = played.result.agreed
    utilities = played.result.utilities
    return Trade(
        epoch,
        buyer,
        seller,
        int(played.result.values["price"]) if agreed else None,
        utilities[BUYER] if agreed else 0,
        utilities[SELLER] if agreed else 0,
        played.rounds,
        played.ended,
    )


def _strategy(text: str) -> Strategy:
    made = ADVERSARIES.get(text)
    return strategy_of(text) if made is None else made()


def _filter(case: Case, engine: PolicyEngine, seller: Agent) -> Filter:
    account = Address.of(keccak(seller.name.encode())[:20])

    def admits(values: Mapping[str, int | str]) -> bool:
        facts = facts_of(case.domain, values, role=BUYER, counterparty=Counterparty(address=account), now=0)
        return engine.admits(facts, moment="outgoing", escalations=False)

    return admits


def _possible(buyers: list[Agent], sellers: list[Agent]) -> int:
    """The surplus of the best matching: the keenest buyers with the cheapest sellers."""
    values = sorted((buyer.limit for buyer in buyers), reverse=True)
    costs = sorted(seller.limit for seller in sellers)
    return sum(max(0, value - cost) for value, cost in zip(values, costs, strict=True))


def by_strategy(trades: tuple[Trade, ...]) -> Iterator[tuple[str, str, list[tuple[bool, int]]]]:
    """Role, strategy and for each of its negotiations whether it agreed and its utility in ppm."""
    found: dict[tuple[str, str], list[tuple[bool, int]]] = {}
    for trade in trades:
        agreed = trade.price is not None
        found.setdefault((BUYER, trade.buyer.strategy), []).append((agreed, trade.buyer_utility))
        found.setdefault((SELLER, trade.seller.strategy), []).append((agreed, trade.seller_utility))
    for (role, strategy), results in sorted(found.items()):
        yield role, strategy, results
