"""The lease of GPU compute: one buyer, the providers that list the GPUs it wants, one shared budget.

Everything is drawn from a seed and nothing else, so that two processes that know the seed know the same
market.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from parley.negotiation.coordination import Book, Need
from parley.negotiation.utility import Curve, Depending, Limit, Point, Profile, Table
from parley.policy.budget import Budget
from parley.policy.models import Bundle
from parley.scenarios.draws import Draws
from parley.scenarios.errors import NeedUnreachable
from parley.scenarios.offers import CENT, Listing, cheapest, shipped_offers
from parley.terms.domain import Domain
from parley.terms.values import ZERO_ADDRESS, Address

GPUS = ("H100", "A100-80GB")
NEED = Need(issue="gpu_hours", total=5_000, step=100, least=100)
BUDGET = Budget(limit=14_000_000_000, per_counterparty_ppm=600_000)
CEILING = 2_900_000
"""The buyer's walk-away price, base units a GPU hour."""
APPROVAL_OVER = 4_000_000_000
"""Deals above this price (base units) need a person's approval."""
STRATEGIES = ("boulware", "conceder", "tit-for-tat", "linear")
BUYER_STRATEGY = "trade-off"
MAX_DRAWS = 1_000


@dataclass(frozen=True, slots=True)
class Seller:
    """One provider. `listings` by GPU; `floors` the least it takes for an hour of each, base units;
    `capacity` GPU hours.
    """

    name: str
    listings: Mapping[str, Listing]
    floors: Mapping[str, int]
    capacity: int
    strategy: str

    @property
    def region(self) -> str:
        return next(iter(self.listings.values())).region

    @property
    def jurisdiction(self) -> str:
        return next(iter(self.listings.values())).jurisdiction

    @property
    def gpus(self) -> tuple[str, ...]:
        """GPUs it lists, in the buyer's order of preference."""
        return tuple(gpu for gpu in GPUS if gpu in self.listings)


@dataclass(frozen=True, slots=True)
class ComputeLease:
    """The market of one seed: sellers, the documents of each negotiation, and what binds the buyer across
    them.
    """

    seed: int
    sellers: tuple[Seller, ...]
    policy: Bundle
    token: Address
    arbiter: Address
    data_class: str

    def seller(self, name: str) -> Seller:
        return next(seller for seller in self.sellers if seller.name == name)

    def domain(self, seller: Seller) -> Domain:
        """The domain of the negotiation with `seller`: its GPUs, the given token, and the arbiter, if one
        is named.
        """
        document = _document("domain.json")
        document["title"] = f"{document['title']}: {seller.name}"
        document["data_class"] = self.data_class
        next(issue for issue in document["issues"] if issue["name"] == "gpu")["values"] = list(seller.gpus)
        settlement = document["settlements"][0]
        settlement["token"] = self.token
        settlement["arbiter"] = self.arbiter
        if self.arbiter == ZERO_ADDRESS:
            settlement["arbiter_fee"] = "0"
        return Domain.parse(document)

    def buyer_profile(self, domain: Domain) -> Profile:
        """The buyer's preferences over the domain of one seller."""
        document = _document("buyer.json")
        gpus = domain.issue("gpu")
        table = document["utilities"]["gpu"]["values"]
        document["utilities"]["gpu"]["values"] = {gpu: table[gpu] for gpu in getattr(gpus, "values", ())}
        document["domain"] = domain.hash()
        return Profile.parse(document)

    def seller_profile(self, seller: Seller, domain: Domain, capacity: int | None = None) -> Profile:
        """What `seller` wants: its list price is worth everything, its floor nothing and below it nothing
        is sold. `capacity` GPU hours in place of all it has, where some are sold already.
        """
        hours = seller.capacity if capacity is None else capacity
        prices: dict[str, Curve | Table] = {
            gpu: _curve((seller.floors[gpu], 0), (seller.listings[gpu].price, 1_000_000))
            for gpu in seller.gpus
        }
        floors = tuple(
            Limit(issue="usd_per_gpu_hour", min=seller.floors[gpu], when={"gpu": gpu}) for gpu in seller.gpus
        )
        return Profile(
            domain=domain.hash(),
            role="seller",
            weights={
                "usd_per_gpu_hour": 600_000,
                "gpu": 50_000,
                "gpu_hours": 0,
                "start_day": 100_000,
                "support": 150_000,
                "payment": 100_000,
            },
            utilities={
                "usd_per_gpu_hour": Depending(case="gpu", of=prices),
                "gpu": Table(values={gpu: _rank(at, len(seller.gpus)) for at, gpu in enumerate(seller.gpus)}),
                "gpu_hours": _curve((100, 0), (4_000, 1_000_000)),
                "start_day": _curve((0, 0), (14, 1_000_000)),
                "support": Table(values={"community": 1_000_000, "business": 500_000, "24x7": 0}),
                "payment": Table(values={"upfront": 1_000_000, "half_half": 500_000, "on_delivery": 0}),
            },
            reservation_ppm=0,
            limits=(*floors, Limit(issue="gpu_hours", max=hours)),
        )

    def book(self) -> Book:
        """The buyer's empty book: the need and the budget of the scenario."""
        return Book(need=NEED, budget=BUDGET)


