"""What an honest party seals: the bid that is worth its reservation, the ranking of what it can accept.

Under the second price the honest bid is the best one; under the other rules it is where shading starts from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from parley.negotiation.protocols.scoring import Bid, Pricing, penalty_of, price_issue, pricing_of
from parley.negotiation.space import Space
from parley.terms.domain import IssueValue
from parley.terms.protocols import Auction

MOST_DELIVERIES = 4_096
"""Combinations of the other issues that are all looked at; of more, those along the axes of the best one."""
MOST_LOOKS = 256
"""Values of one such issue that are looked at then."""


def honest_ranking(space: Space, candidates: Sequence[Mapping[str, IssueValue]]) -> tuple[int, ...]:
    """Positions of the candidates that the profile accepts, best first, equals in their order."""
    found = []
    for at, values in enumerate(candidates):
        outcome = space.outcome(values)
        if space.agreeable(outcome):
            found.append((-space.gain(outcome), at))
    return tuple(at for _, at in sorted(found))


def honest_bid(space: Space, auction: Auction) -> dict[str, IssueValue] | None:
    """The bid with the best effective price among those worth at least the reservation, or None.

    For every way to deliver, the price is the worst that the bidder still accepts. Which way is offered
    follows from the auction's penalty: what is cheap for the bidder and dear to the requester is not.
    """
    pricing = pricing_of(space.domain, auction)
    best: tuple[tuple[int, int], dict[str, IssueValue]] | None = None
    for others in _deliveries(space, auction):
        values = _priced(space, auction, pricing, others)
        if values is None:
            continue
        price = values[auction.price]
        bid = Bid("", 0, price if isinstance(price, int) else 0, penalty_of(space.domain, auction, values))
        key = (pricing.loss(bid)[0], -space.gain(space.outcome(values)))
        if best is None or key < best[0]:
            best = key, values
    return None if best is None else best[1]


def _priced(
    space: Space, auction: Auction, pricing: Pricing, others: Mapping[str, IssueValue]
) -> dict[str, IssueValue] | None:
    """`others` with the price at which the bidder is about indifferent, found by halving the range: what it
    gains must not fall as the price moves its way.
    """
    issue = price_issue(space.domain, auction)

    def at(place: int) -> dict[str, IssueValue]:
        step = place if pricing.buying else issue.size - 1 - place
        return {**others, auction.price: issue.value_at(step)}

    def good(place: int) -> bool:
        return space.agreeable(space.outcome(at(place)))

    low, high = 0, issue.size - 1
    if not good(high):
        return None
    while low < high:
        middle = (low + high) // 2
        if good(middle):
            high = middle
        else:
            low = middle + 1
    return at(low)


def _deliveries(space: Space, auction: Auction) -> Iterator[dict[str, IssueValue]]:
    """The combinations of the other issues, all of them or those along the axes of the bidder's best one."""
    issues = [issue for issue in space.domain.issues if issue.name != auction.price]
    count = 1
    for issue in issues:
        count *= issue.size
    if count <= MOST_DELIVERIES:
        for places in product(*(range(issue.size) for issue in issues)):
            yield {issue.name: issue.value_at(at) for issue, at in zip(issues, places, strict=True)}
        return
    top = max(space.branches, key=lambda branch: branch.gain(branch.best()))
    start = space.mapping(top.outcome(top.best()))
    start.pop(auction.price)
    yield dict(start)
    for issue in issues:
        looks = min(issue.size, MOST_LOOKS)
        for at in range(looks):
            yield {**start, issue.name: issue.value_at(at * issue.size // looks)}