def compute_lease(
    seed: int,
    *,
    token: Address = ZERO_ADDRESS,
    arbiter: Address = ZERO_ADDRESS,
    data_class: str = "internal",
    offers: str | None = None,
) -> ComputeLease:
    """The market of `seed`. `token` has six decimals; `arbiter` zero means that a rejection is final;
    `offers` is a CSV in place of the shipped one.

    Raises `OffersInvalid`, and `NeedUnreachable` when no draw lets the need be met.
    """
    listings = cheapest(shipped_offers() if offers is None else offers, GPUS)
    draws = Draws(seed, "compute-lease")
    providers = sorted({listing.provider for listing in listings})
    for _ in range(MAX_DRAWS):
        sellers = tuple(_drawn(draws, providers, listings))
        if _reachable(sellers):
            return ComputeLease(seed, sellers, shipped_policy(), token, arbiter, data_class)
    raise NeedUnreachable("No draw lets the need be met within budget and rules", seed=seed, draws=MAX_DRAWS)


def shipped_policy() -> Bundle:
    """The buyer's bundle of rules."""
    return Bundle.parse(_document("policy.json"))


def _drawn(draws: Draws, providers: list[str], listings: tuple[Listing, ...]) -> list[Seller]:
    strategies = draws.shuffled([STRATEGIES[at % len(STRATEGIES)] for at in range(len(providers))])
    sellers = []
    for provider, strategy in zip(providers, strategies, strict=True):
        own = {listing.gpu: listing for listing in listings if listing.provider == provider}
        share = draws.between(70, 90)
        floors = {gpu: -(-listing.price * share // (100 * CENT)) * CENT for gpu, listing in own.items()}
        capacity = draws.between(8, 40) * 100
        sellers.append(Seller(provider, own, floors, capacity, strategy))
    return sellers


def _reachable(sellers: tuple[Seller, ...]) -> bool:
    """Whether the need can be met at the floors: cheapest hours first, within the ceiling, each seller's
    capacity and its share of the budget.
    """
    left, cost = NEED.total, 0
    for seller in sorted(sellers, key=lambda seller: min(seller.floors.values())):
        floor = min(seller.floors.values())
        if floor > CEILING:
            continue
        hours = NEED.whole(min(left, seller.capacity, BUDGET.counterparty_limit // floor))
        left -= hours
        cost += hours * floor
    return left == 0 and cost <= BUDGET.limit


def _curve(*points: tuple[int, int]) -> Curve:
    return Curve(points=tuple(Point(at=at, utility=utility) for at, utility in points))


def _rank(at: int, count: int) -> int:
    """Utility in ppm of place `at` of `count`: the first 1 000 000, the last 0, a single one 1 000 000."""
    return 1_000_000 if count == 1 else 1_000_000 * (count - 1 - at) // (count - 1)


def _document(name: str) -> dict[str, Any]:
    text = (files("parley.scenarios") / "data" / "compute_lease" / name).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document
